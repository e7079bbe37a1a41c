import { aligned } from '../report/terminal.js';
import { count } from '../report/wording.js';
import type { TuningReport } from './figures.js';
import { costName, payload, planFigures, planRows, recommendation, recommendationReason } from './wording.js';

/** What the terminal shows of a report. */
export function summaryOf(report: TuningReport): string {
  const { documents, model, pages, recommended } = report;
  const figures = planFigures(report).filter(([, , short]) => short !== undefined);
  const head = ['Plan', 'time', ...figures.map(([, , short = '']) => short), 'verdict'];
  const rows = planRows(report).map((row) => {
    const cells = [row.plan, row.timing, ...figures.map(([, of]) => of(row)), row.verdict];
    return row.isRecommended ? [...cells, 'recommended'] : cells;
  });
  return [
    `Model: ${model}. ${count(documents.length, 'document')}, ${count(pages, 'page')}.`,
    `Plans are pages a call x calls at once. Seconds, calls and ${costName(report)} are of a mean document.`,
    '',
    ...aligned([head, ...rows]),
    '',
    recommendation(report),
    ...(recommended ? [payload(recommended)] : []),
    recommendationReason(report),
  ].join('\n');
}
