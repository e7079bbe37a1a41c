import { setTimeout as sleep } from 'node:timers/promises';

/** Time as code that depends on it sees it: handed in, so that a test moves it instead of sleeping. */
export interface Clock {
  /** Milliseconds from some moment on; never goes back. */
  now(): number;
  /**
   * Resolves after so many milliseconds.
   *
   * @throws an `AbortError` on abort
   */
  sleep(ms: number, signal: AbortSignal): Promise<unknown>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
};
