import {
  beyondChance,
  beyondNoise,
  disagreement,
  disagreementsByPage,
  FEWEST_PAGES,
  informativePages,
  SIGNIFICANCE_LEVEL,
  tally,
  total,
  type Tally,
} from '../comparison/agreement.js';
import type { ComparedField, ComparisonKind } from '../comparison/compare.js';
import type { DocumentRecord, MissingPage } from '../stages/record.js';
import { TrialError } from './trial-error.js';
import { RUNS, type RunName, type Trial } from './trials.js';

export type Scope = ComparedField['scope'];

/**
 * - `agrees`: the candidate agrees with the control as much as the control with itself, within chance;
 * - `agrees_less`: it agrees less, beyond chance;
 * - `too_few_pages`: it agrees less, on so few pages that no result could be beyond chance.
 */
export type Verdict = 'agrees' | 'agrees_less' | 'too_few_pages';

/** Counts of compared fields; the share that is the same, 0 to 1, null when nothing was compared. */
interface FieldCounts extends Tally {
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

/** What was used, divided by what something else used; null when one is not known or the divisor is 0. */
export type Ratios = Record<'calls' | 'seconds' | 'cost_usd', number | null>;
type Used = Pick<RunFigures, keyof Ratios>;

/** `informative_pages`: how many pages carry the test, see `beyondChance`. */
export interface TestResult {
  p_value: number;
  informative_pages: number;
}

/** The figures of one document, or of all together. */
export interface Figures {
  pages: number;
  agreement: Record<Scope, Record<ComparisonKind, FieldCounts>>;
  /** The disagreement of the candidate beyond noise, 0 to 1; null when it cannot be known. */
  own_disagreement: Record<Scope, number | null>;
  test: TestResult;
  runs: Record<RunName, RunFigures>;
  /** Candidate divided by control. */
  ratio: Ratios;
}

/** A page that a run gave up. */
export interface UnansweredPage extends MissingPage {
  file: string;
  run: RunName;
}

export function figuresOf(trials: readonly Trial[]): Figures {
  const agreement = { page: agreementIn('page', trials), merged: agreementIn('merged', trials) };
  const pages = trials.flatMap(({ fields }) => disagreementsByPage(fields.candidate, fields.noise));
  const runs = {
    control: runFigures('control', trials),
    control_again: runFigures('control_again', trials),
    candidate: runFigures('candidate', trials),
  };
  return {
    pages: pagesIn(trials),
    agreement,
    own_disagreement: { page: ownDisagreement(agreement.page), merged: ownDisagreement(agreement.merged) },
    test: { p_value: beyondChance(pages), informative_pages: informativePages(pages) },
    runs,
    ratio: ratios(runs.candidate, runs.control),
  };
}

export function verdictOn({ agreement, test }: Figures): Verdict {
  if (test.p_value <= SIGNIFICANCE_LEVEL) return 'agrees_less';
  const { candidate, noise } = agreement.page;
  const differsMore = candidate.compared - candidate.same > noise.compared - noise.same;
  return differsMore && test.informative_pages < FEWEST_PAGES ? 'too_few_pages' : 'agrees';
}

/**
 * Without fields of the control there is nothing to hold a candidate against.
 *
 * @param unanswered pages, whose reasons may explain it
 * @throws {TrialError} when that is so, with the reason
 */
export function checkComparable({ agreement, runs }: Figures, unanswered: readonly UnansweredPage[]): void {
  if (agreement.page.noise.compared > 0) return;
  if (unanswered.length > 0) {
    const reasons = [...new Set(unanswered.map(({ reason }) => reason))].join(', ');
    throw new TrialError(`The control got an answer for no page that has fields. Failed pages: ${reasons}.`);
  }
  throw new TrialError(
    runs.control.calls > 0 ? 'The control found no fields on any page.' : 'No page has text to ask about.',
  );
}

export function unansweredPages({ document: { file }, runs }: Trial): UnansweredPage[] {
  return RUNS.flatMap((run) => runs[run].record.failed_pages.map((page) => ({ run, file, ...page })));
}

export function pagesIn(trials: readonly Trial[]): number {
  return trials.reduce((pages, { document }) => pages + document.texts.size, 0);
}

export function ratios(used: Used, control: Used): Ratios {
  return {
    calls: ratio(used.calls, control.calls),
    seconds: ratio(used.seconds, control.seconds),
    cost_usd: ratio(used.cost_usd, control.cost_usd),
  };
}

/** null when one is not known or the divisor is 0. */
export function ratio(one: number | null, other: number | null): number | null {
  return one === null || other === null || other === 0 ? null : one / other;
}

function agreementIn(scope: Scope, trials: readonly Trial[]): Record<ComparisonKind, FieldCounts> {
  const of = (kind: ComparisonKind): FieldCounts => {
    const counts = tally(trials.flatMap(({ fields }) => fields[kind].filter((f) => f.scope === scope)));
    const compared = total(counts);
    return { ...counts, compared, agreement: compared === 0 ? null : counts.same / compared };
  };
  return { candidate: of('candidate'), noise: of('noise') };
}

function ownDisagreement({ candidate, noise }: Record<ComparisonKind, FieldCounts>): number | null {
  return beyondNoise(disagreement(candidate), disagreement(noise));
}

function runFigures(run: RunName, trials: readonly Trial[]): RunFigures {
  const records = trials.map(({ runs }) => runs[run].record);
  const sum = (of: (record: DocumentRecord) => number) =>
    records.reduce((all, record) => all + of(record), 0);
  const isPriced = records.every(({ usage }) => usage.cost_usd !== null);
  return {
    calls: sum(({ usage }) => usage.calls),
    salvage_calls: sum(({ usage }) => usage.salvage_calls),
    seconds: sum(({ timings }) => timings.total_ms) / 1_000,
    cost_usd: isPriced ? sum(({ usage }) => usage.cost_usd ?? 0) : null,
    unknown_usage_calls: sum(({ usage }) => usage.unknown_usage_calls),
    failed_pages: sum(({ failed_pages: failed }) => failed.length),
  };
}
