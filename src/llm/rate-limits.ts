import { systemClock, type Clock } from '../clock.js';
import { LearnedShare } from './learned-share.js';

/** What is read of an answer's headers. */
export interface HeaderSource {
  get(name: string): string | null | undefined;
}

/** Told by shape: the caller's client may be wrapped, or come from another copy of its package. */
export function isHeaderSource(headers: unknown): headers is HeaderSource {
  return typeof (headers as Partial<HeaderSource> | null | undefined)?.get === 'function';
}

/** What a call takes of each limit, at most. */
export type Amounts = Record<LimitName, number>;

type LimitName = 'requests' | 'tokens';

/** A call that has started, as its service will speak of it. */
export type Ticket = Record<LimitName, Taken>;

/**
 * The rate limits of one model as the answers of its service tell them (`x-ratelimit-limit-*`,
 * `-remaining-*`, `-reset-*` of requests and of tokens), so that calls wait until there is room instead
 * of being rejected. A service that tells nothing limits nothing here.
 */
export class RateLimits {
  readonly #limits: Record<LimitName, RateLimit>;

  constructor(clock: Clock = systemClock) {
    this.#limits = { requests: new RateLimit(clock, 1), tokens: new RateLimit(clock, 0.05) };
  }

  /**
   * Milliseconds until there is room.
   *
   * @param leaving share of each limit, 0 to 1, that must be left for others
   */
  waitFor(amounts: Amounts, leaving = 0): number {
    const { requests, tokens } = this.#limits;
    return Math.max(requests.waitFor(amounts.requests, leaving), tokens.waitFor(amounts.tokens, leaving));
  }

  /** A call starts, whether there is room or not. */
  take(amounts: Amounts): Ticket {
    const { requests, tokens } = this.#limits;
    return { requests: requests.take(amounts.requests), tokens: tokens.take(amounts.tokens) };
  }

  /** Learns from every answer, also from one that rejects the call. */
  update(ticket: Ticket, headers: HeaderSource, isRejected: boolean): void {
    for (const name of ['requests', 'tokens'] as const) {
      const told = limitIn(headers, name);
      if (told) this.#limits[name].update(ticket[name], told, isRejected);
    }
  }

  /** What the service has told of each limit, and what is left of it by now; undefined of one it does not tell. */
  get told(): Record<LimitName, { limit: number; left: number } | undefined> {
    const { requests, tokens } = this.#limits;
    return { requests: requests.told, tokens: tokens.told };
  }

  /** Milliseconds after which calls that take so much together could all have started. */
  timeFor(amounts: Amounts): number {
    const { requests, tokens } = this.#limits;
    return Math.max(requests.timeFor(amounts.requests), tokens.timeFor(amounts.tokens));
  }
}

interface Told {
  limit: number;
  remaining: number;
  /** Milliseconds until the whole limit is there again; undefined when not told. */
  resetMs: number | undefined;
}

interface Taken {
  /** In the order in which calls started. */
  number: number;
  /** When it started. */
  at: number;
  announced: number;
  /** All that had been taken when this was, itself included, as announced. */
  sum: number;
  /** Whether the limit was known, so that there seemed to be room. */
  wasKnown: boolean;
}

/** A call, and what its answer told was left. */
interface Answered extends Taken {
  remaining: number;
}

const MINUTE_MS = 60_000;

/** A service may ask for any wait, or tell anything; after so long a call finds out for itself. */
export const LONGEST_WAIT_MS = 5 * MINUTE_MS;

/** A limit that takes longer to come back is one of a day, not of a minute: it is left to 429 and `Retry-After`. */
const LONGEST_RESET_MS = 60 * MINUTE_MS;

/** Of what is announced. */
const MOST_CHARGED = 2;

/** So often a call is rejected in spite of room until the limit is taken to come back all at once. */
const SURPRISES = 2;

/** The end of a window is told as it is on the way there: so much of the window is added. */
const SLACK = 0.02;

/** One limit. Its level is what the newest call with an answer left, less what was taken since. */
class RateLimit {
  #size = Infinity;
  #level = Infinity;
  #at: number;
  #refillPerMs = 0;
  /** When all of it is there again. */
  #fullAt = 0;
  /** Whether it comes back at once, when a window ends, and not little by little. */
  #isWindow = false;
  /** The longest time until the end of a window that was told. */
  #windowMs = 0;
  /** Of what is announced, really charged. */
  readonly #charged: LearnedShare;
  #surprises = 0;
  #surprisedUpTo = 0;
  #sum = 0;
  #number = 0;
  #answered: Answered | undefined;
  readonly #clock: Clock;

  /** @param leastCharged the least share of what is announced that a service may charge */
  constructor(clock: Clock, leastCharged: number) {
    this.#clock = clock;
    this.#at = clock.now();
    this.#charged = new LearnedShare(leastCharged, MOST_CHARGED);
  }

  get told(): { limit: number; left: number } | undefined {
    if (this.#size === Infinity) return undefined;
    return { limit: this.#size, left: Math.max(0, Math.floor(this.#now())) };
  }

  waitFor(announced: number, leaving: number): number {
    const amount = announced * this.#charged.value;
    // Room for another like it stays, against calls that arrive in another order or sooner than foreseen.
    const needed = Math.min(this.#size, 2 * amount + leaving * (this.#size === Infinity ? 0 : this.#size));
    const missing = needed - this.#now();
    if (missing <= 0) return 0;
    const ms = this.#isWindow ? this.#fullAt - this.#clock.now() : missing / this.#refillPerMs;
    return Math.max(1, Math.ceil(ms));
  }

  timeFor(announced: number): number {
    const missing = announced * this.#charged.value - this.#now();
    return missing <= 0 ? 0 : (missing / this.#size) * this.#fillMs();
  }

  take(announced: number): Taken {
    this.#level = this.#now() - announced * this.#charged.value;
    this.#sum += announced;
    return {
      number: ++this.#number,
      at: this.#clock.now(),
      announced,
      sum: this.#sum,
      wasKnown: this.#size !== Infinity,
    };
  }

  update(taken: Taken, { limit, remaining, resetMs }: Told, isRejected: boolean): void {
    // Rejected for this limit, and not for the other one or for something else.
    if (isRejected && remaining < taken.announced * this.#charged.value) this.#noteSurprise(taken);
    // What an older call was told is contained in what a newer one was told.
    if (this.#answered && taken.number <= this.#answered.number) return;
    const now = this.#clock.now();
    if (this.#answered && !isRejected && !this.#isWindow) this.#learn(this.#answered, taken, remaining);
    this.#size = limit;
    this.#refillPerMs = limit / MINUTE_MS;
    if (resetMs !== undefined && resetMs > 0 && remaining < limit) {
      this.#refillPerMs = (limit - remaining) / resetMs;
    }
    this.#answered = { ...taken, remaining };
    this.#windowMs = Math.max(this.#windowMs, resetMs ?? 0);
    const slack = this.#isWindow ? SLACK * this.#windowMs : 0;
    const fullAt = taken.at + (resetMs ?? MINUTE_MS) + slack;
    // What was left of a window that is over says nothing of the one that has begun.
    if (this.#isWindow && fullAt <= now) return;
    this.#fullAt = fullAt;
    const since = (this.#sum - taken.sum) * this.#charged.value;
    const refilled = this.#isWindow ? 0 : (now - taken.at) * this.#refillPerMs;
    this.#level = Math.min(limit, remaining + refilled) - since;
    this.#at = now;
  }

  /** Calls that started before the last surprise are part of it. */
  #noteSurprise({ wasKnown, number }: Taken): void {
    if (!wasKnown || number <= this.#surprisedUpTo) return;
    this.#surprisedUpTo = this.#number;
    if (++this.#surprises === SURPRISES) this.#isWindow = true;
  }

  /** How much was really charged for the calls between two that were answered. */
  #learn(before: Answered, taken: Taken, remaining: number): void {
    const refilled = (taken.at - before.at) * this.#refillPerMs;
    const charged = Math.min(this.#size, before.remaining + refilled) - remaining;
    this.#charged.learn(taken.sum - before.sum, charged);
  }

  #fillMs(): number {
    return this.#isWindow ? MINUTE_MS : this.#size / this.#refillPerMs;
  }

  /** The level at this moment. */
  #now(): number {
    const now = this.#clock.now();
    if (!this.#isWindow) this.#level += (now - this.#at) * this.#refillPerMs;
    else if (now >= this.#fullAt) {
      this.#level = this.#size;
      // Once for each window: until an answer tells of the new one, it is taken to be as long as any.
      this.#fullAt = now + (this.#windowMs || MINUTE_MS);
    }
    this.#level = Math.min(this.#size, this.#level);
    this.#at = now;
    return this.#level;
  }
}

/** What the headers tell of one limit; undefined where it is none: some services send -1. */
function limitIn(headers: HeaderSource, name: LimitName): Told | undefined {
  const limit = numberIn(headers.get(`x-ratelimit-limit-${name}`));
  const remaining = numberIn(headers.get(`x-ratelimit-remaining-${name}`));
  if (!(limit > 0 && limit < Infinity && remaining >= 0 && remaining <= limit)) return undefined;
  const resetMs = durationIn(headers.get(`x-ratelimit-reset-${name}`));
  if (resetMs !== undefined && resetMs > LONGEST_RESET_MS) return undefined;
  return { limit, remaining, resetMs };
}

function numberIn(text: string | null | undefined): number {
  return text?.trim() ? Number(text) : NaN;
}

const UNIT_MS = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** A duration as services write it, in milliseconds: "6m0s", "12ms", "1.5s", or bare seconds. */
export function durationIn(text: string | null | undefined): number | undefined {
  const written = text?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(written)) return Number(written) * 1_000;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(written)) return undefined;
  const parts = [...written.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNIT_MS.get(unit) ?? 0), 0);
}
