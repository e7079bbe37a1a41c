import { readFile, stat } from 'node:fs/promises';
import { unlessAborted } from '../abort.js';
import { LocalEngine, type EngineRun, type EngineSettings } from '../engine/local.js';
import type { Party } from '../fair-turns.js';
import type { DocumentQueue, WaitReason } from '../llm/turns.js';
import { loggable, type Logger } from '../logger.js';
import type { AnswerCache } from '../processor/answers.js';
import { SINGLE_PAGE, type ProcessingPlan } from '../processor/plan.js';
import type { Decision, Decisions } from '../rollout/decision.js';
import type { PageReader, PageTexts } from '../stages/page-texts.js';
import type { TextSource } from '../stages/pipeline.js';
import { withStoreRetry } from '../store/retry.js';
import type { Store } from '../store/store.js';
import type { StoredDocument } from '../store/document.js';
import type { Sender, UnfinishedDocument } from '../store/unfinished.js';
import { EventFeeds } from './event-feeds.js';
import type { EventFeed } from './event-feed.js';
import { EventLog, firstEvents } from './event-log.js';
import { noOutcome, type DocumentEvent, type KeptEvent } from './events.js';
import { keepEnd } from './keep-end.js';
import { NotesOfEvents } from './notes.js';
import { CANCELLED, failedDocument, newDocument } from './outcome.js';
import { progressOf, ProgressOfEvents, type Progress } from './progress.js';
import type { Ended, ReadingRequest, Watch } from './reading.js';
import { keepUp } from './upkeep.js';

/** A file as it was uploaded. */
export interface Upload {
  /** Where its bytes are, on this machine. */
  path: string;
  filename: string;
  documentName: string;
  /** Whose document it is. */
  owner: string;
  /** For the flags and the log. */
  sender: Sender;
  /** Gives back the place that was reserved for it: called when it takes one as a document. */
  giveBack: () => void;
}

export interface DocumentsSettings extends EngineSettings {
  /** Bytes of PDFs that are kept of one owner; any number without it. */
  bytesOfOwner: number | undefined;
  /** Days until a document is forgotten; never without it. */
  retentionDays: number | undefined;
}

export interface DocumentsTools {
  store: Store;
  reader: Pick<PageReader, 'read' | 'countPages'>;
  decisions: Pick<Decisions, 'decideCounted' | 'resume'>;
  read(request: ReadingRequest, source: TextSource): Promise<Ended>;
  newQueue(onWait: (why: WaitReason, ms: number) => void, party: Party): DocumentQueue;
  watch: Watch;
  /** Told that a document is deleted: nothing else may go on with it either. */
  onDelete(id: string): void;
  logger: Logger;
}

const NOT_TAKEN = {
  closed: 'The service is shutting down',
  full: 'Too many documents are waiting; try again soon',
  owner_documents: 'Too many of your documents are waiting or being read; try again when one of them is read',
  owner_bytes: 'Your documents take all the space they may; delete some of them first',
};

/**
 * Thrown for an upload that comes when no more are taken: for good (`closed`) or for now (`full`), or no more
 * of its owner.
 */
export class NotTakenError extends Error {
  override readonly name = 'NotTakenError';

  constructor(readonly why: keyof typeof NOT_TAKEN) {
    super(NOT_TAKEN[why]);
  }

  /** Whether others may be taken all the same. */
  get isOfOwner(): boolean {
    return this.why === 'owner_documents' || this.why === 'owner_bytes';
  }
}

/** A document that brings down every process that reads it is given up at last. */
const MOST_OPENINGS = 50;
/** What belongs to a document that is read here, or waits for that. */
interface DocumentReading {
  decision: Decision;
  feed: EventFeed;
  log: EventLog;
}

/** A document and its life: it is taken in, read, asked again, deleted, forgotten. */
export class Documents {
  readonly #settings: DocumentsSettings;
  readonly #tools: DocumentsTools;
  readonly #engine: LocalEngine;
  readonly #feeds: EventFeeds;
  /** Of documents that are read here, or wait for that. */
  readonly #readings = new Map<string, DocumentReading>();
  /** Uploads being kept and answered. */
  readonly #answering = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  readonly #upkeep: Promise<unknown>;

  constructor(settings: DocumentsSettings, tools: DocumentsTools) {
    this.#settings = settings;
    this.#tools = tools;
    this.#feeds = new EventFeeds(tools.store, this.#closing.signal);
    this.#engine = new LocalEngine(settings, {
      store: tools.store,
      newQueue: (party) => tools.newQueue((why, ms) => this.#append(party.document, waiting(why, ms)), party),
      read: (document, run) => this.#read(document, run),
      onWaiting: (id) => this.#append(id, { type: 'waiting', why: 'turn', until: null }),
      adopt: (document) => this.#adopt(document),
      onTrouble: (error) => this.#report(error),
    });
    this.#upkeep = keepUp(tools.store, settings.retentionDays, {
      closing: this.#closing.signal,
      onForget: (id) => this.#forget(id),
      onTrouble: (error) => this.#report(error),
      logger: tools.logger,
    });
  }

  /**
   * Takes a place for an upload, before anything of it is received.
   *
   * @param owner whose bounds it counts in
   * @returns gives the place back, once
   * @throws {NotTakenError} when there is none
   */
  reserve(owner: string): () => void {
    this.#throwIfClosed();
    const place = this.#engine.reserve(owner);
    if (typeof place === 'string') throw new NotTakenError(place);
    return place;
  }

  /**
   * Counts the upload's pages, decides its plan, keeps it with that, and has it read.
   *
   * @returns the document's id, which cannot be guessed, and the plan it is read under
   * @throws {NotTakenError} after `close`, and when no more bytes of its owner are kept; {StoreError} when it
   *   cannot be kept
   */
  accept(upload: Upload): Promise<{ id: string; plan: ProcessingPlan }> {
    const answer = this.#accept(upload);
    const done = answer.catch(() => undefined).finally(() => this.#answering.delete(done));
    this.#answering.add(done);
    return answer;
  }

  async #accept({ path, filename, documentName, owner, sender, giveBack }: Upload) {
    this.#throwIfClosed();
    const { store, reader, decisions, watch } = this.#tools;
    const document = newDocument(filename, documentName);
    const { id } = document;
    await this.#throwIfTooMuch(owner, sender, path);
    let pages: number | undefined;
    const countPages = async () => {
      pages = await reader.countPages(() => readFile(path), this.#closing.signal);
      return pages;
    };
    const decision = await decisions.decideCounted(sender, countPages).catch((error: unknown) => {
      this.#throwIfClosed();
      throw error;
    });
    const { plan, reason } = decision;
    const accepted = { type: 'accepted', plan, reason } as const;
    const events = firstEvents(accepted);
    await this.#engine.alone(id, async () => {
      try {
        await store.add({ document, owner, sender, plan }, path, events);
      } catch (error) {
        decision.admission?.done();
        void this.#withdraw(id, owner);
        throw error;
      }
      watch(accepted, { requestId: sender.requestId, documentId: id, decision });
      const feed = this.#feeds.begin(id, owner, events);
      const log = new EventLog(store, id, feed);
      giveBack();
      this.#begin({ document, owner, sender, plan, openings: 0 }, { decision, feed, log }, pages);
    });
    return { id, plan };
  }

  /**
   * Asks again for what a document lacks, under its plan: only pages without a kept answer cost a call.
   *
   * @returns false when the owner has no such document; 'complete' when it lacks nothing; 'later' when a
   *   later version has written it
   */
  async retry(id: string, owner: string): Promise<'started' | 'complete' | 'reading' | 'later' | false> {
    this.#throwIfClosed();
    const { store } = this.#tools;
    const document = await store.get(id, owner);
    if (!document) return false;
    if (await store.isOfLaterVersion(id)) return 'later';
    if (document.status === 'extracting' || this.#engine.has(id)) return 'reading';
    const missing = document.documents.some(({ failed_pages }) => failed_pages.length > 0);
    if (document.status === 'completed' && !missing) return 'complete';
    const again = { ...document, status: 'extracting', stage: 'ocr_extraction', error: null } as const;
    return this.#engine.alone(id, async () => {
      const reopened = await store.reopen(again, owner);
      if (!reopened) return 'reading';
      await this.#goOn(reopened);
      return 'started';
    });
  }

  /** Stops reading the document and forgets it; false when the owner has no such document. */
  async delete(id: string, owner: string): Promise<boolean> {
    if (!(await this.#tools.store.delete(id, owner))) return false;
    this.#forget(id);
    return true;
  }

  /**
   * Ends a document for good, whoever's it is and whichever process reads it: it has failed, and can be asked again.
   * Another process stops at the next event it would write.
   */
  async cancel(id: string): Promise<'cancelled' | 'ended' | 'later' | 'unknown'> {
    const { store } = this.#tools;
    const found = await store.events(id, 0);
    if (!found) return 'unknown';
    const progress = progressOf(found.events as KeptEvent[]);
    const accepted = found.events.findLast(({ type }) => type === 'accepted') as Accepted | undefined;
    const event: DocumentEvent = {
      ...{ type: 'failed', error: CANCELLED },
      ...noOutcome(accepted?.plan ?? SINGLE_PAGE),
      total_pages: progress.totalPages,
    };
    const end = (document: StoredDocument) => failedDocument(document, progress, CANCELLED);
    const outcome = await store.cancel(id, { end, event });
    if (outcome === 'cancelled') await this.#engine.stop(id);
    return outcome;
  }

  /** How many documents are read by this process, and how many wait for that. */
  get load(): { reading: number; waiting: number } {
    return this.#engine.load;
  }

  /** How many more documents there is a place for. */
  get room(): number {
    return this.#engine.room;
  }

  /** What becomes of a document here; undefined for one that this process does not read. */
  stateOf(id: string): 'reading' | 'waiting' | undefined {
    return this.#engine.stateOf(id);
  }

  /** How far a document is that is being read, here or elsewhere. */
  async progress(id: string, owner: string): Promise<Progress | undefined> {
    return (await this.#feeds.of(id, owner))?.progress;
  }

  /** The events of a document; undefined when the owner has none of this id. */
  events(id: string, owner: string): Promise<EventFeed | undefined> {
    return this.#feeds.of(id, owner);
  }

  /**
   * Takes no more uploads and starts no more calls; gives those under way time to end and their answers
   * time to be kept, then stops. What is not finished goes on at the next start.
   */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#engine.close(Promise.all(this.#answering));
    await this.#upkeep;
  }

  #throwIfClosed(): void {
    if (this.#closing.signal.aborted) throw new NotTakenError('closed');
  }

  async #throwIfTooMuch(owner: string, sender: Sender, path: string): Promise<void> {
    const { bytesOfOwner: most } = this.#settings;
    if (most === undefined) return;
    const kept = await this.#tools.store.keptBytes({ owner, sender });
    if (kept + (await stat(path)).size > most) throw new NotTakenError('owner_bytes');
  }

  /** A connection that breaks at the last moment may leave a document its sender was told was not taken. */
  async #withdraw(id: string, owner: string): Promise<void> {
    const remove = () => withStoreRetry(() => this.#tools.store.delete(id, owner), this.#closing.signal);
    await this.#engine.alone(id, remove).catch(() => undefined);
  }

  #forget(id: string): void {
    void this.#engine.stop(id);
    this.#feeds.forget(id);
    this.#tools.onDelete(id);
  }

  async #adopt(unfinished: UnfinishedDocument): Promise<void> {
    if (unfinished.openings <= MOST_OPENINGS) return this.#goOn(unfinished);
    const { document } = unfinished;
    const feed = await this.#feeds.goOn(document.id);
    if (!feed) return;
    const log = new EventLog(this.#tools.store, document.id, feed);
    const error = 'Reading the document was broken off too often.';
    const end = { type: 'failed', error, ...noOutcome(unfinished.plan ?? SINGLE_PAGE) } as const;
    const failed = failedDocument(document, new ProgressOfEvents().now, error);
    const events = await log.takeLast(end, this.#closing.signal);
    if (await this.#tools.store.finish(failed, events)) log.show(events);
    this.#feeds.done(document.id);
  }

  /** Goes on with a document under its plan. */
  async #goOn(unfinished: UnfinishedDocument): Promise<void> {
    const { document, sender } = unfinished;
    const { id } = document;
    const { store, decisions, watch } = this.#tools;
    const feed = await this.#feeds.goOn(id);
    if (!feed) return;
    const decision = unfinished.plan
      ? decisions.resume(unfinished.plan)
      : await decisions.decideCounted(sender, () => Promise.resolve(undefined));
    const { plan, reason } = decision;
    try {
      if (!unfinished.plan) await store.keepPlan(id, plan);
    } catch (error) {
      decision.admission?.done();
      throw error;
    }
    const accepted = { type: 'accepted', plan, reason } as const;
    watch(accepted, { requestId: sender.requestId, documentId: id, decision });
    const log = new EventLog(store, id, feed);
    log.append(accepted);
    this.#begin({ ...unfinished, plan }, { decision, feed, log }, feed.progress.totalPages || undefined);
  }

  #begin(unfinished: UnfinishedDocument, reading: DocumentReading, pages: number | undefined): void {
    const { id } = unfinished.document;
    this.#readings.set(id, reading);
    reading.log.lost.addEventListener('abort', () => {
      if (this.#readings.get(id) === reading) void this.#engine.stop(id);
    });
    this.#engine.begin(unfinished, pages);
  }

  /** Never rejects: nobody waits for it but `close`. */
  async #read(unfinished: UnfinishedDocument, run: EngineRun): Promise<void> {
    const { document, owner, sender } = unfinished;
    const { id } = document;
    const reading = this.#readings.get(id);
    if (!reading) return;
    const { logger } = this.#tools;
    const { decision, feed, log } = reading;
    const { signal, queue } = run;
    const progress = new ProgressOfEvents();
    const notes = new NotesOfEvents();
    for (const event of feed.after(0)) notes.update(event);
    const emit = (event: DocumentEvent) => {
      if (event.type === 'pages_counted') run.counted(event.total_pages);
      progress.update(event);
      notes.update(event);
      log.append(event);
    };
    const answers = this.#answers(id, owner, signal);
    const { finishing } = run;
    const request = { sender, documentId: id, decision, signal, queue, answers, finishing, emit };
    try {
      const ended = await this.#tools.read(request, this.#source(id, run));
      // What is given back, to this process or another, has not ended.
      if (ended.end.type === 'broken_off') return;
      const isKept = await keepEnd(this.#tools, document, ended, {
        progress: progress.now,
        notes,
        log,
        signal,
      });
      if (isKept && 'record' in ended) ended.compare();
    } catch (error) {
      if (!signal.aborted) logger.error({ document: id, ...loggable(error) }, 'a document was not kept');
    } finally {
      await unlessAborted(log.end(), signal).catch(() => undefined);
      this.#readings.delete(id);
      this.#feeds.done(id);
    }
  }

  #append(id: string, event: DocumentEvent): void {
    this.#readings.get(id)?.log.append(event);
  }

  /** The page texts as they were read before, or else from the PDF; then they are kept. */
  #source(id: string, { party, aside }: EngineRun): TextSource {
    const { store, reader } = this.#tools;
    return async (signal, onPage) => {
      const patiently = <T>(work: () => Promise<T>) => withStoreRetry(work, signal);
      const before = await patiently(() => store.pageTexts(id));
      if (before) return before;
      await patiently(() => store.opening(id));
      const load = () => patiently(() => wholePdf(store, id));
      const texts: PageTexts = await reader.read(load, { signal, onPage, party, aside });
      await patiently(() => store.keepPageTexts(id, texts));
      return texts;
    };
  }

  /** Answers that were paid for wait for a database that is away. */
  #answers(id: string, owner: string, signal: AbortSignal): AnswerCache {
    const cache = this.#tools.store.answers(id, owner);
    return {
      find: (keys) => withStoreRetry(() => cache.find(keys), signal),
      keep: (answers) => withStoreRetry(() => cache.keep(answers), signal, Infinity),
    };
  }

  #report(error: unknown): void {
    this.#tools.logger.warn(loggable(error), 'the store could not be looked through');
  }
}

type Accepted = DocumentEvent & { type: 'accepted' };

function waiting(why: WaitReason, ms: number): DocumentEvent {
  return { type: 'waiting', why, until: new Date(Date.now() + ms).toISOString() };
}

async function wholePdf(store: Store, id: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of store.pdf(id)) parts.push(part);
  return Buffer.concat(parts);
}
