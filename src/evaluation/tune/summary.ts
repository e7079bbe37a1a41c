import { aligned } from '../parity/terminal.js';
import { count, percent, times } from '../parity/wording.js';
import type { Point } from './figures.js';
import type { TuningReport } from './report.js';
import {
  costEach,
  costName,
  each,
  PAGE_BY_PAGE,
  payload,
  planName,
  recommendation,
  recommendationReason,
  time,
  VERDICTS,
} from './wording.js';

/** What the terminal shows of a report. */
export function summaryOf(report: TuningReport): string {
  const { control, documents, model, pages, points, recommended } = report;
  const row = (point: Point) => [
    planName(point),
    point.timing,
    time(point.seconds / documents.length),
    times(point.ratio.seconds),
    each(point.calls, documents.length),
    costEach(point, report),
    String(point.failed_pages),
    percent(point.agreement),
    VERDICTS[point.verdict],
    point === recommended ? 'recommended' : '',
  ];
  const head = [
    'Plan',
    'time',
    'seconds',
    'ratio',
    'calls',
    costName(report),
    'failed',
    'agreement',
    'verdict',
  ];
  const itself = [
    PAGE_BY_PAGE,
    'measured',
    time(control.seconds / documents.length),
    times(1),
    each(control.calls, documents.length),
    costEach(control, report),
    String(control.failed_pages),
    percent(control.agreement),
    'with itself',
  ];
  return [
    `Model: ${model}. ${count(documents.length, 'document')}, ${count(pages, 'page')}.`,
    `Plans are pages a call x calls at once. Seconds, calls and ${costName(report)} are of a mean document.`,
    '',
    ...aligned([head, itself, ...points.map(row)]),
    '',
    recommendation(report),
    ...(recommended ? [payload(recommended)] : []),
    recommendationReason(report),
  ].join('\n');
}
