import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import express from 'express';
import { Pool } from 'pg';
import { createQuire, Store } from '../../src/index.js';
import { goldenPdf, isGolden, PRINTABLE, readSheet } from '../golden-pdf.js';
import { Provider } from '../provider.js';
import { newDatabase, newFolder, runSql } from '../shared.js';
import { SILENT } from '../silent.js';
import { unread } from '../stored-document.js';

/** A store in an app's own pool of connections, which the app goes on using. */

let pool: Pool;
let store: Store;
let url: string;
beforeEach(async () => {
  url = await newDatabase();
  // The least there may be: one connection is kept, and all else goes through the other. Idle ones stay, and
  // with one that was given back with the lock on it, the lock would.
  pool = new Pool({ connectionString: url, max: 2, idleTimeoutMillis: 0 });
  store = await Store.open({ pool });
  await store.reserve();
});
afterEach(async () => {
  await store.close();
  await pool.end();
});

/** What the store's connections do, as others see it. */
const seen = (sql: string) => runSql(url, sql);

const LOCKS = `SELECT objid FROM pg_locks WHERE locktype = 'advisory'
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
const WAITING = 'SELECT pid FROM pg_locks WHERE NOT granted';

test('documents are read in it, and it is given back whole', async () => {
  const provider = await Provider.start({ read: readSheet });
  const quire = await createQuire({ store, openai: provider.client(), model: 'test-model', logger: SILENT });
  const server = createServer(express().use(quire.router({ allowAnonymous: true })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [document] = PRINTABLE;
  if (!document) throw new Error('No golden document can be printed');
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(await goldenPdf(document, 'pool'))]), 'a.pdf');
  const uploaded = await fetch(`${base}/process`, { method: 'POST', body });
  const { job_id: id = '' } = (await uploaded.json()) as { job_id?: string };
  let kept = await store.get(id, 'nobody');
  while (kept?.status === 'extracting') {
    await sleep(20);
    kept = await store.get(id, 'nobody');
  }
  expect(isGolden(kept?.documents[0], document)).toBe(true);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await quire.close();
  await store.close();
  await provider.close();
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  expect(pool.totalCount).toBe(pool.idleCount);
  expect(pool.listenerCount('error')).toBe(0);
  while ((await seen(LOCKS)).length > 0) await sleep(20);
});

test('what fails in a transaction leaves no connection in one', async () => {
  const path = join(await newFolder(), 'a.pdf');
  writeFileSync(path, '%PDF-1.7');
  const document = unread();
  const add = () => {
    const added = { document, owner: 'o', sender: {}, plan: { path: 'single-page' } } as const;
    return store.add(added, path, [], { run: randomUUID() });
  };
  await add();
  await expect(add()).rejects.toMatchObject({
    code: '23505',
  });
  expect(await store.count('o')).toBe(1);
  // One is kept for the lock.
  expect(pool.idleCount).toBe(pool.totalCount - 1);
  expect(
    await seen(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
    ),
  ).toEqual([]);
});

test('connections that break are replaced, that of the lock too', async () => {
  await store.secret('a');
  // Nobody listens to the pool's errors but the store: unheard, one would end this process.
  expect(pool.listenerCount('error')).toBe(1);
  const [before] = await seen(LOCKS);
  await seen(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`);
  const again = async (): Promise<string> => store.secret('a').catch(() => again());
  expect(await again()).toHaveLength(64);
  while ((await seen(LOCKS)).length === 0) await sleep(20);
  expect(await seen(LOCKS)).toEqual([before]);
  expect(store.trouble).toBeUndefined();
});

test('one with room for a single connection is refused with the reason', async () => {
  const small = new Pool({ connectionString: url, max: 1 });
  await expect(Store.open({ pool: small })).rejects.toMatchObject({
    name: 'SettingsError',
    message: expect.stringContaining('2 connections'),
  });
  await small.end();
});

test('an app that keeps all connections of its pool for itself is not waited for', async () => {
  const taken = await pool.connect();
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
  try {
    const secret = store.secret('a');
    const refused = expect(secret).rejects.toMatchObject({ name: 'StoreError', trouble: 'unreachable' });
    await jest.advanceTimersByTimeAsync(5_000);
    await refused;
  } finally {
    jest.useRealTimers();
  }
  taken.release();
  expect(await store.secret('a')).toHaveLength(64);
});

test('a statement that is never answered is broken off', async () => {
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query('LOCK TABLE quire.secrets');
  const more = new Pool({ connectionString: url });
  const other = await Store.open({ pool: more });
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
  try {
    const secret = other.secret('a');
    const refused = expect(secret).rejects.toMatchObject({ name: 'StoreError', trouble: 'unreachable' });
    const isWaiting = async () => (await client.query<{ pid: number }>(WAITING)).rows.length > 0;
    while (!(await isWaiting()));
    await jest.advanceTimersByTimeAsync(30_000);
    await refused;
  } finally {
    jest.useRealTimers();
  }
  await client.query('ROLLBACK');
  client.release();
  expect(await other.secret('a')).toHaveLength(64);
  await other.close();
  await more.end();
});
