import { unlessAborted } from './abort.js';

/** Whose turn it is. */
export interface Party {
  /** Shares are even among owners... */
  owner: string;
  /** ...and among the documents of one owner. */
  document: string;
}

/** A turn that waits: it begins when it is called. */
type Begin = () => void;

/**
 * Turns at something scarce, so many at once: given round robin by owner, then by document, then in the
 * order in which they were asked for. Who asks for a hundred waits behind who asks for one.
 */
export class FairTurns {
  readonly #atOnce: number;
  #underWay = 0;
  /** By owner and document; who was served last is at the end. */
  readonly #waiting = new Map<string, Map<string, Set<Begin>>>();

  /** @param atOnce from 1 */
  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Whether the next to ask has to wait. */
  get isTaken(): boolean {
    return this.#underWay >= this.#atOnce;
  }

  /**
   * Does the work when its turn comes.
   *
   * @throws what the work throws; the signal's reason on abort, at once
   */
  async run<T>({ owner, document }: Party, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    await this.#turn(owner, document, signal);
    const done = this.#done(work);
    return unlessAborted(done, signal);
  }

  async #done<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      this.#underWay--;
      this.#next();
    }
  }

  /** Resolves with a turn taken. */
  #turn(owner: string, document: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#remove(owner, document, begin);
        reject(signal.reason as Error);
      };
      const begin = () => {
        signal.removeEventListener('abort', leave);
        this.#underWay++;
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true });
      const documents = this.#waiting.get(owner) ?? new Map<string, Set<Begin>>();
      const turns = documents.get(document) ?? new Set();
      this.#waiting.set(owner, documents.set(document, turns.add(begin)));
      this.#next();
    });
  }

  #next(): void {
    while (!this.isTaken) {
      const [[owner, documents] = []] = this.#waiting;
      const [[document, turns] = []] = documents ?? [];
      const [begin] = turns ?? [];
      if (owner === undefined || document === undefined || !documents || !turns || !begin) return;
      this.#remove(owner, document, begin);
      // Served last: to the end.
      if (this.#waiting.delete(owner)) this.#waiting.set(owner, documents);
      if (documents.delete(document)) documents.set(document, turns);
      begin();
    }
  }

  #remove(owner: string, document: string, begin: Begin): void {
    const documents = this.#waiting.get(owner);
    const turns = documents?.get(document);
    turns?.delete(begin);
    if (turns?.size === 0) documents?.delete(document);
    if (documents?.size === 0) this.#waiting.delete(owner);
  }
}
