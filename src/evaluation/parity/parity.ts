import { isAuto, parsePlan, parsePlanChoice, type ProcessingPlan } from '../../processor/plan.js';
import { readSettings } from '../../settings.js';
import { checkBatchesAllowed, filesNamed, folderNamed, parsed, readTexts, runCommand } from './command.js';
import { buildReport, checkComparable } from './report.js';
import { prepareFolder, writeReport } from './report-files.js';
import { reportPage } from './report-page.js';
import { summaryOf } from './summary.js';
import { plain, tell } from './terminal.js';
import { TrialError } from './trial-error.js';
import { Plans, type Run, type Trial } from './trials.js';
import { count, RUN_NAMES } from './wording.js';

const USAGE = `Usage: quire parity [--plan "batch 2x3"] [--out parity-report] FILES...

Compares batches with page by page on your documents: PDFs, or JSON files of page texts ({"1": "..."}).
Writes report.html and report.json. They hold field values.

--plan   the plan to compare; default: QUIRE_PLAN if it is a batch plan, else "batch 2x3"
--out    the folder of the report; default: parity-report

The model is the one the settings name, as for the server. Each document is read three times.

Exit status: 0 when the plan agrees as well as page by page does with itself, 1 when it agrees less,
2 when nothing could be compared.
`;

const EXIT = { agrees: 0, too_few_pages: 0, agrees_less: 1 } as const;

interface Order {
  files: string[];
  plan: ProcessingPlan;
  folder: string;
}

/** @throws {TrialError} or {SettingsError} when nothing could be compared */
async function compare({ files, plan, folder }: Order): Promise<number> {
  await prepareFolder(folder);
  const { model, trials } = await runAll(files, plan);
  const report = buildReport(model, trials, new Date());
  checkComparable(report, trials);
  const page = await writeReport(folder, report, reportPage(report));
  const listed = count(report.disagreements.length, 'disagreement');
  const where = `The report is ${page}. It lists ${listed} and holds field values.`;
  process.stdout.write(`${plain(`${summaryOf(report)}\n\n${where}`)}\n`);
  return EXIT[report.verdict];
}

async function runAll(files: readonly string[], plan: ProcessingPlan) {
  // Made first: settings that cannot be used are told before minutes of OCR, and no call is paid for
  // before every file has been read.
  const plans = await Plans.create(plan);
  try {
    const documents = await readTexts(files);
    const trials: Trial[] = [];
    for (const document of documents) {
      const onRun = (run: Run) => tell(`${document.file}: ${RUN_NAMES[run].toLowerCase()}`);
      trials.push(await plans.run(document, onRun));
    }
    return { model: plans.model, trials };
  } finally {
    await plans.close();
  }
}

/** @throws {TrialError} for a plan that is none, {SettingsError} for settings that cannot be used */
function candidatePlan(text: string | undefined): ProcessingPlan {
  const settings = readSettings();
  checkBatchesAllowed(settings);
  const configured = parsePlanChoice(settings.QUIRE_PLAN ?? '');
  if (text === undefined) {
    return configured?.path === 'batch' && !isAuto(configured) ? configured : DEFAULT_PLAN;
  }
  const plan = parsePlan(text);
  if (plan?.path === 'batch') return plan;
  throw new TrialError('--plan must be like "batch 2x3".');
}

const DEFAULT_PLAN: ProcessingPlan = { path: 'batch', batchSize: 2, maxWorkers: 3 };

/**
 * The command `quire parity`.
 *
 * @returns the exit status
 */
export function parity(args: string[]): Promise<number> {
  return runCommand(async () => {
    const { values, positionals } = parsed(args, {
      plan: { type: 'string' },
      out: { type: 'string', default: 'parity-report' },
      help: { type: 'boolean', short: 'h', default: false },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    const files = filesNamed(positionals);
    const folder = folderNamed(values.out);
    return compare({ files, plan: candidatePlan(values.plan), folder });
  });
}
