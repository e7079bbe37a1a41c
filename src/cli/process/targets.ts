import { createHash, randomUUID } from 'node:crypto';
import { access, constants, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { faultOf } from '../../evaluation/faults.js';
import { oneLine } from '../../evaluation/report/terminal.js';
import { codeOf } from '../../evaluation/trial-error.js';
import type { NamedFile } from './files.js';
import type { ReadWith, Written } from './outcome.js';
import { UsageError } from './usage-error.js';

/** For the owner alone: records hold personal data. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
/** Of a name, without what is put behind it. */
const MOST_BYTES = 230;

/** Where the record of a file is written. */
export interface Target {
  path: string;
  /** What a run before wrote there of the same file. */
  before: Written | undefined;
}

const written = z.looseObject({
  file: z.string(),
  sha256: z.string(),
  read_with: z.object({ quire: z.string(), model: z.string(), plan: z.string(), settings: z.string() }),
  state: z.enum(['whole', 'pages failed']),
  record: z.looseObject({ accounts: z.array(z.unknown()), failed_pages: z.array(z.unknown()) }),
});

/**
 * Makes the folder if there is none, and gives each file a name in it: its own, or that and a digest of its path where
 * another file has the name. What is there already and is no record of the same file is left alone.
 *
 * @returns by the file's path
 * @throws {UsageError} when nothing can be written there
 */
export async function targetsIn(folder: string, files: readonly NamedFile[]): Promise<Map<string, Target>> {
  try {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new UsageError(`Nothing can be written to ${oneLine(folder)}: ${faultOf(error)}`);
  }
  const targets = new Map<string, Target>();
  const taken = new Set<string>();
  for (const file of files) {
    const target = await freeTarget(folder, file, taken);
    taken.add(folded(target.path));
    targets.set(file.path, target);
  }
  return targets;
}

async function freeTarget(folder: string, { path }: NamedFile, taken: ReadonlySet<string>): Promise<Target> {
  const name = basename(path).replace(/\.pdf$/i, '');
  const digest = createHash('sha256').update(path).digest('hex').slice(0, 8);
  const short = shortened(name);
  const candidates = [...(short === name ? [`${name}.json`] : []), `${short}-${digest}.json`];
  for (const candidate of candidates) {
    const target = join(folder, candidate);
    if (taken.has(folded(target))) continue;
    const before = await recordAt(target);
    if (isOf(before, path)) return { path: target, before };
  }
  throw isThere(join(folder, candidates[0] ?? ''), path);
}

/** Some file systems tell no capitals from small letters, and no é from e with an accent behind it. */
function folded(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

/** With what stands behind it, a name must fit in 255 bytes. */
function shortened(name: string): string {
  if (Buffer.byteLength(name) <= MOST_BYTES) return name;
  let short = '';
  for (const sign of name) {
    if (Buffer.byteLength(short + sign) > MOST_BYTES) break;
    short += sign;
  }
  return short;
}

/** Whether a record can be written where this one is. */
function isOf(before: Written | 'other' | undefined, file: string): before is Written | undefined {
  return before === undefined || (before !== 'other' && before.file === file);
}

function isThere(target: string, file: string): UsageError {
  return new UsageError(`${oneLine(target)} is there already, and is no record of ${oneLine(file)}.`);
}

async function recordAt(path: string): Promise<Written | 'other' | undefined> {
  try {
    const kept = written.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return kept.success ? (kept.data as unknown as Written) : 'other';
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? undefined : 'other';
  }
}

/** Whether what was written before is what would be written again. */
export function isStillRight(
  before: Written | undefined,
  now: { sha256: string; readWith: ReadWith },
): before is Written {
  return (
    before?.state === 'whole' &&
    before.sha256 === now.sha256 &&
    isDeepStrictEqual(before.read_with, now.readWith)
  );
}

/**
 * Writes a record: whole, or not at all.
 *
 * @throws {UsageError} when something else is there by now: another run, on another file of this name, was quicker
 */
export async function writeRecord({ path }: Target, record: Written): Promise<void> {
  const unfinished = join(dirname(path), `.quire-${randomUUID()}.part`);
  try {
    await writeFile(unfinished, `${JSON.stringify(record, null, 2)}\n`, { mode: FILE_MODE, flag: 'wx' });
    if (!isOf(await recordAt(path), record.file)) throw isThere(path, record.file);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
