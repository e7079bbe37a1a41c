import type { AnswerForm } from './wire.js';
import { mixture } from '../wager.js';

/** Stakes, of the largest that cannot lose all: small ones for small differences, large ones for large. */
const STAKES = [0.3, 0.6, 0.9];
/** Lines that need salvage in so much more of the batches are worth looking for: the share that is tolerated at all. */
const MARGIN = 0.01;
/** What is to be made out against such a difference: a trial that ends too early is held again. */
const REFUTED = 20;
/** In a trial, whatever comes of them. */
const MOST_PAIRS = 1_000;

/** Of a document: the share of its batches that needed salvage, 0 to 1; undefined where it says nothing. */
export type SalvageShare = number | undefined;

/** How a document of a trial is asked. */
export interface Turn {
  form: AnswerForm;
  /** It has ended, or will not be read. */
  ended: (share: SalvageShare) => void;
}

type Pair = Partial<Record<AnswerForm, { share: SalvageShare }>>;

/**
 * Whether batches answered as lines need salvage more often than those answered as objects. Documents come in
 * pairs, and a coin says which of the two is answered as lines. If that makes no difference, it is as likely that
 * the one comes out worse as the other, so that it is a fair game to bet on each pair that lines do, and whoever
 * grows rich in it has refuted that. This holds at every look, and whatever documents come (docs/rollout.md, Sources).
 *
 * Pairs are judged in the order in which they began: those that end first may be those that came out well.
 */
export class FormTrial {
  readonly #strength: number;
  readonly #random: () => number;
  readonly #worse = STAKES.map(() => 1);
  readonly #noWorse = STAKES.map(() => 1);
  /** Pairs that are not judged yet. */
  readonly #open: Pair[] = [];
  /** The turn of the next document, where it is the second of its pair. */
  #second: Turn | undefined;
  #judged = 0;

  /**
   * @param strength of the evidence that lines do worse: while they do not, it is ever reached once in so many trials,
   *   or less often; from 1
   * @param random a source of numbers from 0 up to 1
   */
  constructor(strength: number, random: () => number) {
    this.#strength = strength;
    this.#random = random;
  }

  /** The turn of the next document. */
  next(): Turn {
    const second = this.#second;
    this.#second = undefined;
    if (second) return second;
    const pair: Pair = {};
    this.#open.push(pair);
    const isLinesFirst = this.#random() < 0.5;
    this.#second = this.#turn(pair, isLinesFirst ? 'objects' : 'lines');
    return this.#turn(pair, isLinesFirst ? 'lines' : 'objects');
  }

  get isLinesWorse(): boolean {
    return mixture(this.#worse) >= this.#strength;
  }

  /** Whether lines do no worse by what matters. */
  get isLinesNoWorse(): boolean {
    return mixture(this.#noWorse) >= REFUTED;
  }

  /** Whether as many pairs were judged as it may cost. */
  get isSpent(): boolean {
    return this.#judged >= MOST_PAIRS;
  }

  #turn(pair: Pair, form: AnswerForm): Turn {
    const ended = (share: SalvageShare) => {
      pair[form] ??= { share };
      this.#judge();
    };
    return { form, ended };
  }

  #judge(): void {
    for (;;) {
      const { lines, objects } = this.#open[0] ?? {};
      if (!lines || !objects) return;
      this.#open.shift();
      this.#judged++;
      if (lines.share !== undefined && objects.share !== undefined) this.#bet(lines.share - objects.share);
    }
  }

  #bet(difference: number): void {
    STAKES.forEach((stake, index) => {
      this.#worse[index] = (this.#worse[index] ?? 1) * (1 + stake * difference);
      this.#noWorse[index] = (this.#noWorse[index] ?? 1) * (1 + stake * (MARGIN - difference));
    });
  }
}
