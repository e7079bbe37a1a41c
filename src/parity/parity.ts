import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isAuto, parsePlan, type ProcessingPlan } from '../processor/plan.js';
import { readSettings, SettingsError } from '../settings.js';
import { PageReader } from '../stages/page-texts.js';
import { readDocuments, type ParityDocument } from './documents.js';
import { codeOf, ParityError } from './parity-error.js';
import { buildReport, type ParityReport } from './report.js';
import { prepareFolder, writeReport } from './report-files.js';
import { summaryOf } from './summary.js';
import { Plans, type Run, type Trial } from './trials.js';
import { count, RUN_NAMES } from './wording.js';

const USAGE = `Usage: npm run parity -- [--plan "batch 2x3"] [--out parity-report] FILES...

Compares batches with page by page on your documents: PDFs, or JSON files of page texts ({"1": "..."}).
Writes report.html and report.json. They hold field values.

--plan   the plan to compare; default: QUIRE_PLAN if it is a batch plan, else "batch 2x3"
--out    the folder of the report; default: parity-report

The model is the one the settings name, as for npm start. Each document is read three times.

Exit status: 0 when the plan agrees as well as page by page does with itself, 1 when it agrees less,
2 when nothing could be compared.
`;

const EXIT = { agrees: 0, too_few_pages: 0, agrees_less: 1, notRun: 2 } as const;

interface Order {
  files: string[];
  plan: ProcessingPlan;
  folder: string;
}

/** @throws {ParityError} or {SettingsError} when nothing could be compared */
async function compare({ files, plan, folder }: Order): Promise<number> {
  await prepareFolder(folder);
  const { model, trials } = await runAll(files, plan);
  const report = buildReport(model, trials, new Date());
  checkComparable(report, trials);
  const page = await writeReport(folder, report);
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

async function readTexts(files: readonly string[]): Promise<ParityDocument[]> {
  const settings = readSettings();
  const reader = new PageReader({
    maxPages: settings.PDF_MAX_PAGES,
    timeLimitMs: settings.PDF_TIME_LIMIT_MS,
    ocrTimeLimitMs: settings.OCR_TIME_LIMIT_MS,
  });
  try {
    return await readDocuments(files, reader, (file) => tell(`${file}: reading the pages`));
  } finally {
    await reader.close();
  }
}

/** Without fields of the control there is nothing to hold a candidate against. */
function checkComparable({ agreement, failed_pages: failed }: ParityReport, trials: readonly Trial[]): void {
  if (agreement.page.noise.compared > 0) return;
  if (failed.length > 0) {
    const reasons = [...new Set(failed.map(({ reason }) => reason))].join(', ');
    throw new ParityError(`The control got an answer for no page that has fields. Failed pages: ${reasons}.`);
  }
  const isAsked = trials.some(({ records }) => records.control.usage.calls > 0);
  throw new ParityError(
    isAsked ? 'The control found no fields on any page.' : 'No page has text to ask about.',
  );
}

/** @throws {ParityError} for arguments, {SettingsError} for settings that cannot be used */
function orderFrom(values: { plan?: string; out: string }, positionals: readonly string[]): Order {
  const given = positionals.filter((file) => file !== '');
  if (given.length === 0) throw new ParityError('No files were named. Try --help.');
  // A document counted twice would make chance look like evidence.
  const files = [...new Map(given.map((file) => [resolve(file), file])).values()];
  if (values.out === '') throw new ParityError('--out must name a folder.');
  return { files, plan: candidatePlan(values.plan), folder: values.out };
}

function candidatePlan(text: string | undefined): ProcessingPlan {
  const { QUIRE_PLAN: configured, QUIRE_FORCE_SINGLE_PAGE: isForced } = readSettings();
  if (isForced) {
    throw new ParityError('QUIRE_FORCE_SINGLE_PAGE is set: nothing would be read in batches. Unset it.');
  }
  if (text === undefined) {
    return configured?.path === 'batch' && !isAuto(configured) ? configured : DEFAULT_PLAN;
  }
  const plan = parsePlan(text);
  if (plan?.path === 'batch') return plan;
  throw new ParityError('--plan must be like "batch 2x3".');
}

const DEFAULT_PLAN: ProcessingPlan = { path: 'batch', batchSize: 2, maxWorkers: 3 };

/** @throws {ParityError} for options that there are not */
function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        plan: { type: 'string' },
        out: { type: 'string', default: 'parity-report' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    if (!codeOf(error).startsWith('ERR_PARSE_ARGS')) throw error;
    const [problem] = error instanceof Error ? error.message.split('. ') : [];
    throw new ParityError(`${problem ?? 'The options cannot be used'}. Try --help.`);
  }
}

/** Progress goes to the standard error output, so that the summary can be kept by itself. */
function tell(line: string): void {
  process.stderr.write(`${plain(line)}\n`);
}

/** File names may hold anything, and a terminal obeys control characters. */
function plain(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, '?');
}

function complaint(error: unknown): string {
  if (error instanceof ParityError) return error.message;
  if (error instanceof SettingsError) return error.message.replace('\n', ' ').replaceAll('\n', '; ');
  // The message of an error that was not foreseen may quote a document.
  const name = error instanceof Error ? error.name : typeof error;
  return `The comparison stopped on an unexpected error: ${[name, codeOf(error)].filter(Boolean).join(' ')}.`;
}

async function run(args: string[]): Promise<number> {
  try {
    const { values, positionals } = parsed(args);
    if (!values.help) return await compare(orderFrom(values, positionals));
    process.stdout.write(USAGE);
    return 0;
  } catch (error) {
    tell(complaint(error));
    return EXIT.notRun;
  }
}

// The plans are given here, and a shadow would cost calls and time beside the runs: no flag counts.
delete process.env.UNLEASH_URL;
delete process.env.UNLEASH_API_TOKEN;

process.exitCode = await run(process.argv.slice(2));
