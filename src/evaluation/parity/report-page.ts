import { markup, type Markup, shown, type Content } from './markup.js';
import type {
  Comparison,
  Disagreement,
  DocumentFigures,
  FailedPage,
  Figures,
  ParityReport,
  Scope,
} from './report.js';
import { card, Cell, htmlPage, madeOn, number, numeric, table, type CellContent } from './report-parts.js';
import { STYLE } from './report-style.js';
import { RUNS } from './trials.js';
import {
  COMPARISON_NAMES,
  cost,
  count,
  percent,
  pValue,
  RUN_NAMES,
  seconds,
  times,
  VERDICTS,
  verdictReason,
} from './wording.js';

const SCOPE_NAMES: Record<Scope, string> = { page: 'Page fields', merged: 'Merged fields' };
const SCOPES = ['page', 'merged'] as const;
const COMPARISONS = ['candidate', 'noise'] as const;

/** The report as a page of HTML that needs no script and nothing from outside. It holds field values. */
export function reportPage(report: ParityReport): string {
  const { model, plans, documents, pages } = report;
  return htmlPage(
    'Parity report',
    STYLE,
    markup`<header>
<h1>Parity report</h1>
<p>Model: <strong>${model}</strong>. Control: <strong>${plans.control}</strong>, run twice.
Candidate: <strong>${plans.candidate}</strong>.</p>
<p class="quiet">${count(documents.length, 'document')}, ${count(pages, 'page')}. Made on ${madeOn(report.created_at)}.
This file holds field values.</p>
</header>
<main>
<section class="verdict ${report.verdict}">
<h2>${VERDICTS[report.verdict]}</h2>
<p>${verdictReason(report)}</p>
</section>
${cards(report)}
<section>
<h2>Agreement</h2>
${agreementTable(report)}
${testText(report)}
</section>
<section>
<h2>Runs</h2>
${runTable(report)}
<p class="quiet">Seconds are from page texts to records. Reading PDF files is left out: it is done once.</p>
</section>
${failedPagesSection(report)}
<section>
<h2>Documents</h2>
${documentTable(documents)}
${documents.map(documentDetails)}
</section>
<section>
<h2>Disagreements</h2>
${COMPARISONS.map((comparison) => disagreementTable(report, comparison))}
</section>
${howToRead(report)}
</main>`,
  );
}

function cards({ agreement, own_disagreement: own, test, ratio, runs }: ParityReport): Markup {
  const { candidate, noise } = agreement.page;
  const merged = (comparison: Comparison) =>
    `merged fields: ${percent(agreement.merged[comparison].agreement)}`;
  return markup`<dl class="cards">
${card('Candidate agrees with control', percent(candidate.agreement), merged('candidate'))}
${card('Control agrees with itself', percent(noise.agreement), merged('noise'))}
${card("Candidate's own disagreement", percent(own.page), `merged fields: ${percent(own.merged)}`)}
${card('p-value', pValue(test.p_value), `level ${test.level}`)}
${card('Calls', times(ratio.calls), `${runs.candidate.calls} to ${runs.control.calls}`)}
${card('Time', times(ratio.seconds), `${seconds(runs.candidate.seconds)} s to ${seconds(runs.control.seconds)} s`)}
${card('Cost', times(ratio.cost_usd), `${cost(runs.candidate)} to ${cost(runs.control)}, in USD`)}
</dl>`;
}

function agreementTable({ agreement, own_disagreement: own }: Figures): Markup {
  const rows = SCOPES.flatMap((scope) =>
    COMPARISONS.map((comparison) => {
      const of = agreement[scope][comparison];
      return [
        SCOPE_NAMES[scope],
        COMPARISON_NAMES[comparison],
        markup`${percent(of.agreement)}${bar(of.agreement, comparison)}`,
        ...[of.compared, of.different, of.only_control, of.only_candidate].map(number),
        comparison === 'candidate' ? numeric(percent(own[scope])) : numeric(''),
      ];
    }),
  );
  const head = [
    'Fields',
    'Compared',
    'Agreement',
    ...['Fields compared', 'Different', 'Only in the first', 'Only in the second', 'Own disagreement'].map(
      numeric,
    ),
  ];
  return table('Agreement', head, rows);
}

/** As an SVG, because the page allows no style attributes. */
function bar(share: number | null, comparison: Comparison): Markup {
  const width = ((share ?? 0) * 100).toFixed(2);
  return markup`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="all" width="100" height="4"></rect><rect class="${comparison}" width="${width}" height="4"></rect></svg>`;
}

function testText({ test }: ParityReport): Markup {
  return markup`<p>${capitalised(test.name)} by ${test.unit}: p = ${pValue(test.p_value)}, level ${test.level}.
${count(test.informative_pages, 'page')} ${test.informative_pages === 1 ? 'carries' : 'carry'} the test.
The others differ as much in both comparisons, or not at all.</p>`;
}

function runTable({ runs, ratio }: Figures): Markup {
  const rows = RUNS.map((name) => {
    const run = runs[name];
    return [
      RUN_NAMES[name],
      ...[run.calls, run.salvage_calls].map(number),
      numeric(seconds(run.seconds)),
      numeric(cost(run)),
      number(run.failed_pages),
    ];
  });
  const ratios = [times(ratio.calls), '', times(ratio.seconds), times(ratio.cost_usd), ''].map(numeric);
  const head = ['Calls', 'Salvage calls', 'Seconds', 'Cost in USD', 'Failed pages'].map(numeric);
  return table('Runs', ['Run', ...head], [...rows, ['Candidate to control', ...ratios]]);
}

function failedPagesSection({ failed_pages: failed, documents }: ParityReport): Content {
  const unreadable = documents.flatMap(({ file, unreadable_pages: pages }) =>
    pages.map(({ page, reason }) => [shown(file), number(page), 'All runs', reasonText(reason)]),
  );
  if (failed.length + unreadable.length === 0) return '';
  const head = ['File', numeric('Page'), 'Run', 'Reason'];
  return markup`<section>
<h2>Failed pages</h2>
${failed.length > 0 ? table('Pages without an answer', head, failed.map(failedPageRow)) : ''}
${unreadable.length > 0 ? table('Pages that could not be read from the file, or only in part', head, unreadable) : ''}
</section>`;
}

function failedPageRow({ file, page, run, reason }: FailedPage): CellContent[] {
  return [shown(file), number(page), RUN_NAMES[run], reasonText(reason)];
}

function reasonText(reason: string): string {
  return reason.replaceAll('_', ' ');
}

function documentTable(documents: readonly DocumentFigures[]): Markup {
  const head = [
    'File',
    ...[
      'Pages',
      'Candidate agrees',
      'Control agrees with itself',
      'Own disagreement',
      'p-value',
      'Calls',
      'Failed pages',
    ].map(numeric),
  ];
  const rows = documents.map(({ file, pages, agreement, own_disagreement: own, test, runs }) => [
    shown(file),
    number(pages),
    ...[agreement.page.candidate.agreement, agreement.page.noise.agreement, own.page].map((share) =>
      numeric(percent(share)),
    ),
    numeric(pValue(test.p_value)),
    numeric(`${runs.candidate.calls} to ${runs.control.calls}`),
    numeric(RUNS.map((run) => runs[run].failed_pages).join(' / ')),
  ]);
  return markup`${table('Documents, by page fields', head, rows)}
<p class="quiet">Calls are those of candidate to control. Failed pages are those of control, control again and candidate.
Of many documents that differ by chance alone, one in 20 has a p-value of 0.05 or less.</p>`;
}

function documentDetails(document: DocumentFigures): Markup {
  return markup`<details>
<summary>${shown(document.file)}</summary>
${agreementTable(document)}
${runTable(document)}
</details>
`;
}

function disagreementTable({ disagreements }: ParityReport, comparison: Comparison): Markup {
  const found = disagreements.filter((disagreement) => disagreement.comparison === comparison);
  const name = COMPARISON_NAMES[comparison];
  if (found.length === 0) return markup`<h3>${name}</h3><p>They agree in every field.</p>`;
  const second = comparison === 'candidate' ? RUN_NAMES.candidate : RUN_NAMES.control_again;
  const head = ['File', 'Account', 'Page', 'Field', RUN_NAMES.control, second];
  return markup`<h3>${name}: ${count(found.length, 'disagreement')}</h3>
${table(name, head, found.map(disagreementRow))}`;
}

function disagreementRow({ file, account, page, field, control, candidate }: Disagreement): CellContent[] {
  return [
    shown(file),
    account === null ? markup`<em>none named</em>` : shown(account),
    page ?? 'merged',
    shown(field),
    value(control),
    value(candidate),
  ];
}

function value(text: string | null): Cell {
  return new Cell('value', text === null ? markup`<em>no such field</em>` : shown(text));
}

function howToRead({ plans, test }: ParityReport): Markup {
  return markup`<section>
<h2>How to read this</h2>
<p>Every document was read three times: by the control (${plans.control}), by the control again, and by the
candidate (${plans.candidate}). All saw the same page texts.</p>
<p>A model does not answer alike twice. The control compared with itself shows this noise. The candidate is
held against it.</p>
<p>Page fields are what each page gave. Merged fields are what the record shows of an account. Two fields agree
when their values are the same text. Confidence is not compared. A page that one run gave up is a disagreement
in each of its fields.</p>
<p>Salvage calls ask again, page by page, for what a batch did not answer well.</p>
<p>Own disagreement is the share of fields that the candidate itself changes. With d the disagreement of
control and candidate and n that of control and control again, it is 1 - (1 - d) / (1 - n), and not under 0.</p>
<p>The test asks how often so large a difference would come about if candidate and control again were the
same. The p-value is that share. Up to ${test.level}, the difference counts as beyond chance. The test looks at
page fields and takes pages for independent. Pages of one batch are answered together. When their errors come
together, the p-value is too low.</p>
</section>`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
