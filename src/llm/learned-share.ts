/** How much an older call counts for each one since. */
const FADING = 0.95;
/** Calls differ: so much more than what was learned is expected. */
const MARGIN = 1.25;

/** What share of the amounts that calls announce is really used: what is announced is an upper bound. */
export class LearnedShare {
  readonly #least: number;
  readonly #most: number;
  #announced = 0;
  #used = 0;

  /**
   * @param least that is ever expected
   * @param most that is ever expected
   */
  constructor(least: number, most: number) {
    this.#least = least;
    this.#most = most;
  }

  /** 1 until something is learned. */
  get value(): number {
    if (this.#announced <= 0) return 1;
    return Math.min(this.#most, Math.max(this.#least, (MARGIN * this.#used) / this.#announced));
  }

  learn(announced: number, used: number): void {
    this.#announced = FADING * this.#announced + announced;
    this.#used = FADING * this.#used + used;
  }
}
