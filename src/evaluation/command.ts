import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readSettings, type Settings } from '../settings.js';
import { complaint, ofOptions } from './complaint.js';
import { prepareFolder, writeReport } from './report/files.js';
import { writeError, writeOutput } from './report/terminal.js';
import { TrialError } from './trial-error.js';
import { runTrials, type Candidate, type CandidateTrials, type Control } from './trials.js';

/** The exit status when nothing could be compared. */
const NOT_RUN = 2;

/** A command that runs plans over a user's documents and reports what it found. */
export interface Command<Option extends string, Switch extends string = never> {
  usage: string;
  /** The folder of the report, unless `--out` names another. */
  folder: string;
  /** Its own options, each with a value. */
  options: readonly Option[];
  /** Its options without a value. */
  switches?: readonly Switch[];
  /** @throws {TrialError} for options that cannot be used */
  prepare: (
    values: Partial<Record<Option, string> & Record<Switch, boolean>>,
    settings: Settings,
  ) => Evaluation;
}

/** What is run, and what is made of it. */
interface Evaluation {
  /** Run twice. */
  control: Control;
  /** At least one. */
  candidates: readonly Candidate[];
  /** @throws {TrialError} when nothing could be compared */
  conclude: (model: string, tried: readonly CandidateTrials[]) => Conclusion;
}

interface Conclusion {
  /** For `report.json`. */
  report: object;
  /** For `report.html`. */
  html: string;
  /** For the terminal. */
  summary: string;
  /** What stands behind the sentence that names the report. */
  note: string;
  exitStatus: number;
}

/**
 * Runs a command, and says why when nothing could be compared.
 *
 * @returns the exit status
 */
export async function runCommand<Option extends string, Switch extends string = never>(
  args: string[],
  command: Command<Option, Switch>,
): Promise<number> {
  // The plans are given here, and a shadow would cost calls and time beside the runs: no flag counts.
  delete process.env.UNLEASH_URL;
  delete process.env.UNLEASH_API_TOKEN;
  try {
    return await run(args, command);
  } catch (error) {
    writeError(complaint(error, 'The comparison'));
    return NOT_RUN;
  }
}

async function run<Option extends string, Switch extends string>(
  args: string[],
  command: Command<Option, Switch>,
): Promise<number> {
  const { values, help, out, files } = parsed(args, command);
  if (help) {
    process.stdout.write(command.usage);
    return 0;
  }
  if (files.length === 0) throw new TrialError('No files were named. Try --help.');
  if (out === '') throw new TrialError('--out must name a folder.');
  const settings = readSettings();
  if (settings.QUIRE_FORCE_SINGLE_PAGE) {
    throw new TrialError('QUIRE_FORCE_SINGLE_PAGE is set: nothing would be read in batches. Unset it.');
  }
  const { control, candidates, conclude } = command.prepare(values, settings);
  await prepareFolder(out);
  const { model, tried } = await runTrials(files, control, candidates, settings);
  const { report, html, summary, note, exitStatus } = conclude(model, tried);
  const page = await writeReport(out, report, html);
  writeOutput(`${summary}\n\nThe report is ${page}.${note}`);
  return exitStatus;
}

/** @throws {TrialError} for options that there are not */
function parsed<Option extends string, Switch extends string>(
  args: string[],
  { options, switches = [], folder }: Command<Option, Switch>,
) {
  const all = {
    out: { type: 'string', default: folder },
    help: { type: 'boolean', short: 'h', default: false },
    ...Object.fromEntries(options.map((option) => [option, { type: 'string' } as const])),
    ...Object.fromEntries(switches.map((name) => [name, { type: 'boolean' } as const])),
  } as const;
  try {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options: all });
    const { out, help, ...own } = values;
    const given = own as Partial<Record<Option, string> & Record<Switch, boolean>>;
    return { values: given, help, out, files: distinct(positionals) };
  } catch (error) {
    throw ofOptions(error, Object.keys(all));
  }
}

/** Files, each once: a document counted twice would make chance look like evidence. */
function distinct(positionals: readonly string[]): string[] {
  const given = positionals.filter((file) => file !== '');
  return [...new Map(given.map((file) => [resolve(file), file])).values()];
}
