import { randomUUID } from 'node:crypto';
import { sentenceOf } from '../llm/failure-reason.js';
import type { Usage } from '../llm/usage.js';
import { isRead, refusalIn, type DocumentRecord } from '../stages/record.js';
import type { ListedDocument, ProcessedDocument, ProcessingCost, StoredDocument } from '../store/document.js';
import type { Progress } from './progress.js';
import type { Ended } from './reading.js';

/** The error of a document that its owner or ops have cancelled. */
export const CANCELLED = 'Cancelled';

/** A document that was sent and is not read yet. */
export function newDocument(filename: string, documentName: string): StoredDocument {
  return {
    id: randomUUID(),
    filename,
    document_name: documentName,
    processed_date: new Date().toISOString(),
    status: 'extracting',
    stage: 'ocr_extraction',
    error: null,
    total_pages: 0,
    document_type_info: { document_type: 'unknown', document_type_display: 'Not read yet' },
    processing_cost: { llm_calls: 0, input_tokens: 0, output_tokens: 0, cost_usd: 0, unknown_usage_calls: 0 },
    documents: [],
  };
}

/** The document as one that could not be read. */
export function failedDocument<D extends ListedDocument>(
  document: D,
  { stage, totalPages }: Pick<Progress, 'stage' | 'totalPages'>,
  error: string,
): D {
  return { ...document, status: 'failed', stage, error, total_pages: totalPages };
}

/** The document as its reading has ended. */
export function outcomeOf(
  document: ListedDocument,
  ended: Ended,
  progress: Pick<Progress, 'stage' | 'totalPages'>,
): StoredDocument | ListedDocument {
  if ('record' in ended) return withRecord(document, ended.record, progress);
  const { end } = ended;
  const error = end.type === 'failed' ? end.error : null;
  const paid = { ...document, processing_cost: sum(document.processing_cost, end.usage) };
  return failedDocument(paid, progress, error ?? 'Reading the document was broken off.');
}

function withRecord(
  document: ListedDocument,
  record: DocumentRecord,
  progress: Pick<Progress, 'stage' | 'totalPages'>,
): StoredDocument {
  const { accounts, document: whole, failed_pages: missing, usage } = record;
  const groups = whole ? [whole] : accounts;
  const named = new Set(Object.values(record.page_mapping)).size;
  const type =
    named > 0
      ? { document_type: 'loan_document', document_type_display: 'Loan or account package' }
      : { document_type: 'document', document_type_display: 'Document without account numbers' };
  const entry: ProcessedDocument = {
    ...type,
    ...record,
    extracted_fields: { total_accounts: named, accounts_processed: accounts.length },
    needs_human_review: missing.length > 0 || groups.some((group) => group.needs_human_review),
  };
  const read: StoredDocument = {
    ...document,
    processed_date: new Date().toISOString(),
    status: 'completed',
    stage: 'completed',
    total_pages: progress.totalPages,
    document_type_info: type,
    processing_cost: sum(document.processing_cost, usage),
    documents: [entry],
  };
  return isRead(record) ? read : failedDocument(read, progress, whyNotRead(record));
}

/** For the person who sent the document. */
function whyNotRead(record: DocumentRecord): string {
  const refusal = refusalIn(record);
  if (refusal === undefined) return 'No page could be read; failed_pages says why.';
  return `Not read: ${sentenceOf(refusal)}. Try again when that is mended.`;
}

/** What a document cost before a retry counts too. */
function sum(before: ProcessingCost, usage: Usage): ProcessingCost {
  const now = {
    input_tokens: usage.prompt_tokens,
    output_tokens: usage.completion_tokens,
    cost_usd: usage.cost_usd,
  };
  return {
    llm_calls: before.llm_calls + usage.calls,
    input_tokens: before.input_tokens + now.input_tokens,
    output_tokens: before.output_tokens + now.output_tokens,
    cost_usd: costOf([before, now]),
    unknown_usage_calls: (before.unknown_usage_calls ?? 0) + usage.unknown_usage_calls,
  };
}

/** null as soon as one has calls without a price, or where none that may have been billed told its usage. */
function costOf(
  readings: readonly Pick<ProcessingCost, 'input_tokens' | 'output_tokens' | 'cost_usd'>[],
): number | null {
  let cost = 0;
  let tokens = 0;
  let isPartial = false;
  for (const { input_tokens, output_tokens, cost_usd } of readings) {
    if (cost_usd === null && input_tokens + output_tokens > 0) return null;
    tokens += input_tokens + output_tokens;
    isPartial ||= cost_usd === null;
    cost += cost_usd ?? 0;
  }
  return isPartial && tokens === 0 ? null : cost;
}
