import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import express from 'express';
import {
  createQuire,
  type AskedDocument,
  type Quire,
  type RouterOptions,
  type Store,
} from '../../src/index.js';
import { goldenPdf, PRINTABLE, readSheet } from '../golden-pdf.js';
import { Provider } from '../provider.js';
import { newStore } from '../shared.js';

/** Whom an app lets read and correct documents of others. */

let provider: Provider;
let quire: Quire;
let store: Store;
let server: Server;
let base: string;
/** Of Anna. */
let id: string;
const logged: string[] = [];
const rules: Pick<RouterOptions, 'mayRead' | 'mayCorrect'> = {};

beforeAll(async () => {
  provider = await Provider.start({ read: readSheet });
  store = await newStore();
  const log = (_fields: object, message: string) => void logged.push(message);
  quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    plan: { path: 'single-page' },
    store,
    logger: { info: () => undefined, warn: log, error: log },
  });
  const app = express();
  app.use(
    quire.router({
      identify: (request) => ({ userId: request.get('x-user') }),
      mayRead: (request, document) => rules.mayRead?.(request, document) ?? false,
      mayCorrect: (request, document) => rules.mayCorrect?.(request, document) ?? false,
    }),
  );
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [document] = PRINTABLE;
  if (!document) throw new Error('There is no golden document');
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(await goldenPdf(document, 'a'))]), 'a.pdf');
  body.set('document_name', 'Package of Anna');
  const accepted = await as('anna', '/process', { method: 'POST', body });
  id = ((await accepted.json()) as { job_id: string }).job_id;
  while (!(await answer<{ is_complete: boolean }>('anna', `/status/${id}`)).is_complete) await sleep(10);
});
afterEach(() => {
  delete rules.mayRead;
  delete rules.mayCorrect;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await quire.close();
  await store.close();
  await provider.close();
});

const as = (user: string, path: string, init: RequestInit = {}) =>
  fetch(base + path, { ...init, headers: { 'x-user': user } });

async function answer<Body>(user: string, path: string): Promise<Body> {
  return (await (await as(user, path)).json()) as Body;
}

const READING = ['', '/evidence', '/events', '/background-status', '/pdf', '/account/0/complete-data'];
const statuses = (user: string) =>
  Promise.all(READING.map(async (path) => (await as(user, `/api/document/${id}${path}`)).status));

test('a document is there for its owner alone where the app has no rule', async () => {
  expect(new Set(await statuses('anna'))).toEqual(new Set([200]));
  expect(new Set(await statuses('rita'))).toEqual(new Set([404]));
  expect(await answer('rita', `/status/${id}`)).toMatchObject({ status: 'Unknown job ID' });
});

test('whom the app lets read sees all of it, and the app is told whose it is', async () => {
  const asked: AskedDocument[] = [];
  rules.mayRead = (request, document) => {
    asked.push(document);
    return request.get('x-user') === 'rita';
  };
  expect(new Set(await statuses('rita'))).toEqual(new Set([200]));
  expect(new Set(await statuses('otto'))).toEqual(new Set([404]));
  expect(await answer('rita', `/status/${id}`)).toMatchObject({ status: 'completed' });
  expect(asked[0]).toEqual({
    id,
    owner: undefined,
    userId: 'anna',
    sessionId: undefined,
    name: 'Package of Anna',
    uploadedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  });
  expect(await answer('rita', '/api/documents')).toMatchObject({ documents: [], total: 0 });
});

test('who may read may neither change nor correct for that', async () => {
  rules.mayRead = () => true;
  expect(await answer('rita', `/api/document/${id}`)).toMatchObject({
    access: { own: false, correct: false },
  });
  expect(await answer('anna', `/api/document/${id}`)).toMatchObject({ access: { own: true, correct: true } });
  for (const path of ['retry', 'delete']) {
    expect((await as('rita', `/api/document/${id}/${path}`, { method: 'POST' })).status).toBe(404);
  }
  rules.mayCorrect = () => true;
  expect(await answer('rita', `/api/document/${id}`)).toMatchObject({
    access: { own: false, correct: true },
  });
});

test('only `true` lets anybody in', async () => {
  for (const almost of ['yes', 1, {}, undefined]) {
    rules.mayRead = () => almost as boolean;
    expect(new Set(await statuses('rita'))).toEqual(new Set([404]));
  }
});

test('a rule that fails lets nobody in, and the log says so', async () => {
  rules.mayRead = () => {
    throw new Error('the directory is away');
  };
  expect((await as('rita', `/api/document/${id}`)).status).toBe(500);
  expect((await as('anna', `/api/document/${id}`)).status).toBe(200);
  expect(logged).toContain('a request was refused: mayRead failed');
});
