import {
  MOST_PAGES_A_BATCH,
  MOST_WORKERS,
  SINGLE_PAGE,
  formatPlan,
  type BatchPlan,
} from '../../processor/plan.js';
import { runCommand } from '../command.js';
import { TrialError } from '../trial-error.js';
import { reportPage } from './page.js';
import { buildReport } from './report.js';
import { summaryOf } from './summary.js';

const USAGE = `Usage: quire tune [--sizes 1,2,3,5] [--workers 1,3,5,10] [--out tune-report] FILES...

Tries batch sizes and workers on your documents: PDFs, or JSON files of page texts ({"1": "..."}).
Prints the payload of the flag batch-page-processing that suits them. Writes report.html and report.json.

--sizes    pages a call, 1 to ${MOST_PAGES_A_BATCH} each; default: 1,2,3,5
--workers  calls at once, 1 to ${MOST_WORKERS} each; default: 1,3,5,10
--out      the folder of the report; default: tune-report

The model is the one the settings name, as for the server. Each document is read page by page twice, and once
for each size with the most workers. Times with fewer workers are worked out from the calls of that run.

Exit status: 0 when a plan is recommended, 1 when none agrees with page by page, 2 when nothing could be compared.
`;

/**
 * The command `quire tune`.
 *
 * @returns the exit status
 */
export function tune(args: string[]): Promise<number> {
  // The plans are given here.
  delete process.env.QUIRE_PLAN;
  return runCommand(args, {
    usage: USAGE,
    folder: 'tune-report',
    options: ['sizes', 'workers'],
    prepare(values, { LLM_MAX_CONCURRENCY: mostCalls }) {
      const sizes = numbers('--sizes', values.sizes ?? '1,2,3,5', MOST_PAGES_A_BATCH);
      const workers = numbers('--workers', values.workers ?? '1,3,5,10', MOST_WORKERS);
      const maxWorkers = Math.max(...workers);
      const plans = sizes.map((batchSize): BatchPlan => ({ path: 'batch', batchSize, maxWorkers }));
      return {
        control: { name: 'page by page', plan: SINGLE_PAGE },
        candidates: plans.map((plan) => ({ name: formatPlan(plan), plan })),
        conclude(model, tried) {
          const report = buildReport(model, tried, workers, mostCalls, new Date());
          return {
            report,
            html: reportPage(report),
            summary: summaryOf(report),
            note: '',
            exitStatus: report.recommended ? 0 : 1,
          };
        },
      };
    },
  });
}

/**
 * Whole numbers, each once, ascending.
 *
 * @throws {TrialError} for a list that is none, or numbers out of range
 */
function numbers(option: string, text: string, most: number): number[] {
  const given = /^\d+(?:,\d+)*$/.test(text) ? text.split(',').map(Number) : [];
  if (given.length === 0 || given.some((number) => number < 1 || number > most)) {
    throw new TrialError(`${option} must be whole numbers from 1 to ${most}, like "2,3".`);
  }
  return [...new Set(given)].sort((a, b) => a - b);
}
