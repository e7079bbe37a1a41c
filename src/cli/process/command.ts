import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { EMBEDDED_MODEL_NAME } from '../../embedded-model/service.js';
import { complaint, ofOptions } from '../../evaluation/complaint.js';
import { plain, writeError } from '../../evaluation/report/terminal.js';
import { packageVersion } from '../../options.js';
import { formatPlan, parsePlanChoice, SINGLE_PAGE, type PlanChoice } from '../../processor/plan.js';
import { createQuire } from '../../quire.js';
import { readSettings, type Settings } from '../../settings.js';
import { StoreError } from '../../store/database.js';
import { filesNamed, type NamedFile } from './files.js';
import { Kept } from './kept.js';
import { isWhole, type Outcome, type ReadWith } from './outcome.js';
import { newProgress } from './progress.js';
import { readFiles } from './reading.js';
import { jsonLine, shownRecord, tableOf, type FileEnd } from './report.js';
import { Stop } from './stop.js';
import { targetsIn } from './targets.js';
import { UsageError } from './usage-error.js';
import { Warnings } from './warnings.js';

const USAGE = `Usage: quire process [OPTIONS] FILE...

Reads PDFs, several at once, and prints their records and a table of what came of each. A FILE may be a folder: all
PDFs in it and in the folders below are read. "-" stands for a list of paths on the standard input, one a line, or
parted by NUL.

  --json       records on the standard output, one line of JSON a file as it ends, and nothing else there
  --out DIR    records as files, DIR/NAME.json for NAME.pdf; of those written before, none is read again
  --plan PLAN  "single-page", or like "batch 2x3" or "batch auto"; by default QUIRE_PLAN, or else single-page
  --help

The settings in the environment hold; flags of Unleash do not count. Answers of the model, and what OCR read of files
that are not whole yet, are kept in QUIRE_DATA_DIR/process, or in QUIRE_DATABASE_URL: a run that was stopped goes on
where it was when the same command is given again. Ctrl+C stops it in good order, a second one at once.

Exit status: 0 all is read, 1 pages or files failed, 2 nothing could be begun, 130 stopped by Ctrl+C.
`;

const SCANS_STAY = 'what OCR read could not be deleted from the database of answers';

const FAILED = 1;
const NOT_BEGUN = 2;

const OPTIONS = {
  json: { type: 'boolean', default: false },
  out: { type: 'string' },
  plan: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** The settings that change what is read; the model and the plan are named by themselves. */
const READ_WITH = [
  'OPENAI_BASE_URL',
  'AZURE_OPENAI_ENDPOINT',
  'OPENAI_API_VERSION',
  'LLM_PAGE_ATTEMPTS',
  'LLM_INPUT_BUDGET',
  'LLM_OUTPUT_BUDGET',
  'LLM_OUTPUT_TOKENS_PER_PAGE',
  'LLM_ANSWER_FORM',
  'LLM_RESPONSE_FORMAT',
  'LLM_REQUEST_DEFAULTS',
  'PDF_MAX_PAGES',
  'PDF_TIME_LIMIT_MS',
  'OCR_LANGUAGES',
  'OCR_TIME_LIMIT_MS',
  'OCR_DOCUMENT_TIME_LIMIT_MS',
] as const satisfies (keyof Settings)[];

interface Options {
  files: string[];
  asJson: boolean;
  out: string | undefined;
  plan: PlanChoice | undefined;
}

/**
 * Reads files in the terminal.
 *
 * @returns the exit status
 */
export async function processFiles(args: string[]): Promise<number> {
  // Flags decide for users of an app, and a shadow would cost calls beside the run.
  delete process.env.UNLEASH_URL;
  delete process.env.UNLEASH_API_TOKEN;
  try {
    const options = parsed(args);
    if (options === 'help') {
      process.stdout.write(USAGE);
      return 0;
    }
    return await run(options);
  } catch (error) {
    writeError(whyNotBegun(error));
    return NOT_BEGUN;
  }
}

/** @throws {UsageError} for options that there are not */
function parsed(args: string[]): Options | 'help' {
  const { values, positionals: files } = parsedArgs(args);
  if (values.help) return 'help';
  const { json: asJson, out } = values;
  if (out === '') throw new UsageError('--out must name a folder.');
  const plan = values.plan === undefined ? undefined : parsePlanChoice(values.plan);
  if (values.plan !== undefined && !plan) {
    throw new UsageError('--plan must be "single-page", or like "batch 3x5" or "batch auto".');
  }
  return { files, asJson, out, plan };
}

function parsedArgs(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: OPTIONS });
  } catch (error) {
    throw ofOptions(error, Object.keys(OPTIONS), 'quire process --help');
  }
}

async function run({ files: given, asJson, out, plan: asked }: Options): Promise<number> {
  const settings = readSettings();
  const files = await filesNamed(given, process.stdin);
  const targets = out === undefined ? new Map<string, never>() : await targetsIn(out, files);
  const plan = asked ?? parsePlanChoice(settings.QUIRE_PLAN ?? '') ?? SINGLE_PAGE;
  // The other engine would take up what other processes have left.
  const warnings = new Warnings();
  const quire = await createQuire({ plan, engine: 'local', logger: warnings });
  const progress = newProgress(files.length);
  const stop = new Stop(() => {
    progress.stop();
    void quire.close().catch(() => undefined);
  });
  const kept = new Kept(settings, stop.signal);
  if (quire.modelName === EMBEDDED_MODEL_NAME) {
    writeError(`No key is set (OPENAI_API_KEY): the ${EMBEDDED_MODEL_NAME} reads.`);
  }
  const readWith: ReadWith = {
    quire: packageVersion(),
    model: quire.modelName,
    plan: formatPlan(settings.QUIRE_FORCE_SINGLE_PAGE ? SINGLE_PAGE : plan),
    settings: digestOf(settings),
  };
  let ends: FileEnd[];
  try {
    ends = await readFiles(files, {
      quire,
      readWith,
      targets,
      progress,
      kept: (sha256) => kept.of(sha256),
      atOnce: settings.DOCUMENTS_AT_ONCE,
      stopped: stop.signal,
      onEnd: (file, outcome) => {
        if (asJson) writeLine(file, outcome);
      },
    });
    if (stop.status === undefined) {
      await kept.forgetScans(wholeIn(ends)).catch(() => warnings.warn({}, SCANS_STAY));
    }
  } catch (error) {
    // The signal of a terminal goes to every process of the run, and one that makes the database has ended by it, too.
    if (stop.status === undefined) throw error;
    return stop.status;
  } finally {
    progress.stop();
    await quire.close();
    await kept.close();
    stop.end();
  }
  if (stop.isUnread) return FAILED;
  conclude(ends, { asJson, out });
  for (const line of warnings.lines) writeError(line);
  if (stop.status === undefined) return ends.every(({ outcome }) => isWhole(outcome)) ? 0 : FAILED;
  const whole = ends.filter(({ outcome }) => isWhole(outcome)).length;
  writeError(
    `\nStopped: ${whole} of ${ends.length} files are read. Give the same command again to go on; what was read and answered is kept.`,
  );
  return stop.status;
}

/** The files that are read whole, by the digest of their bytes. */
function wholeIn(ends: readonly FileEnd[]): string[] {
  return ends.flatMap(({ outcome }) =>
    'written' in outcome && isWhole(outcome) ? [outcome.written.sha256] : [],
  );
}

function writeLine({ path }: NamedFile, outcome: Outcome): void {
  if (outcome.state === 'stopped') return;
  const line =
    'written' in outcome ? outcome.written : { file: path, state: 'failed', error: outcome.reason };
  process.stdout.write(`${jsonLine(line)}\n`);
}

/** With JSON on the standard output, the table goes to the other one. */
function conclude(ends: readonly FileEnd[], { asJson, out }: Pick<Options, 'asJson' | 'out'>): void {
  const write = (text: string) => (asJson ? process.stderr : process.stdout).write(`${plain(text)}\n`);
  if (!asJson && out === undefined) {
    for (const { name, outcome } of ends) {
      if ('written' in outcome) write(`${shownRecord(name, outcome.written.record)}\n`);
    }
  }
  write(tableOf(ends));
}

function digestOf(settings: Settings): string {
  const values = READ_WITH.map((name) => settings[name] ?? null);
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 16);
}

function whyNotBegun(error: unknown): string {
  if (error instanceof UsageError || error instanceof StoreError) return error.message;
  return complaint(error, 'Reading');
}
