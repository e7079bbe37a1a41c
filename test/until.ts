import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 25;
/** For what never becomes so. */
const GIVEN_UP_AFTER_MS = 120_000;

/**
 * Waits until something is so.
 *
 * @param what named in the error where it never becomes so
 * @param look undefined or false for not yet
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | false | undefined> | T | false | undefined,
): Promise<T> {
  const begun = performance.now();
  while (performance.now() - begun < GIVEN_UP_AFTER_MS) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    await sleep(EVERY_MS);
  }
  throw new Error(`It never came to this: ${what}`);
}
