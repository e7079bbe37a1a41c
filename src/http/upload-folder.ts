import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, mkdir, mkdtemp, open, readdir, rm, type FileHandle } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { NotTakenError } from '../documents/documents.js';
import { loggable, type Logger } from '../logger.js';

interface PrivateFolder {
  path: string;
  about: Stats;
  /** Gives up the lock that shows others that its process lives. */
  release: () => void;
}

const PREFIX = 'uploads-';
const LOCK = 'lock';

/**
 * Where uploads are while they arrive: a folder of this Quire's own in the data folder, that no other user of the
 * machine can make, read or change.
 */
export class UploadFolder {
  readonly #dataDir: string;
  readonly #logger: Logger;
  #folder: Promise<PrivateFolder> | undefined;
  #isClosed = false;

  constructor(dataDir: string, logger: Logger) {
    this.#dataDir = resolve(dataDir);
    this.#logger = logger;
  }

  /** Makes the folder, and removes those that processes which were killed have left. */
  async open(): Promise<void> {
    try {
      await this.#opened();
    } catch (error) {
      const what_to_do = 'set QUIRE_DATA_DIR to a folder that this process may write to';
      this.#logger.error({ ...loggable(error), what_to_do }, 'the folder for uploads cannot be made');
    }
  }

  /**
   * A new, empty file, which is the caller's to close and to remove.
   *
   * @throws {NotTakenError} after `close`; the file system's error when it cannot be made
   */
  async newFile(): Promise<{ path: string; file: FileHandle }> {
    const folder = await this.#opened();
    const path = join(folder.path, randomUUID());
    return { path, file: await open(path, 'wx', 0o600) };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const making = this.#folder;
    this.#folder = undefined;
    const folder = await making?.catch(() => undefined);
    if (!folder) return;
    if (await isStillThere(folder)) await rm(folder.path, { recursive: true, force: true });
    folder.release();
  }

  /** The folder, made anew when it is gone or somebody has tampered with it. */
  async #opened(): Promise<PrivateFolder> {
    for (;;) {
      if (this.#isClosed) throw new NotTakenError('closed');
      const making = (this.#folder ??= this.#make());
      const folder = await making;
      if (await isStillThere(folder)) return folder;
      if (this.#folder === making) {
        folder.release();
        this.#folder = undefined;
      }
    }
  }

  async #make(): Promise<PrivateFolder> {
    try {
      await mkdir(this.#dataDir, { recursive: true, mode: 0o700 });
      await removeAbandoned(this.#dataDir);
      for (;;) {
        const path = await mkdtemp(join(this.#dataDir, PREFIX));
        const about = await lstat(path);
        const release = await lock(path);
        // Undefined where one that cleans up was quicker: it removes the folder.
        if (release) return { path, about, release };
      }
    } catch (error) {
      this.#folder = undefined;
      throw error;
    }
  }
}

async function removeAbandoned(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    const path = join(dataDir, name);
    if (!name.startsWith(PREFIX) || !(await privateFolder(path))) continue;
    const release = await lock(path);
    if (release === undefined || release === unlocked) continue;
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
    release();
  }
}

/**
 * Locks a folder for as long as this process lives. The lock is the kernel's: another process that was given the
 * number of one that ended is not taken for that.
 *
 * @returns gives it up; undefined when another has it, `unlocked` where there are no locks
 */
async function lock(folder: string): Promise<(() => void) | undefined> {
  try {
    // Built for fewer systems than Node.js is.
    const { tryLockFile } = await import('../store/folder-lock.js');
    return tryLockFile(join(folder, LOCK));
  } catch {
    return unlocked;
  }
}

function unlocked(): void {
  // Nothing is to be given up.
}

async function isStillThere({ path, about }: PrivateFolder): Promise<boolean> {
  const now = await privateFolder(path);
  return now?.ino === about.ino && now.dev === about.dev;
}

/** A folder, and no link to one, that is this user's and for nobody else. */
async function privateFolder(path: string): Promise<Stats | undefined> {
  const about = await lstat(path).catch(() => undefined);
  if (!about?.isDirectory()) return undefined;
  // Windows has neither users nor modes of this kind.
  const isOurs = !process.getuid || (about.uid === process.getuid() && (about.mode & 0o777) === 0o700);
  return isOurs ? about : undefined;
}
