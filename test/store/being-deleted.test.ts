import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { Store } from '../../src/index.js';
import { newDatabase, runSql } from '../shared.js';
import { until } from '../until.js';

/** What comes for a document while another connection deletes it. */

let url: string;
let store: Store;
const deleting: Client[] = [];
beforeAll(async () => {
  url = await newDatabase();
  store = await Store.open({ url, dataDir: '' });
});
afterEach(async () => {
  for (const client of deleting.splice(0)) await client.end();
});
afterAll(() => store.close());

async function newDocument(): Promise<string> {
  const [row] = await runSql<{ id: string }>(
    url,
    `INSERT INTO quire.documents (id, document, status, owner, sender)
     VALUES (gen_random_uuid(), '{}', 'completed', 'anna', '{}') RETURNING id`,
  );
  return row?.id ?? '';
}

const PLAN = { path: 'single-page' } as const;
const SAID = { account: null, field: 'a', verdict: { action: 'confirmed' }, readValue: 'x' } as const;
const BY = { person: undefined, personName: undefined, plan: PLAN, answerForm: 'lines' } as const;

test.each<[what: string, come: (id: string) => Promise<unknown>, table: string, outcome: unknown]>([
  ['somebody who opens it', (id) => store.viewers.see(id, 'a', 'Anna'), 'viewers', []],
  ['somebody without a name', (id) => store.viewers.see(id, 'a', undefined), 'viewers', []],
  [
    'an answer of the model',
    (id) => store.answers(id, 'anna').keep([{ key: 'a', fields: [] }]),
    'answers',
    undefined,
  ],
  [
    'what a person says of a value',
    (id) => store.corrections.add(id, { ...SAID, ...BY }, { seen: 0, reading: 1 }),
    'corrections',
    { notAdded: 'gone' },
  ],
])('%s is no failure, and nothing of it stays', async (_what, come, table, outcome) => {
  const id = await newDocument();
  const client = new Client(url);
  deleting.push(client);
  await client.connect();
  await client.query('BEGIN');
  await client.query('DELETE FROM quire.documents WHERE id = $1', [id]);
  const coming = come(id);
  // Told at its end.
  coming.catch(() => undefined);
  await until('it waits for the deletion', async () => {
    const [row] = await runSql<{ count: string }>(
      url,
      `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return Number(row?.count) > 0;
  });
  await client.query('COMMIT');
  expect(await coming).toEqual(outcome);
  expect(await runSql(url, `SELECT 1 FROM quire.${table} WHERE document_id = '${id}'`)).toEqual([]);
});
