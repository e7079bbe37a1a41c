import { mixture, wager } from './wager.js';

/** The rates that are looked out for, as multiples of the limit. */
const MULTIPLES = [1.5, 2, 3, 5, 10, 20];
/** And the rate of batches that hardly work, whatever the limit. */
const HARDLY_WORK = 0.5;
/** Keeps the evidence a number while nobody acts on it. */
const MOST = 1e300;

interface Lookout {
  rate: number;
  evidence: number;
}

/**
 * Detects that a rate has risen over its limit, at whatever moment, by what document after document says: a
 * mixture of Shiryaev-Roberts recursions over the rates it may have risen to (an e-detector, docs/rollout.md,
 * Sources).
 *
 * While the rate is at the limit or under it, the evidence first reaches a number b after b documents or more,
 * in the mean, however often one looks and whatever the rate does below the limit. The rate is that of documents in the
 * order in which they end.
 */
export class EDetector {
  readonly #limit: number;
  readonly #lookouts: Lookout[];

  /**
   * @param limit the share that is tolerated in the mean, over 0 and under 1
   * @param evidences of a detector with this limit that is to be gone on with. Default: it begins anew.
   */
  constructor(limit: number, evidences: readonly number[] = []) {
    this.#limit = limit;
    const most = (1 + limit) / 2;
    const rates = [...MULTIPLES.map((times) => times * limit), HARDLY_WORK];
    this.#lookouts = rates.map((rate, index) => ({
      rate: Math.min(rate, most),
      evidence: evidences[index] ?? 0,
    }));
  }

  /** For each rate that is looked out for: all that is known, as plain data. */
  get evidences(): readonly number[] {
    return this.#lookouts.map(({ evidence }) => evidence);
  }

  /** @param share of what a document did that failed, 0 to 1 */
  add(share: number): void {
    for (const lookout of this.#lookouts) {
      const factor = wager(share, this.#limit, lookout.rate);
      lookout.evidence = Math.min((lookout.evidence + 1) * factor, MOST);
    }
  }

  /** From 0; at the limit it grows by 1 a document in the mean, at most. */
  get evidence(): number {
    return mixture(this.evidences);
  }

  /** The rate, of those looked out for, that there is most evidence for. */
  get likeliestRate(): number {
    return this.#lookouts.reduce((best, each) => (each.evidence > best.evidence ? each : best)).rate;
  }

  /** The highest rate that is looked out for. */
  get highestRate(): number {
    return Math.max(...this.#lookouts.map(({ rate }) => rate));
  }

  /** Begins anew. */
  reset(): void {
    for (const lookout of this.#lookouts) lookout.evidence = 0;
  }
}
