import type { Logger } from '../logger.js';
import { every, type RoundTools } from '../rounds.js';
import type { Store } from '../store/store.js';

const EXPIRE_EVERY_MS = 60 * 60_000;
const EXPIRED_AT_ONCE = 100;
/** How often documents are looked for that a version before has written. */
const FILL_EVERY_MS = 60_000;
const FORGET_VIEWERS_EVERY_MS = 60_000;

export interface UpkeepTools extends RoundTools {
  /** Told that a document is deleted. */
  onForget: (id: string) => void;
  logger: Logger;
}

/**
 * Forgets documents that are too old and who has looked at one, and fills in what lists need of those of a version
 * before, from time to time until it is ended.
 *
 * @param retentionDays days until a document is forgotten; never without it
 * @returns resolves when it has ended
 */
export function keepUp(
  store: Store,
  retentionDays: number | undefined,
  tools: UpkeepTools,
): Promise<unknown> {
  const rounds = [
    every(FILL_EVERY_MS, () => fillListings(store, tools), tools),
    every(FORGET_VIEWERS_EVERY_MS, () => store.viewers.forgetGone(), tools),
  ];
  if (retentionDays !== undefined) {
    rounds.push(every(EXPIRE_EVERY_MS, () => expire(store, retentionDays, tools), tools));
  }
  return Promise.all(rounds);
}

async function expire(
  store: Store,
  retentionDays: number,
  { closing, onForget, logger }: UpkeepTools,
): Promise<void> {
  await store.expireOfTerminal(retentionDays);
  let deleted = 0;
  let expired: string[];
  do {
    expired = await store.expire(retentionDays, EXPIRED_AT_ONCE);
    for (const id of expired) onForget(id);
    deleted += expired.length;
  } while (expired.length === EXPIRED_AT_ONCE && !closing.aborted);
  if (deleted > 0)
    logger.info({ documents: deleted, retention_days: retentionDays }, 'old documents deleted');
}

async function fillListings(store: Store, { closing }: UpkeepTools): Promise<void> {
  while ((await store.fillListings()) && !closing.aborted);
}
