import type { Verdict } from '../parity/report.js';
import { cost, times } from '../parity/wording.js';
import type { PlanFigures, Point } from './figures.js';
import type { TuningReport } from './report.js';

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
  const { calls, seconds, cost_usd } = recommended.ratio;
  const gains = [
    ...(seconds === null ? [] : [`${times(seconds)} the time`]),
    ...(calls === null ? [] : [`${times(calls)} the calls`]),
    ...(cost_usd === null ? [] : [`${times(cost_usd)} the cost`]),
  ];
  const sentence = `It takes ${listed(gains)} of page by page.`;
  return recommended.verdict === 'too_few_pages'
    ? `${sentence} It differs from page by page on too few pages to rule out chance: try more documents.`
    : sentence;
}

/** A time in seconds, with as many digits as are worth reading. */
export function time(seconds: number): string {
  return seconds.toFixed(seconds < 1 ? 3 : seconds < 10 ? 2 : 1);
}

/** Calls, or what else is counted, of a mean document. */
export function each(total: number, documents: number): string {
  const mean = total / documents;
  return mean.toLocaleString('en-US', { maximumFractionDigits: mean < 100 ? 1 : 0 });
}

/** What a mean document costs: USD, or tokens when no plan has a price. */
export function costEach(figures: PlanFigures, { documents, control }: TuningReport): string {
  if (control.cost_usd === null) return each(figures.tokens, documents.length);
  return cost({
    ...figures,
    cost_usd: figures.cost_usd === null ? null : figures.cost_usd / documents.length,
  });
}

export function costName({ control }: TuningReport): string {
  return control.cost_usd === null ? 'tokens' : 'USD';
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`;
}
