import { randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { unlessAborted } from '../abort.js';
import type { DbosTools } from '../engine/dbos.js';
import type { Engine } from '../engine/engine.js';
import type { LocalTools } from '../engine/local.js';
import { Places, type PlacesSettings } from '../engine/places.js';
import { Runs, type EngineRun, type RunSettings } from '../engine/runs.js';
import type { Party } from '../fair-turns.js';
import type { DocumentQueue, WaitReason } from '../llm/turns.js';
import { loggable, type Logger } from '../logger.js';
import type { AnswerCache } from '../processor/answers.js';
import { SINGLE_PAGE, type ProcessingPlan } from '../processor/plan.js';
import { keptDecision, type Decision, type Decisions, type KeptDecision } from '../rollout/decision.js';
import type { PageReader, PageTexts } from '../stages/page-texts.js';
import type { TextSource } from '../stages/pipeline.js';
import { withStoreRetry } from '../store/retry.js';
import { DELETED_CHANNEL, NEWS_CHANNEL, STOPPED_CHANNEL, type Claim } from '../store/events.js';
import type { Notices } from '../store/notices.js';
import type { Replica, Replicas } from '../store/replicas.js';
import type { Store } from '../store/store.js';
import { wholePdf } from '../store/whole-pdf.js';
import type { StoredDocument } from '../store/document.js';
import type { Sender, UnfinishedDocument } from '../store/unfinished.js';
import { endedDocument, tellApp, type EndedDocument, type OnDocument, type ToldOfEnds } from './ended.js';
import { EventFeeds } from './event-feeds.js';
import type { EventFeed } from './event-feed.js';
import { EventLog, firstEvents } from './event-log.js';
import { noOutcome, type DocumentEvent, type EndEvent, type KeptEvent } from './events.js';
import { keepEnd } from './keep-end.js';
import { NotesOfEvents } from './notes.js';
import { CANCELLED, failedDocument, newDocument } from './outcome.js';
import { progressOf, ProgressOfEvents, type Progress } from './progress.js';
import type { Ended, ReadingRequest, Watch } from './reading.js';
import { keepUp } from './upkeep.js';
import { Webhook, webhookEvent, type WebhookSettings, type WebhookTools } from './webhook.js';

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

export interface DocumentsSettings extends RunSettings, PlacesSettings {
  /** Bytes of PDFs that are kept of one owner; any number without it. */
  bytesOfOwner: number | undefined;
  /** Days until a document is forgotten; never without it. */
  retentionDays: number | undefined;
}

export interface DocumentsTools {
  store: Store;
  reader: Pick<PageReader, 'read' | 'countPages'>;
  decisions: Pick<Decisions, 'decideCounted' | 'decideForLater' | 'giveUp' | 'restore' | 'resume'>;
  read(request: ReadingRequest, source: TextSource): Promise<Ended>;
  /**
   * A queue for the calls of a document.
   *
   * @param onLost told that the document is another's to read
   */
  newQueue(
    onWait: (why: WaitReason, ms: number) => void,
    about: { party: Party; claim: Claim; onLost: () => void },
  ): DocumentQueue;
  /** Has documents read, by this process alone or by several. */
  startEngine(tools: EngineTools): Promise<Engine>;
  /** The processes that read, and this one among them; undefined where it reads alone. */
  shared: { replica: string; replicas: Replicas; notices: Notices } | undefined;
  watch: Watch;
  /** Told that a document is deleted: nothing else may go on with it either. */
  onDelete(id: string): void;
  /** Told of each document that this process has ended. */
  onDocument: OnDocument | undefined;
  /** The app's webhook; undefined where it has none. */
  webhook: (WebhookSettings & Pick<WebhookTools, 'onOutcome'>) | undefined;
  logger: Logger;
}

/** What an engine does with documents, whichever it is. */
export type EngineTools = Omit<LocalTools, 'store'> & Omit<DbosTools, 'replicas'>;

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
  readonly #runs: Runs;
  readonly #places: Places;
  /** Documents about to be begun here, and by how many: in the store already, perhaps. */
  readonly #starting = new Map<string, number>();
  #engine: Engine | undefined;
  readonly #feeds: EventFeeds;
  /** Of documents that are read here, or wait for that. */
  readonly #readings = new Map<string, DocumentReading>();
  /** Uploads being kept and answered. */
  readonly #answering = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  readonly #upkeep: Promise<unknown>;
  readonly #webhook: Webhook | undefined;
  /** The app, by its webhook and by what it handed in. */
  readonly #told: ToldOfEnds = {
    event: (document) => this.#webhook && webhookEvent(document),
    ended: (document) => {
      const { onDocument, logger } = this.#tools;
      this.#webhook?.wake();
      if (onDocument) tellApp(onDocument, document, logger);
    },
  };

  private constructor(settings: DocumentsSettings, tools: DocumentsTools) {
    this.#settings = settings;
    this.#tools = tools;
    this.#feeds = new EventFeeds(tools.store, this.#closing.signal);
    this.#runs = new Runs(settings, {
      newQueue: (party, claim, onLost) =>
        tools.newQueue((why, ms) => this.#append(party.document, waiting(why, ms)), { party, claim, onLost }),
      read: (document, run) => this.#read(document, run),
      onWaiting: (id) => this.#append(id, { type: 'waiting', why: 'turn', until: null }),
    });
    const taken = () => this.#engine?.taken() ?? Promise.resolve({ processes: 1, owners: this.#runs.owners });
    this.#places = new Places(settings, taken);
    this.#upkeep = keepUp(tools.store, settings.retentionDays, {
      closing: this.#closing.signal,
      onForget: (id) => this.#forget(id),
      onTrouble: (error) => this.#report(error),
      logger: tools.logger,
    });
    this.#webhook =
      tools.webhook &&
      new Webhook(tools.webhook, {
        deliveries: tools.store.deliveries,
        closing: this.#closing.signal,
        onOutcome: tools.webhook.onOutcome,
        onTrouble: (error) => this.#report(error),
        logger: tools.logger,
      });
  }

  /** @throws {SettingsError} when the engine that is set cannot be used; {StoreError} when it cannot be started now */
  static async start(settings: DocumentsSettings, tools: DocumentsTools): Promise<Documents> {
    const documents = new Documents(settings, tools);
    try {
      documents.#engine = await tools.startEngine(documents.#engineTools());
      documents.#follow();
      return documents;
    } catch (error) {
      await documents.close();
      throw error;
    }
  }

  /** What other processes tell of documents. */
  #follow(): void {
    const { shared } = this.#tools;
    if (!shared) return;
    const { notices, replicas } = shared;
    const stopIfLost = async (id: string) => {
      const claims = this.#runs.claims.filter((claim) => claim.id === id);
      for (const lost of await replicas.lost(claims)) void this.#runs.stop(lost);
    };
    const ends = [
      notices.follow(NEWS_CHANNEL, (id) => this.#feeds.wake(id)),
      notices.follow(STOPPED_CHANNEL, (id) => {
        this.#feeds.wake(id);
        stopIfLost(id).catch((error: unknown) => this.#report(error));
      }),
      notices.follow(DELETED_CHANNEL, (id) => this.#forget(id)),
    ];
    this.#closing.signal.addEventListener('abort', () => {
      for (const end of ends) end();
    });
  }

  #engineTools(): EngineTools {
    const runs = this.#runs;
    return {
      known: () => [...runs.claims.map(({ id }) => id), ...this.#starting.keys()],
      owners: () => runs.owners,
      claims: () => runs.claims,
      room: () => this.#places.room(),
      goOn: (id) => this.#alone(id, () => this.#takeUp(id)),
      read: (id, workflow) =>
        this.#readHandedIn(id, workflow).catch((error: unknown) => {
          if (!this.#closing.signal.aborted) this.#report(error);
          return false;
        }),
      stop: (id) => void runs.stop(id),
      onTrouble: (error) => this.#report(error),
    };
  }

  /**
   * Takes a place for an upload, before anything of it is received.
   *
   * @param owner whose bounds it counts in
   * @returns gives the place back, once
   * @throws {NotTakenError} when there is none; {StoreError} when the store cannot be asked
   */
  async reserve(owner: string): Promise<() => void> {
    this.#throwIfClosed();
    const place = await this.#places.reserve(owner);
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
    const handIn = this.#engine?.handIn;
    const { decision, kept } = await this.#decide(sender, countPages, handIn !== undefined).catch(
      (error: unknown) => {
        this.#throwIfClosed();
        throw error;
      },
    );
    const { plan, reason } = decision;
    const accepted = { type: 'accepted', plan, reason } as const;
    const events = firstEvents(accepted);
    const run = randomUUID();
    await this.#alone(id, async () => {
      try {
        const added = { document, owner, sender, plan, decision: kept && JSON.stringify(kept) };
        await store.add(added, path, events, handIn ? { handIn } : { run });
      } catch (error) {
        decision.admission?.done();
        if (kept) decisions.giveUp(kept);
        void this.#withdraw(id, owner);
        throw error;
      }
      watch(accepted, { requestId: sender.requestId, documentId: id, decision });
      giveBack();
      if (handIn) return;
      const feed = this.#feeds.begin(id, owner, events);
      const log = new EventLog(store, { id, run }, feed);
      const unfinished = { document, owner, sender, plan, openings: 0, run, decision: undefined };
      this.#begin(unfinished, { decision, feed, log }, pages);
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
    if (document.status === 'extracting' || this.#isKnown(id)) return 'reading';
    const missing = document.documents.some(({ failed_pages }) => failed_pages.length > 0);
    if (document.status === 'completed' && !missing) return 'complete';
    const again = { ...document, status: 'extracting', stage: 'ocr_extraction', error: null } as const;
    const handIn = this.#engine?.handIn;
    return this.#alone(id, async () => {
      const reopened = await store.reopen(again, owner, handIn ? { handIn } : { run: randomUUID() });
      if (!reopened) return 'reading';
      if (!handIn) await this.#goOn(reopened);
      return 'started';
    });
  }

  /** Stops reading the document and forgets it; false when the owner has no such document. */
  async delete(id: string, owner: string): Promise<boolean> {
    const { store } = this.#tools;
    const workflow = this.#engine?.handIn && (await store.workflowOf(id));
    if (!(await store.delete(id, owner))) return false;
    this.#forget(id);
    if (workflow) await this.#engine?.cancel(workflow).catch((error: unknown) => this.#report(error));
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
    const event: EndEvent = {
      type: 'failed',
      error: CANCELLED,
      ...noOutcome(accepted?.plan ?? SINGLE_PAGE),
      total_pages: progress.totalPages,
    };
    const end = (document: StoredDocument) => failedDocument(document, progress, CANCELLED);
    let ended: EndedDocument | undefined;
    const told = (document: StoredDocument, sender: Sender) => {
      ended = endedDocument(document, event, sender);
      return this.#told.event(ended);
    };
    const outcome = await store.cancel(id, { end, event, told });
    if (outcome === 'cancelled') await this.#runs.stop(id);
    if (outcome === 'cancelled' && ended) this.#told.ended(ended);
    return outcome;
  }

  /** How many documents are read by this process, and how many wait for that. */
  get load(): { reading: number; waiting: number } {
    return this.#runs.load;
  }

  /** How many more documents there is a place for. */
  room(): Promise<number> {
    return this.#places.room();
  }

  /** Those that share the work, the oldest first; none where this process reads all. */
  async replicas(): Promise<readonly Replica[]> {
    return (await this.#engine?.replicas()) ?? [];
  }

  /** This process among the replicas; undefined where it reads alone. */
  get replica(): string | undefined {
    return this.#tools.shared?.replica;
  }

  /**
   * Has the documents of another replica go on elsewhere now.
   *
   * @returns how many there were; undefined when there is no such replica
   */
  async takeOver(replica: string): Promise<number | undefined> {
    return this.#engine?.takeOver(replica);
  }

  /** What becomes of a document here; undefined for one that this process does not read. */
  stateOf(id: string): 'reading' | 'waiting' | undefined {
    return this.#runs.stateOf(id);
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
    await this.#engine?.stop();
    await this.#runs.close(Promise.all(this.#answering));
    await this.#engine?.close();
    await this.#upkeep;
    await this.#webhook?.ended();
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
    await this.#alone(id, remove).catch(() => undefined);
  }

  #forget(id: string): void {
    void this.#runs.stop(id);
    this.#feeds.forget(id);
    this.#tools.onDelete(id);
  }

  #isKnown(id: string): boolean {
    return this.#runs.has(id) || this.#starting.has(id);
  }

  /** Does what leads to a document being begun, while nobody takes it for one that was left. */
  async #alone<T>(id: string, start: () => Promise<T>): Promise<T> {
    this.#starting.set(id, (this.#starting.get(id) ?? 0) + 1);
    try {
      return await start();
    } finally {
      const others = (this.#starting.get(id) ?? 1) - 1;
      if (others > 0) this.#starting.set(id, others);
      else this.#starting.delete(id);
    }
  }

  async #takeUp(id: string): Promise<void> {
    const claimed = await this.#tools.store.claim({ id, run: randomUUID() }, null);
    if (claimed) await this.#goOnOrGiveUp(claimed.unfinished);
  }

  async #readHandedIn(id: string, workflow: string): Promise<boolean> {
    const { store, shared } = this.#tools;
    const { signal } = this.#closing;
    if (!shared) return true;
    // One that this process lost may still be ending.
    await this.#runs.stop(id);
    const claim = { id, run: randomUUID() };
    const claimed = await withStoreRetry(
      () => store.claim(claim, shared.replica, workflow),
      signal,
      Infinity,
    );
    if (!claimed) return true;
    await this.#goOnOrGiveUp(claimed.unfinished, claimed.isFirst);
    await this.#runs.ended(id);
    const lost = await withStoreRetry(() => shared.replicas.lost([claim]), signal, Infinity);
    return lost.length > 0;
  }

  async #goOnOrGiveUp(unfinished: UnfinishedDocument, isFirst = false): Promise<void> {
    if (unfinished.openings <= MOST_OPENINGS) return this.#goOn(unfinished, isFirst);
    const { document, sender, run } = unfinished;
    const feed = await this.#feeds.goOn(document.id);
    if (!feed) return;
    const log = new EventLog(this.#tools.store, { id: document.id, run }, feed);
    const error = 'Reading the document was broken off too often.';
    const end = { type: 'failed', error, ...noOutcome(unfinished.plan ?? SINGLE_PAGE) } as const;
    const failed = failedDocument(document, new ProgressOfEvents().now, error);
    const events = await log.takeLast(end, this.#closing.signal);
    const ended = endedDocument(failed, end, sender);
    const { store } = this.#tools;
    if (await store.finish(failed, run, events, undefined, this.#told.event(ended))) {
      log.show(events);
      this.#told.ended(ended);
    }
    this.#feeds.done(document.id);
  }

  /**
   * Goes on with a document under its plan.
   *
   * @param isFirst whether nobody has begun to read it since it came
   */
  async #goOn(unfinished: UnfinishedDocument, isFirst = false): Promise<void> {
    const { document, sender, run } = unfinished;
    const { id } = document;
    const { store, watch } = this.#tools;
    const feed = await this.#feeds.goOn(id);
    if (!feed) return;
    const decision = await this.#decisionOn(unfinished, isFirst);
    const { plan, reason } = decision;
    try {
      if (!isDeepStrictEqual(plan, unfinished.plan)) await store.keepPlan({ id, run }, plan);
    } catch (error) {
      decision.admission?.done();
      throw error;
    }
    const log = new EventLog(store, { id, run }, feed);
    if (!isFirst) {
      const accepted = { type: 'accepted', plan, reason } as const;
      watch(accepted, { requestId: sender.requestId, documentId: id, decision });
      log.append(accepted);
    }
    this.#begin({ ...unfinished, plan }, { decision, feed, log }, feed.progress.totalPages || undefined);
  }

  /** What was decided about a document, by the process that took it in. */
  async #decisionOn({ plan, sender, decision }: UnfinishedDocument, isFirst: boolean): Promise<Decision> {
    const { decisions } = this.#tools;
    if (!plan) return decisions.decideCounted(sender, () => Promise.resolve(undefined));
    // A later version may have decided by something that is not known here.
    const kept = decision === undefined ? undefined : keptDecision.safeParse(JSON.parse(decision)).data;
    return isFirst && kept ? decisions.restore(plan, kept) : decisions.resume(plan, kept);
  }

  /** @param isForLater whether another process may read the document */
  async #decide(
    sender: Sender,
    countPages: () => Promise<number | undefined>,
    isForLater: boolean,
  ): Promise<{ decision: Decision; kept: KeptDecision | undefined }> {
    const { decisions } = this.#tools;
    if (!isForLater) return { decision: await decisions.decideCounted(sender, countPages), kept: undefined };
    const { plan, kept } = await decisions.decideForLater(sender, countPages);
    const { reason, shadow } = kept;
    return { decision: { plan, reason, shadow, admission: null }, kept };
  }

  #begin(unfinished: UnfinishedDocument, reading: DocumentReading, pages: number | undefined): void {
    const { id } = unfinished.document;
    this.#readings.set(id, reading);
    reading.log.lost.addEventListener('abort', () => {
      if (this.#readings.get(id) === reading) void this.#runs.stop(id);
    });
    this.#runs.begin(unfinished, pages);
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
      const ended = await this.#tools.read(request, this.#source({ id, run: unfinished.run }, run));
      // What is given back, to this process or another, has not ended.
      if (ended.end.type === 'broken_off') return;
      const tools = { ...this.#tools, told: this.#told };
      const isKept = await keepEnd(tools, unfinished, ended, {
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
      if (this.#readings.get(id) === reading) {
        this.#readings.delete(id);
        this.#feeds.done(id);
      }
    }
  }

  #append(id: string, event: DocumentEvent): void {
    this.#readings.get(id)?.log.append(event);
  }

  /** The page texts as they were read before, or else from the PDF; then they are kept. */
  #source(claim: Claim, { party, aside }: EngineRun): TextSource {
    const { id } = claim;
    const { store, reader } = this.#tools;
    return async (signal, onPage) => {
      const patiently = <T>(work: () => Promise<T>) => withStoreRetry(work, signal);
      const before = await patiently(() => store.pageTexts(id));
      if (before) return before;
      await patiently(() => store.opening(id));
      const load = () => patiently(() => wholePdf(store, id));
      const texts: PageTexts = await reader.read(load, { signal, onPage, party, aside });
      await patiently(() => store.keepPageTexts(claim, texts));
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
