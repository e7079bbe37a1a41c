import type { Progress } from '../documents/progress.js';
import { STAGES } from '../stages/stage.js';
import type { ProcessingCost, StoredDocument } from '../store/document.js';
import type { Outline } from '../store/json-text.js';
import type { PageOfDocuments } from '../store/listings.js';

/**
 * The answer of `GET /status/:id` (CURRENT_SYSTEM, The web upload flow).
 *
 * @param progress while the document is being read
 */
export function jobStatus(document: Outline<StoredDocument> | undefined, progress: Progress | undefined) {
  if (!document) {
    return {
      status: 'Unknown job ID',
      detailed_message: 'There is no document with this id',
      progress: 0,
      stage: 'unknown',
      pages_processed: 0,
      total_pages: 0,
      accounts: [],
      is_complete: false,
    };
  }
  const isComplete = document.status !== 'extracting';
  return {
    status: document.status,
    detailed_message: message(document, progress),
    ...soFar(document, progress),
    is_complete: isComplete,
    ...(isComplete && { result: { documents: document.documents } }),
  };
}

/** The `status` of `GET /api/document/:id/background-status`. */
export function backgroundStatus(document: Outline<StoredDocument>, progress: Progress | undefined) {
  const reached = STAGES.findIndex((stage) => stage === (progress?.stage ?? document.stage));
  const stages = STAGES.map((stage, index) => {
    if (index < reached || document.status === 'completed')
      return [stage, { status: 'completed', progress: 100 }];
    if (index > reached) return [stage, { status: 'pending', progress: 0 }];
    const status = document.status === 'failed' ? 'failed' : 'in_progress';
    return [stage, { status, progress: progress?.stagePercent ?? 0 }];
  });
  const missing = document.documents.flatMap(({ failed_pages }) => failed_pages);
  return {
    ...soFar(document, progress),
    errors: [
      ...(document.error === null ? [] : [document.error]),
      ...missing.map(({ page, reason }) => `Page ${page}: ${reason}`),
    ],
    stages: Object.fromEntries(stages) as Record<string, unknown>,
  };
}

/** The answer of `GET /api/document/:id/account/:index/complete-data`; undefined without such an account. */
export function completeData(document: Outline<StoredDocument>, index: number) {
  const [entry] = document.documents;
  const group = (entry?.document ? [entry.document] : entry?.accounts)?.[index];
  return (
    group && {
      account_number: group.accountNumber,
      account_index: index,
      fields: group.result,
      accuracy_score: group.accuracy_score,
      filled_fields: group.filled_fields,
      total_fields: group.total_fields,
      pages: group.pages,
      processing_method: group.processing_method,
      needs_human_review: group.needs_human_review,
    }
  );
}

/**
 * The answer of `GET /api/costs`.
 *
 * @param total what all documents of the owner cost, those of other pages included
 * @returns with `unknown_usage_calls` null for what a version before read, which kept none
 */
export function costs({ documents, next }: PageOfDocuments, total: ProcessingCost) {
  return {
    documents: documents.map(({ id, document_name, processing_cost }) => ({
      id,
      document_name,
      ...withUnknown(processing_cost),
    })),
    total: withUnknown(total),
    next,
  };
}

function withUnknown(cost: ProcessingCost) {
  return { ...cost, unknown_usage_calls: cost.unknown_usage_calls ?? null };
}

function soFar(document: Outline<StoredDocument>, progress: Progress | undefined) {
  if (document.status === 'extracting') {
    return {
      progress: progress?.percent ?? 0,
      stage: progress?.stage ?? document.stage,
      pages_processed: progress?.pagesProcessed ?? 0,
      total_pages: progress?.totalPages ?? document.total_pages,
      accounts: progress?.accounts ?? [],
    };
  }
  const mapping = document.documents.flatMap(({ page_mapping }) => Object.values(page_mapping));
  return {
    progress: 100,
    stage: document.status,
    pages_processed: document.total_pages,
    total_pages: document.total_pages,
    accounts: [...new Set(mapping)],
  };
}

function message(document: Outline<StoredDocument>, progress: Progress | undefined): string {
  if (document.error !== null) return document.error;
  const { pages_processed: done, total_pages: total, stage } = soFar(document, progress);
  switch (stage) {
    case 'completed': {
      const missing = document.documents.flatMap(({ failed_pages }) => failed_pages).length;
      return missing === 0 ? `All ${total} pages read.` : `Read, but ${missing} of ${total} pages failed.`;
    }
    case 'llm_extraction':
      return `Reading fields: ${done} of ${total} pages.`;
    case 'account_splitting':
    case 'page_analysis':
      return `Finding accounts on ${total} pages.`;
    default:
      return total === 0 ? 'Opening the document.' : `Reading text: ${done} of ${total} pages.`;
  }
}
