import { useLayoutEffect, useRef } from 'preact/hooks';
import { cutText } from '../parts/long-text.js';
import type { Evidence } from '../parts/document.js';
import type { ReviewedValue } from '../parts/review.js';
import { Fields, type ChosenValue } from './fields.js';
import { pagesInWords, type ShownAccount } from '../parts/standing.js';

interface AccountsProps {
  accounts: readonly ShownAccount[];
  evidence: Evidence;
  said: ReadonlyMap<string, ReviewedValue>;
  /** The account that is shown, by its place. */
  shown: number;
  onShow: (index: number) => void;
  chosen: string | undefined;
  onChoose: (chosen: ChosenValue, isByKeys: boolean) => void;
}

const NAME_MOST = 40;

/** The accounts of a record as tabs, each with its fields. */
export function Accounts({ accounts, evidence, said, shown, onShow, chosen, onChoose }: AccountsProps) {
  const list = useRef<HTMLDivElement>(null);
  const account = accounts[shown];
  useLayoutEffect(() => {
    const tab = list.current?.querySelectorAll<HTMLElement>('[role=tab]')[shown];
    if (list.current && tab) showWithin(list.current, tab);
  }, [shown]);
  const go = (to: number) => {
    const index = (to + accounts.length) % accounts.length;
    onShow(index);
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[index]?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to = { ArrowRight: shown + 1, ArrowLeft: shown - 1, Home: 0, End: accounts.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  };
  return (
    <div class="accounts">
      <div ref={list} class="tabs" role="tablist" aria-label="Accounts" onKeyDown={onKeyDown}>
        {accounts.map((each, index) => (
          <button
            key={index}
            type="button"
            role="tab"
            id={`tab-${index}`}
            aria-selected={index === shown}
            aria-controls="account"
            tabIndex={index === shown ? 0 : -1}
            onClick={() => onShow(index)}
          >
            <bdi>{accountName(each)}</bdi>
          </button>
        ))}
      </div>
      {account && (
        <div id="account" role="tabpanel" aria-labelledby={`tab-${shown}`} class="sheet">
          {account.accountNumber === null && (
            <p>No page names an account, so all pages were read as one document.</p>
          )}
          <p>
            {capital(pagesInWords(account.pages))}. {account.filled_fields} of {account.total_fields} fields
            have a value.{' '}
            {account.needs_human_review && (
              <span class="notice badge">Needs review: too many fields have no value</span>
            )}
          </p>
          <Fields
            key={shown}
            account={account}
            evidence={evidence?.[shown]}
            said={said}
            chosen={chosen}
            onChoose={onChoose}
          />
        </div>
      )}
    </div>
  );
}

/** Scrolls a list, and not the page, until one of it is seen. */
function showWithin(list: HTMLElement, one: HTMLElement): void {
  const [outer, inner] = [list.getBoundingClientRect(), one.getBoundingClientRect()];
  if (inner.top < outer.top) list.scrollTop -= outer.top - inner.top;
  else if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
}

function accountName({ accountNumber }: ShownAccount): string {
  return accountNumber === null ? 'Whole document' : `Account ${cutText(accountNumber, NAME_MOST)}`;
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
