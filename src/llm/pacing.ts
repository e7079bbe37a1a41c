import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { unlessAborted } from '../abort.js';

/** Calls that were held back together start spread over this time, in milliseconds. */
const RELEASE_MS = 100;

/** At most so many guests are under way at once. */
const MOST_GUESTS = 4;

/** Guests leave this share of the places free, so that they seldom have to give way. */
const LEFT_FREE = 0.25;

/** What calls to the model wait at for their turn. */
export interface Pacing {
  /**
   * Runs a call as soon as its turn comes. Rejects at once, with the signal's reason, on abort.
   *
   * @param call gets the signal that ends it
   */
  run<T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Holds back every call that has not started yet for `ms` milliseconds. */
  hold(ms: number): void;
}

/**
 * Paces the calls of the whole process: at most so many at once, and none before the time a
 * service has asked to wait for. One for all documents, because the limits at the provider count
 * for all of them together.
 */
export class Pacer implements Pacing {
  #limit = pLimit(20);
  readonly #gate = new Gate();
  readonly #guestGate = new Gate();
  readonly #guests = new Set<AbortController>();
  #waitingGuests: (() => void)[] = [];

  /** How many calls may run at once, from 1. May change while calls run. */
  set concurrency(calls: number) {
    this.#limit.concurrency = calls;
  }

  async run<T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const turn = this.#limit(async () => {
      try {
        signal.throwIfAborted();
        await this.#gate.pass(signal);
        return await call(signal);
      } finally {
        // Once this call has left the count of those under way.
        setImmediate(() => this.#admitGuests());
      }
    });
    for (const guest of this.#guests) {
      if (this.#places() >= 0) break;
      this.#guests.delete(guest);
      guest.abort(new GaveWay());
    }
    return unlessAborted(turn, signal);
  }

  hold(ms: number): void {
    this.#gate.close(ms);
  }

  /**
   * A way in for calls nobody waits for: they take places that are free, and give them back as soon
   * as another call wants one (the guest call is broken off and asked again later). A rate limit they
   * run into holds back guests alone.
   *
   * @param patience how often calls that come in this way may be broken off, all together
   * @returns a way in whose calls reject with {@link GaveWay} once they were broken off more often
   */
  guests(patience: number): Pacing {
    let brokenOff = 0;
    const run = async <T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> => {
      for (;;) {
        await this.#guestGate.pass(signal);
        const guest = await this.#enterAsGuest(signal);
        try {
          return await call(AbortSignal.any([signal, guest.signal]));
        } catch (error) {
          if (!(error instanceof GaveWay) || ++brokenOff > patience) throw error;
        } finally {
          this.#guests.delete(guest);
          this.#admitGuests();
        }
      }
    };
    return { run, hold: (ms) => this.#guestGate.close(ms) };
  }

  async #enterAsGuest(signal: AbortSignal): Promise<AbortController> {
    for (;;) {
      signal.throwIfAborted();
      await this.#gate.pass(signal);
      const leftFree = Math.floor(LEFT_FREE * this.#limit.concurrency);
      if (this.#places() > leftFree && this.#guests.size < MOST_GUESTS) {
        const guest = new AbortController();
        this.#guests.add(guest);
        return guest;
      }
      await unlessAborted(new Promise<void>((resolve) => this.#waitingGuests.push(resolve)), signal);
    }
  }

  /** Lets all waiting guests look for a place again. */
  #admitGuests(): void {
    for (const look of this.#waitingGuests.splice(0)) look();
  }

  /** Places left; below 0 when guests have to give way. */
  #places(): number {
    const { concurrency, activeCount, pendingCount } = this.#limit;
    return concurrency - activeCount - pendingCount - this.#guests.size;
  }
}

/** Why a guest call was broken off. */
export class GaveWay extends Error {
  override readonly name = 'GaveWay';
}

/** Closed for a while, open otherwise. */
class Gate {
  #notBefore = 0;

  close(ms: number): void {
    this.#notBefore = Math.max(this.#notBefore, performance.now() + ms);
  }

  async pass(signal: AbortSignal): Promise<void> {
    // Again after each wait: another call may have moved the gate meanwhile.
    for (
      let wait = this.#notBefore - performance.now();
      wait > 0;
      wait = this.#notBefore - performance.now()
    ) {
      await sleep(wait + Math.random() * RELEASE_MS, undefined, { signal });
    }
  }
}

/** The pacer of this process. */
export const processPacer = new Pacer();
