import {
  checkComparable,
  figuresOf,
  pagesIn,
  ratios,
  unansweredPages,
  verdictOn,
  type RunFigures,
} from '../figures.js';
import type { CandidateTrials, RunName, TimedRun, Trial } from '../trials.js';
import type { ControlFigures, PlanFigures, Point, TuningReport } from './figures.js';
import { recommend } from './recommendation.js';
import { measuredMs, replayedMs } from './replay.js';

/**
 * Works out how each plan did.
 *
 * @param tried for each batch size, with the most workers
 * @param workers ascending
 * @param mostCalls at once in the whole process: more workers are no faster
 * @throws {TrialError} when page by page gave nothing to compare with
 */
export function buildReport(
  model: string,
  tried: readonly CandidateTrials[],
  workers: readonly number[],
  mostCalls: number,
  createdAt: Date,
): TuningReport {
  const trials = tried[0]?.trials ?? [];
  const control = controlFigures(trials);
  const points = tried.flatMap((candidate) => pointsOf(candidate, workers, mostCalls, control));
  const costs = [control, ...points].map(({ cost_usd: cost }) => cost);
  const measure = costs.every((cost) => cost !== null && cost > 0) ? 'cost_usd' : 'calls';
  return {
    created_at: createdAt.toISOString(),
    model,
    pages: pagesIn(trials),
    documents: trials.map(({ document: { file, texts, unreadablePages } }) => ({
      file,
      pages: texts.size,
      unreadable_pages: unreadablePages.length,
    })),
    control,
    points,
    cost_measure: measure,
    recommended: recommend(points, control, measure) ?? null,
  };
}

/** @param trials of any candidate: the control's runs are the same in all */
function controlFigures(trials: readonly Trial[]): ControlFigures {
  const figures = figuresOf(trials);
  checkComparable(
    figures,
    trials.flatMap(unansweredPages).filter(({ run }) => run !== 'candidate'),
  );
  const first = usedBy(figures.runs.control, runsNamed('control', trials), measuredMs);
  const again = usedBy(figures.runs.control_again, runsNamed('control_again', trials), measuredMs);
  const { cost_usd: cost } = first;
  return {
    ...first,
    seconds: mean(first.seconds, again.seconds),
    calls: mean(first.calls, again.calls),
    tokens: mean(first.tokens, again.tokens),
    cost_usd: cost === null || again.cost_usd === null ? null : mean(cost, again.cost_usd),
    unknown_usage_calls: mean(first.unknown_usage_calls, again.unknown_usage_calls),
    agreement: figures.agreement.page.noise.agreement,
  };
}

/** The points of a size: fewer workers cost no calls, and their times follow from those of the most. */
function pointsOf(
  { plan, trials }: CandidateTrials,
  workers: readonly number[],
  mostCalls: number,
  control: PlanFigures,
): Point[] {
  const figures = figuresOf(trials);
  return workers.map((count): Point => {
    const isMeasured = count === plan.maxWorkers;
    const time = (calls: TimedRun['calls']) =>
      isMeasured ? measuredMs(calls) : replayedMs(calls, Math.min(count, mostCalls));
    const used = usedBy(figures.runs.candidate, runsNamed('candidate', trials), time);
    return {
      batch_size: plan.batchSize,
      max_workers: count,
      timing: isMeasured ? 'measured' : 'replayed',
      ...used,
      verdict: verdictOn(figures),
      agreement: figures.agreement.page.candidate.agreement,
      test: figures.test,
      ratio: ratios(used, control),
    };
  });
}

/** @param time of a run's calls, in milliseconds */
function usedBy(
  figures: RunFigures,
  runs: readonly TimedRun[],
  time: (calls: TimedRun['calls']) => number,
): PlanFigures {
  const sum = (of: (run: TimedRun) => number) => runs.reduce((all, run) => all + of(run), 0);
  return {
    ...figures,
    seconds: sum(({ calls }) => time(calls)) / 1_000,
    tokens: sum(({ record: { usage } }) => usage.prompt_tokens + usage.completion_tokens),
  };
}

function runsNamed(name: RunName, trials: readonly Trial[]): TimedRun[] {
  return trials.map(({ runs }) => runs[name]);
}

function mean(one: number, other: number): number {
  return (one + other) / 2;
}
