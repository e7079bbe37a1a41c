import { fromUsd, toUsd, type Allowance } from '../llm/usage.js';

/** Thrown for a call that could cost more than is left of the day, or whose model has no price. */
export class NotAllowed extends Error {
  override readonly name = 'NotAllowed';

  constructor(readonly why: 'budget' | 'no_price') {
    super(why);
  }
}

/** What shadows may spend in a day (UTC); calls under way count with the most they can cost. */
export interface ShadowBudget {
  /** In USD. */
  readonly most: number;
  /** In USD, of today. */
  readonly spent: number;
  /**
   * What calls that have ended were billed since this was asked last, in USD; the most, where they did not say. Of
   * this process alone.
   */
  takeBilled(): number;
  /** Refuses by throwing {@link NotAllowed}. */
  readonly allowance: Allowance;
}

/** The budget of one process; a restart begins anew. */
export class DailyBudget implements ShadowBudget {
  readonly most: number;
  #day = '';
  #spent = 0n;
  #billed = 0n;

  /** @param usd may be spent in a day */
  constructor(usd: number) {
    this.most = usd;
  }

  get spent(): number {
    this.#turnDay();
    return toUsd(this.#spent);
  }

  takeBilled(): number {
    const billed = this.#billed;
    this.#billed = 0n;
    return toUsd(billed);
  }

  readonly allowance: Allowance = (most) => {
    if (most === undefined) throw new NotAllowed('no_price');
    const day = this.#turnDay();
    if (this.#spent + most > fromUsd(this.most)) throw new NotAllowed('budget');
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
