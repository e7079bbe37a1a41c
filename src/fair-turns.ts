import { unlessAborted } from './abort.js';

/** Whose turn it is. */
export interface Party {
  /** Shares are even among owners... */
  owner: string;
  /** ...and among the documents of one owner. */
  document: string;
}

/** What one owner may have of the turns, however many others are free. */
interface OwnerBounds {
  /** Turns at once, from 1. */
  turns: number;
  /** Its next turn begins only while its others together have less than this size; the only one always may. */
  size: number;
}

const UNBOUNDED: OwnerBounds = { turns: Infinity, size: Infinity };

interface Asking {
  /** How large the turn is at present; `look` is to be called when that has become less. Default: of no size. */
  size?: () => number;
  /** Told that the turn does not begin at once. */
  onWait?: () => void;
}

interface Turn {
  size: () => number;
  begin: () => void;
}

/**
 * Turns at something scarce, so many at once: given round robin by owner, then by document, then in the
 * order in which they were asked for. Who asks for a hundred waits behind who asks for one.
 */
export class FairTurns {
  readonly #atOnce: number;
  readonly #bounds: OwnerBounds;
  /** By owner. */
  readonly #underWay = new Map<string, Set<Turn>>();
  /** By owner and document; who was served last is at the end. */
  readonly #waiting = new Map<string, Map<string, Set<Turn>>>();
  #taken = 0;

  /**
   * @param atOnce from 1
   * @param bounds of each owner. Default: none
   */
  constructor(atOnce: number, bounds = UNBOUNDED) {
    this.#atOnce = atOnce;
    this.#bounds = bounds;
  }

  /** Whether the next to ask has to wait, whoever it is. */
  get isTaken(): boolean {
    return this.#taken >= this.#atOnce;
  }

  /**
   * Does the work when its turn comes.
   *
   * @throws what the work throws; the signal's reason on abort, at once
   */
  async run<T>(party: Party, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const giveBack = await this.take(party, signal);
    const toItsEnd = async () => {
      try {
        return await work();
      } finally {
        giveBack();
      }
    };
    return unlessAborted(toItsEnd(), signal);
  }

  /**
   * Takes a turn when it comes.
   *
   * @returns gives it back, once
   * @throws the signal's reason on abort, at once
   */
  take({ owner, document }: Party, signal: AbortSignal, asking: Asking = {}): Promise<() => void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const leave = () => {
        this.#remove(owner, document, turn);
        reject(signal.reason as Error);
      };
      const begin = () => {
        signal.removeEventListener('abort', leave);
        resolve(() => this.#end(owner, turn));
      };
      const turn: Turn = { size: asking.size ?? (() => 0), begin };
      signal.addEventListener('abort', leave, { once: true });
      const documents = this.#waiting.get(owner) ?? new Map<string, Set<Turn>>();
      const turns = documents.get(document) ?? new Set();
      this.#waiting.set(owner, documents.set(document, turns.add(turn)));
      this.look();
      if (turns.has(turn)) asking.onWait?.();
    });
  }

  /** Begins all turns that can begin. */
  look(): void {
    while (!this.isTaken) {
      const [owner, documents] = [...this.#waiting].find(([name]) => this.#mayBegin(name)) ?? [];
      const [[document, turns] = []] = documents ?? [];
      const [turn] = turns ?? [];
      if (owner === undefined || document === undefined || !documents || !turns || !turn) return;
      this.#remove(owner, document, turn);
      toTheEnd(this.#waiting, owner);
      toTheEnd(documents, document);
      this.#taken++;
      this.#underWay.set(owner, (this.#underWay.get(owner) ?? new Set()).add(turn));
      turn.begin();
    }
  }

  #mayBegin(owner: string): boolean {
    const turns = this.#underWay.get(owner);
    if (!turns) return true;
    if (turns.size >= this.#bounds.turns) return false;
    return [...turns].reduce((sum, { size }) => sum + size(), 0) < this.#bounds.size;
  }

  #end(owner: string, turn: Turn): void {
    const turns = this.#underWay.get(owner);
    if (!turns?.delete(turn)) return;
    if (turns.size === 0) this.#underWay.delete(owner);
    this.#taken--;
    // Who comes while another has a turn is before the next of that one.
    toTheEnd(this.#waiting, owner);
    this.look();
  }

  #remove(owner: string, document: string, turn: Turn): void {
    const documents = this.#waiting.get(owner);
    const turns = documents?.get(document);
    turns?.delete(turn);
    if (turns?.size === 0) documents?.delete(document);
    if (documents?.size === 0) this.#waiting.delete(owner);
  }
}

function toTheEnd<V>(map: Map<string, V>, key: string): void {
  const value = map.get(key);
  if (value !== undefined && map.delete(key)) map.set(key, value);
}
