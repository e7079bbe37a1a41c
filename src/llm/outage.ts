import type { Clock } from '../clock.js';
import type { FailureReason } from './failure-reason.js';
import type { ModelFailure } from './failure.js';
import { FailedUnits, type Unit } from './failed-units.js';
import { LONGEST_WAIT_MS } from './rate-limits.js';
import type { AwayTold } from './shared-limits.js';

/** A call that the service was asked to serve. */
export interface StartedCall extends Unit {
  /** In the order in which calls start, from 1. */
  number: number;
  /** Milliseconds for which trouble of the whole service is not held against its pages; 0 for not at all. */
  outagePatienceMs: number;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Pauses end a random part of this later, in milliseconds, so that processes do not come back together. */
const JITTER_MS = 100;

/** Trouble that is met again after so long without any, in milliseconds, is another one. */
export const FORGOTTEN_AFTER_MS = 2 * LONGEST_WAIT_MS;

/** A time limit that passed is no evidence: the page may be slow to read. */
const EVIDENCE: ReadonlySet<FailureReason> = new Set(['server_error', 'connection']);

/** An outage as far as it is known. */
interface Away {
  since: number;
  /** The longest patience of those who met it. */
  patienceMs: number;
  /** No call starts before. */
  pauseEndsAt: number;
  /** Calls made since to find out whether it is over that failed. */
  failedProbes: number;
  /** Whether others know of it, and tell its end. */
  isShared: boolean;
}

/**
 * Whether a model service is away: calls about different pages failed by server errors or refused connections,
 * and none went well between. From then on one call at a time finds out whether it is back, after pauses that
 * double from 1 s to 30 s, and failures say nothing of the pages, until those who asked have no patience left.
 */
export class Outage {
  readonly #clock: Clock;
  readonly #failed = new FailedUnits();
  #away: Away | undefined;
  #lastFailureAt = -Infinity;
  /** The call under way that finds out. */
  #probe: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether calls are held back. */
  get isOn(): boolean {
    return this.#away !== undefined && this.#clock.now() < this.#away.since + this.#away.patienceMs;
  }

  /** Whether a call finds out at present, so that no other may start. */
  get isProbed(): boolean {
    return this.isOn && this.#probe !== undefined;
  }

  /** When the pause ends, by the clock; 0 where there is none. */
  get pauseEndsAt(): number {
    if (!this.#away || !this.isOn) return 0;
    return Math.min(this.#away.pauseEndsAt, this.#away.since + this.#away.patienceMs);
  }

  /** A call starts. */
  started(number: number): void {
    if (this.isOn) this.#probe = number;
  }

  /** A call has ended, however it did. */
  ended(number: number): void {
    if (this.#probe === number) this.#probe = undefined;
  }

  /** The service answered a call: it is there. */
  answered(): void {
    // What ended before anybody could find out was no outage: two bad pages can look like one for a moment.
    if (this.#away && this.#away.failedProbes > 0) this.#failed.forget();
    else this.#failed.suspectAll();
    this.#away = undefined;
  }

  /** A call failed, before it is told as ended. */
  failed(call: StartedCall, failure: ModelFailure): void {
    const now = this.#clock.now();
    if (isEvidence(call, failure)) this.#update(call, now);
    if (!this.#away) return;
    if (this.#probe === call.number) this.#pause(this.#away, ++this.#away.failedProbes);
    this.judge(call, failure);
  }

  /** Whether a failure is the service's, by what is known at present. */
  judge(call: StartedCall, failure: ModelFailure): void {
    const until = (this.#away?.since ?? -Infinity) + call.outagePatienceMs;
    failure.isOfService = isEvidence(call, failure) && this.#clock.now() < until;
  }

  /** What others are to know of it. */
  get known(): AwayTold | undefined {
    if (!this.#away || !this.isOn) return undefined;
    const { since, patienceMs, pauseEndsAt, failedProbes } = this.#away;
    const now = this.#clock.now();
    return { sinceMs: now - since, patienceMs, pauseMs: Math.max(0, pauseEndsAt - now), failedProbes };
  }

  /**
   * What others know of it: undefined ends the outage, where they knew of it.
   *
   * @returns whether it has ended
   */
  told(away: AwayTold | undefined): boolean {
    if (!away) {
      const wasOn = this.isOn && this.#away?.isShared === true;
      if (this.#away?.isShared) this.answered();
      return wasOn;
    }
    const now = this.#clock.now();
    const { sinceMs, patienceMs, pauseMs, failedProbes } = away;
    const since = now - sinceMs;
    this.#lastFailureAt = Math.max(this.#lastFailureAt, since);
    this.#away = { since, patienceMs, pauseEndsAt: now + pauseMs, failedProbes, isShared: true };
    return false;
  }

  #update(call: StartedCall, now: number): void {
    const isLongAgo = now > this.#lastFailureAt + FORGOTTEN_AFTER_MS;
    this.#lastFailureAt = now;
    if (isLongAgo) {
      this.#failed.forget();
      this.#away = undefined;
    }
    if (this.#away) {
      this.#away.patienceMs = Math.max(this.#away.patienceMs, call.outagePatienceMs);
      return;
    }
    if (this.#failed.isSuspect(call)) return;
    const isOutage = this.#failed.hasOther(call);
    this.#failed.add(call);
    if (!isOutage) return;
    this.#away = {
      since: now,
      patienceMs: call.outagePatienceMs,
      pauseEndsAt: 0,
      failedProbes: 0,
      isShared: false,
    };
    this.#pause(this.#away, 0);
  }

  #pause(away: Away, failedProbes: number): void {
    const ms = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failedProbes);
    away.pauseEndsAt = this.#clock.now() + ms + Math.random() * JITTER_MS;
  }
}

function isEvidence({ outagePatienceMs }: StartedCall, { reason }: ModelFailure): boolean {
  return EVIDENCE.has(reason) && outagePatienceMs > 0;
}
