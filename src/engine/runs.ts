import { FairTurns, type Party } from '../fair-turns.js';
import type { DocumentQueue } from '../llm/turns.js';
import type { Claim } from '../store/events.js';
import { fairAs, type UnfinishedDocument } from '../store/unfinished.js';
import { endWithin, finishingIn, type Ending } from './ending.js';

export interface RunSettings {
  /** Documents read at once, from 1. */
  atOnce: number;
  /** Pages of one owner that may be read at once, from 1: with fewer, its next document is begun, whole. */
  pagesOfOwner: number;
  /** Milliseconds that calls under way are given to end at the end. */
  graceMs: number;
}

/** One document being read, or waiting for that. */
export interface EngineRun {
  /** Aborted when it is to be read no more. */
  signal: AbortSignal;
  queue: DocumentQueue;
  /** Whose shares it uses. */
  party: Party;
  /** Tells how many pages it has. */
  counted: (pages: number) => void;
  /** Does work during which others may be read in the document's place; takes a place again before it resolves. */
  aside: <T>(work: () => Promise<T>) => Promise<T>;
  /** Has something waited for, within the grace, before all is closed. */
  finishing: <T>(work: Promise<T>) => Promise<T>;
}

export interface RunTools {
  /**
   * A queue for the calls of a document.
   *
   * @param onLost told that the document is another's to read
   */
  newQueue(party: Party, claim: Claim, onLost: () => void): DocumentQueue;
  /** Reads a document, or ends one that is to be read no more before its turn has come; never rejects. */
  read(document: UnfinishedDocument, run: EngineRun): Promise<void>;
  /** Told that a document waits for its turn. */
  onWaiting(id: string): void;
}

interface Running extends Ending {
  party: Party;
  /** The name of its reading. */
  run: string;
  /** Until they are counted as many as its owner may have read at once. */
  pages: number;
  /** Whether it had its turn. */
  hasBegun: boolean;
}

/**
 * The documents that this process reads, so many at once: those of their owners in turn, and none in the last place
 * of an owner who has all the others. All that is known of them is in the store as well: one that has not ended when
 * the process ends is taken up by the next one, or by another that shares the database.
 */
export class Runs {
  readonly #settings: RunSettings;
  readonly #tools: RunTools;
  readonly #running = new Map<string, Running>();
  readonly #places: FairTurns;
  #isClosed = false;

  constructor(settings: RunSettings, tools: RunTools) {
    this.#settings = settings;
    this.#tools = tools;
    this.#places = new FairTurns(settings.atOnce, {
      turns: Math.max(1, settings.atOnce - 1),
      size: settings.pagesOfOwner,
    });
  }

  has(id: string): boolean {
    return this.#running.has(id);
  }

  /** Whose documents are read here, or wait for that: one entry a document. */
  get owners(): string[] {
    return [...this.#running.values()].map(({ party }) => party.owner);
  }

  get claims(): Claim[] {
    return [...this.#running].map(([id, { run }]) => ({ id, run }));
  }

  /**
   * Reads a document as soon as it has its turn.
   *
   * @param pages where they are known
   */
  begin(document: UnfinishedDocument, pages = this.#settings.pagesOfOwner): void {
    const { id } = document.document;
    const { run } = document;
    const party = { owner: fairAs(document), document: id };
    const stop = new AbortController();
    const running: Running = {
      party,
      run,
      pages,
      stop,
      queue: this.#tools.newQueue(party, { id, run }, () => stop.abort()),
      hasBegun: false,
      finishing: new Set(),
      done: Promise.resolve(),
    };
    this.#running.set(id, running);
    if (this.#isClosed) {
      running.queue.stop();
      stop.abort();
    }
    running.done = this.#read(document, running).finally(() => {
      if (this.#running.get(id) === running) this.#running.delete(id);
    });
  }

  async #read(document: UnfinishedDocument, running: Running): Promise<void> {
    const { party, stop, queue, finishing } = running;
    let giveBack = await this.#place(running).catch(() => ignore);
    running.hasBegun = true;
    try {
      await this.#tools.read(document, {
        signal: stop.signal,
        queue,
        party,
        counted: (pages) => {
          running.pages = pages;
          this.#places.look();
        },
        aside: async (work) => {
          giveBack();
          const result = await work();
          giveBack = await this.#place(running);
          return result;
        },
        finishing: finishingIn(finishing),
      });
    } finally {
      giveBack();
    }
  }

  #place(running: Running): Promise<() => void> {
    const { party, stop } = running;
    return this.#places.take(party, stop.signal, {
      size: () => running.pages,
      onWait: () => this.#tools.onWaiting(party.document),
    });
  }

  /** Reads a document no more; resolves when that is so. One that waits for its turn waits no more. */
  async stop(id: string): Promise<void> {
    const running = this.#running.get(id);
    running?.stop.abort();
    await running?.done;
  }

  /** Resolves when a document is read here no more. */
  async ended(id: string): Promise<void> {
    await this.#running.get(id)?.done;
  }

  /** What becomes of a document here; undefined for one that is not this process's to read. */
  stateOf(id: string): 'reading' | 'waiting' | undefined {
    const running = this.#running.get(id);
    if (!running) return undefined;
    return running.hasBegun ? 'reading' : 'waiting';
  }

  /** How many documents are read here, and how many wait for that. */
  get load(): { reading: number; waiting: number } {
    const reading = [...this.#running.values()].filter(({ hasBegun }) => hasBegun).length;
    return { reading, waiting: this.#running.size - reading };
  }

  /**
   * Starts no more calls; gives those under way time to end and their answers time to be kept, each document for
   * itself, then stops.
   *
   * @param besides what else may end within that time
   */
  async close(besides: Promise<unknown>): Promise<void> {
    this.#isClosed = true;
    const running = [...this.#running.values()];
    for (const { queue, hasBegun, stop } of running) {
      queue.stop();
      if (!hasBegun) stop.abort();
    }
    await endWithin(this.#settings.graceMs, running, besides);
  }
}

function ignore(): void {
  // Told elsewhere, or of no consequence.
}
