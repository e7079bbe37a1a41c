import type { Findings, RunFigures, Verdict } from '../parity/report.js';

/** What a plan used on all documents together. */
export interface PlanFigures extends RunFigures {
  /** From the first start of a call to the last end, summed over the documents. */
  seconds: number;
  /** Of prompts and answers, as far as calls told their usage. */
  tokens: number;
}

/** A batch plan and how it did. All points of a size have the same calls, and differ in time alone. */
export interface Point extends PlanFigures {
  batch_size: number;
  max_workers: number;
  /** `measured`: run with so many workers. `replayed`: worked out from the calls of the run with the most. */
  timing: 'measured' | 'replayed';
  verdict: Verdict;
  /** Share of page fields that are as page by page read them, 0 to 1; null when nothing was compared. */
  agreement: number | null;
  test: Findings['test'];
  /** To page by page; null when one of the two is not known or page by page's is 0. */
  ratio: Findings['ratio'];
}

/** What points are held to be cheap by: `calls` when the model has no price, or costs nothing. */
export type CostMeasure = 'cost_usd' | 'calls';
