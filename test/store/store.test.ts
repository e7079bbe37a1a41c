import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { Store, type StoredDocument } from '../../src/index.js';
import { newDatabase, newFolder, runSql } from '../shared.js';
import { unread } from '../stored-document.js';

/** Who may go on with a document, when processes share a database, pause or end. */

/** By the first key of session locks, which versions up to 0.2.0 go by as well. */
const READING_LOCKS = 0x71756972;
const PLAN = { path: 'single-page' } as const;

let pdf: string;
beforeAll(async () => {
  pdf = join(await newFolder(), 'a.pdf');
  writeFileSync(pdf, '%PDF-1.7');
});

/** Reserves it as soon as nobody else has it. */
async function reserved(store: Store): Promise<void> {
  for (;;) {
    try {
      return await store.reserve();
    } catch {
      await sleep(10);
    }
  }
}

async function add(store: Store, sender = {}): Promise<string> {
  const document = unread();
  await store.add({ document, owner: 'o', sender, plan: PLAN }, pdf, [], { run: randomUUID() });
  return document.id;
}

describe('on a PostgreSQL that processes share', () => {
  const opened: Store[] = [];
  afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())));
  const open = async (url: string) => {
    const store = await Store.open({ url });
    opened.push(store);
    return store;
  };
  const end = async (store: Store) => {
    opened.splice(opened.indexOf(store), 1);
    await store.close();
  };

  test('one process at a time may read; what it leaves is the next one’s', async () => {
    const url = await newDatabase();
    const [one, two] = await Promise.all([open(url), open(url)]);
    await one.reserve();
    await expect(two.reserve()).rejects.toMatchObject({
      trouble: 'shared',
      message: expect.stringContaining('QUIRE_ENGINE=dbos'),
    });
    const id = await add(one);
    expect(await two.left([], 10)).toEqual([]);
    await end(one);
    await reserved(two);
    expect(await two.left([], 10)).toEqual([id]);
    expect(await two.left([id], 10)).toEqual([]);
  });

  test('a connection that breaks is made again to go on reading, unless another process was quicker', async () => {
    const url = await newDatabase();
    const store = await open(url);
    await store.reserve();
    const id = await add(store);
    const holder = async () => {
      const [lock] = await runSql<{ pid: number }>(
        url,
        `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      return lock?.pid;
    };
    const breakOff = async () => runSql(url, `SELECT pg_terminate_backend(${String(await holder())})`);
    const before = await holder();
    await breakOff();
    for (let now = before; now === undefined || now === before; now = await holder()) await sleep(20);
    while ((await store.left([], 10)).length === 0) await sleep(20);
    const other = new Client(url);
    await other.connect();
    const quicker = other.query(`SELECT pg_advisory_lock(${READING_LOCKS}, 0)`);
    while ((await runSql(url, 'SELECT FROM pg_locks WHERE NOT granted')).length === 0) await sleep(20);
    await breakOff();
    await quicker;
    // It may not have noticed yet.
    while ((await store.left([], 10)).length > 0) await sleep(20);
    await other.end();
    let taken: string[] = [];
    while (taken.length === 0) {
      await sleep(20);
      taken = await store.left([], 10);
    }
    expect(taken).toEqual([id]);
  });

  test('a process of a version before, or a replica, is waited for', async () => {
    const url = await newDatabase();
    const [one, two] = await Promise.all([open(url), open(url)]);
    const before = new Client(url);
    await before.connect();
    await before.query(`SELECT pg_advisory_lock(${READING_LOCKS}, 4711)`);
    await expect(one.reserve()).rejects.toMatchObject({ trouble: 'shared' });
    await before.end();
    await reserved(one);
    await end(one);
    const replicas = two.share();
    const id = randomUUID();
    await replicas.beat({ id, name: 'replica', version: '0' });
    await expect(two.reserve()).rejects.toMatchObject({ trouble: 'shared' });
    await replicas.leave(id);
    await reserved(two);
  });

  test('a sender that cannot be understood keeps nobody’s document from being taken up', async () => {
    const url = await newDatabase();
    const one = await open(url);
    const id = await add(one, { userId: null, properties: { a: true } });
    await end(one);
    const two = await open(url);
    expect(await two.claim({ id, run: randomUUID() }, null)).toMatchObject({ unfinished: { owner: 'o' } });
  });

  test('what was read of a document before is not held while it is read again, and stays when that fails', async () => {
    const store = await open(await newDatabase());
    const records = [{ accounts: [], failed_pages: [] }] as unknown as StoredDocument['documents'];
    const document: StoredDocument = { ...unread(), status: 'completed', documents: records };
    await store.add({ document, owner: 'o', sender: {}, plan: PLAN }, pdf, [], { run: randomUUID() });
    const { documents: _, ...listed } = document;
    const run = randomUUID();
    const reopened = await store.reopen({ ...document, status: 'extracting' }, 'o', { run });
    expect(reopened).toMatchObject({ owner: 'o', run });
    expect(reopened?.document).toEqual({ ...listed, status: 'extracting' });
    await store.finish({ ...listed, status: 'failed' }, run, []);
    expect(await store.get(document.id, 'o')).toEqual({ ...document, status: 'failed' });
  });

  test('what another reading has taken over is written by that one alone, in the same process, too', async () => {
    const store = await open(await newDatabase());
    const document = unread();
    const { id } = document;
    await store.add({ document, owner: 'o', sender: {}, plan: PLAN }, pdf, [], { run: randomUUID() });
    const [before, now] = [randomUUID(), randomUUID()];
    const replica = randomUUID();
    expect(await store.claim({ id, run: before }, replica)).toMatchObject({ isFirst: false });
    expect(await store.claim({ id, run: now }, replica)).toMatchObject({ unfinished: { run: now } });
    const event = { type: 'page_done', number: 1, at: new Date().toISOString() };
    expect(await store.keepEvents({ id, run: before }, [event])).toBe(false);
    expect(await store.finish({ ...document, status: 'completed' }, before, [event])).toBe(false);
    expect((await store.events(id, 0))?.events).toEqual([]);
    expect((await store.get(id, 'o'))?.status).toBe('extracting');
    expect(await store.finish({ ...document, status: 'completed' }, now, [event])).toBe(true);
    expect((await store.events(id, 0))?.events).toEqual([event]);
    expect((await store.get(id, 'o'))?.status).toBe('completed');
    expect(await store.claim({ id, run: before }, replica)).toBeUndefined();
  });
});
