import { checkComparable, findingsOf, ratio, type RunFigures } from '../parity/report.js';
import type { Trial } from '../parity/trials.js';
import type { DocumentRecord } from '../../stages/record.js';
import type { CostMeasure, PlanFigures, Point } from './figures.js';
import { recommend } from './recommendation.js';
import { measuredMs, replayedMs, type TimedRun } from './timed-run.js';
import type { Grid, SizeTrials } from './trials.js';

/** What `report.json` holds: figures and file names. */
export interface TuningReport {
  /** In UTC, ISO 8601. */
  created_at: string;
  model: string;
  pages: number;
  documents: { file: string; pages: number; unreadable_pages: number }[];
  /** Page by page: the mean of its two runs; failed pages are the first run's. */
  control: PlanFigures & {
    /** Share of page fields that both runs read alike, 0 to 1. */
    agreement: number | null;
  };
  /** By batch size, then by workers, ascending. */
  points: Point[];
  cost_measure: CostMeasure;
  recommended: Point | null;
}

/**
 * Works out how each plan of the grid did.
 *
 * @param trials at least one, with all sizes of the grid
 * @param mostCalls at once in the whole process: more workers are no faster
 * @throws {TrialError} when page by page gave nothing to compare with
 */
export function buildReport(
  model: string,
  trials: readonly SizeTrials[],
  { sizes, workers }: Grid,
  mostCalls: number,
  createdAt: Date,
): TuningReport {
  const control = controlFigures(trials);
  const points = sizes.flatMap((size) => pointsOf(size, workers, mostCalls, trials, control));
  const costs = [control, ...points].map(({ cost_usd: cost }) => cost);
  const measure = costs.every((cost) => cost !== null && cost > 0) ? 'cost_usd' : 'calls';
  return {
    created_at: createdAt.toISOString(),
    model,
    pages: trials.reduce((pages, { document }) => pages + document.texts.size, 0),
    documents: trials.map(({ document: { file, texts, unreadablePages } }) => ({
      ...{ file, pages: texts.size, unreadable_pages: unreadablePages.length },
    })),
    control,
    points,
    cost_measure: measure,
    recommended: recommend(points, control, measure) ?? null,
  };
}

function controlFigures(trials: readonly SizeTrials[]): TuningReport['control'] {
  const both = trials.map((trial) => parityTrial(trial, trial.controlAgain));
  const { agreement, runs } = findingsOf(both);
  checkComparable({ agreement }, both);
  const first = usedBy(
    runs.control,
    trials.map(({ control }) => control),
    measuredMs,
  );
  const again = usedBy(
    runs.control_again,
    trials.map(({ controlAgain }) => controlAgain),
    measuredMs,
  );
  const { cost_usd: cost } = first;
  return {
    ...first,
    seconds: mean(first.seconds, again.seconds),
    calls: mean(first.calls, again.calls),
    tokens: mean(first.tokens, again.tokens),
    cost_usd: cost === null || again.cost_usd === null ? null : mean(cost, again.cost_usd),
    unknown_usage_calls: mean(first.unknown_usage_calls, again.unknown_usage_calls),
    agreement: agreement.page.noise.agreement,
  };
}

/** The points of a size, which was run once with the most workers. */
function pointsOf(
  size: number,
  workers: readonly number[],
  mostCalls: number,
  trials: readonly SizeTrials[],
  control: PlanFigures,
): Point[] {
  const runs = trials.map((trial) => runOf(trial, size));
  const {
    agreement,
    runs: used,
    test,
    verdict,
  } = findingsOf(trials.map((trial) => parityTrial(trial, runOf(trial, size))));
  const most = Math.max(...workers);
  return workers.map((count) => {
    const isMeasured = count === most;
    const time = (calls: TimedRun['calls']) =>
      isMeasured ? measuredMs(calls) : replayedMs(calls, Math.min(count, mostCalls));
    const figures = usedBy(used.candidate, runs, time);
    return {
      batch_size: size,
      max_workers: count,
      timing: isMeasured ? 'measured' : 'replayed',
      ...figures,
      verdict,
      agreement: agreement.page.candidate.agreement,
      test,
      ratio: {
        calls: ratio(figures.calls, control.calls),
        seconds: ratio(figures.seconds, control.seconds),
        cost_usd: ratio(figures.cost_usd, control.cost_usd),
      },
    };
  });
}

/** @param time of a run's calls, in milliseconds */
function usedBy(
  figures: RunFigures,
  runs: readonly TimedRun[],
  time: (calls: TimedRun['calls']) => number,
): PlanFigures {
  const total = (of: (run: TimedRun) => number) => runs.reduce((sum, run) => sum + of(run), 0);
  const tokensOf = ({ usage }: DocumentRecord) => usage.prompt_tokens + usage.completion_tokens;
  return {
    ...figures,
    seconds: total(({ calls }) => time(calls)) / 1_000,
    tokens: total(({ record }) => tokensOf(record)),
  };
}

function runOf({ batches, document }: SizeTrials, size: number): TimedRun {
  const run = batches.get(size);
  if (!run) throw new RangeError(`${document.file} was not run with batches of ${size}`);
  return run;
}

/** The trial as parity compares it: the control twice, and a candidate. */
function parityTrial({ document, control, controlAgain }: SizeTrials, candidate: TimedRun): Trial {
  const records = {
    control: control.record,
    control_again: controlAgain.record,
    candidate: candidate.record,
  };
  return { document, records };
}

function mean(one: number, other: number): number {
  return (one + other) / 2;
}
