import { aligned } from '../report/terminal.js';
import { count, percent } from '../report/wording.js';
import type { ParityReport } from './report.js';
import { intervalInWords, runRows, SCOPE_NAMES, SCOPES, VERDICTS, verdictReason } from './wording.js';

const RUN_HEAD = [
  'Run',
  'calls',
  'batches salvaged',
  'tokens in',
  'tokens out',
  'seconds',
  'cost in USD',
  'failed pages',
];

/** What the terminal shows of a report: figures and the verdict. No field names, no values. */
export function summaryOf(report: ParityReport): string {
  const { agreement, documents, own_disagreement: own, pages, plans } = report;
  const rows = runRows(report, 'Candidate / control').map((row) => {
    const salvage = row.salvageCalls ? ` (${row.salvageCalls} salvage)` : '';
    const tokens = [row.promptTokens, row.completionTokens];
    return [
      ...[row.name, `${row.calls}${salvage}`, row.salvaged, ...tokens],
      ...[row.seconds, row.cost, String(row.failedPages)],
    ];
  });
  const shares = SCOPES.map((scope) => {
    const { candidate, noise } = agreement[scope];
    const name = `${SCOPE_NAMES[scope]}, ${count(candidate.compared, 'field')}`;
    return [name, percent(candidate.agreement), percent(noise.agreement), percent(own[scope])];
  });
  const head = ['Agreement with the control', 'candidate', 'control again', "candidate's own disagreement"];
  return [
    `Model: ${report.model}. Control: ${plans.control}, twice. Candidate: ${plans.candidate}.`,
    `${count(documents.length, 'document')}, ${count(pages, 'page')}.`,
    '',
    ...aligned([head, ...shares]),
    '',
    ...aligned([RUN_HEAD, ...rows]),
    '',
    VERDICTS[report.verdict],
    verdictReason(report),
    intervalInWords(report),
  ].join('\n');
}
