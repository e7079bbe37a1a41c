import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { Store, StoreError } from '../../src/index.js';
import { lockFile } from '../../src/store/folder-lock.js';
import { goldenPdf, PRINTABLE } from '../golden-pdf.js';
import { Host } from '../host.js';
import { newDataFolder, newFolder } from '../shared.js';

/** One Quire at a time has the folder of an embedded database, as long as its process lives. */

const HOLDER = fileURLToPath(new URL('../store/lock-holder.js', import.meta.url));

let lock: string;
beforeEach(async () => {
  lock = join(await newFolder(), 'lock');
});

/** Another process that holds the lock until it is ended. */
async function holder(): Promise<ChildProcess> {
  const child = fork(HOLDER, [lock]);
  await once(child, 'message');
  return child;
}

/** Whether somebody has the lock: then it is waited for, else it is had at the first try. */
async function isHeld(): Promise<boolean> {
  let isWaited = false;
  const giving = lockFile(lock, () => {
    isWaited = true;
    throw new StoreError('in_use');
  });
  const give = await giving.catch(() => undefined);
  give?.();
  return isWaited;
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

test('of a process that is killed, the lock is free at once', async () => {
  const child = await holder();
  expect(await isHeld()).toBe(true);
  await ended(child, 'SIGKILL');
  expect(await isHeld()).toBe(false);
});

test('a process that is paused keeps its lock', async () => {
  const child = await holder();
  child.kill('SIGSTOP');
  // As if it had been paused for long.
  const long = Date.now() / 1_000 - 60;
  utimesSync(lock, long, long);
  expect(await isHeld()).toBe(true);
  child.kill('SIGCONT');
  expect(await isHeld()).toBe(true);
  await ended(child, 'SIGKILL');
});

test('who starts while the process before still ends waits for it', async () => {
  const give = await lockFile(lock);
  const next = await lockFile(lock, () => give());
  expect(await isHeld()).toBe(true);
  next();
  expect(await isHeld()).toBe(false);
});

test('of many that start at once, one has the lock at a time', async () => {
  let holders = 0;
  const most = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const give = await lockFile(lock);
      const now = ++holders;
      await new Promise((resolve) => setImmediate(resolve));
      holders--;
      give();
      return now;
    }),
  );
  expect(Math.max(...most)).toBe(1);
});

test('the second store of a process on one folder is refused, and the first goes on', async () => {
  const dataDir = await newDataFolder();
  const store = await Store.open({ dataDir });
  await expect(Store.open({ dataDir })).rejects.toMatchObject({ name: 'StoreError', trouble: 'in_use' });
  expect(await store.secret('a')).toHaveLength(64);
  await store.close();
  await (await Store.open({ dataDir })).close();
});

test('a process that could do nothing for six seconds has its store still', async () => {
  const store = await Store.open({ dataDir: await newDataFolder() });
  const secret = await store.secret('a');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6_000);
  expect(await store.secret('a')).toBe(secret);
  await store.close();
});

describe('a version up to 0.1.0, whose lock is a folder that it touches,', () => {
  test('keeps its lock while it lives', async () => {
    mkdirSync(lock);
    expect(await isHeld()).toBe(true);
    expect(statSync(lock).isDirectory()).toBe(true);
  });

  test('loses it at once when it was killed', async () => {
    mkdirSync(lock);
    const killedAt = Date.now() / 1_000 - 6;
    utimesSync(lock, killedAt, killedAt);
    const told: unknown[] = [];
    const give = await lockFile(lock, (error) => told.push(error));
    expect(told).toEqual([]);
    expect(await isHeld()).toBe(true);
    give();
  });

  test('cannot take a lock of this version’s, not even an old one', async () => {
    const give = await lockFile(lock);
    const long = Date.now() / 1_000 - 60;
    utimesSync(lock, long, long);
    expect(() => mkdirSync(lock)).toThrow('EEXIST');
    expect(() => rmdirSync(lock)).toThrow('ENOTDIR');
    give();
    // So that one can go back to it.
    mkdirSync(lock);
  });
});

test('a process that is paused has its folder still; another waits, and goes on when it has ended', async () => {
  const QUIRE_DATA_DIR = await newDataFolder();
  const [paused, next] = [new Host({ QUIRE_DATA_DIR }), new Host({ QUIRE_DATA_DIR })];
  const [document] = PRINTABLE;
  if (!document) throw new Error('No golden document can be printed');
  const pdf = await goldenPdf(document, 'paused');
  const readiness = async () => (await (await next.fetch('/readyz')).json()) as { reason: string | null };
  await paused.start();
  paused.signal('SIGSTOP');
  // As if it had been paused for long.
  const long = Date.now() / 1_000 - 60;
  utimesSync(join(QUIRE_DATA_DIR, 'lock'), long, long);
  await next.start();
  while ((await readiness()).reason === null) await sleep(20);
  expect(await readiness()).toMatchObject({
    ready: false,
    reason: 'store: in_use',
    store: { trouble: 'in_use', code: null },
  });
  expect(await next.upload(pdf)).toMatchObject({ code: 503, retryAfter: '5' });
  paused.signal('SIGCONT');
  const kept = await paused.upload(pdf);
  expect((await paused.finished(kept.id)).status).toBe('completed');
  await paused.stop();
  while ((await readiness()).reason !== null) await sleep(20);
  next.cookie = paused.cookie;
  expect((await next.status(kept.id)).status).toBe('completed');
  await next.stop();
});
