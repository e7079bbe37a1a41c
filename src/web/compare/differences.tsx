import { useState } from 'preact/hooks';
import type { ComparedField } from '../../comparison/compare.js';

/** From so many fields on, those that are the same are left out at first. */
const MANY = 20;

const OUTCOMES = {
  same: { shape: '=', word: 'same' },
  different: { shape: '≠', word: 'different' },
  only_control: { shape: '−', word: 'only in the first' },
  only_candidate: { shape: '+', word: 'only in the second' },
} as const;

/** What two readings have in common, and where they differ. */
export function Differences({ fields }: { fields: readonly ComparedField[] }) {
  const merged = fields.filter(({ scope }) => scope === 'merged');
  const differing = merged.filter(isDifference);
  const [isFiltered, setFiltered] = useState(merged.length > MANY && differing.length > 0);
  const shown = isFiltered ? differing : merged;
  const pages = fields.filter(({ scope }) => scope === 'page');
  return (
    <>
      <div class="found">
        <p role="status">{countsOf(merged)}</p>
        <label class="only">
          <input
            type="checkbox"
            checked={isFiltered}
            onChange={({ currentTarget }) => setFiltered(currentTarget.checked)}
          />
          Differences only
        </label>
      </div>
      {shown.length === 0 && (
        <p class="good">
          {merged.length === 0 ? 'Neither reading has a field.' : 'Both readings have the same values.'}
        </p>
      )}
      {grouped(fields, ({ account }) => account).map(([account]) => (
        <Account
          key={account}
          account={account}
          merged={shown.filter((field) => field.account === account)}
          pages={pages.filter((field) => field.account === account)}
          isFiltered={isFiltered}
        />
      ))}
    </>
  );
}

interface AccountProps {
  account: string | null;
  merged: ComparedField[];
  pages: ComparedField[];
  isFiltered: boolean;
}

function Account({ account, merged, pages, isFiltered }: AccountProps) {
  const [isOpen, setOpen] = useState(false);
  const differing = pages.filter(isDifference);
  if (isFiltered && merged.length === 0 && differing.length === 0) return null;
  const name = account === null ? 'Whole document' : `Account ${account}`;
  return (
    <section class="sheet">
      <h2>{name}</h2>
      {merged.length > 0 ? (
        <Table caption={`${name}: its record`} fields={merged} />
      ) : (
        <p>Its record is the same in both.</p>
      )}
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          Page by page: {differing.length} of {pages.length} fields differ
        </summary>
        {isOpen && <Pages fields={isFiltered ? differing : pages} name={name} />}
      </details>
    </section>
  );
}

function Pages({ fields, name }: { fields: ComparedField[]; name: string }) {
  if (fields.length === 0) return <p>What each page gave is the same in both.</p>;
  return (
    <>
      {grouped(fields, ({ page }) => page).map(([page, ofPage]) => (
        <div key={page}>
          <h3>Page {page}</h3>
          <Table caption={`${name}, page ${String(page)}`} fields={ofPage} />
        </div>
      ))}
    </>
  );
}

function Table({ caption, fields }: { caption: string; fields: ComparedField[] }) {
  return (
    <table>
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">First reading</th>
          <th scope="col">Second reading</th>
        </tr>
      </thead>
      <tbody>
        {fields.map(({ field, outcome, control, candidate }) => (
          <tr key={field} class={outcome === 'same' ? 'same' : 'differs'}>
            <th scope="row">
              {field}
              <span class="outcome">
                <span aria-hidden="true">{OUTCOMES[outcome].shape}</span> {OUTCOMES[outcome].word}
              </span>
            </th>
            <Value value={control} />
            <Value value={candidate} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Value({ value }: { value: string | null }) {
  if (value === null) return <td class="quiet">no such field</td>;
  return <td>{value === '' ? <span class="quiet">empty</span> : value}</td>;
}

function isDifference({ outcome }: ComparedField): boolean {
  return outcome !== 'same';
}

/** By what they have in common, in the order they come. */
function grouped<Key>(
  fields: readonly ComparedField[],
  keyOf: (field: ComparedField) => Key,
): [Key, ComparedField[]][] {
  const groups = new Map<Key, ComparedField[]>();
  for (const field of fields) {
    const group = groups.get(keyOf(field));
    if (group) group.push(field);
    else groups.set(keyOf(field), [field]);
  }
  return [...groups];
}

function countsOf(fields: readonly ComparedField[]): string {
  const of = (wanted: ComparedField['outcome']) => fields.filter(({ outcome }) => outcome === wanted).length;
  const parts = (['different', 'only_control', 'only_candidate', 'same'] as const)
    .filter((outcome) => outcome === 'same' || outcome === 'different' || of(outcome) > 0)
    .map((outcome) => `${of(outcome)} ${OUTCOMES[outcome].word}`);
  return `${fields.length} ${fields.length === 1 ? 'field' : 'fields'} compared: ${parts.join(', ')}.`;
}
