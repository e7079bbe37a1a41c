import { parseArgs } from 'node:util';
import { accuracyOf } from '../../documents/accuracy.js';
import { complaint, ofOptions } from '../complaint.js';
import { withKeptDocuments } from '../kept-documents.js';
import { writeError, writeOutput } from '../report/terminal.js';
import { TrialError } from '../trial-error.js';
import { accuracyTables } from './tables.js';

const USAGE = `Usage: quire accuracy [--days N] [--json]

Tells how often people corrected what was read, from the reviews of all documents, those that are gone by now, too:
by field, path, plan, model and answer form, each with an interval of 95 %. What needs attention first stands first.

--days   values that were looked at in the last so many days; default: all
--json   the same as JSON

It opens the database of the settings, as the server does. The embedded one serves one process: stop the server
first, or ask it for /ops/accuracy.

Exit status: 0 when the figures were written, 2 when not.
`;

const OPTIONS = {
  days: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const NOT_RUN = 2;
const MOST_DAYS = 36_500;

/**
 * The command `quire accuracy`.
 *
 * @returns the exit status
 */
export async function accuracy(args: string[]): Promise<number> {
  try {
    const { days, json, help } = parsed(args);
    if (help) {
      process.stdout.write(USAGE);
      return 0;
    }
    const figures = accuracyOf(await withKeptDocuments((store) => store.lookedAt(days)), days);
    writeOutput(json ? JSON.stringify(figures, null, 2) : accuracyTables(figures));
    return 0;
  } catch (error) {
    writeError(complaint(error, 'The command'));
    return NOT_RUN;
  }
}

/** @throws {TrialError} for options that cannot be used */
function parsed(args: string[]): { days: number | undefined; json: boolean; help: boolean } {
  const { days, ...switches } = options(args);
  if (days === undefined) return { days, ...switches };
  const number = /^\d{1,5}$/.test(days) ? Number(days) : 0;
  if (number >= 1 && number <= MOST_DAYS) return { days: number, ...switches };
  throw new TrialError(`--days must be a whole number from 1 to ${MOST_DAYS}.`);
}

function options(args: string[]) {
  try {
    return parseArgs({
      args,
      options: OPTIONS,
    }).values;
  } catch (error) {
    throw ofOptions(error, Object.keys(OPTIONS));
  }
}
