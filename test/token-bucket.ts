import type { Clock } from '../src/clock.js';

/** A rate limit as a service keeps it: full at the start, it fills continuously, from empty to full in `minuteMs`. */
export class TokenBucket {
  #level: number;
  #at: number;

  constructor(
    readonly size: number,
    readonly minuteMs: number,
    readonly clock: Pick<Clock, 'now'> = performance,
  ) {
    this.#level = size;
    this.#at = clock.now();
  }

  /** What is left at this moment. */
  level(): number {
    const now = this.clock.now();
    this.#level = Math.min(this.size, this.#level + ((now - this.#at) / this.minuteMs) * this.size);
    this.#at = now;
    return this.#level;
  }

  /** Milliseconds until so much can be taken. */
  waitFor(amount: number): number {
    return (Math.max(0, Math.min(amount, this.size) - this.level()) / this.size) * this.minuteMs;
  }

  /** Milliseconds until all of it is there again. */
  resetMs(): number {
    return this.waitFor(this.size);
  }

  take(amount: number): void {
    this.#level = this.level() - amount;
  }
}

/** What a service says of its limits with each answer. */
export function limitHeaders(buckets: Record<string, TokenBucket>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(buckets).flatMap(([of, bucket]) => [
      [`x-ratelimit-limit-${of}`, String(bucket.size)],
      [`x-ratelimit-remaining-${of}`, String(Math.floor(bucket.level()))],
      [`x-ratelimit-reset-${of}`, `${Math.ceil(bucket.resetMs())}ms`],
    ]),
  );
}
