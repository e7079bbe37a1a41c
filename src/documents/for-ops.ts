import { createHmac } from 'node:crypto';
import type { AtWork, DocumentAtWork, ReplicaForOps, RetriedTogether } from '../api/operations.js';
import { formatPlan } from '../processor/plan.js';
import { StoreError } from '../store/database.js';
import type { Store } from '../store/store.js';
import type { UnendedDocument } from '../store/unended.js';
import { NotTakenError, type Documents } from './documents.js';
import type { KeptEvent } from './events.js';
import { CANCELLED } from './outcome.js';
import { progressOf } from './progress.js';

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
): Promise<AtWork | undefined> {
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
      replica: unended.replica?.name ?? null,
    });
  }
  return { ...page, documents: atWork };
}

function whereIs(documents: Documents, { id, replica }: UnendedDocument): DocumentAtWork['where'] {
  if (replica && replica.id !== documents.replica) return 'elsewhere';
  return documents.stateOf(id) === 'reading' ? 'here' : 'waiting';
}

/** Calls to the model service that replicas have under way. */
export interface CallsUnderWay {
  inAll: number;
  /** By the id of the replica that makes them. */
  byReplica: ReadonlyMap<string, number>;
}

/** Those that share the work, the oldest first; none where one process reads all. */
export async function replicasForOps(
  documents: Documents,
  { byReplica }: CallsUnderWay,
): Promise<ReplicaForOps[]> {
  return (await documents.replicas()).map((replica) => ({
    id: replica.id,
    name: replica.name,
    version: replica.version,
    state: replica.state,
    is_this: replica.id === documents.replica,
    started_seconds_ago: rounded(replica.startedSAgo),
    seen_seconds_ago: rounded(replica.seenSAgo),
    documents: replica.documents,
    calls: byReplica.get(replica.id) ?? 0,
  }));
}

function rounded(seconds: number): number {
  return Math.round(10 * seconds) / 10;
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
    giveBack = await documents.reserve(owner);
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
  const { some, total } = await store.failedOfLate(hours, await documents.room(), CANCELLED);
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
