import { systemClock, type Clock } from '../clock.js';
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
export async function withStoreRetry<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  patienceMs = PATIENCE_MS,
  clock: Clock = systemClock,
): Promise<T> {
  const giveUpAt = clock.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreError) || clock.now() > giveUpAt) throw error;
      await clock.sleep(AGAIN_AFTER_MS, signal).catch(() => signal.throwIfAborted());
    }
  }
}
