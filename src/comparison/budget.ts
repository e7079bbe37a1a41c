import { fromUsd, toUsd, type Allowance } from '../llm/usage.js';

/** Thrown for a call that could cost more than is left of the day, or whose model has no price. */
export class NotAllowed extends Error {
  override readonly name = 'NotAllowed';

  constructor(readonly why: 'budget' | 'no_price') {
    super(why);
  }
}

/** What may be spent in a day (UTC); calls under way count with the most they can cost. */
export class DailyBudget {
  readonly #most: bigint;
  #day = '';
  #spent = 0n;
  #billed = 0n;

  constructor(usd: number) {
    this.#most = fromUsd(usd);
  }

  get spentUsd(): number {
    this.#turnDay();
    return toUsd(this.#spent);
  }

  /** What calls that have ended were billed since this was asked last; the most, where they did not say. */
  takeBilledUsd(): number {
    const billed = this.#billed;
    this.#billed = 0n;
    return toUsd(billed);
  }

  readonly allowance: Allowance = (most) => {
    if (most === undefined) throw new NotAllowed('no_price');
    const day = this.#turnDay();
    if (this.#spent + most > this.#most) throw new NotAllowed('budget');
    this.#spent += most;
    return (billed) => {
      this.#billed += billed;
      if (this.#turnDay() === day) this.#spent += billed - most;
    };
  };

  #turnDay(): string {
    const today = new Date().toISOString().slice(0, 10);
    if (today !== this.#day) {
      this.#day = today;
      this.#spent = 0n;
    }
    return today;
  }
}
