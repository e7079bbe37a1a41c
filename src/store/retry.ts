import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from './database.js';

/** A database that restarts or fails over is back within this. */
const PATIENCE_MS = 60_000;
const AGAIN_AFTER_MS = 250;

/**
 * Does something with the store, again and again while it cannot be used.
 *
 * @param patienceMs milliseconds, a minute without it
 * @throws {StoreError} when it could not be used for that long; the signal's reason on abort
 */
export async function patiently<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreError) || performance.now() > giveUpAt) throw error;
      await sleep(AGAIN_AFTER_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
