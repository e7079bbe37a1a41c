import type { Ratios, Verdict } from '../figures.js';
import { cost, percent, times } from '../report/wording.js';
import type { PlanFigures, Point, TuningReport } from './figures.js';

/** How plans and figures are put into words, the same in the report and on the terminal. */

export const PAGE_BY_PAGE = 'page by page';

export const VERDICTS: Record<Verdict, string> = {
  agrees: 'agrees',
  agrees_less: 'agrees less',
  too_few_pages: 'too few pages to tell',
};

/** Pages a call x calls at once. */
export function planName({ batch_size: size, max_workers: workers }: Point): string {
  return `${size}x${workers}`;
}

/** The payload of the flag's variant, to be pasted. */
export function payload({ batch_size: batchSize, max_workers: maxWorkers }: Point): string {
  return `{"batchSize": ${batchSize}, "maxWorkers": ${maxWorkers}}`;
}

/** What is recommended. */
export function recommendation({ recommended }: TuningReport): string {
  return recommended
    ? `Recommended: batches of up to ${recommended.batch_size}, ${recommended.max_workers} at once.`
    : 'Recommended: stay page by page.';
}

/** What the recommended plan gains, or why there is none. */
export function recommendationReason({ recommended }: TuningReport): string {
  if (!recommended) {
    return 'No plan agrees with page by page as well as page by page agrees with itself and gives up no more pages.';
  }
  const { calls, seconds, cost_usd: usd } = recommended.ratio;
  const gains: string[] = [];
  if (seconds !== null) gains.push(`${times(seconds)} the time`);
  if (calls !== null) gains.push(`${times(calls)} the calls`);
  if (usd !== null) gains.push(`${times(usd)} the cost`);
  const sentence = `It takes ${new Intl.ListFormat('en-GB').format(gains)} of page by page.`;
  return recommended.verdict === 'too_few_pages'
    ? `${sentence} It differs from page by page on too few pages to rule out chance: try more documents.`
    : sentence;
}

/** Calls, or what else is counted, of a mean document. */
export function each(total: number, { documents }: TuningReport): string {
  const mean = total / documents.length;
  return mean.toLocaleString('en-US', { maximumFractionDigits: mean < 100 ? 1 : 0 });
}

/** How long a mean document takes, in seconds, with as many digits as are worth reading. */
export function timeEach({ seconds }: PlanFigures, { documents }: TuningReport): string {
  const mean = seconds / documents.length;
  if (mean < 1) return mean.toFixed(3);
  return mean.toFixed(mean < 10 ? 2 : 1);
}

/** What a mean document costs: USD, or tokens when no plan has a price. */
export function costEach(figures: PlanFigures, report: TuningReport): string {
  if (report.control.cost_usd === null) return each(figures.tokens, report);
  const { cost_usd: usd } = figures;
  return cost({ ...figures, cost_usd: usd === null ? null : usd / report.documents.length });
}

export function costName({ control }: TuningReport): string {
  return control.cost_usd === null ? 'tokens' : 'USD';
}

/** What is shown of a plan: page by page, or a point. */
export interface PlanRow extends PlanFigures {
  plan: string;
  timing: string;
  agreement: number | null;
  verdict: string;
  ratio: Pick<Ratios, 'seconds'>;
  isRecommended: boolean;
}

/** Page by page, then the points. */
export function planRows({ control, points, recommended }: TuningReport): PlanRow[] {
  const itself = { timing: 'measured', ratio: { seconds: 1 }, verdict: 'with itself', isRecommended: false };
  return [
    { ...control, ...itself, plan: PAGE_BY_PAGE },
    ...points.map((point) => ({
      ...point,
      plan: planName(point),
      verdict: VERDICTS[point.verdict],
      isRecommended: point === recommended,
    })),
  ];
}

/** The figures of a plan: their names in the report, what they are, and their names on the terminal. */
export function planFigures(
  report: TuningReport,
): (readonly [head: string, of: (row: PlanRow) => string, short?: string])[] {
  const cost = costName(report);
  return [
    ['Seconds', (row) => timeEach(row, report), 'seconds'],
    ['To page by page', (row) => times(row.ratio.seconds), 'ratio'],
    ['Calls', (row) => each(row.calls, report), 'calls'],
    ['Salvage calls', (row) => row.salvage_calls.toLocaleString('en-US')],
    [cost === 'USD' ? cost : 'Tokens', (row) => costEach(row, report), cost],
    ['Failed pages', (row) => row.failed_pages.toLocaleString('en-US'), 'failed'],
    ['Agreement', (row) => percent(row.agreement), 'agreement'],
  ];
}
