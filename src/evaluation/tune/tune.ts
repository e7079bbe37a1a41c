import {
  checkBatchesAllowed,
  filesNamed,
  folderNamed,
  parsed,
  readTexts,
  runCommand,
} from '../parity/command.js';
import { prepareFolder, writeReport } from '../parity/report-files.js';
import { plain, tell } from '../parity/terminal.js';
import { TrialError } from '../parity/trial-error.js';
import { MOST_PAGES_A_BATCH, MOST_WORKERS, SINGLE_PAGE } from '../../processor/plan.js';
import { createQuire } from '../../quire.js';
import { readSettings } from '../../settings.js';
import { reportPage } from './report-page.js';
import { buildReport } from './report.js';
import { summaryOf } from './summary.js';
import { trySizes, type Grid, type SizeTrials } from './trials.js';

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

interface Order {
  files: string[];
  grid: Grid;
  folder: string;
}

/** @throws {TrialError} or {SettingsError} when nothing could be compared */
async function recommend({ files, grid, folder }: Order): Promise<number> {
  const { LLM_MAX_CONCURRENCY: mostCalls } = readSettings();
  await prepareFolder(folder);
  const { model, trials } = await tryAll(files, grid);
  const report = buildReport(model, trials, grid, mostCalls, new Date());
  const page = await writeReport(folder, report, reportPage(report));
  process.stdout.write(`${plain(`${summaryOf(report)}\n\nThe report is ${page}.`)}\n`);
  return report.recommended ? 0 : 1;
}

async function tryAll(files: readonly string[], grid: Grid) {
  // Made first: settings that cannot be used are told before minutes of OCR, and no call is paid for
  // before every file has been read.
  const quire = await createQuire({ plan: SINGLE_PAGE });
  try {
    const documents = await readTexts(files);
    const trials: SizeTrials[] = [];
    for (const document of documents) {
      trials.push(await trySizes(quire, document, grid, (name) => tell(`${document.file}: ${name}`)));
    }
    return { model: quire.modelName, trials };
  } finally {
    await quire.close();
  }
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

/**
 * The command `quire tune`.
 *
 * @returns the exit status
 */
export function tune(args: string[]): Promise<number> {
  // The plans are given here.
  delete process.env.QUIRE_PLAN;
  return runCommand(async () => {
    const { values, positionals } = parsed(args, {
      sizes: { type: 'string', default: '1,2,3,5' },
      workers: { type: 'string', default: '1,3,5,10' },
      out: { type: 'string', default: 'tune-report' },
      help: { type: 'boolean', short: 'h', default: false },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    const files = filesNamed(positionals);
    const folder = folderNamed(values.out);
    const sizes = numbers('--sizes', values.sizes, MOST_PAGES_A_BATCH);
    const workers = numbers('--workers', values.workers, MOST_WORKERS);
    checkBatchesAllowed(readSettings());
    return recommend({ files, grid: { sizes, workers }, folder });
  });
}
