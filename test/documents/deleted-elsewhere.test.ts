import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import { Documents, type DocumentsSettings, type DocumentsTools } from '../../src/documents/documents.js';
import type { Engine } from '../../src/engine/engine.js';
import { Store } from '../../src/index.js';
import { Notices } from '../../src/store/notices.js';
import { newDatabase, runSql } from '../shared.js';
import { SILENT } from '../silent.js';
import { until } from '../until.js';

/** What one of several processes deletes, the others keep nothing of in their memory. */

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function shared(database: string): Promise<Store> {
  const store = await Store.open({ url: database, dataDir: '' });
  closing.push(() => store.close());
  store.share();
  return store;
}

/** A process that shares the work, and reads nothing. @returns what it was told is deleted */
async function process(database: string): Promise<string[]> {
  const store = await shared(database);
  const notices = new Notices(database, 'test');
  const deleted: string[] = [];
  const tools: Partial<DocumentsTools> = {
    store,
    logger: SILENT,
    onDocument: undefined,
    webhook: undefined,
    shared: { replica: randomUUID(), replicas: store.share(), notices },
    startEngine: () =>
      Promise.resolve({ stop: () => Promise.resolve(), close: () => Promise.resolve() } as Engine),
    onDelete: (id) => void deleted.push(id),
  };
  const settings: Partial<DocumentsSettings> = { atOnce: 1, graceMs: 0, retentionDays: undefined };
  const documents = await Documents.start(settings as DocumentsSettings, tools as DocumentsTools);
  closing.push(async () => {
    await documents.close();
    await notices.close();
  });
  // It listens from some time on.
  await until('the process listens', async () => {
    const [row] = await runSql<{ listen: boolean }>(
      database,
      `SELECT bool_or(query LIKE 'LISTEN quire_deleted%') AS listen FROM pg_stat_activity WHERE application_name = 'test'`,
    );
    return row?.listen;
  });
  return deleted;
}

/** Documents that were uploaded long ago, of one owner. */
async function uploaded(database: string, count: number): Promise<string[]> {
  const rows = await runSql<{ id: string }>(
    database,
    `INSERT INTO quire.documents (id, document, status, owner, sender, uploaded_at)
     SELECT gen_random_uuid(), '{}', 'completed', 'anna', '{}', now() - interval '9 days'
     FROM generate_series(1, ${count}) RETURNING id`,
  );
  return rows.map(({ id }) => id);
}

test('a document that its owner deletes at another process is forgotten here, and one whose days are over', async () => {
  const database = await newDatabase();
  const elsewhere = await shared(database);
  const deleted = await process(database);
  const [first = '', ...others] = await uploaded(database, 3);
  expect(await elsewhere.delete(first, 'anna')).toBe(true);
  await until('the document is forgotten', () => deleted.includes(first));
  expect(await elsewhere.expire(7, 100)).toHaveLength(2);
  await until('the others are forgotten', () => others.every((id) => deleted.includes(id)));
  expect(deleted.toSorted()).toEqual([first, ...others].toSorted());
});
