import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import express from 'express';
import { createQuire, type Quire, type Store } from '../../src/index.js';
import { Provider } from '../provider.js';
import { newStore } from '../shared.js';
import { UnleashServer } from '../unleash/unleash.js';

/** Unleash ends as by a crash, and comes back. */

// The SDK's timers hold up the end of a process whose NODE_ENV is "test", even after it was destroyed.
process.env.NODE_ENV = 'production';

const BATCH = 'batch-page-processing';

let folder: string;
let unleash: UnleashServer;
let provider: Provider;
let store: Store;
const logged: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'quire-unleash-'));
  unleash = await UnleashServer.start({ dataDir: join(folder, 'server') });
  provider = await Provider.start({ read: () => [] });
  store = await newStore();
});
afterAll(async () => {
  await provider.close();
  await store.close();
  await unleash.stop();
  rmSync(folder, { recursive: true });
});

/** @param backup the folder of its backup, within that of this test */
function startQuire(backup: string): Promise<Quire> {
  const log = (fields: object, message?: string) => void logged.push(`${JSON.stringify(fields)} ${message}`);
  return createQuire({
    openai: provider.client(),
    model: 'test-model',
    logger: { info: () => undefined, warn: log, error: log },
    store,
    settings: {
      UNLEASH_URL: unleash.url,
      UNLEASH_API_TOKEN: unleash.clientToken,
      UNLEASH_BACKUP_DIR: join(folder, backup),
    },
  });
}

async function planNow(quire: Quire): Promise<string> {
  const { plan } = await quire.processPages({ 1: '' }, { userId: 'u' });
  return plan.path === 'batch' ? `batch ${plan.batchSize}x${plan.maxWorkers}` : plan.path;
}

async function until<T>(read: () => Promise<T>, wanted: T): Promise<void> {
  while ((await read()) !== wanted) await sleep(50);
}

test('the last known flags stay in force, and a new process finds them; then it comes back', async () => {
  await unleash.flip(BATCH, { enabled: true, rollout: 100, payload: '{"batchSize": 3, "maxWorkers": 5}' });
  const quire = await startQuire('shared');
  const server = createServer(express().use(quire.router()));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const ready = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ops/readyz`;
  const problem = async () =>
    ((await (await fetch(ready)).json()) as { unleash: { problem: string | null } }).unleash.problem;
  await until(() => planNow(quire), 'batch 3x5');

  const { port, adminToken, clientToken } = unleash;
  await unleash.kill();
  await until(problem, 'unreachable');
  expect(await planNow(quire)).toBe('batch 3x5');

  const restarted = await startQuire('shared');
  expect(await planNow(restarted)).toBe('batch 3x5');
  await restarted.close();

  const blank = await startQuire('none');
  expect(await planNow(blank)).toBe('single-page');
  await blank.close();

  const dataDir = join(folder, 'server');
  unleash = await UnleashServer.start({ port, dataDir, adminToken, clientToken });
  await until(problem, null);
  await unleash.flip(BATCH, { payload: '{"batchSize": 2, "maxWorkers": 3}' });
  await until(() => planNow(quire), 'batch 2x3');
  expect(logged.join('\n')).toMatch(/"problem":"unreachable"/);
  server.closeAllConnections();
  server.close();
  await quire.close();
});
