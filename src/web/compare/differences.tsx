import { useMemo, useState } from 'preact/hooks';
import type { ComparedField } from '../../comparison/compare.js';
import { useGrowing } from '../parts/growing.js';
import { LongText, spokenName } from '../parts/long-text.js';
import { TableHead } from '../parts/table-head.js';

/** From so many fields on, those that are the same are left out at first. */
const MANY = 20;
const NAME_MOST = 120;

const OUTCOMES = {
  same: { shape: '=', word: 'same' },
  different: { shape: '≠', word: 'different' },
  only_control: { shape: '−', word: 'only in the first' },
  only_candidate: { shape: '+', word: 'only in the second' },
} as const;

/** What two readings have in common, and where they differ. */
export function Differences({ fields }: { fields: readonly ComparedField[] }) {
  const { merged, accounts } = useMemo(() => sorted(fields), [fields]);
  const differing = merged.filter(isDifference).length;
  const [isFiltered, setFiltered] = useState(merged.length > MANY && differing > 0);
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
      {differing === 0 && (
        <p class="good">
          {merged.length === 0 ? 'Neither reading has a field.' : 'Both readings have the same values.'}
        </p>
      )}
      {accounts.map((account) => (
        <Account key={account.name} {...account} isFiltered={isFiltered} />
      ))}
    </>
  );
}

/** What is compared of an account. */
interface ComparedAccount {
  name: string;
  merged: ComparedField[];
  pages: ComparedField[];
}

function Account({ name, merged, pages, isFiltered }: ComparedAccount & { isFiltered: boolean }) {
  const [isOpen, setOpen] = useState(false);
  const rows = useMemo(() => (isFiltered ? merged.filter(isDifference) : merged), [merged, isFiltered]);
  const ofPages = useMemo(() => (isFiltered ? pages.filter(isDifference) : pages), [pages, isFiltered]);
  const differing = pages.filter(isDifference).length;
  if (isFiltered && rows.length === 0 && differing === 0) return null;
  return (
    <section class="sheet">
      <h2>
        <LongText text={name} most={NAME_MOST} />
      </h2>
      {rows.length > 0 ? (
        <Merged key={String(isFiltered)} fields={rows} name={name} />
      ) : (
        <p>Its record is the same in both.</p>
      )}
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          Page by page: {differing} of {pages.length} fields differ
        </summary>
        {isOpen && <Pages key={String(isFiltered)} fields={ofPages} name={name} />}
      </details>
    </section>
  );
}

function Merged({ fields, name }: { fields: ComparedField[]; name: string }) {
  const drawn = useGrowing(fields.length);
  return <Table caption={`${name}: its record`} fields={fields.slice(0, drawn)} />;
}

function Pages({ fields, name }: { fields: ComparedField[]; name: string }) {
  const drawn = useGrowing(fields.length);
  if (fields.length === 0) return <p>What each page gave is the same in both.</p>;
  return (
    <>
      {grouped(fields.slice(0, drawn), ({ page }) => page).map(([page, ofPage]) => (
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
      <TableHead names={['Field', 'First reading', 'Second reading']} />
      <tbody>
        {fields.map(({ field, outcome, control, candidate }) => (
          <tr key={field} class={outcome === 'same' ? 'same' : 'differs'}>
            <th scope="row">
              <LongText text={spokenName(field)} most={NAME_MOST} />
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
  return (
    <td>
      <LongText text={value} />
    </td>
  );
}

function isDifference({ outcome }: ComparedField): boolean {
  return outcome !== 'same';
}

function sorted(fields: readonly ComparedField[]): { merged: ComparedField[]; accounts: ComparedAccount[] } {
  const accounts = grouped(fields, ({ account }) => account).map(([account, ofAccount]) => ({
    name: account === null ? 'Whole document' : `Account ${account}`,
    merged: ofAccount.filter(({ scope }) => scope === 'merged'),
    pages: ofAccount.filter(({ scope }) => scope === 'page'),
  }));
  return { merged: accounts.flatMap(({ merged }) => merged), accounts };
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
