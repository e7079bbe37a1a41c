import type { ParityDocument } from '../parity/documents.js';
import { formatPlan, SINGLE_PAGE, type ProcessingPlan } from '../../processor/plan.js';
import type { Quire } from '../../quire.js';
import { timeRun, type TimedRun } from './timed-run.js';

/** What is tried: every batch size with every number of workers. */
export interface Grid {
  /** Pages a call, ascending, each 1 to 10. */
  sizes: readonly number[];
  /** Calls at once, ascending, each 1 to 20. */
  workers: readonly number[];
}

/** A document and how it was read under each plan that was run. */
export interface SizeTrials {
  document: ParityDocument;
  control: TimedRun;
  /** Shows how far the model agrees with itself. */
  controlAgain: TimedRun;
  /** By batch size, each with the most workers. */
  batches: ReadonlyMap<number, TimedRun>;
}

/**
 * Reads a document page by page twice and once in batches of each size, one run after the other, so that no run
 * takes calls from another. Fewer workers cost no calls: their times follow from those of the most.
 *
 * @param onRun called before each run
 */
export async function trySizes(
  quire: Quire,
  document: ParityDocument,
  { sizes, workers }: Grid,
  onRun: (name: string) => void,
): Promise<SizeTrials> {
  const read = (plan: ProcessingPlan, name: string) => {
    onRun(name);
    return timeRun(quire, document, plan);
  };
  const control = await read(SINGLE_PAGE, 'page by page');
  const controlAgain = await read(SINGLE_PAGE, 'page by page again');
  const batches = new Map<number, TimedRun>();
  for (const batchSize of sizes) {
    const plan: ProcessingPlan = { path: 'batch', batchSize, maxWorkers: Math.max(...workers) };
    batches.set(batchSize, await read(plan, formatPlan(plan)));
  }
  return { document, control, controlAgain, batches };
}
