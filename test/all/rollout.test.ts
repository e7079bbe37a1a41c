import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import { createQuire, type DocumentRecord, type Quire, type Store } from '../../src/index.js';
import { GOLDEN, goldenPart, goldenReader, type GoldenDocument } from '../golden.js';
import { lines, makePdf } from '../pdf-fixtures.js';
import { Provider } from '../provider.js';
import { newStore, newUnleashEnvironment } from '../shared.js';
import type { Flip, UnleashEnvironment } from '../unleash/unleash.js';

/** Ops flip flags in a real Unleash server; what changes is seen over HTTP. */

// The SDK's timers hold up the end of a process whose NODE_ENV is "test", even after it was destroyed.
process.env.NODE_ENV = 'production';

const BATCH = 'batch-page-processing';

let unleash: UnleashEnvironment;
let backupDir: string;
let provider: Provider;
let store: Store;
let quire: Quire;
let server: Server;
let base: string;
const logged: string[] = [];

beforeAll(async () => {
  backupDir = mkdtempSync(join(tmpdir(), 'quire-flags-'));
  unleash = await newUnleashEnvironment();
  store = await newStore();
  const golden = goldenReader(GOLDEN.documents);
  provider = await Provider.start({
    read: (page) => (page.text.startsWith('PACKAGE') ? [] : golden(page)),
  });
  quire = await startQuire();
  const app = express();
  app.use('/quire', quire.router({ identify: (request) => ({ userId: request.get('x-user-id') }) }));
  // How a monolith with page texts of its own uses Quire.
  app.post('/pages', express.json({ limit: '10mb' }), async (request, response) => {
    response.json(await quire.processPages(request.body as Record<number, string>, { userId: 'u' }));
  });
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await quire.close();
  await provider.close();
  await store.close();
  rmSync(backupDir, { recursive: true });
});

/** @param folder within the folder of backups */
function startQuire(folder = 'shared', token = unleash.clientToken): Promise<Quire> {
  Object.assign(process.env, {
    UNLEASH_URL: unleash.url,
    UNLEASH_API_TOKEN: token,
    UNLEASH_BACKUP_DIR: join(backupDir, folder),
  });
  const log = (fields: object, message?: string) => void logged.push(`${JSON.stringify(fields)} ${message}`);
  const logger = { info: () => undefined, warn: log, error: log };
  return createQuire({ openai: provider.client(), model: 'test-model', logger, store });
}

/** The plan of a document that asks nothing of the model. */
async function planNow(context: object = { userId: 'u' }, of = quire): Promise<string> {
  const { plan } = await of.processPages({ 1: '' }, context);
  return plan.path === 'batch' ? `batch ${plan.batchSize}x${plan.maxWorkers}` : plan.path;
}

async function inForce(plan: string): Promise<void> {
  await until(
    () => planNow(),
    (now) => now === plan,
  );
}

async function post(pages: GoldenDocument['pages']): Promise<DocumentRecord> {
  const response = await fetch(`${base}/pages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(pages),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as DocumentRecord;
}

async function uploadedPlan(userId = 'u'): Promise<string | null> {
  const pdf = await makePdf([{ texts: lines('PACKAGE ACCOUNT NUMBER: 12345678', 'and nothing else') }]);
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(pdf)]), 'package.pdf');
  const headers = { 'x-user-id': userId };
  const response = await fetch(`${base}/quire/process`, { method: 'POST', headers, body });
  expect(response.status).toBe(200);
  return response.headers.get('x-quire-plan');
}

interface Readiness {
  ready: boolean;
  warnings: string[];
  unleash: { source: string; problem: string | null };
}

async function readiness(): Promise<Readiness> {
  const response = await fetch(`${base}/quire/ops/readyz`);
  expect(response.status).toBe(200);
  return (await response.json()) as Readiness;
}

async function until<T>(read: () => T | Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (const started = performance.now(); ; await sleep(50)) {
    const value = await read();
    if (holds(value)) return value;
    if (performance.now() - started > 100_000) throw new Error(`Still ${JSON.stringify(value)}`);
  }
}

describe('each rollback is a flip', () => {
  test.each<[string, Flip, string]>([
    ['flag off: page by page', { enabled: false }, 'single-page'],
    [
      '100 % with 3/5',
      { enabled: true, rollout: 100, payload: '{"batchSize": 3, "maxWorkers": 5}' },
      'batch 3x5',
    ],
    ['shrink to 2/3', { payload: '{"batchSize": 2, "maxWorkers": 3}' }, 'batch 2x3'],
    ['batch-only: one worker', { payload: '{"batchSize": 2, "maxWorkers": 1}' }, 'batch 2x1'],
    ['off again: full revert', { enabled: false }, 'single-page'],
  ])('%s', async (_name, change, plan) => {
    // Load that goes on while the flag flips: no request fails, and each record is the golden one.
    const flipped = new AbortController();
    const load = [0, 1, 2, 3].map(async (worker) => {
      for (let index = worker; !flipped.signal.aborted; index += 4) {
        const document = GOLDEN.documents[index % GOLDEN.documents.length];
        if (document) expect(goldenPart(await post(document.pages))).toBe(JSON.stringify(document.expected));
      }
    });
    try {
      await unleash.flip(BATCH, change);
      await inForce(plan);
    } finally {
      flipped.abort();
      await Promise.all(load);
    }
    expect(await uploadedPlan()).toBe(plan);
    provider.behaviour.delay = (_call, index) => (index * 7) % 5;
    const records = await Promise.all(GOLDEN.documents.map(({ pages }) => post(pages)));
    records.forEach((record, index) => {
      expect(goldenPart(record)).toBe(JSON.stringify(GOLDEN.documents[index]?.expected));
      expect(record.failed_pages).toEqual([]);
      expect(record.plan.path).toBe(plan.split(' ')[0]);
    });
  });

  test('a document keeps its plan to the end, whatever flips meanwhile', async () => {
    await unleash.flip(BATCH, {
      enabled: true,
      rollout: 100,
      payload: '{"batchSize": 2, "maxWorkers": 1}',
    });
    await inForce('batch 2x1');
    const document = GOLDEN.documents.find(({ pages }) => Object.keys(pages).length >= 6);
    if (!document) throw new Error('No golden document is long enough');
    const before = provider.calls.length;
    const { read } = provider.behaviour;
    provider.behaviour.delay = () => 400;
    const record = post(document.pages);
    await until(
      () => provider.calls.length,
      (calls) => calls > before,
    );
    await unleash.flip(BATCH, { enabled: false });
    await inForce('single-page');
    provider.behaviour = { read };
    const { plan } = await record;
    expect(plan).toEqual({ path: 'batch', batchSize: 2, maxWorkers: 1 });
    const sizes = provider.calls.slice(before).map(({ pages }) => pages.length);
    expect(Math.max(...sizes)).toBe(2);
    expect(goldenPart(await record)).toBe(JSON.stringify(document.expected));
  });
});

describe('a rollout by percentage', () => {
  const users = Array.from({ length: 2_000 }, (_, index) => `user-${index}`);
  const few = users.slice(0, 100);
  const batchUsers = async (of = users) => {
    const plans = await Promise.all(of.map((userId) => planNow({ userId })));
    return new Set(of.filter((_, index) => plans[index] !== 'single-page'));
  };

  test('30 % takes 28 to 32 % of 2,000 users, each always the same; 60 % keeps all of them', async () => {
    await unleash.flip(BATCH, { enabled: true, rollout: 100 });
    await until(
      () => planNow(),
      (plan) => plan !== 'single-page',
    );
    await unleash.flip(BATCH, { rollout: 30 });
    const before = await until(
      () => batchUsers(few),
      ({ size }) => size < few.length,
    );
    const third = await batchUsers();
    expect(third.size).toBeGreaterThanOrEqual(560);
    expect(third.size).toBeLessThanOrEqual(640);
    expect(await batchUsers()).toEqual(third);
    await unleash.flip(BATCH, { rollout: 60 });
    await until(
      () => batchUsers(few),
      ({ size }) => size > before.size,
    );
    const more = await batchUsers();
    expect(more.size).toBeGreaterThan(third.size);
    expect([...third].every((user) => more.has(user))).toBe(true);
  });

  test('over HTTP, too, it is the user that decides', async () => {
    const some = users.slice(0, 8);
    const expected = await Promise.all(some.map((userId) => planNow({ userId })));
    expect(await Promise.all(some.map((userId) => uploadedPlan(userId)))).toEqual(expected);
    expect(new Set(expected).size).toBe(2);
  });

  test('without a user the session decides', async () => {
    const sessions = users.slice(0, 20);
    const plans = () => Promise.all(sessions.map((sessionId) => planNow({ sessionId })));
    const first = await plans();
    expect(new Set(first).size).toBe(2);
    expect(await plans()).toEqual(first);
  });

  test('constraints see properties, and the number of pages of texts and of uploads', async () => {
    const tenant = { contextName: 'tenant', operator: 'IN', values: ['north'], inverted: false };
    const short = { contextName: 'pageCount', operator: 'NUM_LTE', value: '2', values: [], inverted: false };
    const pages = (texts: Record<number, string>) => quire.processPages(texts, { userId: 'u' });
    await unleash.flip(BATCH, { rollout: 0 });
    await inForce('single-page');
    await unleash.flip(BATCH, { rollout: 100, constraints: [short] });
    await until(
      () => pages({ 1: '', 2: '' }),
      ({ plan }) => plan.path === 'batch',
    );
    expect((await pages({ 1: '', 2: '', 3: '' })).plan.path).toBe('single-page');
    // Where pages are not counted within a second, an upload is decided without their number.
    await until(
      () => uploadedPlan(),
      (plan) => plan?.startsWith('batch') === true,
    );
    await unleash.flip(BATCH, { constraints: [tenant] });
    await until(
      () => planNow({ properties: { tenant: 'south' } }),
      (plan) => plan === 'single-page',
    );
    expect(await planNow({ properties: { tenant: 'north' } })).toMatch(/^batch/);
    expect(await uploadedPlan()).toBe('single-page');
    await unleash.flip(BATCH, { constraints: [] });
    await until(
      () => planNow(),
      (plan) => plan !== 'single-page',
    );
  });
});

describe('a payload that is no plan', () => {
  test.each([
    ['half a plan', '{"batchSize": -5}', 'json', 'single-page'],
    ['not JSON', 'three by five', 'string', 'single-page'],
    ['fractions', '{"batchSize": 2.5, "maxWorkers": 3}', 'json', 'single-page'],
    ['words', '{"batchSize": "2", "maxWorkers": 3}', 'json', 'single-page'],
    ['a million', '{"batchSize": 1000000, "maxWorkers": 1000000}', 'json', 'batch 10x20'],
    ['less than one', '{"batchSize": -5, "maxWorkers": 0}', 'json', 'batch 1x1'],
  ] as const)(
    '%s: requests go on, the plan is safe, the reason is seen',
    async (_name, payload, payloadType, plan) => {
      await unleash.flip(BATCH, { payload: '{"batchSize": 4, "maxWorkers": 4}' });
      await inForce('batch 4x4');
      const told = logged.length;
      await unleash.flip(BATCH, { payload, payloadType });
      await inForce(plan);
      await Promise.all(Array.from({ length: 5 }, () => planNow()));
      expect(await uploadedPlan()).toBe(plan);
      expect((await readiness()).warnings).toEqual([`payload: ${BATCH}`]);
      const warnings = logged.slice(told).filter((line) => line.includes('payload'));
      expect(warnings).toHaveLength(1);
      const metrics = await (await fetch(`${base}/quire/ops/metrics`)).text();
      if (plan === 'single-page') expect(metrics).toMatch(/reason="payload_invalid"\} [1-9]/);
    },
  );
});

test('a refused token is told, requests go page by page, and the log does not hold the token', async () => {
  const secret = 'default:development.0000000000000000000000000000';
  const told = logged.length;
  const refused = await startQuire('refused', secret);
  const app = createServer(express().use(refused.router({ allowAnonymous: true })));
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  const at = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
  try {
    expect(await planNow({ userId: 'u' }, refused)).toBe('single-page');
    const ready = await fetch(`${at}/ops/readyz`);
    expect(ready.status).toBe(200);
    expect(((await ready.json()) as Readiness).warnings).toEqual(['unleash: token_refused']);
    const metrics = await (await fetch(`${at}/ops/metrics`)).text();
    expect(metrics).toContain('quire_unleash_token_refused 1');
    expect(metrics).toContain('quire_unleash_up 0');
    const lines = logged.slice(told).join('\n');
    expect(lines).toMatch(/token_refused/);
    expect(lines).not.toContain(secret);
  } finally {
    app.closeAllConnections();
    app.close();
    await refused.close();
  }
});
