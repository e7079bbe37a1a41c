import { randomUUID } from 'node:crypto';
import { PdfError } from '../stages/pdf-error.js';
import type { ProcessingPlan } from '../processor/plan.js';
import { percentAt, type OnProgress, type Progress } from '../stages/progress.js';
import type { DocumentRecord } from '../stages/record.js';
import type { DocumentStore, ProcessedDocument, StoredDocument } from '../store/document-store.js';
import type { Logger } from '../logger.js';

/** A file as it was uploaded. */
export interface Upload {
  bytes: Uint8Array;
  filename: string;
  documentName: string;
}

/** Reads one PDF under a plan: `processPdf` of Quire. */
export type ReadPdf = (
  bytes: Uint8Array,
  context: { plan: ProcessingPlan; signal: AbortSignal; onProgress: OnProgress },
) => Promise<DocumentRecord>;

/** How far a document is. `problem` says what a person should know when it failed. */
export interface JobState {
  status: StoredDocument['status'];
  progress: Progress;
  problem?: string;
}

interface Job extends JobState {
  stop: AbortController;
  done: Promise<void>;
}

/** The documents being read in the background, and how far each one is. */
export class Jobs {
  readonly #readPdf: ReadPdf;
  readonly #store: DocumentStore;
  readonly #logger: Logger;
  readonly #jobs = new Map<string, Job>();

  constructor(readPdf: ReadPdf, store: DocumentStore, logger: Logger) {
    this.#readPdf = readPdf;
    this.#store = store;
    this.#logger = logger;
  }

  /** Keeps the upload and starts reading it. @returns the document's id, which cannot be guessed */
  async start(upload: Upload, plan: ProcessingPlan): Promise<string> {
    const document = placeholder(upload);
    await this.#store.add(document, upload.bytes);
    const job: Job = {
      status: 'extracting',
      progress: {
        stage: 'ocr_extraction',
        percent: percentAt('ocr_extraction', 0),
        pagesProcessed: 0,
        totalPages: 0,
        accounts: [],
      },
      stop: new AbortController(),
      done: Promise.resolve(),
    };
    this.#jobs.set(document.id, job);
    job.done = this.#run(document, upload.bytes, plan, job);
    return document.id;
  }

  state(id: string): JobState | undefined {
    return this.#jobs.get(id);
  }

  /** Stops reading the document and forgets it; false when there is none. */
  async delete(id: string): Promise<boolean> {
    this.#jobs.get(id)?.stop.abort();
    this.#jobs.delete(id);
    return this.#store.delete(id);
  }

  /** Stops all reading and waits until it has ended. */
  async close(): Promise<void> {
    const jobs = [...this.#jobs.values()];
    for (const { stop } of jobs) stop.abort();
    await Promise.all(jobs.map(({ done }) => done));
  }

  async #run(document: StoredDocument, bytes: Uint8Array, plan: ProcessingPlan, job: Job): Promise<void> {
    const onProgress: OnProgress = (progress) => (job.progress = progress);
    const { signal } = job.stop;
    try {
      const record = await this.#readPdf(bytes, { plan, signal, onProgress });
      const outcome = processed(document, record, job.progress.totalPages);
      await this.#store.update(outcome);
      if (outcome.status === 'failed') job.problem = 'No page could be read; failed_pages says why.';
      job.status = outcome.status;
    } catch (error) {
      if (signal.aborted) return;
      job.problem = error instanceof PdfError ? error.message : 'Reading the document failed unexpectedly.';
      this.#logger.error({ document: document.id, ...describe(error) }, 'a document failed');
      await this.#store.update({ ...document, status: 'failed', total_pages: job.progress.totalPages });
      job.status = 'failed';
    }
  }
}

function placeholder({ filename, documentName }: Upload): StoredDocument {
  return {
    id: randomUUID(),
    filename,
    document_name: documentName,
    processed_date: new Date().toISOString(),
    status: 'extracting',
    total_pages: 0,
    document_type_info: { document_type: 'unknown', document_type_display: 'Not read yet' },
    processing_cost: { llm_calls: 0, input_tokens: 0, output_tokens: 0, cost_usd: 0 },
    documents: [],
  };
}

function processed(document: StoredDocument, record: DocumentRecord, totalPages: number): StoredDocument {
  const { accounts, document: whole, failed_pages: failed, usage } = record;
  const groups = whole ? [whole] : accounts;
  const type =
    accounts.length > 0
      ? { document_type: 'loan_document', document_type_display: 'Loan or account package' }
      : { document_type: 'document', document_type_display: 'Document without account numbers' };
  const entry: ProcessedDocument = {
    ...type,
    ...record,
    extracted_fields: {
      total_accounts: new Set(Object.values(record.page_mapping)).size,
      accounts_processed: accounts.length,
    },
    needs_human_review: failed.length > 0 || groups.some((group) => group.needs_human_review),
  };
  return {
    ...document,
    processed_date: new Date().toISOString(),
    // Nothing but failed pages is no reading of the document.
    status: groups.length === 0 && failed.length > 0 ? 'failed' : 'completed',
    total_pages: totalPages,
    document_type_info: type,
    processing_cost: {
      llm_calls: usage.calls,
      input_tokens: usage.prompt_tokens,
      output_tokens: usage.completion_tokens,
      cost_usd: usage.cost_usd,
    },
    documents: [entry],
  };
}

/** What may be logged of an unforeseen error: its message could quote a page, its place does not. */
function describe(error: unknown): { error: string; at?: string[] } {
  if (error instanceof PdfError) return { error: error.code };
  if (!(error instanceof Error)) return { error: typeof error };
  return { error: error.name, at: error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [] };
}
