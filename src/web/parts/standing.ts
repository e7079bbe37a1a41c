import type { Mark } from './page-view.js';
import type { Evidence, KeptDocument } from './document.js';

export type ShownRecord = KeptDocument['documents'][number];
export type ShownAccount = ShownRecord['accounts'][number];
export type AccountEvidence = NonNullable<Evidence>[number];

/** A page on which a value, or a part of it, stands. */
interface Stop {
  page: number;
  marks: Mark[];
}

/** Where a value stands. */
export interface Standing {
  /** By page; none for one that is not found. */
  stops: Stop[];
  /** Its parts that stand on none of its pages. */
  missing: string[];
  /** The pages whose own answer gave it. */
  sources: number[];
  /** False where a version before read it, which looked for nothing. */
  isKnown: boolean;
}

/** The accounts of a record, or the one of all pages where none names an account. */
export function accountsOf(record: ShownRecord | undefined): ShownAccount[] {
  if (!record) return [];
  return record.document ? [...record.accounts, record.document] : record.accounts;
}

/** A value as it was read. */
export function valueOf(field: ShownAccount['result'][string] | undefined): {
  value: string;
  confidence?: number;
} {
  if (field === undefined) return { value: '' };
  return typeof field === 'string' ? { value: field } : field;
}

/** What is kept under a name, and nothing that every object has: a model may name a field `constructor`. */
export function named<T>(all: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(all, name) ? all[name] : undefined;
}

export function isEmpty(value: string): boolean {
  return ['', 'n/a', 'unknown'].includes(value.trim().toLowerCase());
}

export function standingOf(
  account: ShownAccount,
  name: string,
  evidence: AccountEvidence | undefined,
): Standing {
  const { value } = valueOf(account.result[name]);
  const sources = account.pages.filter((page) => {
    const field = named(account.page_data[page] ?? {}, name);
    return field !== undefined && valueOf(field).value === value;
  });
  const parts = named(evidence?.fields ?? {}, name);
  const marks = new Map<number, Mark[]>();
  const missing: string[] = [];
  for (const found of parts ?? []) {
    if ('not_found' in found) {
      missing.push(found.part);
      continue;
    }
    const seen = new Set<number>();
    for (const { page, boxes } of found.places) {
      const mark: Mark = { boxes, label: found.part, kind: seen.has(page) ? 'other' : 'chosen' };
      seen.add(page);
      marks.set(page, [...(marks.get(page) ?? []), mark]);
    }
  }
  const stops = [...marks].sort(([a], [b]) => a - b).map(([page, ofPage]) => ({ page, marks: ofPage }));
  return { stops, missing, sources, isKnown: parts !== undefined };
}

/** Where a value stands, in words. */
export function standingWords({ stops, missing, sources, isKnown }: Standing): string {
  const found = pagesInWords(stops.map(({ page }) => page));
  if (!isKnown) return pagesInWords(sources);
  if (missing.length === 0) return found;
  if (stops.length === 0)
    return `not found on ${sources.length === 1 ? `its page (${sources[0]})` : 'its pages'}`;
  return `${found}; a part of it was not found`;
}

/** "page 3", "pages 3 and 5", "pages 1 to 6 and 9". */
export function pagesInWords(pages: readonly number[]): string {
  const runs: { from: number; to: number }[] = [];
  for (const page of [...pages].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && page <= last.to + 1) last.to = page;
    else runs.push({ from: page, to: page });
  }
  const said = runs.flatMap(({ from, to }) => {
    if (to - from > 1) return [`${from} to ${to}`];
    return to === from ? [`${from}`] : [`${from}`, `${to}`];
  });
  const list = said.length > 1 ? `${said.slice(0, -1).join(', ')} and ${said.at(-1)}` : said.join('');
  return list && `page${pages.length === 1 ? '' : 's'} ${list}`;
}
