import type { Usage } from '../llm/usage.js';
import { isRefusalOfService, type FailureReason } from '../llm/failure-reason.js';
import type { AccountRecord } from '../processor/merge.js';
import type { ProcessingPlan } from '../processor/plan.js';
import type { AccountResult } from '../processor/processor.js';
import type { AccountSplit } from './accounts.js';
import type { PageTexts, UnreadableReason } from './page-texts.js';

/** A page the record lacks, or has only in part, and why. */
export interface MissingPage {
  page: number;
  account: string | null;
  reason: FailureReason | UnreadableReason;
}

/** Milliseconds spent on a document, by stage. */
export interface Timings {
  ocr_extraction_ms: number;
  account_splitting_ms: number;
  llm_extraction_ms: number;
  total_ms: number;
}

/** What the upload flow stores and shows (DESIGN, Public surface). */
export interface DocumentRecord {
  accounts: AccountRecord[];
  /** All pages as one group; only for a document in which no page names an account. */
  document?: AccountRecord;
  page_mapping: Record<string, string>;
  /** Pages before the first account: cover sheets, which are not extracted. */
  unassigned_pages: number[];
  /** Pages with hardly any text, about which nothing was asked. */
  blank_pages: number[];
  /** Pages whose text was read by OCR. */
  ocr_pages: number[];
  /** Pages of which only the first 12,000 characters were sent to the model. */
  truncated_pages: number[];
  failed_pages: MissingPage[];
  plan: ProcessingPlan;
  usage: Usage;
  timings: Timings;
}

/**
 * A record of nothing but failed pages is no reading of the document, and neither is one that the service put an end
 * to by refusing every call: what it lacks can be asked again.
 */
export function isRead(record: DocumentRecord): boolean {
  const { accounts, document, failed_pages: failed } = record;
  const hasFields = accounts.length > 0 || document !== undefined;
  return (hasFields || failed.length === 0) && refusalIn(record) === undefined;
}

/** Why the service refused every call; undefined where it did not. */
export function refusalIn({ failed_pages: failed }: DocumentRecord): FailureReason | undefined {
  return failed.map(({ reason }) => reason).find(isRefusalOfService);
}

/** The records of its accounts, or the one of all pages where none names an account. */
export function accountRecords({
  accounts,
  document,
}: Pick<DocumentRecord, 'accounts' | 'document'>): AccountRecord[] {
  return document ? [...accounts, document] : accounts;
}

/** Everything the stages found out about a document. */
export interface Findings {
  split: AccountSplit;
  results: readonly AccountResult[];
  blankPages: number[];
  ocrPages: number[];
  truncatedPages: number[];
  unreadablePages: PageTexts['unreadablePages'];
  plan: ProcessingPlan;
  usage: Usage;
  timings: Timings;
}

export function buildRecord(findings: Findings): DocumentRecord {
  const { split, results } = findings;
  const records = results.flatMap(({ record }) => record ?? []);
  const [document] = records.filter(({ accountNumber }) => accountNumber === null);
  const unreadable = findings.unreadablePages.map(({ page, reason }) => ({
    page,
    account: split.pageMapping.get(page) ?? null,
    reason,
  }));
  const givenUp = results.flatMap(({ failedPages }) => failedPages);
  return {
    accounts: records.filter(({ accountNumber }) => accountNumber !== null),
    ...(document && { document }),
    page_mapping: Object.fromEntries(split.pageMapping),
    unassigned_pages: split.unassignedPages,
    blank_pages: findings.blankPages,
    ocr_pages: findings.ocrPages,
    truncated_pages: findings.truncatedPages,
    failed_pages: [...unreadable, ...givenUp].sort((a, b) => a.page - b.page),
    plan: findings.plan,
    usage: findings.usage,
    timings: findings.timings,
  };
}
