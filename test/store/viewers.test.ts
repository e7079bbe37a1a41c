import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { createQuire, Store } from '../../src/index.js';
import { newDatabase, newFolder, runSql } from '../shared.js';
import { SILENT } from '../silent.js';
import { unread } from '../stored-document.js';
import { until } from '../until.js';

/** Who has a document open. */

const PLAN = { path: 'batch', batchSize: 2, maxWorkers: 3 } as const;

let url: string;
let store: Store;
let id: string;
beforeAll(async () => {
  url = await newDatabase();
  store = await Store.open({ url, dataDir: '' });
  const pdf = join(await newFolder(), 'a.pdf');
  writeFileSync(pdf, '%PDF-1.7');
  const document = unread();
  id = document.id;
  await store.add({ document, owner: 'o', sender: {}, plan: PLAN }, pdf, [], { run: randomUUID() });
  await runSql(url, `UPDATE quire.documents SET status = 'failed'`);
});
afterAll(() => store.close());
beforeEach(() => runSql(url, 'DELETE FROM quire.viewers'));

const namesKept = async () =>
  (await runSql<{ name: string }>(url, 'SELECT name FROM quire.viewers ORDER BY name')).map(
    ({ name }) => name,
  );
const goneFor = (seconds: number, viewer: string) =>
  runSql(
    url,
    `UPDATE quire.viewers SET seen_at = now() - interval '${seconds} s' WHERE viewer = '${viewer}'`,
  );

test('who comes back waits for nobody else who does', async () => {
  await store.viewers.see(id, 'a', 'Anna');
  await store.viewers.see(id, 'b', 'Bert');
  await goneFor(20, 'a');
  await goneFor(20, 'b');
  const bert = new Client(url);
  await bert.connect();
  await bert.query(`BEGIN; SELECT FROM quire.viewers WHERE viewer = 'b' FOR UPDATE`);
  expect(await store.viewers.see(id, 'a', 'Anna')).toEqual([]);
  await bert.end();
});

test('those who have gone are forgotten, with their names, but for one who comes back just now', async () => {
  for (const [viewer, name] of [
    ['a', 'Anna'],
    ['b', 'Bert'],
    ['c', 'Cleo'],
  ] as const) {
    await store.viewers.see(id, viewer, name);
  }
  await goneFor(61, 'a');
  await goneFor(61, 'b');
  const bert = new Client(url);
  await bert.connect();
  await bert.query(`BEGIN; SELECT FROM quire.viewers WHERE viewer = 'b' FOR UPDATE`);
  const quire = await createQuire({ store, logger: SILENT });
  quire.router();
  await until('Anna is forgotten', async () => (await namesKept()).length < 3);
  expect(await namesKept()).toEqual(['Bert', 'Cleo']);
  await quire.close();
  await bert.end();
});

test('of those without a name, no more than fifty are kept of a document', async () => {
  for (let window = 0; window < 52; window++) await store.viewers.see(id, `window ${window}`, undefined);
  expect(await namesKept()).toHaveLength(50);
  await store.viewers.see(id, 'a', 'Anna');
  expect(await namesKept()).toHaveLength(51);
  await goneFor(20, 'window 3');
  await store.viewers.see(id, 'window 3', undefined);
  expect(await store.viewers.see(id, 'a', 'Anna')).toHaveLength(10);
  const [back] = await runSql(
    url,
    `SELECT 1 FROM quire.viewers WHERE viewer = 'window 3' AND seen_at > now() - interval '15 s'`,
  );
  expect(back).toBeDefined();
});
