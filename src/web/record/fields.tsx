import { useMemo, useState } from 'preact/hooks';
import { ROWS_AT_ONCE, useGrowing } from '../parts/growing.js';
import { Icon } from '../parts/icon.js';
import { cutText, LongText, ShowAll, spokenName } from '../parts/long-text.js';
import { isChecked, keyOf, type ReviewedValue } from '../parts/review.js';
import { unlessSame } from '../parts/unless-same.js';
import { reasonSentence, supportLevel } from '../parts/support-words.js';
import {
  isEmpty,
  named,
  standingOf,
  standingWords,
  valueOf,
  type AccountEvidence,
  type ShownAccount,
  type Standing,
} from '../parts/standing.js';

/** A value that is looked at, by what names it: reading anew may change all else. */
export type ChosenValue = Pick<ReviewedValue, 'account' | 'field'>;

interface FieldsProps {
  account: ShownAccount;
  evidence: AccountEvidence | undefined;
  /** What people said of its values, by {@link keyOf}. */
  said: ReadonlyMap<string, ReviewedValue>;
  /** The name of the field that is looked at. */
  chosen: string | undefined;
  /** @param isByKeys whether it was chosen without a mouse */
  onChoose: (chosen: ChosenValue, isByKeys: boolean) => void;
}

/** Fewer are seen at a glance. */
const WORTH_FILTERING = 8;
const NAME_MOST = 120;

/** An account's fields: what was read, where it stands and how far it can be trusted. */
export function Fields({ account, evidence, said, chosen, onChoose }: FieldsProps) {
  const [wanted, setWanted] = useState('');
  const names = useMemo(() => Object.keys(account.result), [account]);
  const rows = useMemo(() => {
    const sought = wanted.trim().toLowerCase();
    if (sought === '') return names;
    return names.filter((name) => {
      const { value } = valueOf(account.result[name]);
      const corrected = said.get(keyOf({ account: account.accountNumber, field: name }))?.corrected ?? '';
      return [spokenName(name), name, value, corrected].join('\n').toLowerCase().includes(sought);
    });
  }, [names, account, said, wanted]);
  return (
    <>
      {names.length > WORTH_FILTERING && (
        <p class="field-filter">
          <label>
            Find a field or value{' '}
            <input
              type="search"
              value={wanted}
              onInput={({ currentTarget }) => setWanted(currentTarget.value)}
            />
          </label>
          <span class="quiet" role="status">
            {wanted.trim() === '' ? `${names.length} fields` : `${rows.length} of ${names.length} fields`}
          </span>
        </p>
      )}
      <Table
        key={wanted}
        names={rows}
        account={account}
        evidence={evidence}
        said={said}
        chosen={chosen}
        onChoose={onChoose}
      />
    </>
  );
}

interface RowsProps extends FieldsProps {
  names: readonly string[];
}

function Table({ names, account, evidence, said, chosen, onChoose }: RowsProps) {
  const drawn = useGrowing(names.length);
  const chunks = [];
  for (let from = 0; from < drawn; from += ROWS_AT_ONCE) {
    const some = names.slice(from, from + ROWS_AT_ONCE);
    chunks.push(
      <Rows
        key={from}
        names={some}
        account={account}
        evidence={evidence}
        said={said}
        chosen={chosen !== undefined && some.includes(chosen) ? chosen : undefined}
        onChoose={onChoose}
      />,
    );
  }
  return (
    <table class="fields" role="table">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">
            Field
          </th>
          <th role="columnheader" scope="col">
            Value
          </th>
          <th role="columnheader" scope="col">
            Stands on
          </th>
          <th role="columnheader" scope="col">
            Support
          </th>
          <th role="columnheader" scope="col">
            Confidence
          </th>
        </tr>
      </thead>
      {chunks}
    </table>
  );
}

/** Some rows, drawn anew only when one of them changes. */
const Rows = unlessSame(function Rows({ names, account, evidence, said, chosen, onChoose }: RowsProps) {
  return (
    <tbody role="rowgroup">
      {names.map((name) => (
        <Row
          key={name}
          name={name}
          account={account}
          evidence={evidence}
          said={said}
          isChosen={name === chosen}
          onChoose={onChoose}
        />
      ))}
    </tbody>
  );
});

interface RowProps extends Omit<FieldsProps, 'chosen'> {
  name: string;
  isChosen: boolean;
}

function Row({ name, account, evidence, said, isChosen, onChoose }: RowProps) {
  const { value, confidence } = valueOf(account.result[name]);
  const standing = standingOf(account, name, evidence);
  return (
    <tr role="row" class={isChosen ? 'is-current' : undefined}>
      <th role="rowheader" scope="row" title={cutText(name)}>
        <LongText text={spokenName(name)} most={NAME_MOST} />
      </th>
      <td role="cell">
        <Value
          value={value}
          isChosen={isChosen}
          onChoose={(isByKeys) => onChoose({ account: account.accountNumber, field: name }, isByKeys)}
        />
        <Said said={said.get(keyOf({ account: account.accountNumber, field: name }))} />
      </td>
      <td role="cell" data-label="Stands on">
        {isEmpty(value) ? null : <Stands standing={standing} />}
      </td>
      <td role="cell" data-label="Support">
        <SupportOf evidence={evidence} name={name} />
      </td>
      <td role="cell" data-label="Confidence" title="What the model says of itself, of 100">
        {confidence === undefined ? null : Math.round(confidence)}
      </td>
    </tr>
  );
}

interface ValueProps {
  value: string;
  isChosen: boolean;
  onChoose: (isByKeys: boolean) => void;
}

function Value({ value, isChosen, onChoose }: ValueProps) {
  const [isOpen, setOpen] = useState(false);
  if (isEmpty(value))
    return <span class="quiet">{value.trim() === '' ? '(empty)' : <bdi>{value}</bdi>}</span>;
  const cut = cutText(value);
  return (
    <>
      <button
        type="button"
        class="value"
        dir="auto"
        title="Show it on its page"
        aria-current={isChosen ? 'true' : undefined}
        onClick={({ detail }) => onChoose(detail === 0)}
      >
        {isOpen ? value : cut}
      </button>
      {cut !== value && <ShowAll length={value.length} isOpen={isOpen} onToggle={() => setOpen(!isOpen)} />}
    </>
  );
}

/** What a person said of a value, beside what was read. */
function Said({ said }: { said: ReviewedValue | undefined }) {
  if (!said || !isChecked(said)) return null;
  const who = said.person !== null && (
    <>
      {' '}
      by <bdi>{said.person}</bdi>
    </>
  );
  if (said.state === 'confirmed')
    return (
      <p class="said">
        <Icon shape="done" /> confirmed{who}
      </p>
    );
  return (
    <p class="said">
      <Icon shape="corrected" /> corrected{who} to <LongText text={said.corrected ?? ''} />
    </p>
  );
}

function Stands({ standing }: { standing: Standing }) {
  const words = standingWords(standing);
  if (standing.missing.length === 0) return <>{words}</>;
  return (
    <span class="missing">
      <Icon shape="warning" /> {words}
    </span>
  );
}

/** How far a value can be trusted, and why when that is asked for. */
function SupportOf({ evidence, name }: { evidence: AccountEvidence | undefined; name: string }) {
  const [isOpen, setOpen] = useState(false);
  const known = named(evidence?.support ?? {}, name);
  if (known?.support === undefined || known.support === null) return null;
  const { support, reasons } = known;
  const level = supportLevel(support);
  return (
    <details class={`support is-${level}`} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        {Math.floor(support)} <span class="level">{level}</span>
      </summary>
      {isOpen && (
        <ul>
          {reasons.map((reason) => (
            <li key={reason}>{reasonSentence(reason)}</li>
          ))}
        </ul>
      )}
    </details>
  );
}
