import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { ChosenValue } from './fields.js';

/** What is looked at on the picture of a page. */
export interface Look {
  page: number;
  /** The value it was opened for; undefined for a page as a whole. */
  of?: ChosenValue | undefined;
  /** Whether who looks has no mouse in hand: the picture has the keys then. */
  isByKeys: boolean;
  /** Another one each time that something is asked for, and be it the same. */
  asking: number;
}

interface Shown {
  /** The account, by its place. */
  account: number;
  look: Look | undefined;
}

/** What an entry of the history holds of a picture. An address is logged, so no name or value stands there. */
interface Entry {
  of?: ChosenValue | undefined;
  /** Whether Back leads from it to the record without a picture. */
  isOver: boolean;
}

export interface ShownOfRecord extends Shown {
  onAccount: (account: number) => void;
  /** Opens the picture of a page. */
  lookAt: (look: Pick<Look, 'page' | 'of' | 'isByKeys'>) => void;
  /** Another page of what is looked at. */
  turnTo: (page: number) => void;
  close: () => void;
}

let asked = 0;

/**
 * Which account and page are shown. Both stand in the address, so that they can be linked, and outlast a reload; an
 * open picture is an entry of the history of its own, so that Back closes it.
 */
export function useShown(): ShownOfRecord {
  const [shown, setShown] = useState(fromAddress);
  const latest = useRef(shown);
  /** While the browser goes back from a picture: what comes after that. */
  const afterwards = useRef<(() => void) | undefined>(undefined);
  const set = useCallback((now: Shown) => {
    latest.current = now;
    setShown(now);
  }, []);

  useEffect(() => {
    const moved = () => {
      const then = afterwards.current;
      afterwards.current = undefined;
      // The page has gone back by itself, and shows what it is to show.
      if (then) return then();
      const { account, look } = fromAddress();
      const { account: accountBefore, look: before } = latest.current;
      // A link to a place on the record has led there.
      if (account !== accountBefore || look?.page !== before?.page) set({ account, look });
    };
    window.addEventListener('popstate', moved);
    return () => window.removeEventListener('popstate', moved);
  }, [set]);

  /** The browser goes back a moment later; until then, the entry is still that of the picture. */
  const settled = useCallback((act: () => void) => {
    const before = afterwards.current;
    if (!before) return act();
    afterwards.current = () => {
      before();
      act();
    };
  }, []);

  const close = useCallback(() => {
    const { account, look } = latest.current;
    if (!look) return;
    set({ account, look: undefined });
    if (entry().isOver) {
      afterwards.current = () => undefined;
      history.back();
    } else replace({ account, look: undefined }, false);
  }, [set]);

  const lookAt = useCallback(
    (look: Pick<Look, 'page' | 'of' | 'isByKeys'>) =>
      settled(() => {
        const { account, look: before } = latest.current;
        const now = { account, look: { ...look, asking: ++asked } };
        set(now);
        if (before) replace(now, entry().isOver);
        else history.pushState(stateFor(now, true), '', addressFor(now));
      }),
    [set, settled],
  );

  const turnTo = useCallback(
    (page: number) => {
      const { account, look } = latest.current;
      if (!look) return;
      const now = { account, look: { ...look, page, isByKeys: false, asking: ++asked } };
      set(now);
      replace(now, entry().isOver);
    },
    [set],
  );

  const onAccount = useCallback(
    (account: number) => {
      close();
      set({ account, look: undefined });
      settled(() => replace({ account, look: undefined }, false));
    },
    [close, set, settled],
  );

  return { ...shown, onAccount, lookAt, turnTo, close };
}

function fromAddress(): Shown {
  const { searchParams } = new URL(location.href);
  const page = numberIn(searchParams.get('page'));
  const look = page === undefined ? undefined : { page, of: entry().of, isByKeys: false, asking: ++asked };
  return { account: (numberIn(searchParams.get('account')) ?? 1) - 1, look };
}

function numberIn(text: string | null): number | undefined {
  return text !== null && /^[1-9]\d{0,5}$/.test(text) ? Number(text) : undefined;
}

function addressFor({ account, look }: Shown): string {
  const address = new URL(location.href);
  const { searchParams } = address;
  if (account > 0) searchParams.set('account', String(account + 1));
  else searchParams.delete('account');
  if (look) searchParams.set('page', String(look.page));
  else searchParams.delete('page');
  return address.href;
}

function replace(shown: Shown, isOver: boolean): void {
  history.replaceState(stateFor(shown, isOver), '', addressFor(shown));
}

function stateFor({ look }: Shown, isOver: boolean): { picture?: Entry } {
  return look ? { picture: { of: look.of, isOver } } : {};
}

function entry(): Entry {
  return (history.state as { picture?: Entry } | null)?.picture ?? { isOver: false };
}
