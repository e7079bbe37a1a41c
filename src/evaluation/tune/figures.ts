import type { Ratios, RunFigures, TestResult, Verdict } from '../figures.js';

/** What a plan used on all documents together. */
export interface PlanFigures extends RunFigures {
  /** From the first start of a call to the last end, summed over the documents. */
  seconds: number;
  /** Of prompts and answers, as far as calls reported their usage. */
  tokens: number;
}

/** Page by page: the mean of its two runs; failed pages are the first run's. */
export interface ControlFigures extends PlanFigures {
  /** Share of page fields that both runs read alike, 0 to 1. */
  agreement: number | null;
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
  test: TestResult;
  /** To page by page. */
  ratio: Ratios;
}

/** What points are held to be cheap by: `calls` when the model has no price, or costs nothing. */
export type CostMeasure = 'cost_usd' | 'calls';

/** What `report.json` holds: figures and file names. */
export interface TuningReport {
  /** In UTC, ISO 8601. */
  created_at: string;
  model: string;
  pages: number;
  documents: { file: string; pages: number; unreadable_pages: number }[];
  control: ControlFigures;
  /** By batch size, then by workers, ascending. */
  points: Point[];
  cost_measure: CostMeasure;
  recommended: Point | null;
}
