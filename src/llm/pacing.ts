import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { unlessAborted } from '../abort.js';

/** Calls that were held back together start spread over this time, in milliseconds. */
const RELEASE_MS = 100;

/**
 * Paces the calls of the whole process: at most so many at once, and none before the time a
 * service has asked to wait for. One for all documents, because the limits at the provider count
 * for all of them together.
 */
export class Pacer {
  #limit = pLimit(20);
  #notBefore = 0;

  /** How many calls may run at once, from 1. May change while calls run. */
  set concurrency(calls: number) {
    this.#limit.concurrency = calls;
  }

  /** Runs a call as soon as its turn comes. Rejects at once, with the signal's reason, on abort. */
  async run<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const turn = this.#limit(async () => {
      signal.throwIfAborted();
      await this.#gate(signal);
      return call();
    });
    return unlessAborted(turn, signal);
  }

  /** Holds back every call that has not started yet for `ms` milliseconds. */
  hold(ms: number): void {
    this.#notBefore = Math.max(this.#notBefore, performance.now() + ms);
  }

  async #gate(signal: AbortSignal): Promise<void> {
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
