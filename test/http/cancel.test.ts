import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import express from 'express';
import { createQuire, type Quire, type Store } from '../../src/index.js';
import { goldenPdf, PRINTABLE, readSheet } from '../golden-pdf.js';
import { Provider } from '../provider.js';
import { newStore } from '../shared.js';
import { SILENT } from '../silent.js';
import { until } from '../until.js';

/** An owner cancels what is read or waits for that. */

let provider: Provider;
let quire: Quire;
let store: Store;
let server: Server;
let base: string;
let pdf: Uint8Array<ArrayBuffer>;
/** Lets the model answer. */
let answer: () => void;

beforeAll(async () => {
  provider = await Provider.start({ read: readSheet });
  store = await newStore();
  const [document] = PRINTABLE;
  if (!document) throw new Error('There is no golden document');
  pdf = Uint8Array.from(await goldenPdf(document, 'a'));
  quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    plan: { path: 'single-page' },
    store,
    settings: { DOCUMENTS_AT_ONCE: 1 },
    logger: SILENT,
  });
  const identify = (request: { headers: Record<string, unknown> }) => ({
    userId: String(request.headers['x-user']),
  });
  server = createServer(express().use(quire.router({ identify })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  const answered = new Promise<void>((resolve) => (answer = resolve));
  provider.behaviour.delay = () => answered;
});
afterEach(() => answer());
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await quire.close();
  await store.close();
  await provider.close();
});

const as = (
  user: string,
  path: string,
  { headers, ...init }: { method?: string; body?: FormData; headers?: Record<string, string> } = {},
) => fetch(base + path, { ...init, headers: { 'x-user': user, ...headers } });
const cancel = (user: string, id: string, headers = {}) =>
  as(user, `/api/document/${id}/cancel`, { method: 'POST', headers });

async function upload(): Promise<string> {
  const body = new FormData();
  body.set('file', new Blob([pdf]), 'a.pdf');
  const accepted = await as('anna', '/process', { method: 'POST', body });
  return ((await accepted.json()) as { job_id: string }).job_id;
}

async function statusOf(id: string) {
  return (await (await as('anna', `/status/${id}`)).json()) as Record<string, unknown>;
}

const CANCELLED = { status: 'failed', is_complete: true, detailed_message: 'Cancelled' };

test('what is being read ends as failed, its events say so, and it can be asked again', async () => {
  const calls = provider.calls.length;
  const id = await upload();
  await provider.called(calls + 1);
  const events = as('anna', `/api/document/${id}/events`, { headers: { accept: 'text/event-stream' } });
  const cancelled = await cancel('anna', id);
  expect([cancelled.status, await cancelled.json()]).toEqual([
    200,
    { success: true, message: 'The document is cancelled' },
  ]);
  expect(await statusOf(id)).toMatchObject(CANCELLED);
  const told = (await (await events).text()).split('\n').findLast((line) => line.startsWith('data: '));
  expect(JSON.parse(told?.slice(6) ?? '')).toMatchObject({ type: 'failed', error: 'Cancelled' });
  answer();
  expect((await as('anna', `/api/document/${id}/retry`, { method: 'POST' })).status).toBe(200);
  await until('it is read', async () => (await statusOf(id)).status === 'completed');
});

test('what waits for its turn waits no more', async () => {
  const first = await upload();
  const id = await upload();
  expect((await cancel('anna', id)).status).toBe(200);
  expect(await statusOf(id)).toMatchObject(CANCELLED);
  answer();
  await until('the first is read', async () => (await statusOf(first)).status === 'completed');
  expect(await statusOf(id)).toMatchObject(CANCELLED);
});

test('nobody else can, no other site can, and what has ended stays as it is', async () => {
  const id = await upload();
  expect((await cancel('otto', id)).status).toBe(404);
  expect((await cancel('anna', 'none')).status).toBe(404);
  expect((await cancel('anna', id, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  expect(await statusOf(id)).toMatchObject({ status: 'extracting' });
  answer();
  await until('it is read', async () => (await statusOf(id)).status === 'completed');
  const late = await cancel('anna', id);
  expect([late.status, await late.json()]).toEqual([
    409,
    { success: false, message: 'The document has ended already' },
  ]);
  expect(late.headers.get('cache-control')).toBe('private, no-store');
  expect(await statusOf(id)).toMatchObject({ status: 'completed' });
});
