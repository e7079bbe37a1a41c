import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { Store, type StoredDocument } from '../src/index.js';
import { goldenPdf, PRINTABLE } from './golden-pdf.js';
import { Host } from './host.js';
import { newDataFolder } from './new-data-folder.js';
import { Postgres } from './postgres.js';

/** Who may go on with a document, when processes share a database, pause or end. */

let postgres: Postgres;
const pdf = join(newDataFolder(), 'a.pdf');
beforeAll(async () => {
  postgres = await Postgres.start();
  writeFileSync(pdf, '%PDF-1.7');
});
afterAll(() => postgres.close());

function unread(): StoredDocument {
  return {
    ...{ id: randomUUID(), filename: 'a.pdf', document_name: 'a', processed_date: new Date().toISOString() },
    ...{ status: 'extracting', stage: 'ocr_extraction', error: null, total_pages: 0, documents: [] },
    document_type_info: { document_type: 'unknown', document_type_display: '' },
    processing_cost: { llm_calls: 0, input_tokens: 0, output_tokens: 0, cost_usd: 0 },
  };
}

async function add(store: Store, sender = {}): Promise<string> {
  const document = unread();
  await store.add({ document, owner: 'o', sender }, pdf);
  return document.id;
}

const ids = (adopted: Awaited<ReturnType<Store['adopt']>>) => adopted.map(({ document }) => document.id);

describe('on a PostgreSQL that processes share', () => {
  const opened: Store[] = [];
  afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())));
  const open = async (url: string) => {
    const store = await Store.open({ url, dataDir: '' });
    opened.push(store);
    return store;
  };
  const end = async (store: Store) => {
    opened.splice(opened.indexOf(store), 1);
    await store.close();
  };

  test('the documents of a process that lives are its own; those of one that ended are anybody’s, once', async () => {
    const url = await postgres.createDatabase();
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
    const url = await postgres.createDatabase();
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
    const url = await postgres.createDatabase();
    const one = await open(url);
    const id = await add(one, { userId: null, properties: { a: true } });
    await end(one);
    const two = await open(url);
    let adopted: string[] = [];
    while (adopted.length === 0) adopted = ids(await two.adopt([], 10));
    expect(adopted).toEqual([id]);
  });

  test('what another process has taken over is written by that one alone', async () => {
    const url = await postgres.createDatabase();
    const [one, two] = await Promise.all([open(url), open(url)]);
    const document = unread();
    await one.add({ document, owner: 'o', sender: {} }, pdf);
    await two.planned(document.id, { path: 'single-page' });
    await two.finish({ ...document, status: 'completed' });
    expect((await one.get(document.id, 'o'))?.status).toBe('extracting');
    await one.finish({ ...document, status: 'completed' });
    expect((await one.get(document.id, 'o'))?.status).toBe('completed');
  });
});

test('a process that was paused while another took its folder keeps nothing there any more', async () => {
  const QUIRE_DATA_DIR = newDataFolder();
  const [paused, next] = [new Host({ QUIRE_DATA_DIR }), new Host({ QUIRE_DATA_DIR })];
  const [document] = PRINTABLE;
  if (!document) throw new Error('No golden document can be printed');
  await paused.start();
  paused.signal('SIGSTOP');
  await next.start();
  const kept = await next.upload(await goldenPdf(document, 'next'));
  await next.finished(kept.id);
  paused.signal('SIGCONT');
  expect(await paused.upload(await goldenPdf(document, 'paused'))).toMatchObject({ code: 503 });
  await paused.kill();
  await next.stop();
  await next.start();
  expect((await next.status(kept.id)).status).toBe('completed');
  await next.stop();
});
