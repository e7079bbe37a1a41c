import { access, constants, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, ParityError } from './parity-error.js';
import { reportPage } from './report-page.js';
import type { ParityReport } from './report.js';

/** For the owner alone: the report holds field values. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/**
 * Makes the folder if there is none.
 *
 * @throws {ParityError} when nothing can be written there
 */
export async function prepareFolder(folder: string): Promise<void> {
  await writing(folder, async () => {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    await access(folder, constants.W_OK | constants.X_OK);
  });
}

/**
 * Writes `report.json` and `report.html`, in place of older ones.
 *
 * @returns the path of the HTML file
 * @throws {ParityError} when they cannot be written
 */
export async function writeReport(folder: string, report: ParityReport): Promise<string> {
  const page = join(folder, 'report.html');
  await writing(folder, async () => {
    await replace(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
    await replace(page, reportPage(report));
  });
  return page;
}

/** An older file would keep its mode, and a link would be followed. */
async function replace(path: string, text: string): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, text, { mode: FILE_MODE, flag: 'wx' });
}

async function writing(folder: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const code = codeOf(error);
    if (code === '') throw error;
    throw new ParityError(`The report cannot be written to ${folder}: ${code}.`);
  }
}
