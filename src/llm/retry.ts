import { systemClock, type Clock } from '../clock.js';
import { ModelFailure } from './failure.js';

/** A page is not to blame for a service that asks to wait; so often it is tolerated all the same. */
const MOST_WAITS = 30;

/** How many failed or unusable answers are tolerated before giving up, at least 1 each. */
export interface Patience {
  /** All failures together, but for waits the service asked for and for failures of the whole service. */
  failures: number;
  /** Answers that came but cannot be used. */
  unusable: number;
  /** Failures whose cause will not go away. */
  permanent: number;
}

const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 8_000;

/**
 * The one retry policy. Asks until there is an answer or patience ends, waiting a random time below
 * a doubling limit (250 ms to 8 s) in between, so that calls that failed together do not come back
 * together. A wait asked for by the service (`Retry-After`) comes besides: the queue keeps every call to
 * it. A failure of the whole service (`ModelFailure.isOfService`) does not count. Own code because the retry of the usual libraries cannot be aborted while it
 * waits and knows no limit by kind of failure.
 *
 * @throws {ModelFailure} the last failure, when patience ended; the signal's reason on abort
 */
export async function withRetries<T>(
  ask: () => Promise<T>,
  patience: Patience,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<T> {
  let failures = 0;
  let unusable = 0;
  let permanent = 0;
  let waits = 0;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ModelFailure)) throw error;
      // The queue starts the next one when the service may be back; how long that goes on is decided there.
      if (error.isOfService) continue;
      if (error.reason === 'rate_limited' && error.retryAfterMs !== undefined) waits++;
      else failures++;
      if (error.worth === 'unusable') unusable++;
      if (error.worth === 'permanent') permanent++;
      const outOfPatience =
        error.worth === 'final' ||
        failures >= patience.failures ||
        unusable >= patience.unusable ||
        permanent >= patience.permanent ||
        waits >= MOST_WAITS;
      if (outOfPatience) throw error;
      if (error.worth === 'transient') await backoff(Math.max(failures, 1), signal, clock);
    }
  }
}

async function backoff(failures: number, signal: AbortSignal, clock: Clock): Promise<void> {
  const limit = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1));
  await clock.sleep(Math.random() * limit, signal).catch(() => signal.throwIfAborted());
}
