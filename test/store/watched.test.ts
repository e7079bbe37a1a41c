import { beforeEach, expect, test } from '@jest/globals';
import { StoreError } from '../../src/index.js';
import type { Database } from '../../src/store/database.js';
import { Deliveries } from '../../src/store/deliveries.js';
import { readingsOf } from '../../src/store/readings.js';
import { watched, type WatchedDatabase } from '../../src/store/watched.js';

/** What the store says it cannot be used for. */

let failure: Error | undefined;
let database: WatchedDatabase;
beforeEach(() => {
  failure = undefined;
  const answer = () => (failure ? Promise.reject(failure) : Promise.resolve([]));
  const unwatched: Database = {
    query: answer,
    transaction: (work) => work(answer),
    address: undefined,
    reserve: () => Promise.resolve(),
    isReserved: () => true,
    close: () => Promise.resolve(),
  };
  database = watched(unwatched);
});

async function ask(sql: string, trouble?: Error): Promise<unknown> {
  failure = trouble;
  await database.query(sql).catch(() => undefined);
  return database.trouble?.trouble;
}

const AWAY = new StoreError('unreachable', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) });

test('is the trouble of the last statement, with the code of its cause', async () => {
  expect(await ask('SELECT 1')).toBeUndefined();
  expect(await ask('SELECT 1', AWAY)).toBe('unreachable');
  expect(database.trouble?.code).toBe('ECONNREFUSED');
  expect(await ask('SELECT 1')).toBeUndefined();
});

test('is that of a transaction', async () => {
  failure = AWAY;
  await expect(database.transaction((query) => query('SELECT 1'))).rejects.toBe(AWAY);
  expect(database.trouble).toBe(AWAY);
  failure = undefined;
  await database.transaction((query) => query('SELECT 1'));
  expect(database.trouble).toBeUndefined();
});

test('is not that of a statement at fault itself', async () => {
  expect(await ask('SELECT 1', new Error('a wrong statement'))).toBeUndefined();
});

test('of a full disk lasts until something is written', async () => {
  expect(await ask('UPDATE a', new StoreError('disk_full'))).toBe('disk_full');
  expect(await ask('SELECT 1')).toBe('disk_full');
  expect(await ask('UPDATE a')).toBeUndefined();
});

test.each([
  ['is due', () => new Deliveries(database).takeDue(4, 1_000)],
  ['readings a document has', () => readingsOf(database, 'id', 'owner')],
])('of a full disk lasts when somebody looks what %s, and there is nothing', async (_what, look) => {
  await ask('UPDATE a', new StoreError('disk_full'));
  failure = undefined;
  await look();
  expect(database.trouble?.trouble).toBe('disk_full');
});
