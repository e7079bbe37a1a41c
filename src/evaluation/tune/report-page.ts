import { markup, shown, type Markup } from '../parity/markup.js';
import { card, htmlPage, madeOn, number, numeric, table } from '../parity/report-parts.js';
import { STYLE } from '../parity/report-style.js';
import { count, percent, times } from '../parity/wording.js';
import { CHART_STYLE } from './chart-style.js';
import { chart } from './chart.js';
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

/** The report as a page of HTML that needs no script and nothing from outside. It holds no field values. */
export function reportPage(report: TuningReport): string {
  const { created_at: at, documents, model, pages, recommended } = report;
  return htmlPage(
    'Tuning report',
    STYLE + CHART_STYLE,
    markup`<header>
<h1>Tuning report</h1>
<p>Model: <strong>${model}</strong>. Plans are pages a call x calls at once.</p>
<p class="quiet">${count(documents.length, 'document')}, ${count(pages, 'page')}. Made on ${madeOn(at)}.
This file holds figures and file names, and no field values.</p>
</header>
<main>
<section class="verdict ${recommended?.verdict ?? 'agrees_less'}">
<h2>${recommendation(report)}</h2>
${recommended ? markup`<p>Payload of <strong>batch-page-processing</strong>: <code>${payload(recommended)}</code></p>` : ''}
<p>${recommendationReason(report)}</p>
</section>
${recommended ? cards(recommended, report) : ''}
<section>
<h2>Time and ${report.cost_measure === 'calls' ? 'calls' : 'cost'}</h2>
<div class="wide" role="region" aria-label="Chart" tabindex="0">${chart(report)}</div>
<p class="quiet">Down and to the left is better. A line joins the plans of one batch size, from the fewest workers
to the most. Plans at one place share a label: 5x3, 5, 10 is 5x3, 5x5 and 5x10, and + 4 stands for four more.</p>
</section>
<section>
<h2>Plans</h2>
${planTable(report)}
<p class="quiet">Seconds, calls and ${costName(report)} are of a mean document. Salvage calls and failed pages are of all documents.</p>
</section>
<section>
<h2>Documents</h2>
${documentTable(report)}
</section>
${howToRead(report)}
</main>`,
  );
}

function cards(point: Point, report: TuningReport): Markup {
  const { control, documents } = report;
  const of = (total: number) => each(total, documents.length);
  const seconds = (total: number) => `${time(total / documents.length)} s`;
  return markup`<dl class="cards">
${card('Time', times(point.ratio.seconds), `${seconds(point.seconds)} to ${seconds(control.seconds)} a document`)}
${card('Calls', times(point.ratio.calls), `${of(point.calls)} to ${of(control.calls)} a document`)}
${point.ratio.cost_usd === null ? '' : card('Cost', times(point.ratio.cost_usd), `${costEach(point, report)} to ${costEach(control, report)} USD a document`)}
${card('Agrees with page by page', percent(point.agreement), 'page fields')}
${card('Page by page agrees with itself', percent(control.agreement), 'page fields')}
</dl>`;
}

function planTable(report: TuningReport): Markup {
  const { control, documents, points, recommended } = report;
  const row = (point: Point) => [
    markup`${planName(point)}${point === recommended ? markup` <strong>recommended</strong>` : ''}`,
    point.timing,
    numeric(time(point.seconds / documents.length)),
    numeric(times(point.ratio.seconds)),
    numeric(each(point.calls, documents.length)),
    number(point.salvage_calls),
    numeric(costEach(point, report)),
    number(point.failed_pages),
    numeric(percent(point.agreement)),
    VERDICTS[point.verdict],
  ];
  const itself = [
    PAGE_BY_PAGE,
    'measured',
    numeric(time(control.seconds / documents.length)),
    numeric(times(1)),
    numeric(each(control.calls, documents.length)),
    number(control.salvage_calls),
    numeric(costEach(control, report)),
    number(control.failed_pages),
    numeric(percent(control.agreement)),
    'with itself',
  ];
  const figures = [
    'Seconds',
    'To page by page',
    'Calls',
    'Salvage calls',
    costName(report) === 'USD' ? 'USD' : 'Tokens',
    'Failed pages',
    'Agreement',
  ];
  return table('Plans', ['Plan', 'Time', ...figures.map(numeric), 'Verdict'], [itself, ...points.map(row)]);
}

function documentTable({ documents }: TuningReport): Markup {
  const rows = documents.map(({ file, pages, unreadable_pages: unreadable }) => [
    shown(file),
    number(pages),
    number(unreadable),
  ]);
  return table('Documents', ['File', numeric('Pages'), numeric('Pages that could not be read')], rows);
}

function howToRead({ cost_measure: measure }: TuningReport): Markup {
  return markup`<section>
<h2>How to read this</h2>
<p>Every document was read page by page, page by page again, and once in batches of each size with the most
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
these the one with the fewest workers.</p>
</section>`;
}
