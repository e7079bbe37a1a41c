import { closeSync, fstatSync, openSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryLock } from 'fs-native-extensions';
import { codeOf, StoreError } from './database.js';

/** A restart waits for the process before it to end. */
const TRIES = 15;
const TRY_MS = 500;

/** Versions up to 0.1.0 made a folder of the lock's name and touched it every second. */
const OLD_LOCK_STALE_MS = 5_000;

/**
 * Locks a file for this Quire alone. The lock is the kernel's: it lasts while the process lives, whatever
 * holds that up, and is gone as soon as the process is.
 *
 * @param onInUse told, before each wait, that another Quire has the lock
 * @returns gives the lock back
 * @throws {StoreError} `in_use` when it stays with another
 */
export async function lockFile(path: string, onInUse?: (error: StoreError) => void): Promise<() => void> {
  const inUse = new StoreError('in_use');
  for (let tries = 1; ; tries++) {
    const release = tryLockFile(path);
    if (release) return release;
    if (tries === TRIES) throw inUse;
    onInUse?.(inUse);
    await sleep(TRY_MS);
  }
}

/**
 * The same without waiting.
 *
 * @returns gives the lock back; undefined when another has it
 */
export function tryLockFile(path: string): (() => void) | undefined {
  const file = openFile(path);
  if (file === undefined) return undefined;
  // Who had the lock before removes the file: a lock on a removed one keeps nobody out.
  let isOurs = false;
  try {
    isOurs = tryLock(file) && isAt(file, path);
  } finally {
    if (!isOurs) closeSync(file);
  }
  if (!isOurs) return undefined;
  return () => {
    // While it is locked still, so that nobody else's is removed.
    rmSync(path, { force: true });
    closeSync(file);
  };
}

function openFile(path: string): number | undefined {
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    if (codeOf(error) !== 'EISDIR') throw error;
  }
  return removeOldLock(path) ? openFile(path) : undefined;
}

function isAt(file: number, path: string): boolean {
  return fstatSync(file).ino === statSync(path, { throwIfNoEntry: false })?.ino;
}

/** @returns whether it was left behind, and is gone */
function removeOldLock(path: string): boolean {
  const touched = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
  if (Date.now() - touched <= OLD_LOCK_STALE_MS) return false;
  try {
    rmdirSync(path);
  } catch (error) {
    // Another process was quicker to remove it, or to take its place.
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw error;
  }
  return true;
}
