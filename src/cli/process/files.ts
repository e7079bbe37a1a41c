import { access, constants, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { faultOf } from '../../evaluation/faults.js';
import { oneLine } from '../../evaluation/report/terminal.js';
import { UsageError } from './usage-error.js';

/** A file that is to be read. */
export interface NamedFile {
  /** As it was named, or found in a folder that was. */
  name: string;
  /** From the root, which names it for good. */
  path: string;
}

/** What stands for the list on the standard input. */
const LIST = '-';
const PDF = /\.pdf$/i;

/**
 * The files that a command names, each once: files, all PDFs in folders and the folders below them, sorted by name,
 * and the paths of a list on the standard input. What a folder holds and cannot be read fails by itself later.
 *
 * @throws {UsageError} naming every path that cannot be read, and where none is named
 */
export async function filesNamed(
  given: readonly string[],
  input: NodeJS.ReadableStream,
): Promise<NamedFile[]> {
  const listed = given.includes(LIST) ? namesIn(await text(input)) : [];
  const names = given.flatMap((name) => (name === LIST ? listed : [name]));
  const found: NamedFile[] = [];
  const unreadable: string[] = [];
  for (const name of names) {
    try {
      found.push(...(await filesAt(name)));
    } catch (error) {
      unreadable.push(error instanceof UsageError ? error.message : cannotBeRead(name, faultOf(error)));
    }
  }
  if (unreadable.length > 0) throw new UsageError(unreadable.join('\n'));
  if (found.length === 0) throw new UsageError('No files were named. Try quire process --help.');
  const distinct = new Map<string, NamedFile>();
  for (const file of found) if (!distinct.has(file.path)) distinct.set(file.path, file);
  return [...distinct.values()];
}

/** One a line, or parted by NUL, which no name can hold. */
function namesIn(list: string): string[] {
  const names = list.replace(/^\uFEFF/, '').split(list.includes('\0') ? '\0' : /\r?\n/);
  return names.filter((name) => name.trim() !== '');
}

async function filesAt(name: string): Promise<NamedFile[]> {
  if (name === '') throw new UsageError('One of the files has no name.');
  const found = await stat(name);
  if (found.isDirectory()) {
    const files = await pdfsIn(name);
    if (files.length === 0) throw new UsageError(cannotBeRead(name, 'There is no PDF in this folder.'));
    return files;
  }
  // A pipe could keep the run waiting for ever, and a device gives no end of bytes.
  if (!found.isFile()) throw new UsageError(cannotBeRead(name, 'It is a pipe or a device, and no file.'));
  await access(name, constants.R_OK);
  return [{ name, path: resolve(name) }];
}

async function pdfsIn(folder: string): Promise<NamedFile[]> {
  const files: NamedFile[] = [];
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw new UsageError(cannotBeRead(folder, faultOf(error)));
  });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = join(folder, entry.name);
    // A link to a folder may lead back here.
    if (entry.isDirectory()) files.push(...(await pdfsIn(name)));
    else if (PDF.test(name) && (await mayBeFile(name))) files.push({ name, path: resolve(name) });
  }
  return files;
}

/** Whether it is a file, or something of which nobody can tell: that is not left out in silence. */
async function mayBeFile(name: string): Promise<boolean> {
  return stat(name).then(
    (found) => found.isFile(),
    () => true,
  );
}

function cannotBeRead(name: string, why: string): string {
  return `${oneLine(name)} cannot be read: ${why}`;
}
