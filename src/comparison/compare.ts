import { textOf, type AccountRecord, type Fields } from '../processor/merge.js';
import { accountRecords, type DocumentRecord } from '../stages/record.js';

/** What a second record is held against the control's for: a `candidate`, or the control again, for its `noise`. */
export type ComparisonKind = 'candidate' | 'noise';

/** One field of one place of a document, as two runs read it. */
export interface ComparedField {
  /** `page`: what a page alone gave. `merged`: what the account's record shows. */
  scope: 'page' | 'merged';
  /** null for a document in which no page names an account. */
  account: string | null;
  /** From 1; null in scope `merged`. */
  page: number | null;
  field: string;
  outcome: 'same' | 'different' | 'only_control' | 'only_candidate';
  /** The values; null where that run has no such field. */
  control: string | null;
  candidate: string | null;
}

/**
 * Compares two records of the same document, field by field, first page by page and then merged, account by
 * account in the control's order.
 *
 * Two fields are the same when their values are the same text. Confidence is not compared: it is the model's
 * guess about itself and moves a little with every call. What it decides, which page's value is merged, is
 * compared as the merged value. An account or a page that one record lacks counts field by field as
 * `only_control` or `only_candidate`, so a page that one run gave up is a disagreement in each of its fields.
 *
 * @param control the record taken as the measure
 * @param candidate the record held against it; a second record of the control's own plan measures noise
 */
export function compareRecords(control: DocumentRecord, candidate: DocumentRecord): ComparedField[] {
  return paired(accountsOf(control), accountsOf(candidate)).flatMap(([account, ours, theirs]) => {
    const pages = paired(pagesOf(ours), pagesOf(theirs)).sort(([a], [b]) => a - b);
    return [
      ...pages.flatMap(([page, left, right]) => compareFields({ scope: 'page', account, page }, left, right)),
      ...compareFields({ scope: 'merged', account, page: null }, ours?.result, theirs?.result),
    ];
  });
}

function accountsOf(record: DocumentRecord): Map<string | null, AccountRecord> {
  return new Map(accountRecords(record).map((account) => [account.accountNumber, account]));
}

function pagesOf(account: AccountRecord | undefined): Map<number, Fields> {
  return new Map(Object.entries(account?.page_data ?? {}).map(([page, fields]) => [Number(page), fields]));
}

function compareFields(
  place: Pick<ComparedField, 'scope' | 'account' | 'page'>,
  control: Fields = {},
  candidate: Fields = {},
): ComparedField[] {
  // Maps of own keys, because a model may name a field `__proto__` or `constructor`.
  const fields = paired(new Map(Object.entries(control)), new Map(Object.entries(candidate)));
  return fields.map(([field, left, right]) => {
    const values = {
      control: left === undefined ? null : textOf(left),
      candidate: right === undefined ? null : textOf(right),
    };
    return { ...place, field, outcome: outcomeOf(values), ...values };
  });
}

function outcomeOf({
  control,
  candidate,
}: Pick<ComparedField, 'control' | 'candidate'>): ComparedField['outcome'] {
  if (control === candidate) return 'same';
  if (candidate === null) return 'only_control';
  return control === null ? 'only_candidate' : 'different';
}

/** What two maps hold under every key that one of them has: the first map's keys, then the others. */
function paired<K, V>(
  first: ReadonlyMap<K, V>,
  second: ReadonlyMap<K, V>,
): [key: K, first: V | undefined, second: V | undefined][] {
  const keys = new Set([...first.keys(), ...second.keys()]);
  return Array.from(keys, (key) => [key, first.get(key), second.get(key)]);
}
