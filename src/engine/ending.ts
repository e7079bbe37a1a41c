import { setTimeout as sleep } from 'node:timers/promises';
import type { DocumentQueue } from '../llm/turns.js';

/** A reading that can be ended in good order. */
export interface Ending {
  queue: DocumentQueue;
  /** What must end before the reading may. */
  finishing: Set<Promise<unknown>>;
  stop: AbortController;
  done: Promise<unknown>;
}

/** Has what it is handed waited for before the reading is broken off. */
export function finishingIn(finishing: Set<Promise<unknown>>): <T>(work: Promise<T>) => Promise<T> {
  return (work) => {
    const settled = work.then(ignore, ignore).finally(() => finishing.delete(settled));
    finishing.add(settled);
    return work;
  };
}

/**
 * Gives the calls under way time to end and their answers time to be kept, each reading for itself, then breaks the
 * readings off. Their queues start no more calls by then.
 *
 * @param besides what else may end within that time
 */
export async function endWithin(
  graceMs: number,
  readings: readonly Ending[],
  besides: Promise<unknown> = Promise.resolve(),
): Promise<void> {
  const grace = new AbortController();
  const over = sleep(graceMs, undefined, { signal: grace.signal }).catch(ignore);
  const ended = readings.map(async (reading) => {
    await Promise.race([settled(reading), over]);
    reading.stop.abort(new Error('Quire was closed.'));
    await reading.done;
  });
  await Promise.all([...ended, Promise.race([besides, over])]);
  grace.abort();
}

/** Resolves when a document has no call under way and nothing else to finish, or has ended. */
async function settled({ queue, finishing, done }: Ending): Promise<void> {
  const quiet = async () => {
    do {
      await queue.idle();
      await Promise.all(finishing);
    } while (finishing.size > 0);
  };
  await Promise.race([done, quiet()]);
}

function ignore(): void {
  // Told elsewhere, or of no consequence.
}
