import { access, constants, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { codeOf } from '../../evaluation/trial-error.js';
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
 * and the paths of a list on the standard input, one a line.
 *
 * @throws {UsageError} naming every path that cannot be read, and where none is named
 */
export async function filesNamed(
  given: readonly string[],
  input: NodeJS.ReadableStream,
): Promise<NamedFile[]> {
  const names: string[] = [];
  for (const name of given) names.push(...(name === LIST ? await listOn(input) : [name]));
  const found: NamedFile[] = [];
  const unreadable: string[] = [];
  for (const name of names) {
    try {
      found.push(...(await filesAt(name)));
    } catch (error) {
      unreadable.push(`${name} cannot be read: ${reasonOf(error)}`);
    }
  }
  if (unreadable.length > 0) throw new UsageError(unreadable.join('\n'));
  if (found.length === 0) throw new UsageError('No files were named. Try quire process --help.');
  return [...new Map(found.map((file) => [file.path, file])).values()];
}

async function listOn(input: NodeJS.ReadableStream): Promise<string[]> {
  const names: string[] = [];
  for await (const line of createInterface({ input, crlfDelay: Infinity })) if (line !== '') names.push(line);
  return names;
}

async function filesAt(name: string): Promise<NamedFile[]> {
  if (name === '') throw new UsageError('It has no name.');
  if ((await stat(name)).isDirectory()) {
    const files = await pdfsIn(name);
    if (files.length === 0) throw new UsageError('There is no PDF in this folder.');
    return files;
  }
  await access(name, constants.R_OK);
  return [{ name, path: resolve(name) }];
}

async function pdfsIn(folder: string): Promise<NamedFile[]> {
  const files: NamedFile[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = join(folder, entry.name);
    // A link to a folder may lead back here.
    if (entry.isDirectory()) files.push(...(await pdfsIn(name)));
    else if (PDF.test(name) && (await isFile(name))) files.push({ name, path: resolve(name) });
  }
  return files;
}

async function isFile(name: string): Promise<boolean> {
  return stat(name).then(
    (found) => found.isFile(),
    () => false,
  );
}

const REASONS = new Map([
  ['ENOENT', 'There is no such file.'],
  ['EACCES', 'Reading it is not permitted.'],
]);

/** Why a file cannot be read. */
export function reasonOf(error: unknown): string {
  if (error instanceof UsageError) return error.message;
  const code = codeOf(error);
  if (code === '') throw error;
  return REASONS.get(code) ?? `${code}.`;
}
