import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { processPacer, type Line } from '../llm/pacing.js';
import { loggable, type Logger } from '../logger.js';
import type { AnswerShelf } from '../processor/kept-answers.js';
import type { ProcessingPlan } from '../processor/plan.js';
import type { OpenRequest, RequestContext } from './request.js';
import type { PageReader, PageTexts } from '../stages/page-texts.js';
import { PdfError } from '../stages/pdf-error.js';
import type { TextSource } from '../stages/pipeline.js';
import { progressAt, type OnProgress, type Progress } from '../stages/progress.js';
import { isRead, type DocumentRecord } from '../stages/record.js';
import { StoreError } from '../store/database.js';
import type { ListedDocument, ProcessedDocument, StoredDocument } from '../store/document.js';
import type { Store, StoredSender, UnfinishedDocument } from '../store/store.js';
import { patiently } from '../store/retry.js';

/** A file as it was uploaded. */
export interface Upload {
  /** Where its bytes are, on this machine. */
  path: string;
  filename: string;
  documentName: string;
  /** Whose document it is. */
  owner: string;
  /** For the flags and the log. */
  sender: StoredSender;
}

export interface JobSettings {
  /** Documents read at once, from 1. */
  atOnce: number;
  /** Documents that may wait besides, from 0. */
  waiting: number;
  /** Days until a document is forgotten; never without it. */
  retentionDays: number | undefined;
  /** Milliseconds that calls under way are given to end when Quire is closed. */
  graceMs: number;
}

export interface JobTools {
  open(context: Omit<RequestContext, 'signal'> & { signal: AbortSignal }): OpenRequest;
  reader: Pick<PageReader, 'read'>;
  store: Store;
  logger: Logger;
  /** Told that a document is deleted: nothing else may go on with it either. */
  onDelete(id: string): void;
}

interface Job {
  progress: Progress;
  stop: AbortController;
  line: Line;
  /** Answers on their way to the store. */
  keeping: Set<Promise<void>>;
  done: Promise<void>;
}

/** Thrown for an upload that comes when no more are taken: for good (`closed`) or for now (`full`). */
export class NotTakenError extends Error {
  override readonly name = 'NotTakenError';

  constructor(readonly why: 'closed' | 'full') {
    super(
      why === 'closed' ? 'The service is shutting down' : 'Too many documents are waiting; try again soon',
    );
  }
}

/** How often documents without a process are looked for. */
const ADOPT_EVERY_MS = 2_000;
/** A document that brings down every process that reads it is given up at last. */
const MOST_OPENINGS = 50;
const EXPIRE_EVERY_MS = 60 * 60_000;
const EXPIRED_AT_ONCE = 100;
/** How often documents are looked for that a version before has written. */
const FILL_EVERY_MS = 60_000;

/**
 * The documents being read in the background, and how far each one is. All it knows is in the store as
 * well: a document that is not finished when the process ends is taken up by the next one, or by another
 * that shares the database.
 */
export class Jobs {
  readonly #tools: JobTools;
  readonly #settings: JobSettings;
  readonly #jobs = new Map<string, Job>();
  /** Uploads on their way to the store. */
  #arriving = 0;
  /** Uploads being kept and answered. */
  readonly #answering = new Set<Promise<unknown>>();
  /** Documents about to be begun: in the store already, perhaps, and nobody else's to begin. */
  readonly #starting = new Set<string>();
  readonly #turns: ReturnType<typeof pLimit>;
  readonly #closing = new AbortController();
  readonly #rounds: Promise<void>[];

  constructor(settings: JobSettings, tools: JobTools) {
    this.#settings = settings;
    this.#tools = tools;
    this.#turns = pLimit(settings.atOnce);
    this.#rounds = [
      this.#every(ADOPT_EVERY_MS, () => this.#adopt()),
      this.#every(FILL_EVERY_MS, () => this.#fillListings()),
    ];
    if (settings.retentionDays !== undefined) {
      this.#rounds.push(this.#every(EXPIRE_EVERY_MS, () => this.#expire()));
    }
  }

  /**
   * Takes a place for an upload, before anything of it is received.
   *
   * @returns gives the place back, once
   * @throws {NotTakenError} when there is none
   */
  reserve(): () => void {
    if (this.#closing.signal.aborted) throw new NotTakenError('closed');
    const { atOnce, waiting } = this.#settings;
    if (this.#arriving + this.#jobs.size >= atOnce + waiting) throw new NotTakenError('full');
    this.#arriving++;
    let isTaken = true;
    return () => {
      if (isTaken) this.#arriving--;
      isTaken = false;
    };
  }

  /**
   * Keeps the upload and starts reading it.
   *
   * @returns the document's id, which cannot be guessed, and the plan it is read under
   * @throws {NotTakenError} after `close`; {StoreError} when it cannot be kept
   */
  start(upload: Upload): Promise<{ id: string; plan: ProcessingPlan }> {
    const answer = this.#start(upload);
    const done = answer.catch(() => undefined).finally(() => this.#answering.delete(done));
    this.#answering.add(done);
    return answer;
  }

  async #start(upload: Upload): Promise<{ id: string; plan: ProcessingPlan }> {
    if (this.#closing.signal.aborted) throw new NotTakenError('closed');
    const { store } = this.#tools;
    const unfinished = { document: placeholder(upload), owner: upload.owner, sender: upload.sender };
    const { id } = unfinished.document;
    const plan = await this.#alone(id, async () => {
      try {
        await store.add(unfinished, upload.path);
      } catch (error) {
        void this.#withdraw(id, upload.owner);
        throw error;
      }
      return { decided: this.#begin({ ...unfinished, plan: null, openings: 0 }, true) };
    });
    await this.#keepPlan(id, await plan.decided);
    return { id, plan: await plan.decided };
  }

  /**
   * Asks again for what a document lacks, under its plan: only pages without a kept answer cost a call.
   *
   * @returns false when the owner has no such document; 'complete' when it lacks nothing; 'later' when a
   *   later version has written it
   */
  async retry(id: string, owner: string): Promise<'started' | 'complete' | 'reading' | 'later' | false> {
    if (this.#closing.signal.aborted) throw new NotTakenError('closed');
    const document = await this.#tools.store.get(id, owner);
    if (!document) return false;
    if (await this.#tools.store.isOfLaterVersion(id)) return 'later';
    if (document.status === 'extracting' || this.#isKnown(id)) return 'reading';
    const missing = document.documents.some(({ failed_pages }) => failed_pages.length > 0);
    if (document.status === 'completed' && !missing) return 'complete';
    const again = { ...document, status: 'extracting', stage: 'ocr_extraction', error: null } as const;
    return this.#alone(id, async () => {
      const reopened = await this.#tools.store.reopen(again, owner);
      if (!reopened) return 'reading';
      void this.#begin(reopened, false);
      return 'started';
    });
  }

  /** How far a document is; undefined when it is not being read here. */
  progress(id: string): Progress | undefined {
    return this.#jobs.get(id)?.progress;
  }

  /** Stops reading the document and forgets it; false when the owner has no such document. */
  async delete(id: string, owner: string): Promise<boolean> {
    if (!(await this.#tools.store.delete(id, owner))) return false;
    this.#forget(id);
    return true;
  }

  /**
   * Takes no more uploads and starts no more calls; gives those under way time to end and their answers
   * time to be kept, then stops. What is not finished goes on at the next start.
   */
  async close(): Promise<void> {
    this.#closing.abort();
    const jobs = [...this.#jobs.values()];
    for (const { line } of jobs) line.stop();
    const grace = new AbortController();
    await Promise.race([
      Promise.all([...jobs.map(settled), ...this.#answering]),
      sleep(this.#settings.graceMs, undefined, { signal: grace.signal }).catch(() => undefined),
    ]);
    grace.abort();
    for (const { stop } of jobs) stop.abort();
    await Promise.all([...jobs.map(({ done }) => done), ...this.#rounds]);
  }

  /** Does what leads to a document being begun, while no round of adoption takes it for abandoned. */
  async #alone<T>(id: string, start: () => Promise<T>): Promise<T> {
    this.#starting.add(id);
    try {
      return await start();
    } finally {
      this.#starting.delete(id);
    }
  }

  /** The document is kept and will be read, whether its plan can be written down now or not. */
  async #keepPlan(id: string, plan: ProcessingPlan): Promise<void> {
    const signal = this.#jobs.get(id)?.stop.signal ?? this.#closing.signal;
    await patiently(() => this.#tools.store.planned(id, plan), signal).catch((error: unknown) => {
      this.#tools.logger.warn({ document: id, ...loggable(error) }, 'a plan was not kept');
    });
  }

  /** A connection that breaks at the last moment may leave a document its sender was told was not taken. */
  async #withdraw(id: string, owner: string): Promise<void> {
    await this.#alone(id, () =>
      patiently(() => this.#tools.store.delete(id, owner), this.#closing.signal),
    ).catch(() => undefined);
  }

  #isKnown(id: string): boolean {
    return this.#jobs.has(id) || this.#starting.has(id);
  }

  #forget(id: string): void {
    this.#jobs.get(id)?.stop.abort();
    this.#tools.onDelete(id);
  }

  #begin(unfinished: UnfinishedDocument, isPlanAwaited: boolean): Promise<ProcessingPlan> {
    const { id } = unfinished.document;
    const job: Job = {
      progress: progressAt('ocr_extraction', 0),
      stop: new AbortController(),
      line: processPacer.line(),
      keeping: new Set(),
      done: Promise.resolve(),
    };
    const onProgress: OnProgress = (progress) => {
      // Complete is a document only once it is kept.
      if (progress.stage !== 'completed') job.progress = progress;
    };
    const request = this.#tools.open({
      ...unfinished.sender,
      documentId: id,
      signal: job.stop.signal,
      onProgress,
      isPlanAwaited,
      resumedPlan: unfinished.plan ?? undefined,
      pacing: job.line,
      answers: this.#shelf(unfinished, job),
    });
    this.#jobs.set(id, job);
    job.done = this.#turns(() => this.#run(unfinished, request, job)).finally(() => {
      if (this.#jobs.get(id) === job) this.#jobs.delete(id);
    });
    return request.plan;
  }

  /** Never rejects: nobody waits for a job but `close`. */
  async #run({ document }: UnfinishedDocument, request: OpenRequest, job: Job): Promise<void> {
    const { store, logger } = this.#tools;
    const { signal } = job.stop;
    if (this.#closing.signal.aborted) return;
    let outcome: StoredDocument | ListedDocument;
    try {
      outcome = processed(document, await request.read(this.#source(document.id)), job.progress);
    } catch (error) {
      // What is given back, to this process or another, is no failure.
      if (signal.aborted || error instanceof StoreError) return;
      const message = error instanceof PdfError ? error.message : 'Reading the document failed unexpectedly.';
      outcome = failed(document, job.progress, message);
    }
    try {
      await patiently(() => store.finish(outcome), signal);
    } catch (error) {
      if (!signal.aborted)
        logger.error({ document: document.id, ...loggable(error) }, 'a document was not kept');
    }
  }

  /** The page texts as they were read before, or else from the PDF; then they are kept. */
  #source(id: string): TextSource {
    const { store, reader } = this.#tools;
    return async (signal, onPage) => {
      const before = await patiently(() => store.pageTexts(id), signal);
      if (before) return before;
      await patiently(() => store.opening(id), signal);
      const load = () => patiently(() => wholePdf(store, id), signal);
      const texts: PageTexts = await reader.read(load, { signal, onPage });
      await patiently(() => store.keepPageTexts(id, texts), signal);
      return texts;
    };
  }

  /** Answers that were paid for wait for a database that is away. */
  #shelf({ document, owner }: UnfinishedDocument, { keeping, stop }: Job): AnswerShelf {
    const shelf = this.#tools.store.answers(document.id, owner);
    return {
      find: (keys) => patiently(() => shelf.find(keys), stop.signal),
      keep: (answers) => {
        const kept = patiently(() => shelf.keep(answers), stop.signal, Infinity);
        const settled = kept.catch(() => undefined).finally(() => keeping.delete(settled));
        keeping.add(settled);
        return kept;
      },
    };
  }

  async #adopt(): Promise<void> {
    const { atOnce, waiting } = this.#settings;
    const room = atOnce + waiting - this.#jobs.size;
    if (room <= 0) return;
    const adopted = await this.#tools.store.adopt([...this.#jobs.keys(), ...this.#starting], room);
    for (const unfinished of adopted) {
      if (this.#closing.signal.aborted || this.#isKnown(unfinished.document.id)) continue;
      if (unfinished.openings > MOST_OPENINGS) {
        const reason = 'Reading the document was broken off too often.';
        await this.#tools.store.finish(failed(unfinished.document, progressAt('ocr_extraction', 0), reason));
        continue;
      }
      const plan = this.#begin(unfinished, true);
      if (!unfinished.plan) await this.#keepPlan(unfinished.document.id, await plan);
    }
  }

  async #expire(): Promise<void> {
    const { retentionDays } = this.#settings;
    if (retentionDays === undefined) return;
    let deleted = 0;
    let expired: string[];
    do {
      expired = await this.#tools.store.expire(retentionDays, EXPIRED_AT_ONCE);
      for (const id of expired) this.#forget(id);
      deleted += expired.length;
    } while (expired.length === EXPIRED_AT_ONCE && !this.#closing.signal.aborted);
    if (deleted > 0) {
      this.#tools.logger.info({ documents: deleted, retention_days: retentionDays }, 'old documents deleted');
    }
  }

  async #fillListings(): Promise<void> {
    while ((await this.#tools.store.fillListings()) && !this.#closing.signal.aborted);
  }

  /** At once and then again and again, until `close`. */
  async #every(ms: number, round: () => Promise<void>): Promise<void> {
    const { signal } = this.#closing;
    const report = (error: unknown) => {
      if (!signal.aborted) this.#tools.logger.warn(loggable(error), 'the store could not be looked through');
    };
    while (!signal.aborted) {
      await round().catch(report);
      await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}

/** Resolves when a job has no call under way and no answer on its way to the store, or has ended. */
async function settled({ line, keeping, done }: Job): Promise<void> {
  const quiet = async () => {
    do {
      await line.idle();
      await Promise.all(keeping);
    } while (keeping.size > 0);
  };
  await Promise.race([done, quiet()]);
}

async function wholePdf(store: Store, id: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of store.pdf(id)) parts.push(part);
  return Buffer.concat(parts);
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

function failed<D extends ListedDocument>(document: D, { stage, totalPages }: Progress, error: string): D {
  return { ...document, status: 'failed', stage, error, total_pages: totalPages };
}

function processed(document: ListedDocument, record: DocumentRecord, progress: Progress): StoredDocument {
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
  return isRead(record) ? read : failed(read, progress, 'No page could be read; failed_pages says why.');
}

/** What a document cost before a retry counts too. */
function sum(before: StoredDocument['processing_cost'], usage: DocumentRecord['usage']) {
  const { cost_usd } = usage;
  return {
    llm_calls: before.llm_calls + usage.calls,
    input_tokens: before.input_tokens + usage.prompt_tokens,
    output_tokens: before.output_tokens + usage.completion_tokens,
    cost_usd: before.cost_usd === null || cost_usd === null ? null : before.cost_usd + cost_usd,
  };
}
