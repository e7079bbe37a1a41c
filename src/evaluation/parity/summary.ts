import type { ParityReport } from './report.js';
import { aligned } from './terminal.js';
import { cost, count, percent, RUN_NAMES, seconds, times, VERDICTS, verdictReason } from './wording.js';
import { RUNS } from './trials.js';

/** What the terminal shows of a report: figures and the verdict. No field names, no values. */
export function summaryOf(report: ParityReport): string {
  const { agreement, documents, own_disagreement: own, pages, plans, ratio, runs } = report;
  const rows = RUNS.map((name) => {
    const run = runs[name];
    const calls = run.salvage_calls > 0 ? `${run.calls} (${run.salvage_calls} salvage)` : String(run.calls);
    return [RUN_NAMES[name], calls, seconds(run.seconds), cost(run), String(run.failed_pages)];
  });
  rows.push(['Candidate / control', times(ratio.calls), times(ratio.seconds), times(ratio.cost_usd), '']);
  const shares = (['page', 'merged'] as const).map((scope) => {
    const { candidate, noise } = agreement[scope];
    const compared = count(candidate.compared, 'field');
    return [
      `${SCOPES[scope]}, ${compared}`,
      ...[candidate.agreement, noise.agreement, own[scope]].map(percent),
    ];
  });
  return [
    `Model: ${report.model}. Control: ${plans.control}, twice. Candidate: ${plans.candidate}.`,
    `${count(documents.length, 'document')}, ${count(pages, 'page')}.`,
    '',
    ...aligned([
      ['Agreement with the control', 'candidate', 'control again', "candidate's own disagreement"],
      ...shares,
    ]),
    '',
    ...aligned([['Run', 'calls', 'seconds', 'cost in USD', 'failed pages'], ...rows]),
    '',
    VERDICTS[report.verdict],
    verdictReason(report),
  ].join('\n');
}

const SCOPES = { page: 'Page fields', merged: 'Merged fields' };
