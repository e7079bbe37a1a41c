import type { ComparisonKind } from '../../comparison/compare.js';
import type { Figures } from '../figures.js';
import { markup, shown, type Content, type Markup } from '../report/markup.js';
import { reportPage as page } from '../report/page.js';
import { card, section, table, type Column } from '../report/parts.js';
import { cost, count, percent, times } from '../report/wording.js';
import { RUNS } from '../trials.js';
import type { ParityFigures } from './figures.js';
import type { Disagreement, DocumentFigures, ParityReport } from './report.js';
import {
  COMPARISON_NAMES,
  intervalInWords,
  pValue,
  RUN_NAMES,
  runRows,
  SCOPE_NAMES,
  SCOPES,
  seconds,
  VERDICTS,
  verdictReason,
} from './wording.js';

const COMPARISONS = ['candidate', 'noise'] as const;

/** The report as a page of HTML. It holds field values. */
export function reportPage(report: ParityReport): string {
  const { model, plans, documents, pages, verdict } = report;
  const head = {
    title: 'Parity report',
    subject: markup`Model: <strong>${model}</strong>. Control: <strong>${plans.control}</strong>, run twice.
Candidate: <strong>${plans.candidate}</strong>.`,
    documents: documents.length,
    pages,
    createdAt: report.created_at,
    holds: 'This file holds field values.',
  };
  const timeNote = markup`<p class="quiet">Seconds are from page texts to records. Reading PDF files is left out: it is done once.</p>`;
  return page(head, [
    markup`<section class="verdict ${verdict}">
<h2>${VERDICTS[verdict]}</h2>
<p>${verdictReason(report)} ${intervalInWords(report)}</p>
</section>
`,
    cards(report),
    section('Agreement', agreementTable(report), testText(report)),
    section('Runs', runTable(report), timeNote),
    failedPagesSection(report),
    section('Documents', documentTable(documents), documents.map(documentDetails)),
    section(
      'Disagreements',
      COMPARISONS.map((comparison) => disagreementTable(report, comparison)),
    ),
    howToRead(report),
  ]);
}

function cards({ agreement, own_disagreement: own, test, ratio, runs }: ParityReport): Markup {
  const { candidate, noise } = agreement.page;
  const merged = (kind: ComparisonKind) => `merged fields: ${percent(agreement.merged[kind].agreement)}`;
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
    COMPARISONS.map((kind) => ({
      ...agreement[scope][kind],
      kind,
      scope: SCOPE_NAMES[scope],
      own: kind === 'candidate' ? percent(own[scope]) : '',
    })),
  );
  return table(
    'Agreement',
    [
      ['Fields', (row) => row.scope],
      ['Compared', (row) => COMPARISON_NAMES[row.kind]],
      ['Agreement', (row) => [percent(row.agreement), bar(row.agreement, row.kind)]],
      ['Fields compared', (row) => row.compared, 'number'],
      ['Different', (row) => row.different, 'number'],
      ['Only in the first', (row) => row.only_control, 'number'],
      ['Only in the second', (row) => row.only_candidate, 'number'],
      ['Own disagreement', (row) => row.own, 'number'],
    ],
    rows,
  );
}

/** As an SVG, because the page allows no style attributes. */
function bar(share: number | null, kind: ComparisonKind): Markup {
  const width = ((share ?? 0) * 100).toFixed(2);
  return markup`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="all" width="100" height="4"></rect><rect class="${kind}" width="${width}" height="4"></rect></svg>`;
}

function testText({ test }: ParityReport): Markup {
  return markup`<p>${capitalised(test.name)} by ${test.unit}: p = ${pValue(test.p_value)}, level ${test.level}.
${count(test.informative_pages, 'page')} ${test.informative_pages === 1 ? 'carries' : 'carry'} the test.
The others differ as much in both comparisons, or not at all.</p>`;
}

function runTable(of: ParityFigures): Markup {
  return table(
    'Runs',
    [
      ['Run', (row) => row.name],
      ['Calls', (row) => row.calls, 'number'],
      ['Salvage calls', (row) => row.salvageCalls, 'number'],
      ['Batches salvaged', (row) => row.salvaged, 'number'],
      ['Tokens in', (row) => row.promptTokens, 'number'],
      ['Tokens out', (row) => row.completionTokens, 'number'],
      ['Seconds', (row) => row.seconds, 'number'],
      ['Cost in USD', (row) => row.cost, 'number'],
      ['Failed pages', (row) => row.failedPages, 'number'],
    ],
    runRows(of, 'Candidate to control'),
  );
}

function failedPagesSection({ failed_pages: failed, documents }: ParityReport): Content {
  const unanswered = failed.map(({ run, ...page }) => ({ ...page, run: RUN_NAMES[run] }));
  const unreadable = documents.flatMap(({ file, unreadable_pages: pages }) =>
    pages.map((page) => ({ ...page, file, run: 'All runs' })),
  );
  if (unanswered.length + unreadable.length === 0) return '';
  return section(
    'Failed pages',
    failedPageTable('Pages without an answer', unanswered),
    failedPageTable('Pages that could not be read from the file, or only in part', unreadable),
  );
}

function failedPageTable(
  caption: string,
  rows: { file: string; page: number; run: string; reason: string }[],
): Content {
  if (rows.length === 0) return '';
  return table(
    caption,
    [
      ['File', ({ file }) => shown(file)],
      ['Page', ({ page }) => page, 'number'],
      ['Run', ({ run }) => run],
      ['Reason', ({ reason }) => reason.replaceAll('_', ' ')],
    ],
    rows,
  );
}

function documentTable(documents: readonly DocumentFigures[]): Markup {
  const columns: Column<DocumentFigures>[] = [
    ['File', ({ file }) => shown(file)],
    ['Pages', ({ pages }) => pages, 'number'],
    ['Candidate agrees', ({ agreement }) => percent(agreement.page.candidate.agreement), 'number'],
    ['Control agrees with itself', ({ agreement }) => percent(agreement.page.noise.agreement), 'number'],
    ['Own disagreement', ({ own_disagreement: own }) => percent(own.page), 'number'],
    ['p-value', ({ test }) => pValue(test.p_value), 'number'],
    ['Calls', ({ runs }) => `${runs.candidate.calls} to ${runs.control.calls}`, 'number'],
    ['Failed pages', ({ runs }) => RUNS.map((run) => runs[run].failed_pages).join(' / '), 'number'],
  ];
  return markup`${table('Documents, by page fields', columns, documents)}
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

function disagreementTable({ disagreements }: ParityReport, kind: ComparisonKind): Markup {
  const found = disagreements.filter(({ comparison }) => comparison === kind);
  const name = COMPARISON_NAMES[kind];
  if (found.length === 0) return markup`<h3>${name}</h3><p>They agree in every field.</p>`;
  const second = kind === 'candidate' ? RUN_NAMES.candidate : RUN_NAMES.control_again;
  const columns: Column<Disagreement>[] = [
    ['File', ({ file }) => shown(file)],
    ['Account', ({ account }) => shownOr('none named', account)],
    ['Page', ({ page }) => page ?? 'merged'],
    ['Field', ({ field }) => shown(field)],
    [RUN_NAMES.control, ({ control }) => shownOr('no such field', control), 'value'],
    [second, ({ candidate }) => shownOr('no such field', candidate), 'value'],
  ];
  return markup`<h3>${name}: ${count(found.length, 'disagreement')}</h3>
${table(name, columns, found)}`;
}

function shownOr(absent: string, text: string | null): Markup {
  return text === null ? markup`<em>${absent}</em>` : shown(text);
}

function howToRead({ plans, test }: ParityReport): Markup {
  return section(
    'How to read this',
    markup`<p>Every document was read three times: by the control (${plans.control}), by the control again, and by the
candidate (${plans.candidate}). All saw the same page texts.</p>
<p>A model does not answer alike twice. The control compared with itself shows this noise. The candidate is
held against it.</p>
<p>Page fields are what each page gave. Merged fields are what the record shows of an account. Two fields agree
when their values are the same text. Confidence is not compared. A page that one run gave up is a disagreement
in each of its fields.</p>
<p>Salvage calls ask again, page by page, for what a batch did not answer well. Batches salvaged are those that
needed any, of all with two pages and more.</p>
<p>Own disagreement is the share of fields that the candidate itself changes. With d the disagreement of
control and candidate and n that of control and control again, it is 1 - (1 - d) / (1 - n), and not under 0.</p>
<p>The test asks how often so large a difference would come about if candidate and control again were the
same. The p-value is that share. Up to ${test.level}, the difference counts as beyond chance. The test looks at
page fields and takes pages for independent. Pages of one batch are answered together. When their errors come
together, the p-value is too low.</p>`,
  );
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
