import { setTimeout as sleep } from 'node:timers/promises';

export interface RoundTools {
  /** Ends it. */
  closing: AbortSignal;
  /** Told why a round failed; the next one comes all the same. */
  onTrouble: (error: unknown) => void;
}

/**
 * Does something at once and then again and again, until it is ended.
 *
 * @param ms milliseconds from the end of a round to the next one
 * @returns resolves when it has ended
 */
export async function every(
  ms: number,
  round: () => Promise<void>,
  { closing, onTrouble }: RoundTools,
): Promise<void> {
  while (!closing.aborted) {
    await round().catch((error: unknown) => {
      if (!closing.aborted) onTrouble(error);
    });
    await sleep(ms, undefined, { signal: closing, ref: false }).catch(() => undefined);
  }
}
