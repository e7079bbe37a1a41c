import type { Clock } from '../clock.js';
import {
  NOT_MADE,
  type AwayTold,
  type CallEnding,
  type NextCall,
  type Place,
  type PlaceAnswer,
  type SharedLimits,
} from './shared-limits.js';

/** Where nobody can tell when there is a place, it is asked for again after about so many milliseconds. */
const AGAIN_MS = 100;

/** Calls that nobody waits for ask this much later, in milliseconds. */
const BACKGROUND_AGAIN_MS = 500;

/** Who does not ask for a second is taken to wait no more. */
const AGAIN_AT_LEAST_MS = 500;

/** How often it is asked whether others found that a service is back, in milliseconds. */
const AWAY_MS = 1_000;

/** The calls that wait for places. */
interface WaitingCalls {
  /** Those that could start now, the best first, one for each document. */
  next(): readonly NextCall[];
  /** Whether calls wait because the service is away. */
  waitForService(): boolean;
  /** Told each answer. */
  update(answer: PlaceAnswer): void;
  /**
   * Starts the call that a place was taken for.
   *
   * @returns false where it is not there any more, or may not start
   */
  start(held: HeldPlace): boolean;
}

/** A place that was taken, with what gives it back. */
export class HeldPlace {
  readonly #limits: SharedLimits;

  constructor(
    readonly place: Place,
    limits: SharedLimits,
  ) {
    this.#limits = limits;
  }

  /** @returns what is known of the service then */
  give(ending: CallEnding): Promise<AwayTold | undefined> {
    return this.#limits.give(this.place, ending);
  }
}

/**
 * Takes places within limits that are shared, for the calls of one queue: one question at a time, and as late as
 * can be, so that the call that starts is the one that comes first by then.
 */
export class SharedPlaces {
  readonly #limits: SharedLimits;
  readonly #calls: WaitingCalls;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  #isAsking = false;
  /** Whether others may take this queue for waiting. */
  #isKnownToWait = false;
  /** Ends the pause before the next question. */
  #wake = new AbortController();

  constructor(limits: SharedLimits, calls: WaitingCalls, clock: Clock) {
    this.#limits = limits;
    this.#calls = calls;
    this.#clock = clock;
  }

  /** Calls may have come that could start. */
  look(): void {
    if (this.#isAsking || this.#ended.signal.aborted) return;
    this.#isAsking = true;
    void this.#ask();
  }

  /** There may be a place. */
  lookAgain(): void {
    this.#wake.abort();
    this.look();
  }

  /** Asks for a place for a call that gives way to all others. */
  async takeFor(call: NextCall, leaving: number): Promise<HeldPlace | { againMs: number }> {
    const answer = await this.#limits.take([call], leaving);
    this.#calls.update(answer);
    if (answer.place) return new HeldPlace(answer.place, this.#limits);
    return { againMs: Math.max(BACKGROUND_AGAIN_MS, answer.againMs) };
  }

  end(): void {
    this.#ended.abort();
    this.#wake.abort();
    if (this.#isKnownToWait) void this.#limits.take([], 0);
  }

  async #ask(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      // What calls this may be about to change what waits.
      await Promise.resolve();
      const next = this.#calls.next();
      const isAway = next.length === 0 && this.#calls.waitForService();
      if (next.length === 0 && !isAway && !this.#isKnownToWait) break;
      this.#wake = new AbortController();
      const answer = await this.#limits.take(next, 0);
      this.#isKnownToWait = next.length > 0 && !answer.place;
      this.#calls.update(answer);
      if (answer.place) await this.#start(new HeldPlace(answer.place, this.#limits));
      else if (isAway) await this.#pause(AWAY_MS);
      else if (next.length > 0) await this.#pause(pauseAfter(answer));
    }
    this.#isAsking = false;
  }

  async #start(held: HeldPlace): Promise<void> {
    const { waitMs } = held.place;
    if (waitMs > 0) await this.#clock.sleep(waitMs, this.#ended.signal).catch(ignore);
    if (this.#calls.start(held)) return;
    await held.give(NOT_MADE);
  }

  async #pause(ms: number): Promise<void> {
    await this.#clock.sleep(ms, this.#wake.signal).catch(ignore);
  }
}

function pauseAfter({ againMs }: PlaceAnswer): number {
  if (againMs > 0) return Math.min(againMs, AGAIN_AT_LEAST_MS);
  return AGAIN_MS * (0.5 + Math.random());
}

function ignore(): void {
  // It goes on at once.
}
