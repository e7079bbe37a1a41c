import { STAGES } from '../stages/progress.js';
import type { StoredDocument } from '../store/document-store.js';
import type { JobState } from './jobs.js';

/** The answer of `GET /status/:id` (CURRENT_SYSTEM, The web upload flow). */
export function jobStatus(document: StoredDocument | undefined, job: JobState | undefined) {
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
  const { stage, progress, pages_processed, total_pages, accounts } = soFar(document, job);
  const complete = document.status !== 'extracting';
  return {
    status: document.status,
    detailed_message: message(document, job),
    progress,
    stage,
    pages_processed,
    total_pages,
    accounts,
    is_complete: complete,
    ...(complete && { result: { documents: document.documents } }),
  };
}

/** The `status` of `GET /api/document/:id/background-status`. */
export function backgroundStatus(document: StoredDocument, job: JobState | undefined) {
  const state = soFar(document, job);
  const reached = STAGES.findIndex((stage) => stage === (job?.progress.stage ?? 'completed'));
  const stages = STAGES.map((stage, index) => {
    if (index < reached || document.status === 'completed')
      return [stage, { status: 'completed', progress: 100 }];
    if (index > reached) return [stage, { status: 'pending', progress: 0 }];
    return [
      stage,
      { status: document.status === 'failed' ? 'failed' : 'in_progress', progress: state.progress },
    ];
  });
  return {
    ...state,
    errors: errors(document, job),
    stages: Object.fromEntries(stages) as Record<string, unknown>,
  };
}

/** The answer of `GET /api/document/:id/account/:index/complete-data`; undefined without such an account. */
export function completeData(document: StoredDocument, index: number) {
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

/** The answer of `GET /api/costs`: a total is null as soon as one document's cost is unknown. */
export function costs(documents: readonly StoredDocument[]) {
  const all = documents.map(({ processing_cost }) => processing_cost);
  const sum = (key: 'llm_calls' | 'input_tokens' | 'output_tokens') =>
    all.reduce((total, cost) => total + cost[key], 0);
  return {
    documents: documents.map(({ id, document_name, processing_cost }) => ({
      id,
      document_name,
      ...processing_cost,
    })),
    total: {
      llm_calls: sum('llm_calls'),
      input_tokens: sum('input_tokens'),
      output_tokens: sum('output_tokens'),
      cost_usd: all.reduce<number | null>(
        (total, { cost_usd }) => (total === null || cost_usd === null ? null : total + cost_usd),
        0,
      ),
    },
  };
}

function soFar(document: StoredDocument, job: JobState | undefined) {
  const pages = document.total_pages;
  return {
    stage: document.status === 'extracting' ? (job?.progress.stage ?? 'ocr_extraction') : document.status,
    progress: document.status === 'extracting' ? (job?.progress.percent ?? 0) : 100,
    pages_processed: job?.progress.pagesProcessed ?? pages,
    total_pages: job?.progress.totalPages ?? pages,
    accounts: job?.progress.accounts ?? [],
  };
}

function message(document: StoredDocument, job: JobState | undefined): string {
  const { pages_processed: done, total_pages: total } = soFar(document, job);
  if (document.status === 'failed') return job?.problem ?? 'Reading the document failed.';
  if (document.status === 'completed') {
    const missing = document.documents[0]?.failed_pages.length ?? 0;
    return missing === 0 ? `All ${total} pages read.` : `Read, but ${missing} of ${total} pages failed.`;
  }
  switch (job?.progress.stage) {
    case 'llm_extraction':
      return `Reading fields: ${done} of ${total} pages.`;
    case 'account_splitting':
    case 'page_analysis':
      return `Finding accounts on ${total} pages.`;
    default:
      return total === 0 ? 'Opening the document.' : `Reading text: ${done} of ${total} pages.`;
  }
}

function errors(document: StoredDocument, job: JobState | undefined): string[] {
  const missing = document.documents.flatMap(({ failed_pages }) => failed_pages);
  return [
    ...(job?.problem === undefined ? [] : [job.problem]),
    ...missing.map(({ page, reason }) => `Page ${page}: ${reason}`),
  ];
}
