import type { Clock } from '../clock.js';
import type { ModelFailure } from './failure.js';
import { FailedUnits } from './failed-units.js';
import { FORGOTTEN_AFTER_MS, type StartedCall } from './outage.js';
import { UNSPECIFIED_WAIT_MS } from './turns.js';

/** In milliseconds. */
const LONGEST_UNTOLD_WAIT_MS = 60_000;

/**
 * Calls that a model service rejects for their rate without saying for how long. As long as it rejects all of
 * them, each time holds back all calls twice as long as the last one, from 250 ms to a minute, and says
 * nothing of the pages, until those who asked have no patience left.
 */
export class Rejections {
  readonly #clock: Clock;
  readonly #failed = new FailedUnits();
  #since: number | undefined;
  #lastAt = -Infinity;
  #rounds = 0;
  /** Calls up to this one were under way when the last round was counted. */
  #roundUpTo = 0;
  #areSeveral = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The service answered a call. */
  answered(): void {
    // One that is rejected alone while others are answered is rejected for a reason of its own.
    if (this.#areSeveral) this.#failed.forget();
    else this.#failed.suspectAll();
    this.#since = undefined;
    this.#areSeveral = false;
    this.#rounds = 0;
  }

  /**
   * A call was rejected and told no wait.
   *
   * @param newest number of the call that started last
   * @returns milliseconds for which no call is to start
   */
  failed(call: StartedCall, failure: ModelFailure, newest: number): number {
    const now = this.#clock.now();
    if (now > this.#lastAt + FORGOTTEN_AFTER_MS) this.answered();
    this.#lastAt = now;
    const isAlone = !this.#failed.hasOther(call);
    if (call.outagePatienceMs === 0 || (isAlone && this.#failed.isSuspect(call))) return UNSPECIFIED_WAIT_MS;
    this.#failed.add(call);
    this.#areSeveral ||= !isAlone;
    this.#since ??= now;
    if (now >= this.#since + call.outagePatienceMs) return UNSPECIFIED_WAIT_MS;
    failure.isOfService = true;
    if (call.number <= this.#roundUpTo) return 0;
    this.#roundUpTo = newest;
    return Math.min(LONGEST_UNTOLD_WAIT_MS, UNSPECIFIED_WAIT_MS * 2 ** this.#rounds++);
  }
}
