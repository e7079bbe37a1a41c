import { resolve } from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { readSettings, SettingsError, type Settings } from '../../settings.js';
import { PageReader } from '../../stages/page-texts.js';
import { readDocuments, type ParityDocument } from './documents.js';
import { tell } from './terminal.js';
import { codeOf, TrialError } from './trial-error.js';

/** The exit status when nothing could be compared. */
const NOT_RUN = 2;

/**
 * Runs a command that tries plans on a user's documents, and tells why when nothing could be compared.
 *
 * @param work returns the exit status
 * @returns the exit status
 */
export async function runCommand(work: () => Promise<number>): Promise<number> {
  // The plans are given here, and a shadow would cost calls and time beside the runs: no flag counts.
  delete process.env.UNLEASH_URL;
  delete process.env.UNLEASH_API_TOKEN;
  try {
    return await work();
  } catch (error) {
    tell(complaint(error));
    return NOT_RUN;
  }
}

interface Arguments<Options extends NonNullable<ParseArgsConfig['options']>> {
  args: string[];
  allowPositionals: true;
  options: Options;
}

/** @throws {TrialError} for options that there are not */
export function parsed<Options extends NonNullable<ParseArgsConfig['options']>>(
  args: string[],
  options: Options,
): ReturnType<typeof parseArgs<Arguments<Options>>> {
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    if (!codeOf(error).startsWith('ERR_PARSE_ARGS')) throw error;
    const [problem] = error instanceof Error ? error.message.split('. ') : [];
    throw new TrialError(`${problem ?? 'The options cannot be used'}. Try --help.`);
  }
}

/**
 * The files to try plans on, each once: a document counted twice would make chance look like evidence.
 *
 * @throws {TrialError} when there are none
 */
export function filesNamed(positionals: readonly string[]): string[] {
  const given = positionals.filter((file) => file !== '');
  if (given.length === 0) throw new TrialError('No files were named. Try --help.');
  return [...new Map(given.map((file) => [resolve(file), file])).values()];
}

/** @throws {TrialError} when `--out` names no folder */
export function folderNamed(out: string): string {
  if (out === '') throw new TrialError('--out must name a folder.');
  return out;
}

/** @throws {TrialError} when the settings let nothing be read in batches */
export function checkBatchesAllowed({ QUIRE_FORCE_SINGLE_PAGE: isForced }: Settings): void {
  if (isForced) {
    throw new TrialError('QUIRE_FORCE_SINGLE_PAGE is set: nothing would be read in batches. Unset it.');
  }
}

/**
 * Reads the page texts of all files, telling of each.
 *
 * @throws {TrialError} naming every file that cannot be read, and why
 */
export async function readTexts(files: readonly string[]): Promise<ParityDocument[]> {
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

function complaint(error: unknown): string {
  if (error instanceof TrialError) return error.message;
  if (error instanceof SettingsError) return error.message.replace('\n', ' ').replaceAll('\n', '; ');
  // The message of an error that was not foreseen may quote a document.
  const name = error instanceof Error ? error.name : typeof error;
  return `The comparison stopped on an unexpected error: ${[name, codeOf(error)].filter(Boolean).join(' ')}.`;
}
