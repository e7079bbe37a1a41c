import { useEffect, useState } from 'preact/hooks';
import type { DocumentList } from '../../api/list.js';
import { call, CallError } from '../call.js';
import { useAbout } from '../parts/about.js';
import { addressOf } from '../place.js';
import type { Shown } from './documents.js';

type Whose = Shown['whose'];

export const WHOSE: Readonly<Record<Whose, string>> = {
  own: 'Your documents',
  others: 'Documents you check',
};

/** The part of an address that says whose are shown. */
export const queryFor = (whose: Whose): Record<string, string> => (whose === 'others' ? { whose } : {});

let asked: Promise<boolean> | undefined;

/** Whether there is a document of somebody else that this person may read; asked for once, where there can be one. */
function useHasOthers(): boolean {
  const { about } = useAbout();
  const mayHave = about?.gives_others === true;
  const [has, setHas] = useState(false);
  useEffect(() => {
    if (!mayHave) return undefined;
    let isLeft = false;
    const ask = async () => {
      const mine = (asked ??= hasOthers());
      try {
        const answer = await mine;
        if (!isLeft) setHas(answer);
      } catch (error) {
        if (asked === mine) asked = undefined;
        if (!(error instanceof CallError)) throw error;
      }
    };
    void ask();
    return () => {
      isLeft = true;
    };
  }, [mayHave]);
  return has;
}

async function hasOthers(): Promise<boolean> {
  const { documents } = await call<DocumentList>('api/documents?whose=others&limit=1');
  return documents.length > 0;
}

/** Leads from one's own documents to those of others and back, for whom the app gives any. */
export function WhoseSwitch({ shown }: { shown: Whose }) {
  const hasOthers = useHasOthers();
  if (!hasOthers && shown === 'own') return null;
  return (
    <nav class="actions whose" aria-label="Whose documents">
      {(['own', 'others'] as const).map((whose) => {
        const query = new URLSearchParams(queryFor(whose)).toString();
        return (
          <a
            key={whose}
            class="button"
            href={addressOf(query && `?${query}`)}
            aria-current={whose === shown ? 'page' : undefined}
          >
            {WHOSE[whose]}
          </a>
        );
      })}
    </nav>
  );
}
