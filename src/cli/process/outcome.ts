import type { AccountRecord } from '../../processor/merge.js';
import { accountRecords, type DocumentRecord } from '../../stages/record.js';

/** What a record was made with: with anything else of it, the file is read again. */
export interface ReadWith {
  /** The version of Quire. */
  quire: string;
  model: string;
  plan: string;
  /** A digest of the settings that change what is read. */
  settings: string;
}

/** A record as it is written: a file of its own, or a line. */
export interface Written {
  file: string;
  /** Of the file's bytes. */
  sha256: string;
  read_with: ReadWith;
  /** Whether it lacks pages. */
  state: 'whole' | 'pages failed';
  record: DocumentRecord;
}

/** What came of a file. */
export type Outcome =
  | { state: 'read'; written: Written }
  /** Written by a run before, whole, and of the same bytes. */
  | { state: 'kept'; written: Written }
  | { state: 'failed'; reason: string }
  | { state: 'stopped' };

export function isWhole(outcome: Outcome): boolean {
  return 'written' in outcome && outcome.written.state === 'whole';
}

/** The figures of a record. */
export function figuresOf(record: DocumentRecord): {
  pages: number;
  accounts: number;
  fields: number;
  failedPages: number;
} {
  const pages = new Set([
    ...Object.keys(record.page_mapping).map(Number),
    ...record.unassigned_pages,
    ...record.blank_pages,
    ...record.failed_pages.map(({ page }) => page),
  ]);
  const fields = (account: AccountRecord) => Object.keys(account.result).length;
  return {
    pages: pages.size,
    accounts: record.accounts.length,
    fields: accountRecords(record).reduce((sum, account) => sum + fields(account), 0),
    failedPages: record.failed_pages.length,
  };
}
