import { setTimeout as sleep } from 'node:timers/promises';
import { FairTurns, type Party } from '../fair-turns.js';
import type { DocumentQueue } from '../llm/turns.js';
import type { Store } from '../store/store.js';
import { fairAs, type UnfinishedDocument } from '../store/unfinished.js';

/** How often documents without a process are looked for. */
const ADOPT_EVERY_MS = 2_000;

export interface EngineSettings {
  /** Documents read at once, from 1. */
  atOnce: number;
  /** Documents that may wait besides, from 0. */
  waiting: number;
  /** Documents of one owner that are read or wait, from 1. */
  ofOwner: number;
  /** Pages of one owner that may be read at once, from 1: with fewer, its next document is begun, whole. */
  pagesOfOwner: number;
  /** Milliseconds that calls under way are given to end when the engine is closed. */
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
  /** Has the engine wait for something, within its grace, before it is closed. */
  finishing: <T>(work: Promise<T>) => Promise<T>;
}

export interface EngineTools {
  store: Store;
  /** A queue for the calls of a document. */
  newQueue(party: Party): DocumentQueue;
  /** Reads a document, or ends one that is to be read no more before its turn has come; never rejects. */
  read(document: UnfinishedDocument, run: EngineRun): Promise<void>;
  /** Told that a document waits for its turn. */
  onWaiting(id: string): void;
  /** Takes up a document that its process has left, or gives it up. */
  adopt(document: UnfinishedDocument): Promise<void>;
  onTrouble(error: unknown): void;
}

/** Why there is no place: for anybody, or for this owner. */
type NoPlace = 'full' | 'owner_documents';

interface Running {
  party: Party;
  /** Until they are counted as many as its owner may have read at once. */
  pages: number;
  stop: AbortController;
  queue: DocumentQueue;
  /** Whether it had its turn. */
  hasBegun: boolean;
  /** What must end before the engine may. */
  finishing: Set<Promise<unknown>>;
  done: Promise<void>;
}

/**
 * Reads documents in this process, so many at once: those of their owners in turn, and none in the last place
 * of an owner who has all the others. All it knows is in the store as well: a document that is not finished
 * when the process ends is taken up by the next one, or by another that shares the database.
 */
export class LocalEngine {
  readonly #settings: EngineSettings;
  readonly #tools: EngineTools;
  readonly #running = new Map<string, Running>();
  /** Documents about to be begun, and by how many: in the store already, perhaps, and nobody else's to begin. */
  readonly #starting = new Map<string, number>();
  /** Uploads on their way to the store. */
  readonly #arriving = new Set<{ owner: string }>();
  readonly #places: FairTurns;
  readonly #closing = new AbortController();
  readonly #adopting: Promise<void>;

  constructor(settings: EngineSettings, tools: EngineTools) {
    this.#settings = settings;
    this.#tools = tools;
    this.#places = new FairTurns(settings.atOnce, {
      turns: Math.max(1, settings.atOnce - 1),
      size: settings.pagesOfOwner,
    });
    this.#adopting = this.#adoptAgainAndAgain();
  }

  /**
   * Takes a place for a document that comes.
   *
   * @param owner whose bounds it counts in
   * @returns gives the place back, once; why there is none
   */
  reserve(owner: string): (() => void) | NoPlace {
    const running = [...this.#running.values()].map(({ party }) => party);
    const taken = [...this.#arriving, ...running];
    if (taken.length >= this.#most) return 'full';
    if (taken.filter((other) => other.owner === owner).length >= this.#settings.ofOwner) {
      return 'owner_documents';
    }
    const arriving = { owner };
    this.#arriving.add(arriving);
    return () => void this.#arriving.delete(arriving);
  }

  get #most(): number {
    return this.#settings.atOnce + this.#settings.waiting;
  }

  has(id: string): boolean {
    return this.#running.has(id) || this.#starting.has(id);
  }

  /** Does what leads to a document being begun, while nobody takes it for abandoned. */
  async alone<T>(id: string, start: () => Promise<T>): Promise<T> {
    this.#starting.set(id, (this.#starting.get(id) ?? 0) + 1);
    try {
      return await start();
    } finally {
      const others = (this.#starting.get(id) ?? 1) - 1;
      if (others > 0) this.#starting.set(id, others);
      else this.#starting.delete(id);
    }
  }

  /**
   * Reads a document as soon as it has its turn.
   *
   * @param pages where they are known
   */
  begin(document: UnfinishedDocument, pages = this.#settings.pagesOfOwner): void {
    const { id } = document.document;
    const party = { owner: fairAs(document), document: id };
    const running: Running = {
      party,
      pages,
      stop: new AbortController(),
      queue: this.#tools.newQueue(party),
      hasBegun: false,
      finishing: new Set(),
      done: Promise.resolve(),
    };
    this.#running.set(id, running);
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
        finishing: (work) => {
          const settled = work.then(ignore, ignore).finally(() => finishing.delete(settled));
          finishing.add(settled);
          return work;
        },
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

  /** How many more documents there is a place for. */
  get room(): number {
    return Math.max(0, this.#most - this.#arriving.size - this.#running.size);
  }

  /**
   * Starts no more calls; gives those under way time to end and their answers time to be kept, then stops.
   *
   * @param besides what else may end within that time
   */
  async close(besides: Promise<unknown>): Promise<void> {
    this.#closing.abort();
    const running = [...this.#running.values()];
    for (const { queue, hasBegun, stop } of running) {
      queue.stop();
      if (!hasBegun) stop.abort();
    }
    const grace = new AbortController();
    await Promise.race([
      Promise.all([...running.map(settled), besides]),
      sleep(this.#settings.graceMs, undefined, { signal: grace.signal }).catch(ignore),
    ]);
    grace.abort();
    for (const { stop } of running) stop.abort();
    await Promise.all([...running.map(({ done }) => done), this.#adopting]);
  }

  async #adoptAgainAndAgain(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#adopt().catch((error: unknown) => {
        if (!signal.aborted) this.#tools.onTrouble(error);
      });
      await sleep(ADOPT_EVERY_MS, undefined, { signal, ref: false }).catch(ignore);
    }
  }

  async #adopt(): Promise<void> {
    const room = this.#most - this.#running.size;
    if (room <= 0) return;
    const known = [...this.#running.keys(), ...this.#starting.keys()];
    for (const unfinished of await this.#tools.store.adopt(known, room)) {
      const { id } = unfinished.document;
      if (this.#closing.signal.aborted || this.has(id)) continue;
      await this.alone(id, () => this.#tools.adopt(unfinished));
    }
  }
}

/** Resolves when a document has no call under way and nothing else to finish, or has ended. */
async function settled({ queue, finishing, done }: Running): Promise<void> {
  const quiet = async () => {
    do {
      await queue.idle();
      await Promise.all(finishing);
    } while (finishing.size > 0);
  };
  await Promise.race([done, quiet()]);
}

function ignore(): void {
  // Told elsewhere, or of no consequence.
}
