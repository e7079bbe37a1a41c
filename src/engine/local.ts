import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { DocumentQueue } from '../llm/turns.js';
import type { Store } from '../store/store.js';
import type { UnfinishedDocument } from '../store/unfinished.js';

/** How often documents without a process are looked for. */
const ADOPT_EVERY_MS = 2_000;

export interface EngineSettings {
  /** Documents read at once, from 1. */
  atOnce: number;
  /** Documents that may wait besides, from 0. */
  waiting: number;
  /** Milliseconds that calls under way are given to end when the engine is closed. */
  graceMs: number;
}

/** One document being read, or waiting for that. */
export interface EngineRun {
  /** Aborted when it is to be read no more. */
  signal: AbortSignal;
  queue: DocumentQueue;
  /** Has the engine wait for something, within its grace, before it is closed. */
  finishing: <T>(work: Promise<T>) => Promise<T>;
}

export interface EngineTools {
  store: Store;
  /** A queue for the calls of a document. */
  newQueue(id: string): DocumentQueue;
  /** Reads a document, or ends one that is to be read no more before its turn has come; never rejects. */
  read(document: UnfinishedDocument, run: EngineRun): Promise<void>;
  /** Told that a document waits for its turn. */
  onWaiting(id: string): void;
  /** Takes up a document that its process has left, or gives it up. */
  adopt(document: UnfinishedDocument): Promise<void>;
  onTrouble(error: unknown): void;
}

interface Running {
  stop: AbortController;
  queue: DocumentQueue;
  /** What must end before the engine may. */
  finishing: Set<Promise<unknown>>;
  /** Since it had its turn. */
  reading: Promise<void> | undefined;
  /** Reads it, once. */
  read: () => Promise<void>;
  done: Promise<void>;
}

/**
 * Reads documents in this process, so many at once. All it knows is in the store as well: a document that
 * is not finished when the process ends is taken up by the next one, or by another that shares the database.
 */
export class LocalEngine {
  readonly #settings: EngineSettings;
  readonly #tools: EngineTools;
  readonly #running = new Map<string, Running>();
  /** Documents about to be begun, and by how many: in the store already, perhaps, and nobody else's to begin. */
  readonly #starting = new Map<string, number>();
  /** Uploads on their way to the store. */
  #arriving = 0;
  readonly #turns: ReturnType<typeof pLimit>;
  readonly #closing = new AbortController();
  readonly #adopting: Promise<void>;

  constructor(settings: EngineSettings, tools: EngineTools) {
    this.#settings = settings;
    this.#tools = tools;
    this.#turns = pLimit(settings.atOnce);
    this.#adopting = this.#adoptAgainAndAgain();
  }

  /**
   * Takes a place for a document that comes.
   *
   * @returns gives the place back, once; undefined when there is none
   */
  reserve(): (() => void) | undefined {
    if (this.room === 0) return undefined;
    this.#arriving++;
    let isTaken = true;
    return () => {
      if (isTaken) this.#arriving--;
      isTaken = false;
    };
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

  /** Reads a document as soon as it has its turn. */
  begin(document: UnfinishedDocument): void {
    const { id } = document.document;
    const running: Running = {
      stop: new AbortController(),
      queue: this.#tools.newQueue(id),
      finishing: new Set(),
      reading: undefined,
      read: () => (running.reading ??= this.#tools.read(document, run)),
      done: Promise.resolve(),
    };
    const run: EngineRun = {
      signal: running.stop.signal,
      queue: running.queue,
      finishing: (work) => {
        const settled = work.then(ignore, ignore).finally(() => running.finishing.delete(settled));
        running.finishing.add(settled);
        return work;
      },
    };
    this.#running.set(id, running);
    if (this.#turns.activeCount >= this.#settings.atOnce) this.#tools.onWaiting(id);
    const read = () => (this.#closing.signal.aborted ? Promise.resolve() : running.read());
    running.done = this.#turns(read).finally(() => {
      if (this.#running.get(id) === running) this.#running.delete(id);
    });
  }

  /** Reads a document no more; resolves when that is so. One that waits for its turn waits no more. */
  async stop(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (!running) return;
    running.stop.abort();
    await running.read();
    if (this.#running.get(id) === running) this.#running.delete(id);
  }

  /** What becomes of a document here; undefined for one that is not this process's to read. */
  stateOf(id: string): 'reading' | 'waiting' | undefined {
    const running = this.#running.get(id);
    if (!running) return undefined;
    return running.reading ? 'reading' : 'waiting';
  }

  /** How many documents are read here, and how many wait for that. */
  get load(): { reading: number; waiting: number } {
    const reading = [...this.#running.values()].filter(({ reading }) => reading !== undefined).length;
    return { reading, waiting: this.#running.size - reading };
  }

  /** How many more documents there is a place for. */
  get room(): number {
    return Math.max(0, this.#most - this.#arriving - this.#running.size);
  }

  /**
   * Starts no more calls; gives those under way time to end and their answers time to be kept, then stops.
   *
   * @param besides what else may end within that time
   */
  async close(besides: Promise<unknown>): Promise<void> {
    this.#closing.abort();
    const running = [...this.#running.values()];
    for (const { queue } of running) queue.stop();
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
