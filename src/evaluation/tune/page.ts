import { markup, shown, type Markup } from '../report/markup.js';
import { reportPage as page } from '../report/page.js';
import { card, section, table, wide } from '../report/parts.js';
import { percent, times } from '../report/wording.js';
import { chart, legend } from './chart.js';
import type { Point, TuningReport } from './figures.js';
import {
  costEach,
  costName,
  each,
  payload,
  planFigures,
  planRows,
  recommendation,
  recommendationReason,
  timeEach,
  type PlanRow,
} from './wording.js';

/** The report as a page of HTML. It holds no field values. */
export function reportPage(report: TuningReport): string {
  const { created_at: createdAt, cost_measure: measure, documents, model, pages, recommended } = report;
  const head = {
    title: 'Tuning report',
    subject: markup`Model: <strong>${model}</strong>. Plans are pages a call x calls at once.`,
    documents: documents.length,
    pages,
    createdAt,
    holds: 'This file holds figures and file names, and no field values.',
  };
  return page(head, [
    markup`<section class="verdict ${recommended?.verdict ?? 'agrees_less'}">
<h2>${recommendation(report)}</h2>
${recommended ? markup`<p>Payload of <strong>batch-page-processing</strong>: <code>${payload(recommended)}</code></p>` : ''}
<p>${recommendationReason(report)}</p>
</section>
${recommended ? cards(recommended, report) : ''}
`,
    section(
      `Time and ${measure === 'calls' ? 'calls' : 'cost'}`,
      legend(report),
      wide('Chart', chart(report)),
      markup`<p class="quiet">Down and to the left is better. A line joins the plans of one batch size, from the fewest workers
to the most. The size stands over the line, the workers beside the marks: under 5, x3 is the plan 5x3, and x3–10 are
those from 5x3 to 5x10. Marks name their plan when pointed at.</p>`,
    ),
    section(
      'Plans',
      planTable(report),
      markup`<p class="quiet">Seconds, calls and ${costName(report)} are of a mean document. Salvage calls and failed pages are of all documents.</p>`,
    ),
    section('Documents', documentTable(report)),
    howToRead(report),
  ]);
}

function cards(point: Point, report: TuningReport): Markup {
  const { control } = report;
  const seconds = `${timeEach(point, report)} s to ${timeEach(control, report)} s a document`;
  const calls = `${each(point.calls, report)} to ${each(control.calls, report)} a document`;
  const costs = `${costEach(point, report)} to ${costEach(control, report)} USD a document`;
  return markup`<dl class="cards">
${card('Time', times(point.ratio.seconds), seconds)}
${card('Calls', times(point.ratio.calls), calls)}
${point.ratio.cost_usd === null ? '' : card('Cost', times(point.ratio.cost_usd), costs)}
${card('Agrees with page by page', percent(point.agreement), 'page fields')}
${card('Page by page agrees with itself', percent(control.agreement), 'page fields')}
</dl>`;
}

function planTable(report: TuningReport): Markup {
  const figures = planFigures(report).map(([head, of]) => [head, of, 'number'] as const);
  const plan = ({ plan, isRecommended }: PlanRow) =>
    isRecommended ? markup`${plan} <strong>recommended</strong>` : plan;
  return table(
    'Plans',
    [['Plan', plan], ['Time', ({ timing }) => timing], ...figures, ['Verdict', ({ verdict }) => verdict]],
    planRows(report),
  );
}

function documentTable({ documents }: TuningReport): Markup {
  return table(
    'Documents',
    [
      ['File', ({ file }) => shown(file)],
      ['Pages', ({ pages }) => pages, 'number'],
      ['Pages that could not be read', (document) => document.unreadable_pages, 'number'],
    ],
    documents,
  );
}

function howToRead({ cost_measure: measure }: TuningReport): Markup {
  return section(
    'How to read this',
    markup`<p>Every document was read page by page, page by page again, and once in batches of each size with the most
workers. The two runs page by page show how far the model agrees with itself. Their mean is the measure of time
and cost.</p>
<p>Time is from the first start of a call to the last end. For the most workers it was measured. For fewer
workers it was replayed: the same calls, in the order of their starts, each as soon as a worker is free.
It is never less than the time that was
measured, in which calls may have waited between two attempts or for room within a rate limit.</p>
<p>A plan agrees when its page fields agree with page by page as well as page by page agrees with itself,
within chance. Workers change no answers, so all plans of a size have one verdict.</p>
<p>Recommended are plans that do not agree less and give up no more pages than page by page. Of those within
10 % of the shortest time, it is the one with the ${measure === 'calls' ? 'fewest calls' : 'lowest cost'}, and of
these the one with the fewest workers.</p>`,
  );
}
