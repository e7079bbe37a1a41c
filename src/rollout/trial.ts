import { wager } from '../wager.js';

/** What is to be made out against a trial: an alarm has had its evidence already. */
const ILL = 20;

/**
 * Whether the batch path is well again after an alarm: documents probe until the failure rate is told from the one
 * that was suspected (a sequential probability-ratio test). While it is still at that rate or over it, a trial
 * ends well once in `strength` times, or less often.
 */
export class Trial {
  readonly #limit: number;
  readonly #suspected: number;
  readonly #strength: number;
  #well = 1;
  #ill = 1;
  /** How many documents probe at the moment. */
  underWay = 0;

  /**
   * @param limit the failure rate that is tolerated, over 0 and under 1
   * @param suspected that of the alarm, over the limit and under 1
   * @param strength of the evidence that it takes, from 1
   */
  constructor(limit: number, suspected: number, strength: number) {
    this.#limit = limit;
    this.#suspected = suspected;
    this.#strength = strength;
  }

  /** @param share of a document's batch calls that failed, 0 to 1 */
  add(share: number): void {
    this.#well *= wager(share, this.#suspected, this.#limit);
    this.#ill *= wager(share, this.#limit, this.#suspected);
  }

  /** Not before all probes have ended: those that fail may take longest. */
  get isWell(): boolean {
    return this.#isSure && this.underWay === 0;
  }

  get #isSure(): boolean {
    return this.#well >= this.#strength;
  }

  get isIll(): boolean {
    return this.#ill >= ILL;
  }

  /** Whether another document may probe: one at first, one more with each doubling of the evidence. */
  get hasRoom(): boolean {
    if (this.#isSure) return false;
    return this.underWay < 1 + Math.floor(Math.log2(Math.max(1, this.#well)));
  }
}
