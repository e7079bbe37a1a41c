import { FEWEST_PAGES } from '../../comparison/agreement.js';
import type { ComparisonKind } from '../../comparison/compare.js';
import type { Scope, Verdict } from '../figures.js';
import { cost, count, percent, times } from '../report/wording.js';
import { RUNS, type RunName } from '../trials.js';
import type { ParityFigures, ParityRun } from './figures.js';
import type { ParityReport } from './report.js';

/** How runs and verdicts are put into words, the same in the report and on the terminal. */

export const RUN_NAMES: Record<RunName, string> = {
  control: 'Control',
  control_again: 'Control again',
  candidate: 'Candidate',
};

export const COMPARISON_NAMES: Record<ComparisonKind, string> = {
  candidate: 'Control and candidate',
  noise: 'Control and control again',
};

export const SCOPES = ['page', 'merged'] as const;
export const SCOPE_NAMES: Record<Scope, string> = { page: 'Page fields', merged: 'Merged fields' };

export const VERDICTS: Record<Verdict, string> = {
  agrees: 'The candidate agrees with the control as well as the control agrees with itself.',
  agrees_less: 'The candidate agrees less with the control than the control agrees with itself.',
  too_few_pages: 'The candidate agrees less with the control, on too few pages to rule out chance.',
};

/** What the verdict rests on. */
export function verdictReason({ verdict, test, agreement }: ParityReport): string {
  const { candidate } = agreement.page;
  if (candidate.same === candidate.compared) return 'They agree in every page field.';
  const p = `p = ${pValue(test.p_value)}`;
  const pages = count(test.informative_pages, 'page');
  if (verdict === 'agrees_less') return `The difference is beyond chance (${p}, level ${test.level}).`;
  if (verdict === 'agrees') return `What difference there is, chance explains (${p}, level ${test.level}).`;
  return `The test rests on ${pages} and needs ${FEWEST_PAGES}. Compare more documents, or look at each disagreement.`;
}

/** How sure the candidate's own disagreement is known, by the documents there are. */
export function intervalInWords({ own_disagreement_interval: interval }: ParityReport): string {
  if (!interval) return 'No document has fields in all runs.';
  const { low, high } = interval;
  return `In the mean over documents, the candidate's own disagreement lies between ${percent(low)} and ${percent(high)}.`;
}

export function pValue(p: number): string {
  return p < 0.0001 ? 'under 0.0001' : p.toFixed(4);
}

export function seconds(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1);
}

/** What each run used, and how the candidate compares. */
export function runRows({ runs, ratio }: Pick<ParityFigures, 'runs' | 'ratio'>, ratioName: string) {
  const rows = RUNS.map((name) => ({
    name: RUN_NAMES[name],
    calls: runs[name].calls,
    salvageCalls: runs[name].salvage_calls,
    salvaged: salvagedOf(runs[name]),
    promptTokens: runs[name].prompt_tokens.toLocaleString('en-US'),
    completionTokens: runs[name].completion_tokens.toLocaleString('en-US'),
    seconds: seconds(runs[name].seconds),
    cost: cost(runs[name]),
    failedPages: runs[name].failed_pages,
  }));
  const ratios = {
    name: ratioName,
    calls: times(ratio.calls),
    salvageCalls: '',
    salvaged: '',
    promptTokens: times(ratio.prompt_tokens),
    completionTokens: times(ratio.completion_tokens),
    seconds: times(ratio.seconds),
    cost: times(ratio.cost_usd),
    failedPages: '',
  };
  return [...rows, ratios];
}

/** How many of the batches needed salvage; page by page there are none. */
function salvagedOf({ batches, salvaged_batches: salvaged }: ParityRun): string {
  return batches === 0 ? '' : `${salvaged} of ${batches} (${percent(salvaged / batches)})`;
}
