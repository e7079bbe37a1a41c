import { setMaxListeners } from 'node:events';
import type { DocumentQueue } from '../llm/turns.js';
import { endWithin, finishingIn, type Ending } from './ending.js';

/** How a document is read that a caller gives. */
export interface GivenRun {
  /** Aborted when it is to be read no more. */
  signal: AbortSignal;
  /** Has something waited for, within the grace, before all is closed. */
  finishing: <T>(work: Promise<T>) => Promise<T>;
}

interface Given extends Ending {
  /** Whether its answers are kept: then those under way are worth waiting for. */
  isKept: boolean;
}

/** The documents that callers give and keep themselves, until each is read. */
export class GivenDocuments {
  readonly #running = new Set<Given>();
  #isClosed = false;

  /** How many are not read yet. */
  get count(): number {
    return this.#running.size;
  }

  /** @throws what `read` throws */
  async read<T>(
    { queue, isKept, signal }: { queue: DocumentQueue; isKept: boolean; signal: AbortSignal | undefined },
    read: (run: GivenRun) => Promise<T>,
  ): Promise<T> {
    const given: Given = {
      queue,
      isKept,
      finishing: new Set(),
      stop: new AbortController(),
      done: Promise.resolve(),
    };
    if (this.#isClosed) given.stop.abort(closed());
    const ends = AbortSignal.any([given.stop.signal, ...(signal ? [signal] : [])]);
    setMaxListeners(0, ends);
    this.#running.add(given);
    const done = read({ signal: ends, finishing: finishingIn(given.finishing) });
    given.done = done.catch(() => undefined);
    try {
      return await done;
    } finally {
      this.#running.delete(given);
    }
  }

  /** Starts no more calls. Of documents whose answers are kept, those under way have time to end. */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    const running = [...this.#running];
    for (const { queue, isKept, stop } of running) {
      queue.stop();
      if (!isKept) stop.abort(closed());
    }
    await endWithin(graceMs, running);
  }
}

function closed(): Error {
  return new Error('Quire was closed.');
}
