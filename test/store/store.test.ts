import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { Store, type StoredDocument } from '../../src/index.js';
import { newDatabase, newFolder } from '../shared.js';
import { unread } from '../stored-document.js';

/** Who may go on with a document, when processes share a database, pause or end. */

const PLAN = { path: 'single-page' } as const;

let pdf: string;
beforeAll(async () => {
  pdf = join(await newFolder(), 'a.pdf');
  writeFileSync(pdf, '%PDF-1.7');
});

async function add(store: Store, sender = {}): Promise<string> {
  const document = unread();
  await store.add({ document, owner: 'o', sender, plan: PLAN }, pdf, []);
  return document.id;
}

const ids = (adopted: Awaited<ReturnType<Store['adopt']>>) => adopted.map(({ document }) => document.id);

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

  test('the documents of a process that lives are its own; those of one that ended are anybody’s, once', async () => {
    const url = await newDatabase();
    const [one, two, three] = await Promise.all([open(url), open(url), open(url)]);
    const id = await add(one);
    expect(await two.adopt([], 10)).toEqual([]);
    await end(one);
    let taken: string[] = [];
    while (taken.length === 0) {
      taken = (await Promise.all([two.adopt([], 10), three.adopt([], 10)])).flatMap(ids);
    }
    expect(taken).toEqual([id]);
  });

  test('a connection that breaks and is made again makes nobody’s documents anybody’s', async () => {
    const url = await newDatabase();
    const [one, two] = await Promise.all([open(url), open(url)]);
    // The look of a process that starts; later ones are not as quick to judge.
    expect(await two.adopt([], 10)).toEqual([]);
    await add(one);
    const admin = new Client(url);
    await admin.connect();
    const { rowCount } = await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_locks, quire.documents
      WHERE locktype = 'advisory' AND objid::bigint = executor`);
    expect(rowCount).toBe(1);
    for (let look = 0; look < 20; look++) {
      expect(await two.adopt([], 10).catch(() => [])).toEqual([]);
      await sleep(50);
    }
    await admin.end();
  });

  test('a sender that cannot be understood keeps nobody’s document from being taken up', async () => {
    const url = await newDatabase();
    const one = await open(url);
    const id = await add(one, { userId: null, properties: { a: true } });
    await end(one);
    const two = await open(url);
    let adopted: string[] = [];
    while (adopted.length === 0) adopted = ids(await two.adopt([], 10));
    expect(adopted).toEqual([id]);
  });

  test('what was read of a document before is not held while it is read again, and stays when that fails', async () => {
    const store = await open(await newDatabase());
    const records = [{}] as StoredDocument['documents'];
    const document: StoredDocument = { ...unread(), status: 'completed', documents: records };
    await store.add({ document, owner: 'o', sender: {}, plan: PLAN }, pdf, []);
    const { documents: _, ...listed } = document;
    expect(await store.reopen({ ...document, status: 'extracting' }, 'o')).toMatchObject({ owner: 'o' });
    const [adopted] = await store.adopt([], 10);
    expect(adopted?.document).toEqual({ ...listed, status: 'extracting' });
    await store.finish({ ...listed, status: 'failed' }, []);
    expect(await store.get(document.id, 'o')).toEqual({ ...document, status: 'failed' });
  });

  test('what another process has taken over is written by that one alone', async () => {
    const url = await newDatabase();
    const [one, two] = await Promise.all([open(url), open(url)]);
    const document = unread();
    await one.add({ document, owner: 'o', sender: {}, plan: PLAN }, pdf, []);
    const event = { type: 'page_done', number: 1, at: new Date().toISOString() };
    expect(await two.keepEvents(document.id, [event])).toBe(false);
    await two.finish({ ...document, status: 'completed' }, [event]);
    expect((await one.events(document.id, 0))?.events).toEqual([]);
    expect((await one.get(document.id, 'o'))?.status).toBe('extracting');
    await one.finish({ ...document, status: 'completed' }, [event]);
    expect((await one.events(document.id, 0))?.events).toEqual([event]);
    expect((await one.get(document.id, 'o'))?.status).toBe('completed');
  });
});
