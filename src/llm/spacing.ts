/** How calls are spaced within limits a minute. `quire.take` does the same over all replicas (`store/calls-schema.ts`). */

const MINUTE_MS = 60_000;

/**
 * Share of a limit a minute that is used. A service may count over windows of two seconds, and calls reach it a
 * little sooner or later than they start: so a window of 2 s holds no more than its part of the limit, and a minute
 * at most 97 % of it, for limits of 25 a minute and more.
 */
const USED_SHARE = 0.93;

/** A call gets its place so many milliseconds ahead at most: the later, the better the choice of the call. */
export const LOOK_AHEAD_MS = 250;

/** How much an older call counts for each one since. */
const FADING = 0.95;
/** Calls differ: so much more than what was learned is expected. */
const MARGIN = 1.25;

/** Milliseconds from one call, or one token of a call, to the next within a limit a minute; null for no limit. */
export function callMs(perMinute: number | undefined): number | null {
  return perMinute === undefined ? null : MINUTE_MS / (USED_SHARE * perMinute);
}

/** The share of the tokens announced that calls use: what is announced is an upper bound. */
export class LearnedShare {
  #announced = 0;
  #used = 0;

  /** 1 until something is learned. */
  get value(): number {
    return this.#announced > 0 ? Math.min(1, (MARGIN * this.#used) / this.#announced) : 1;
  }

  learn(announced: number, used: number): void {
    // One that used nothing was not made.
    if (used === 0) return;
    this.#announced = FADING * this.#announced + announced;
    this.#used = FADING * this.#used + used;
  }
}
