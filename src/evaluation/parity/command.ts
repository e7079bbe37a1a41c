import type { AnswerForm } from '../../llm/wire.js';
import { isAuto, parsePlan, parsePlanChoice, SINGLE_PAGE, type BatchPlan } from '../../processor/plan.js';
import type { Settings } from '../../settings.js';
import { runCommand } from '../command.js';
import { count } from '../report/wording.js';
import { TrialError } from '../trial-error.js';
import type { Candidate } from '../trials.js';
import { reportPage } from './page.js';
import { buildReport } from './report.js';
import { summaryOf } from './summary.js';

const USAGE = `Usage: quire parity [--plan "batch 2x3"] [--answer-form] [--out parity-report] FILES...

Compares batches with page by page on your documents: PDFs, or JSON files of page texts ({"1": "..."}).
Writes report.html and report.json. They hold field values.

--plan         the plan to compare; default: QUIRE_PLAN if it is a batch plan, else "batch 2x3"
--answer-form  compares the plan answered as lines with the same plan answered as objects
--out          the folder of the report; default: parity-report

The model is the one the settings name, as for the server. Each document is read three times.

Exit status: 0 when the candidate agrees as well as the control does with itself, 1 when it agrees less,
2 when nothing could be compared.
`;

const EXIT = { agrees: 0, too_few_pages: 0, agrees_less: 1 } as const;
const DEFAULT_PLAN: BatchPlan = { path: 'batch', batchSize: 2, maxWorkers: 3 };

/**
 * The command `quire parity`.
 *
 * @returns the exit status
 */
export function parity(args: string[]): Promise<number> {
  return runCommand(args, {
    usage: USAGE,
    folder: 'parity-report',
    options: ['plan'],
    switches: ['answer-form'],
    prepare: ({ plan: text, 'answer-form': ofForms }, settings) => ({
      ...(ofForms ? answerForms(candidatePlan(text, settings)) : paths(candidatePlan(text, settings))),
      conclude(model, tried) {
        const trials = tried.flatMap((candidate) => candidate.trials);
        const report = buildReport(model, trials, new Date());
        return {
          report,
          html: reportPage(report),
          summary: summaryOf(report),
          note: ` It lists ${count(report.disagreements.length, 'disagreement')} and holds field values.`,
          exitStatus: EXIT[report.verdict],
        };
      },
    }),
  });
}

function paths(plan: BatchPlan) {
  return { control: { name: 'control', plan: SINGLE_PAGE }, candidates: [{ name: 'candidate', plan }] };
}

/** Objects are the control: they are what page by page is answered as. */
function answerForms(plan: BatchPlan) {
  const answeredAs = (answerForm: AnswerForm): Candidate => ({
    name: answerForm,
    plan: { ...plan, answerForm },
  });
  return { control: answeredAs('objects'), candidates: [answeredAs('lines')] };
}

/** @throws {TrialError} for a plan that is none */
function candidatePlan(text: string | undefined, settings: Settings): BatchPlan {
  if (text === undefined) {
    const configured = parsePlanChoice(settings.QUIRE_PLAN ?? '');
    return configured?.path === 'batch' && !isAuto(configured) ? configured : DEFAULT_PLAN;
  }
  const plan = parsePlan(text);
  if (plan?.path === 'batch') return plan;
  throw new TrialError('--plan must be like "batch 2x3".');
}
