import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite, types } from '@electric-sql/pglite';
import { isReading, StoreError, type Database, type Query, type Row } from './database.js';
import { lockFile } from './folder-lock.js';

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

/**
 * PostgreSQL in this process (PGlite), its data in a folder that one Quire at a time can use.
 *
 * @param onInUse told, while the folder is waited for, that another Quire has it
 * @throws {StoreError} `in_use` when another Quire keeps the folder
 */
export async function openEmbeddedPostgres(
  dataDir: string,
  onInUse?: (error: StoreError) => void,
): Promise<Database> {
  const root = resolve(dataDir);
  await mkdir(root, { recursive: true, mode: 0o700 });
  const release = await lockFile(join(root, 'lock'), onInUse);
  try {
    const folder = join(root, 'postgres');
    await checkSpace(root);
    await createIfMissing(folder);
    return wrapped(await open(folder), root, release);
  } catch (error) {
    release();
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

function wrapped(pglite: PGlite, root: string, release: () => void): Database {
  const ask =
    (session: Pick<PGlite, 'query'>): Query =>
    async (sql, parameters = []) => {
      if (!isReading(sql)) await checkSpace(root);
      return (await session.query<Row>(sql, [...parameters])).rows;
    };
  const query = ask(pglite);
  return {
    query,
    transaction: (work) => pglite.transaction((transaction) => work(ask(transaction))),
    address: undefined,
    // Its folder is this process's alone.
    reserve: () => Promise.resolve(),
    isReserved: () => true,
    async close() {
      try {
        await pglite.close();
      } finally {
        release();
      }
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
