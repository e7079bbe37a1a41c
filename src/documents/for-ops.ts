import { createHmac } from 'node:crypto';
import { formatPlan } from '../processor/plan.js';
import { StoreError } from '../store/database.js';
import type { Store } from '../store/store.js';
import type { UnendedDocument } from '../store/unended.js';
import { NotTakenError, type Documents } from './documents.js';
import type { KeptEvent } from './events.js';
import { CANCELLED } from './outcome.js';
import { progressOf } from './progress.js';

/** A document that has not ended, as ops see it: nothing of its contents, and nothing that names its owner. */
export interface DocumentAtWork {
  id: string;
  /** The same for all documents of one owner. */
  owner: string;
  /** null where it is not decided yet. */
  plan: string | null;
  stage: string;
  /** Since its upload. */
  age_seconds: number;
  /** Of this stage. */
  pages_done: number;
  /** 0 until it is known. */
  total_pages: number;
  /** Where it is read; `waiting` where nobody reads it yet. */
  where: 'here' | 'elsewhere' | 'waiting';
}

/**
 * What is read and what waits for that, of all owners, the oldest first.
 *
 * @param after the `next` of the page before
 * @returns undefined when `after` is none
 */
export async function documentsAtWork(
  documents: Documents,
  store: Store,
  limit: number,
  after?: string,
): Promise<{ documents: DocumentAtWork[]; total: number; next: string | null } | undefined> {
  const page = await store.unended(limit, after);
  if (!page) return undefined;
  const secret = await store.secret('ops');
  const atWork: DocumentAtWork[] = [];
  for (const unended of page.documents) {
    const { id, owner, plan, ageS } = unended;
    // One at a time: the events of a long document are thousands.
    const found = await store.events(id, 0);
    const { stage, pagesProcessed, totalPages } = progressOf((found?.events ?? []) as KeptEvent[]);
    atWork.push({
      id,
      owner: createHmac('sha256', secret).update(owner).digest('hex').slice(0, 16),
      plan: plan && formatPlan(plan),
      stage,
      age_seconds: Math.round(ageS),
      pages_done: pagesProcessed,
      total_pages: totalPages,
      where: whereIs(documents, unended),
    });
  }
  return { ...page, documents: atWork };
}

function whereIs(documents: Documents, { id, isElsewhere }: UnendedDocument): DocumentAtWork['where'] {
  if (isElsewhere) return 'elsewhere';
  return documents.stateOf(id) === 'reading' ? 'here' : 'waiting';
}

/** What ops did to one document, and what came of it. */
export interface OpsAction {
  action: 'cancel' | 'retry' | 'retry_failed';
  id: string;
  outcome: Awaited<ReturnType<Documents['cancel']>> | RetryOutcome | 'store_away';
}

type RetryOutcome = Exclude<Awaited<ReturnType<Documents['retry']>>, false> | 'unknown' | 'full';

/**
 * Asks a document again, whoever's it is.
 *
 * @returns `full` when there is no place for it
 * @throws {NotTakenError} `closed`
 */
export async function retryForOps(documents: Documents, store: Store, id: string): Promise<RetryOutcome> {
  const owner = await store.ownerOf(id);
  return owner === undefined ? 'unknown' : retryInPlace(documents, id, owner);
}

async function retryInPlace(documents: Documents, id: string, owner: string): Promise<RetryOutcome> {
  let giveBack: () => void;
  try {
    giveBack = documents.reserve(owner);
  } catch (error) {
    if (error instanceof NotTakenError && error.why !== 'closed') return 'full';
    throw error;
  }
  try {
    return (await documents.retry(id, owner)) || 'unknown';
  } finally {
    giveBack();
  }
}

/** What became of documents that were asked again together. */
export interface RetriedTogether {
  started: number;
  /** Those that could not be: they are read already, gone, or of a later version, or the store is away. */
  not_started: number;
  /** Those there was no place for. */
  left: number;
}

/**
 * Asks again all documents that failed in the last `hours`, but those that were cancelled, for as many as there
 * is a place; the one that failed first comes first.
 *
 * @param told of each document that was tried
 */
export async function retryFailed(
  documents: Documents,
  store: Store,
  hours: number,
  told: (id: string, outcome: OpsAction['outcome']) => void,
): Promise<RetriedTogether> {
  const { some, total } = await store.failedOfLate(hours, documents.room, CANCELLED);
  const counts = { started: 0, not_started: 0, left: total };
  for (const { id, owner } of some) {
    const outcome = await retryInPlace(documents, id, owner).catch((error: unknown) => {
      if (error instanceof StoreError) return 'store_away' as const;
      throw error;
    });
    if (outcome === 'full') continue;
    told(id, outcome);
    counts.left--;
    counts[outcome === 'started' ? 'started' : 'not_started']++;
  }
  return counts;
}
