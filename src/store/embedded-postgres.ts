import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite, types } from '@electric-sql/pglite';
import { lock } from 'proper-lockfile';
import { EXECUTOR_LOCKS, StoreError, type Database, type Query, type Row } from './database.js';

/** Small, because it is this process's memory; synced, because documents are not to be lost. */
const PARAMETERS = {
  shared_buffers: '16MB',
  wal_buffers: '1MB',
  min_wal_size: '32MB',
  max_wal_size: '64MB',
  fsync: 'on',
};

/** PGlite hangs for ever when the disk fills up under it, so nothing is written near that. */
const LEAST_FREE_BYTES = 64 * 1024 * 1024;

/** A process that was killed leaves its lock behind, which counts for so long after its last sign of life. */
const LOCK_STALE_MS = 5_000;
const LOCK_SIGN_MS = 1_000;
/** A restart waits for the lock of the process before it. */
const LOCK_TRIES = 14;
const LOCK_TRY_MS = 500;

/**
 * PostgreSQL in this process (PGlite), its data in a folder that one process at a time can use.
 *
 * @throws {StoreError} `in_use` when another process has the folder
 */
export async function openEmbeddedPostgres(dataDir: string): Promise<Database> {
  const root = resolve(dataDir);
  await mkdir(root, { recursive: true, mode: 0o700 });
  const lockFile = join(root, 'lock');
  const lost = new AbortController();
  const release = await lock(root, {
    lockfilePath: lockFile,
    stale: LOCK_STALE_MS,
    update: LOCK_SIGN_MS,
    retries: { retries: LOCK_TRIES, factor: 1, minTimeout: LOCK_TRY_MS, maxTimeout: LOCK_TRY_MS },
    onCompromised: () => lost.abort(),
  }).catch((cause: unknown) => {
    throw new StoreError('in_use', { cause });
  });
  try {
    const folder = join(root, 'postgres');
    await checkSpace(root);
    await createIfMissing(folder);
    return wrapped(await open(folder), root, lockFile, lost.signal, release);
  } catch (error) {
    await release();
    throw error;
  }
}

/** Opens a cluster, or makes one in an empty folder. */
export function open(folder: string): Promise<PGlite> {
  return PGlite.create({
    dataDir: folder,
    startParams: [
      ...PGlite.defaultStartParams,
      ...Object.entries(PARAMETERS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    // PGlite's own converters take 200 ms for a megabyte.
    serializers: { [types.BYTEA]: (bytes: Uint8Array) => `\\x${buffer(bytes).toString('hex')}` },
    parsers: { [types.BYTEA]: (text: string) => Buffer.from(text.slice(2), 'hex') },
  });
}

const UNFINISHED = 'unfinished-';

/**
 * Making a cluster takes 600 MB, so it is done in a process of its own; and under another name, so
 * that one that was broken off is not taken for a cluster.
 */
async function createIfMissing(folder: string): Promise<void> {
  if (await stat(folder).catch(() => undefined)) return;
  const parent = dirname(folder);
  for (const name of await readdir(parent)) {
    if (name.startsWith(UNFINISHED)) await rm(join(parent, name), { recursive: true, force: true });
  }
  // Named after this attempt: the process of one that was killed may still be at work.
  const unfinished = join(parent, `${UNFINISHED}${process.pid}-${Date.now()}`);
  const child = fork(fileURLToPath(new URL('./create-cluster.js', import.meta.url)), [unfinished], {
    execArgv: [],
    stdio: 'ignore',
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error('The embedded database could not be created.');
  await rename(unfinished, folder);
}

function wrapped(
  pglite: PGlite,
  root: string,
  lockFile: string,
  lost: AbortSignal,
  release: () => Promise<void>,
): Database {
  let inode: number | undefined;
  /** A process that was stopped for a while may find that another has the folder now, or could have it. */
  const checkLock = async () => {
    const lastSign = await stat(lockFile).catch(() => undefined);
    inode ??= lastSign?.ino;
    const isOurs = !lost.aborted && lastSign?.ino === inode;
    // Old, but nobody else's yet: it is ours again with the next sign of life.
    if (!isOurs || !lastSign || Date.now() - lastSign.mtimeMs > LOCK_STALE_MS) throw new StoreError('in_use');
  };
  const ask =
    (session: Pick<PGlite, 'query'>): Query =>
    async (sql, parameters = []) =>
      (await session.query<Row>(sql, [...parameters])).rows;
  const query = ask(pglite);
  return {
    async query(sql, parameters) {
      await checkLock();
      if (!/^\s*SELECT/.test(sql)) await checkSpace(root);
      return query(sql, parameters);
    },
    async transaction(work) {
      await checkLock();
      await checkSpace(root);
      return pglite.transaction((transaction) =>
        work(async (sql, parameters) => {
          await checkLock();
          await checkSpace(root);
          return ask(transaction)(sql, parameters);
        }),
      );
    },
    async hold(executor) {
      await query('SELECT pg_advisory_lock($1, $2)', [EXECUTOR_LOCKS, executor]);
    },
    canJudge: () => true,
    async close() {
      await pglite.close();
      // Another process may have taken over the lock.
      await release().catch(() => undefined);
    },
  };
}

async function checkSpace(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < LEAST_FREE_BYTES) throw new StoreError('disk_full');
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
