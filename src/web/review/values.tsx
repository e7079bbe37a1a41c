import { useCallback, useRef } from 'preact/hooks';
import { ROWS_AT_ONCE, useGrowing } from '../parts/growing.js';
import { cutText, spokenName } from '../parts/long-text.js';
import { isChecked, keyOf, type ReviewedValue } from '../parts/review.js';
import { unlessSame } from '../parts/unless-same.js';
import { supportLevel } from '../parts/support-words.js';

interface ValuesProps {
  values: readonly ReviewedValue[];
  /** What was typed for some of them and not kept yet, by their keys. */
  drafts: ReadonlyMap<string, string>;
  /** The one that is looked at. */
  current: string | undefined;
  /** Whether there are several accounts to tell apart. */
  hasAccounts: boolean;
  onCurrent: (key: string) => void;
  /** Told that one was chosen by mouse or finger. */
  onTap: () => void;
}

const NO_DRAFTS: ReadonlyMap<string, string> = new Map();
const NAME_MOST = 80;
const VALUE_MOST = 160;

/** The values of a document to be walked through: each is one stop of Tab. */
export function Values({ values, drafts, current, hasAccounts, onCurrent, onTap }: ValuesProps) {
  // The one that is looked at is drawn in any case.
  const least = values.findIndex((value) => keyOf(value) === current) + 1;
  const drawn = useGrowing(values.length, { least });
  const tapped = useRef(onTap);
  tapped.current = onTap;
  const tap = useCallback(() => tapped.current(), []);
  const chunks = [];
  for (let from = 0; from < drawn; from += ROWS_AT_ONCE) {
    const some = values.slice(from, from + ROWS_AT_ONCE);
    chunks.push(
      <Rows
        key={from}
        values={some}
        current={some.some((value) => keyOf(value) === current) ? current : undefined}
        drafts={some.some((value) => drafts.has(keyOf(value))) ? drafts : NO_DRAFTS}
        hasAccounts={hasAccounts}
        onCurrent={onCurrent}
        onTap={tap}
      />,
    );
  }
  return (
    <ol class="values" aria-label="Values, the doubtful ones first" aria-describedby="keys">
      {chunks}
    </ol>
  );
}

/** Some rows, drawn anew only when one of them changes. */
const Rows = unlessSame(function Rows({
  values,
  drafts,
  current,
  hasAccounts,
  onCurrent,
  onTap,
}: ValuesProps) {
  return (
    <>
      {values.map((value) => {
        const key = keyOf(value);
        return (
          <li key={key} class={key === current ? 'is-current' : undefined}>
            <button
              type="button"
              class="value-stop"
              data-key={key}
              aria-current={key === current ? 'true' : undefined}
              onFocus={() => onCurrent(key)}
              onClick={({ detail }) => {
                onCurrent(key);
                if (detail > 0) onTap();
              }}
            >
              <Told value={value} hasAccounts={hasAccounts} isTyped={drafts.has(key)} />
            </button>
          </li>
        );
      })}
    </>
  );
});

interface ToldProps {
  value: ReviewedValue;
  hasAccounts: boolean;
  isTyped: boolean;
}

function Told({ value, hasAccounts, isTyped }: ToldProps) {
  const { account, field, corrected } = value;
  return (
    <>
      <span class="value-name">
        <bdi>{cutText(spokenName(field), NAME_MOST)}</bdi>
        {hasAccounts && account !== null && (
          <span class="quiet">
            {' '}
            account <bdi>{cutText(account, NAME_MOST)}</bdi>
          </span>
        )}
      </span>
      <span class="value-read">
        <Shown text={value.value} isStruck={value.state === 'corrected'} />
        {value.state === 'corrected' && (
          <>
            {' '}
            <span class="quiet">corrected to</span> <Shown text={corrected ?? ''} isStruck={false} />
          </>
        )}
      </span>
      <span class="value-state">
        <SupportWord value={value} />
        <StateWord value={value} />
        {isTyped && <span class="support-word is-fair">typed, not kept yet</span>}
      </span>
    </>
  );
}

function Shown({ text, isStruck }: { text: string; isStruck: boolean }) {
  if (text.trim() === '') return <span class="quiet">(empty)</span>;
  const cut = <bdi>{cutText(text, VALUE_MOST)}</bdi>;
  return isStruck ? <del>{cut}</del> : cut;
}

function SupportWord({ value: { support } }: { value: ReviewedValue }) {
  if (support === null) return null;
  const level = supportLevel(support);
  return (
    <span class={`support-word is-${level}`}>
      <span class="unseen">support </span>
      {Math.floor(support)} {level}
    </span>
  );
}

const WORDS = {
  open: 'to check',
  confirmed: 'confirmed',
  corrected: 'corrected',
  changed: 'read anew as something else',
} as const;

function StateWord({ value }: { value: ReviewedValue }) {
  const { state, person } = value;
  return (
    <span class={isChecked(value) ? 'state-word done' : 'state-word'}>
      {WORDS[state]}
      {isChecked(value) && person !== null && (
        <>
          {' '}
          by <bdi>{person}</bdi>
        </>
      )}
    </span>
  );
}
