import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Client } from 'pg';
import { createQuire, Store } from '../../src/index.js';
import { Provider } from '../provider.js';
import { newDatabase } from '../shared.js';
import { SILENT } from '../silent.js';
import { unread } from '../stored-document.js';

test('documents whose days are over are deleted, however many, and counted in the log', async () => {
  const url = await newDatabase();
  const store = await Store.open({ url });
  const sql = new Client(url);
  await sql.connect();
  const add = async (count: number, days: number) => {
    const document = { ...unread(), status: 'completed' };
    await sql.query(
      `INSERT INTO quire.documents (id, owner, uploaded_at, status, document, sender, executor)
       SELECT gen_random_uuid(), 'o', now() - $2 * interval '1 day', 'completed', $3, '{}', 1
       FROM generate_series(1, $1::integer)`,
      [count, days, JSON.stringify({ ...document, id: randomUUID() })],
    );
  };
  await add(250, 8);
  await add(3, 6);
  const told: object[] = [];
  const provider = await Provider.start({ read: () => [] });
  const quire = await createQuire({
    store,
    openai: provider.client(),
    model: 'test-model',
    settings: { RETENTION_DAYS: 7 },
    logger: { ...SILENT, info: (fields, message) => void told.push({ ...fields, message }) },
  });
  quire.router();
  while (told.length === 0) await sleep(20);
  expect(told).toEqual([{ documents: 250, retention_days: 7, message: 'old documents deleted' }]);
  expect(await store.count('o')).toBe(3);
  await quire.close();
  await sql.end();
  await store.close();
  await provider.close();
});
