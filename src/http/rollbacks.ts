import type { PlanInForce, RollbackForOps } from '../api/overview.js';
import type { RecentDocumentForOps } from '../api/recent.js';
import { parsePlan, parsePlanChoice, type BatchPlan, type PlanChoice } from '../processor/plan.js';
import { isCounted, quantile } from './recent.js';

/** The sizes that a rollback sets. */
const SMALLER = { shrink: { batchSize: 2, maxWorkers: 3 }, batch_only: { batchSize: 2, maxWorkers: 1 } };

const FLAG = 'the flag batch-page-processing, your environment';
const HOW: Readonly<Record<RollbackForOps['rollback'], string>> = {
  full_revert: `In Unleash: ${FLAG}, switch it off.`,
  shrink: `In Unleash: ${FLAG}, edit the strategy, Variants, the payload of batch: {"batchSize": 2, "maxWorkers": 3}.`,
  batch_only: `In Unleash: ${FLAG}, edit the strategy, Variants, the payload of batch: {"batchSize": 2, "maxWorkers": 1}.`,
};

/** What documents of late took. */
interface Usual {
  documents: number;
  pages: number;
  /** So many times the calls that the batches alone would be: accounts divide them, and salvage asks again. */
  callsABatch: number;
  callsAPage: number;
  batchSize: number | undefined;
}

/** What each rollback would change, given the plan now and what the last documents took. */
export function rollbacksFor(
  plan: PlanInForce,
  documents: readonly RecentDocumentForOps[],
): RollbackForOps[] {
  const usual = usualOf(documents);
  return (['full_revert', 'shrink', 'batch_only'] as const).map((rollback) => {
    const nothing = whyNothing(plan, rollback);
    const changed = nothing ?? changeOf(rollback, plan, usual);
    const none = { calls_now: null, calls_then: null };
    const how =
      plan.decided_by === 'fixed' ? 'Change the plan or QUIRE_PLAN, and start again.' : HOW[rollback];
    if (typeof changed === 'string') return { rollback, changes: false, says: changed, how, ...none };
    return { rollback, changes: true, how, ...changed };
  });
}

const ALREADY = 'Changes nothing: all new documents are read page by page already.';

/** Where no flip changes anything. */
function whyNothing(
  { decided_by: decidedBy }: PlanInForce,
  rollback: RollbackForOps['rollback'],
): string | undefined {
  switch (decidedBy) {
    case 'forced':
      return 'Changes nothing: QUIRE_FORCE_SINGLE_PAGE has all new documents read page by page already.';
    case 'fixed':
      return 'Changes nothing: the plan is fixed, and no flag is asked.';
    case 'payload_invalid':
      if (rollback !== 'full_revert')
        return 'Is no rollback now: with a payload that is a plan, new documents would be read in batches again.';
      return ALREADY;
    case 'flag_off':
      return ALREADY;
    case 'flag':
    case 'rolled_back':
    case 'trying':
    case 'unknown':
      return undefined;
  }
}

type Change = Pick<RollbackForOps, 'says' | 'calls_now' | 'calls_then'>;

/** @returns a sentence where it changes nothing */
function changeOf(
  rollback: RollbackForOps['rollback'],
  { batch_plan: text, decided_by: decidedBy }: PlanInForce,
  usual: Usual | undefined,
): Change | string {
  const now = text === null ? undefined : parsePlanChoice(text);
  const sizes = now?.path === 'batch' ? now : undefined;
  const isLeft = decidedBy === 'rolled_back' || decidedBy === 'trying';
  const callsNow = callsOf(sizes?.batchSize, usual);
  if (rollback === 'full_revert') {
    const callsThen = usual && Math.round(usual.callsAPage * usual.pages);
    if (isLeft) {
      const says = `No document tries the batch path any more; all are read page by page${inCalls(callsThen, callsThen, usual)}`;
      return { says, calls_now: callsThen ?? null, calls_then: callsThen ?? null };
    }
    const begin = decidedBy === 'unknown' ? 'Where the flag is on, new documents' : 'New documents';
    const workers = sizes ? ` instead of up to ${sizes.maxWorkers} at once` : '';
    const says = `${begin} are read page by page, one call after the other${workers}${inCalls(callsNow, callsThen, usual)}`;
    return { says, calls_now: callsNow ?? null, calls_then: callsThen ?? null };
  }
  const then = SMALLER[rollback];
  if (sizes && isWithin(sizes, then)) return `Changes nothing: batches are that small already (${text}).`;
  const callsThen = callsOf(then.batchSize, usual);
  const atOnce = then.maxWorkers === 1 ? 'one after the other' : `${then.maxWorkers} at once at most`;
  const before = sizes ? `, where it is ${text} now` : '';
  const says = `${BATCHES[decidedBy] ?? 'Batches'} have ${then.batchSize} pages at most and are asked ${atOnce}${before}${inCalls(callsNow, callsThen, usual)}`;
  return { says, calls_now: callsNow ?? null, calls_then: callsThen ?? null };
}

/** Where not all new documents are read in batches by the flag now. */
const BATCHES: Partial<Record<PlanInForce['decided_by'], string>> = {
  rolled_back: 'Once the automatic rollback has ended, batches',
  trying: 'Once the automatic rollback has ended, batches',
  unknown: 'Where the flag is on, batches',
};

function isWithin(sizes: Extract<PlanChoice, { path: 'batch' }>, most: typeof SMALLER.shrink): boolean {
  const { batchSize, maxWorkers } = sizes;
  if (batchSize === 'auto') return false;
  return batchSize <= most.batchSize && maxWorkers <= most.maxWorkers;
}

function inCalls(now: number | undefined, then: number | undefined, usual: Usual | undefined): string {
  if (!usual || then === undefined)
    return '. How many calls that makes is not known: no document was read of late.';
  if (then === now) return `: about as many calls as now, ${then} a document of ${usual.pages} pages.`;
  const instead = now === undefined ? '' : ` instead of ${now}`;
  return `: about ${then} calls a document of ${usual.pages} pages${instead}, by the last ${usual.documents}.`;
}

function callsOf(batchSize: number | 'auto' | undefined, usual: Usual | undefined): number | undefined {
  if (!usual) return undefined;
  const size = typeof batchSize === 'number' ? batchSize : usual.batchSize;
  return size === undefined ? undefined : Math.round(Math.ceil(usual.pages / size) * usual.callsABatch);
}

function usualOf(documents: readonly RecentDocumentForOps[]): Usual | undefined {
  const counted = documents.filter(isCounted);
  const pages = median(counted.map((document) => document.pages));
  if (pages === undefined) return undefined;
  const inBatches = counted.flatMap((document) => {
    const plan = batchPlanOf(document);
    return plan ? [{ ...document, batchSize: plan.batchSize }] : [];
  });
  const alone = counted.filter(({ path }) => path === 'single-page');
  return {
    documents: counted.length,
    pages: Math.round(pages),
    callsABatch:
      median(inBatches.map(({ calls, pages: of, batchSize }) => calls / Math.ceil(of / batchSize))) ?? 1,
    callsAPage: median(alone.map(({ calls, pages: of }) => calls / of)) ?? 1,
    batchSize: median(inBatches.map(({ batchSize }) => batchSize)),
  };
}

function batchPlanOf({ plan }: RecentDocumentForOps): BatchPlan | undefined {
  const parsed = plan === null ? undefined : parsePlan(plan);
  return parsed?.path === 'batch' ? parsed : undefined;
}

function median(numbers: readonly number[]): number | undefined {
  return quantile(
    numbers.toSorted((one, other) => one - other),
    0.5,
  );
}
