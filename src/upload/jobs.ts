import { randomUUID } from 'node:crypto';
import { loggable, type Logger } from '../logger.js';
import type { ProcessingPlan } from '../processor/plan.js';
import type { FlagContext } from '../rollout/flags.js';
import { PdfError } from '../stages/pdf-error.js';
import { progressAt, type OnProgress, type Progress } from '../stages/progress.js';
import type { DocumentRecord } from '../stages/record.js';
import type { DocumentStore, ProcessedDocument, StoredDocument } from '../store/document-store.js';

/** A file as it was uploaded. */
export interface Upload {
  bytes: Uint8Array;
  filename: string;
  documentName: string;
  /** Who sent it, and under which request. */
  sender: Sender;
}

/** What is known of a request that brings a document: for the flags and the log. */
export interface Sender extends FlagContext {
  requestId?: string | undefined;
}

/** Reads one PDF: `processPdf` of Quire. */
export type ReadPdf = (
  bytes: Uint8Array,
  context: Sender & {
    documentId: string;
    signal: AbortSignal;
    onProgress: OnProgress;
    onPlan: (plan: ProcessingPlan) => void;
  },
) => Promise<DocumentRecord>;

export interface JobTools {
  readPdf: ReadPdf;
  store: DocumentStore;
  logger: Logger;
  /** Told that a document is deleted: nothing else may go on with it either. */
  onDelete(id: string): void;
}

interface Job {
  progress: Progress;
  stop: AbortController;
  done: Promise<void>;
}

/** Thrown for an upload that comes when no more are taken. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';
}

/** The documents being read in the background, and how far each one is. */
export class Jobs {
  readonly #tools: JobTools;
  readonly #jobs = new Map<string, Job>();
  #closed = false;

  constructor(tools: JobTools) {
    this.#tools = tools;
  }

  /**
   * Keeps the upload and starts reading it.
   *
   * @returns the document's id, which cannot be guessed, and the plan it is read under
   * @throws {ClosedError} after `close`
   */
  async start(upload: Upload): Promise<{ id: string; plan: ProcessingPlan }> {
    if (this.#closed) throw new ClosedError('No more documents are taken');
    const document = placeholder(upload);
    await this.#tools.store.add(document, upload.bytes);
    const job: Job = {
      progress: progressAt('ocr_extraction', 0),
      stop: new AbortController(),
      done: Promise.resolve(),
    };
    this.#jobs.set(document.id, job);
    const plan = new Promise<ProcessingPlan>((decided) => {
      job.done = this.#run(document, upload, job, decided).finally(() => this.#jobs.delete(document.id));
    });
    return { id: document.id, plan: await plan };
  }

  /** How far a document is; undefined when it is not being read. */
  progress(id: string): Progress | undefined {
    return this.#jobs.get(id)?.progress;
  }

  /** Stops reading the document and forgets it; false when there is none. */
  async delete(id: string): Promise<boolean> {
    this.#jobs.get(id)?.stop.abort();
    this.#tools.onDelete(id);
    return this.#tools.store.delete(id);
  }

  /** Takes no more uploads, stops all reading and waits until it has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    const jobs = [...this.#jobs.values()];
    for (const { stop } of jobs) stop.abort();
    await Promise.all(jobs.map(({ done }) => done));
  }

  /** Never rejects: nobody waits for a job but `close`. */
  async #run(
    document: StoredDocument,
    { bytes, sender }: Upload,
    job: Job,
    onPlan: (plan: ProcessingPlan) => void,
  ): Promise<void> {
    const { readPdf, store, logger } = this.#tools;
    const { signal } = job.stop;
    const onProgress: OnProgress = (progress) => {
      // Complete is a document only once it is kept.
      if (progress.stage !== 'completed') job.progress = progress;
    };
    const context = { ...sender, documentId: document.id, signal, onProgress, onPlan };
    let outcome: StoredDocument;
    try {
      outcome = processed(document, await readPdf(bytes, context), job.progress);
    } catch (error) {
      if (signal.aborted) return;
      const message = error instanceof PdfError ? error.message : 'Reading the document failed unexpectedly.';
      outcome = failed(document, job.progress, message);
    }
    try {
      await store.update(outcome);
    } catch (error) {
      logger.error({ document: document.id, ...loggable(error) }, 'a document was not kept');
      const lost = failed(document, job.progress, 'The document was read but could not be kept.');
      await store.update(lost).catch((error: unknown) => {
        logger.error({ document: document.id, ...loggable(error) }, 'a failed document was not kept');
      });
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
    stage: 'ocr_extraction',
    error: null,
    total_pages: 0,
    document_type_info: { document_type: 'unknown', document_type_display: 'Not read yet' },
    processing_cost: { llm_calls: 0, input_tokens: 0, output_tokens: 0, cost_usd: 0 },
    documents: [],
  };
}

function failed(document: StoredDocument, { stage, totalPages }: Progress, error: string): StoredDocument {
  return { ...document, status: 'failed', stage, error, total_pages: totalPages };
}

function processed(document: StoredDocument, record: DocumentRecord, progress: Progress): StoredDocument {
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
    processing_cost: {
      llm_calls: usage.calls,
      input_tokens: usage.prompt_tokens,
      output_tokens: usage.completion_tokens,
      cost_usd: usage.cost_usd,
    },
    documents: [entry],
  };
  // Nothing but failed pages is no reading of the document.
  return groups.length === 0 && missing.length > 0
    ? failed(read, progress, 'No page could be read; failed_pages says why.')
    : read;
}
