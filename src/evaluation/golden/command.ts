import { randomBytes, randomInt } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { DocumentForCase } from '../../store/for-case.js';
import { complaint, ofOptions } from '../complaint.js';
import { withKeptDocuments } from '../kept-documents.js';
import { writeError, writeOutput } from '../report/terminal.js';
import { count } from '../report/wording.js';
import { codeOf, TrialError } from '../trial-error.js';
import { inventedTexts } from './invented.js';
import { valuesIn } from './values.js';

const USAGE = `Usage: quire golden add [--out golden] ID...

Makes cases for quire parity of documents that were reviewed: their page texts, with an invented word or number of the
same form in place of each one that does not belong to forms themselves. What stands for what is made by chance and
kept nowhere. Nothing is written when a value of the record would still stand in the texts.

--out    the folder of the cases; default: golden

It opens the database of the settings, as the server does. The embedded one serves one process: stop the server first.

Exit status: 0 when all cases were written, 2 when not.
`;

const OPTIONS = {
  out: { type: 'string', default: 'golden' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const NOT_RUN = 2;

/**
 * The command `quire golden`.
 *
 * @returns the exit status
 */
export async function golden(args: string[]): Promise<number> {
  try {
    const { out, help, ids } = parsed(args);
    if (help) {
      process.stdout.write(USAGE);
      return 0;
    }
    await withKeptDocuments(async (store) => {
      for (const id of ids) await add(id, await store.forCase(id), out);
    });
    return 0;
  } catch (error) {
    writeError(complaint(error, 'The command'));
    return NOT_RUN;
  }
}

/** @throws {TrialError} for options that cannot be used */
function parsed(args: string[]): { out: string; help: boolean; ids: string[] } {
  const { values, positionals } = options(args);
  const [action, ...ids] = positionals;
  const { out, help } = values;
  if (help) return { out, help, ids };
  if (action !== 'add' || ids.length === 0) {
    throw new TrialError('Say which document: quire golden add ID. Try --help.');
  }
  if (out === '') throw new TrialError('--out must name a folder.');
  return { out, help, ids };
}

function options(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: OPTIONS,
    });
  } catch (error) {
    throw ofOptions(error, Object.keys(OPTIONS));
  }
}

/** @throws {TrialError} when no case can be made of the document */
async function add(id: string, document: DocumentForCase | undefined, out: string): Promise<void> {
  const reviewed = checked(id, document);
  const { texts } = reviewed;
  const invented = await inventedTexts(texts, wordsOf(reviewed), (below) => randomInt(below));
  if (!invented) {
    throw new TrialError(
      `No case was written of ${id}: a value of its record would still stand in the texts, or its accounts would no longer be found on the same pages.`,
    );
  }
  // Its name tells nothing of the document either.
  const file = join(out, `case-${randomBytes(4).toString('hex')}.json`);
  await write(out, file, `${JSON.stringify(Object.fromEntries(invented.texts), null, 2)}\n`);
  writeOutput(
    `${file}: ${count(texts.size, 'page')}, ${invented.replaced} words and numbers replaced, ${invented.kept} of forms kept. Read it before you hand it on.`,
  );
}

/** @throws {TrialError} for a document that cannot be a case */
function checked(id: string, document: DocumentForCase | undefined): DocumentForCase {
  if (!document) throw new TrialError(`There is no document ${JSON.stringify(id)}.`);
  if (document.document.status !== 'completed') throw new TrialError(`The document ${id} is not read.`);
  if (document.reviewed === 0) {
    throw new TrialError(
      `Nobody reviewed the document ${id}: confirm or correct a value of it first, so that it is known what stands on its pages.`,
    );
  }
  if (document.texts.size === 0) {
    throw new TrialError(
      `The page texts of the document ${id} were not kept (QUIRE_KEEP_PAGE_WORDS=0, or a version up to 0.1.0 read it). Process it again with QUIRE_KEEP_PAGE_WORDS=1.`,
    );
  }
  return document;
}

/** All that was read of the document or said of it; and its name, which may be a person's. */
function wordsOf({ document, otherRecords, said }: DocumentForCase): Set<string> {
  const read = valuesIn([document.documents, otherRecords]);
  return new Set([...read, ...said, document.filename, document.document_name]);
}

async function write(folder: string, file: string, text: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    if (codeOf(error) === '') throw error;
    throw new TrialError(`The folder ${folder} cannot be written to: ${codeOf(error)}.`);
  }
}
