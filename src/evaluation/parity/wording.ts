import { FEWEST_PAGES } from '../../comparison/agreement.js';
import type { Comparison, ParityReport, RunFigures, Verdict } from './report.js';
import type { Run } from './trials.js';

/** How runs and figures are put into words, the same in the report and on the terminal. */

const UNKNOWN = 'not known';
/** There is nothing to work a figure out from. */
const NONE = '–';

export const RUN_NAMES: Record<Run, string> = {
  control: 'Control',
  control_again: 'Control again',
  candidate: 'Candidate',
};

export const COMPARISON_NAMES: Record<Comparison, string> = {
  candidate: 'Control and candidate',
  noise: 'Control and control again',
};

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

/** A share from 0 to 1 in percent. All or nothing is never shown for what only comes near it. */
export function percent(share: number | null): string {
  if (share === null) return NONE;
  if (share === 0 || share === 1) return `${share * 100} %`;
  return `${Math.min(99.99, Math.max(0.01, share * 100)).toFixed(2)} %`;
}

export function pValue(p: number): string {
  return p < 0.0001 ? 'under 0.0001' : p.toFixed(4);
}

export function seconds(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1);
}

/** In USD. Calls of which no usage is known make it a lower bound. */
export function cost({ cost_usd: usd, unknown_usage_calls: untold }: RunFigures): string {
  if (usd === null) return UNKNOWN;
  return `${untold > 0 ? 'at least ' : ''}${usd === 0 ? '0' : usd.toPrecision(3)}`;
}

export function times(ratio: number | null): string {
  return ratio === null ? NONE : `${ratio.toFixed(2)} ×`;
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
