import {
  beyondChance,
  beyondNoise,
  disagreement,
  disagreementsByPage,
  FEWEST_PAGES,
  informativePages,
  SIGNIFICANCE_LEVEL,
  tally,
  type PageDisagreement,
  type Tally,
} from '../../comparison/agreement.js';
import { compareRecords, type ComparedField } from '../../comparison/compare.js';
import { formatPlan } from '../../processor/plan.js';
import type { DocumentRecord, MissingPage } from '../../stages/record.js';
import { TrialError } from './trial-error.js';
import { RUNS, type Run, type Trial } from './trials.js';

/** `candidate`: control compared with candidate. `noise`: control compared with the control run again. */
export type Comparison = 'candidate' | 'noise';
export type Scope = ComparedField['scope'];

/**
 * - `agrees`: the candidate agrees with the control as much as the control with itself, within chance;
 * - `agrees_less`: it agrees less, beyond chance;
 * - `too_few_pages`: it agrees less, on so few pages that no result could be beyond chance.
 */
export type Verdict = 'agrees' | 'agrees_less' | 'too_few_pages';

/** Counts of compared fields; the share that is the same, 0 to 1, null when nothing was compared. */
interface Agreement extends Tally {
  compared: number;
  agreement: number | null;
}

/** What a run used. */
export interface RunFigures {
  calls: number;
  /** Those of the calls that asked again, page by page, for what a batch did not answer well. */
  salvage_calls: number;
  /** From page texts to record. */
  seconds: number;
  /** null when not known. */
  cost_usd: number | null;
  /** Calls that may have been billed and are not in the cost. */
  unknown_usage_calls: number;
  failed_pages: number;
}

/** The figures of one document, or of all together. */
export interface Figures {
  pages: number;
  agreement: Record<Scope, Record<Comparison, Agreement>>;
  /** The disagreement of the candidate beyond noise, 0 to 1; null when it cannot be told. */
  own_disagreement: Record<Scope, number | null>;
  /** `informative_pages`: how many pages carry the test, see `beyondChance`. */
  test: { p_value: number; informative_pages: number };
  runs: Record<Run, RunFigures>;
  /** Candidate divided by control; null when one of them is not known or the control's is 0. */
  ratio: { calls: number | null; seconds: number | null; cost_usd: number | null };
}

/** A failed page of a run. */
export interface FailedPage extends MissingPage {
  file: string;
  run: Run;
}

/** A field that is not the same; for `noise`, `candidate` stands for the control run again. */
export interface Disagreement extends ComparedField {
  comparison: Comparison;
  file: string;
}

export interface DocumentFigures extends Figures {
  file: string;
  /** Pages of a PDF that could not be read, or only in part; the same in all runs. */
  unreadable_pages: Trial['document']['unreadablePages'];
}

/** The figures of all documents together, and what they come to. */
export interface Findings extends Figures {
  verdict: Verdict;
}

/** What `report.json` holds. It holds field values. */
export interface ParityReport extends Findings {
  /** In UTC, ISO 8601. */
  created_at: string;
  model: string;
  plans: { control: string; candidate: string };
  test: Figures['test'] & { name: string; unit: 'page'; level: number };
  documents: DocumentFigures[];
  failed_pages: FailedPage[];
  disagreements: Disagreement[];
}

/** A document's fields, compared both ways. */
interface ComparedTrial extends Trial {
  fields: Record<Comparison, ComparedField[]>;
}

/**
 * Works out what three runs of the same documents say about the candidate's plan.
 *
 * @param trials at least one
 */
export function buildReport(model: string, trials: readonly Trial[], createdAt: Date): ParityReport {
  const compared = trials.map(compare);
  const whole = findings(compared);
  const planOf = (run: Run) => trials.map(({ records }) => formatPlan(records[run].plan))[0] ?? '';
  return {
    created_at: createdAt.toISOString(),
    model,
    plans: { control: planOf('control'), candidate: planOf('candidate') },
    ...whole,
    test: { name: 'one-sided sign-flip test', unit: 'page', level: SIGNIFICANCE_LEVEL, ...whole.test },
    documents: compared.map((trial) => ({
      file: trial.document.file,
      unreadable_pages: trial.document.unreadablePages,
      ...figures([trial]),
    })),
    failed_pages: trials.flatMap(failedPages),
    disagreements: [
      ...compared.flatMap((trial) => disagreements(trial, 'candidate')),
      ...compared.flatMap((trial) => disagreements(trial, 'noise')),
    ],
  };
}

/** What three runs of the same documents come to, without the values that differ. */
export function findingsOf(trials: readonly Trial[]): Findings {
  return findings(trials.map(compare));
}

/**
 * Without fields of the control there is nothing to hold a candidate against.
 *
 * @throws {TrialError} when that is so, with the reason
 */
export function checkComparable({ agreement }: Pick<Figures, 'agreement'>, trials: readonly Trial[]): void {
  if (agreement.page.noise.compared > 0) return;
  const failed = trials.flatMap(failedPages);
  if (failed.length > 0) {
    const reasons = [...new Set(failed.map(({ reason }) => reason))].join(', ');
    throw new TrialError(`The control got an answer for no page that has fields. Failed pages: ${reasons}.`);
  }
  const isAsked = trials.some(({ records }) => records.control.usage.calls > 0);
  throw new TrialError(
    isAsked ? 'The control found no fields on any page.' : 'No page has text to ask about.',
  );
}

function findings(trials: readonly ComparedTrial[]): Findings {
  const whole = figures(trials);
  return { verdict: verdictOn(whole), ...whole };
}

function compare(trial: Trial): ComparedTrial {
  const { control, control_again, candidate } = trial.records;
  const fields = {
    candidate: compareRecords(control, candidate),
    noise: compareRecords(control, control_again),
  };
  return { ...trial, fields };
}

function figures(trials: readonly ComparedTrial[]): Figures {
  const agreement = { page: agreementIn('page', trials), merged: agreementIn('merged', trials) };
  const units = trials.flatMap(({ fields }) => disagreementsByPage(fields.candidate, fields.noise));
  const runs = {
    control: runFigures('control', trials),
    control_again: runFigures('control_again', trials),
    candidate: runFigures('candidate', trials),
  };
  return {
    pages: trials.reduce((pages, { document }) => pages + document.texts.size, 0),
    agreement,
    own_disagreement: { page: ownDisagreement(agreement.page), merged: ownDisagreement(agreement.merged) },
    test: testOf(units),
    runs,
    ratio: {
      calls: ratio(runs.candidate.calls, runs.control.calls),
      seconds: ratio(runs.candidate.seconds, runs.control.seconds),
      cost_usd: ratio(runs.candidate.cost_usd, runs.control.cost_usd),
    },
  };
}

function agreementIn(scope: Scope, trials: readonly ComparedTrial[]): Record<Comparison, Agreement> {
  const of = (comparison: Comparison): Agreement => {
    const counts = tally(trials.flatMap(({ fields }) => fields[comparison].filter((f) => f.scope === scope)));
    const share = disagreement(counts);
    const compared = counts.same + counts.different + counts.only_control + counts.only_candidate;
    return { ...counts, compared, agreement: share === null ? null : 1 - share };
  };
  return { candidate: of('candidate'), noise: of('noise') };
}

function ownDisagreement({ candidate, noise }: Record<Comparison, Agreement>): number | null {
  return beyondNoise(disagreement(candidate), disagreement(noise));
}

function testOf(units: readonly PageDisagreement[]): Figures['test'] {
  return { p_value: beyondChance(units), informative_pages: informativePages(units) };
}

function verdictOn({ agreement, test }: Figures): Verdict {
  if (test.p_value <= SIGNIFICANCE_LEVEL) return 'agrees_less';
  const { candidate, noise } = agreement.page;
  const differsMore = candidate.compared - candidate.same > noise.compared - noise.same;
  return differsMore && test.informative_pages < FEWEST_PAGES ? 'too_few_pages' : 'agrees';
}

function runFigures(run: Run, trials: readonly Trial[]): RunFigures {
  const records = trials.map((trial) => trial.records[run]);
  const total = (of: (record: DocumentRecord) => number) =>
    records.reduce((sum, record) => sum + of(record), 0);
  const isPriced = records.every(({ usage }) => usage.cost_usd !== null);
  return {
    calls: total(({ usage }) => usage.calls),
    salvage_calls: total(({ usage }) => usage.salvage_calls),
    seconds: total(({ timings }) => timings.total_ms) / 1_000,
    cost_usd: isPriced ? total(({ usage }) => usage.cost_usd ?? 0) : null,
    unknown_usage_calls: total(({ usage }) => usage.unknown_usage_calls),
    failed_pages: total(({ failed_pages }) => failed_pages.length),
  };
}

/** @returns null when one of the two is not known or the control is 0 */
export function ratio(candidate: number | null, control: number | null): number | null {
  return candidate === null || control === null || control === 0 ? null : candidate / control;
}

function failedPages({ document, records }: Trial): FailedPage[] {
  return RUNS.flatMap((run) =>
    records[run].failed_pages.map((failed) => ({ run, file: document.file, ...failed })),
  );
}

function disagreements({ document, fields }: ComparedTrial, comparison: Comparison): Disagreement[] {
  return fields[comparison]
    .filter(({ outcome }) => outcome !== 'same')
    .map((field) => ({ comparison, file: document.file, ...field }));
}
