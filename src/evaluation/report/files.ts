import { access, constants, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { faultOf } from '../faults.js';
import { oneLine } from './terminal.js';
import { TrialError } from '../trial-error.js';

/** For the owner alone: a report may hold field values. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/**
 * Makes the folder if there is none.
 *
 * @throws {TrialError} when nothing can be written there
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
 * @param html the report as a page
 * @returns the path of the HTML file
 * @throws {TrialError} when they cannot be written
 */
export async function writeReport(folder: string, report: object, html: string): Promise<string> {
  const page = join(folder, 'report.html');
  await writing(folder, async () => {
    await replace(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
    await replace(page, html);
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
    throw new TrialError(`The report cannot be written to ${oneLine(folder)}: ${faultOf(error)}`);
  }
}
