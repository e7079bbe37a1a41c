import { every } from '../rounds.js';
import type { Store } from '../store/store.js';
import type { Engine } from './engine.js';

/** How often documents are looked for that nobody reads. */
const LOOK_EVERY_MS = 2_000;

export interface LocalTools {
  store: Pick<Store, 'left'>;
  /** Ids of the documents that are read here, wait for that, or are about to be begun. */
  known(): readonly string[];
  /** Whose documents these are: one entry a document. */
  owners(): readonly string[];
  /** How many more documents there is a place for. */
  room(): Promise<number>;
  /** Goes on with a document that was left. */
  goOn(id: string): Promise<void>;
  onTrouble(error: unknown): void;
}

/** One process reads all that its database keeps; what was left of an earlier one goes on. */
export function startLocal(tools: LocalTools): Engine {
  const closing = new AbortController();
  const { signal } = closing;
  const takeUp = async () => {
    const room = await tools.room();
    if (room <= 0) return;
    for (const id of await tools.store.left(tools.known(), room)) {
      // It may have come after it was asked what is known.
      if (!signal.aborted && !tools.known().includes(id)) await tools.goOn(id);
    }
  };
  const onTrouble = (error: unknown) => tools.onTrouble(error);
  const looking = every(LOOK_EVERY_MS, takeUp, { closing: signal, onTrouble });
  return {
    handIn: undefined,
    taken: () => Promise.resolve({ processes: 1, owners: tools.owners() }),
    cancel: () => Promise.resolve(),
    replicas: () => Promise.resolve([]),
    takeOver: () => Promise.resolve(undefined),
    async stop() {
      closing.abort();
      await looking;
    },
    close: () => Promise.resolve(),
  };
}
