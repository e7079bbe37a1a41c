import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import { createQuire, type Quire, type Settings } from '../../src/index.js';
import { lines, makePdf } from '../pdf-fixtures.js';
import { Provider } from '../provider.js';
import { newDatabase } from '../shared.js';
import { SILENT } from '../silent.js';

/** What one owner may have of what is there for all, and who counts as one where nobody has signed in. */

let provider: Provider;
let database: string;
let answer: () => void;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  provider = await Provider.start({ read: () => [] });
  database = await newDatabase();
  const answered = new Promise<void>((resolve) => (answer = resolve));
  provider.behaviour.delay = () => answered;
});
afterEach(async () => {
  answer();
  for (const close of closing.splice(0).reverse()) await close();
  await provider.close();
});

/** One Quire behind a proxy, with a router for users, one for sessions and one for requests that name nobody. */
async function listen(settings: Partial<Settings>): Promise<{ base: string; close: () => Promise<void> }> {
  const quire: Quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    plan: { path: 'single-page' },
    database,
    logger: SILENT,
    settings: { SHUTDOWN_GRACE_MS: 0, ...settings },
  });
  const app = express().set('trust proxy', true);
  app.use('/users', quire.router({ identify: (request) => ({ userId: request.get('x-user') }) }));
  app.use('/sessions', (request, _response, next) => {
    Object.assign(request, { sessionID: randomUUID() });
    next();
  });
  app.use('/sessions', quire.router());
  app.use('/nobody', quire.router({ allowAnonymous: true }));
  const server: Server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async () => {
    await new Promise((resolve) => server.close(resolve).closeAllConnections());
    await quire.close();
  };
  closing.push(close);
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

interface Sender {
  path?: 'users' | 'sessions' | 'nobody';
  user?: string;
  address?: string;
}

const headersOf = ({ user = 'anna', address = '192.0.2.1' }: Sender) => ({
  'x-user': user,
  'x-forwarded-for': address,
});

/** A PDF that nobody has sent before. */
let sent = 0;
const newPdf = (bytes = 0) =>
  makePdf([{ texts: lines('ACCOUNT NUMBER: 12345678', `Sheet ${++sent}`) }], {
    info: { Keywords: 'x'.repeat(bytes) },
  });

async function upload(base: string, sender: Sender, pdf?: Uint8Array) {
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(pdf ?? (await newPdf()))]), 'a.pdf');
  return answered(`${base}/${sender.path ?? 'users'}/process`, {
    method: 'POST',
    body,
    headers: headersOf(sender),
  });
}

async function answered(url: string, init: RequestInit) {
  const response = await fetch(url, init);
  const { job_id: id, message } = (await response.json()) as { job_id?: string; message: string };
  return { code: response.status, id, message, retryAfter: Number(response.headers.get('retry-after')) };
}

const post = (base: string, id: string | undefined, what: 'delete' | 'retry', sender: Sender = {}) =>
  answered(`${base}/${sender.path ?? 'users'}/api/document/${id}/${what}`, {
    method: 'POST',
    headers: headersOf(sender),
  });

const TOO_MANY = { code: 429, message: expect.stringMatching(/your documents are waiting/) };
const TOO_MUCH = { code: 429, message: expect.stringMatching(/take all the space/) };

describe('an owner with as many documents waiting or being read as one may have', () => {
  test('is told so, and when to come back, while others are served', async () => {
    const { base } = await listen({ OWNER_DOCUMENTS_WAITING: 2, DOCUMENTS_AT_ONCE: 1 });
    const ids = [await upload(base, {}), await upload(base, {})].map(({ code, id }) => {
      expect(code).toBe(200);
      return id;
    });
    const third = await upload(base, {});
    expect(third).toMatchObject(TOO_MANY);
    expect(third.retryAfter).toBeGreaterThan(0);
    expect((await upload(base, { user: 'berta' })).code).toBe(200);
    // The one that waits, not the one that is read.
    await post(base, ids[1], 'delete');
    expect((await upload(base, {})).code).toBe(200);
    expect(await upload(base, {})).toMatchObject(TOO_MANY);
  });

  test('has nothing asked again, either', async () => {
    const { base } = await listen({ OWNER_DOCUMENTS_WAITING: 1, LLM_PAGE_ATTEMPTS: 1 });
    provider.behaviour.fault = () => 'refusal';
    const { id } = await upload(base, {});
    await provider.called(1);
    expect(await post(base, id, 'retry')).toMatchObject(TOO_MANY);
    answer();
    const isComplete = async () => {
      const status = await fetch(`${base}/users/status/${id}`, { headers: headersOf({}) });
      return ((await status.json()) as { is_complete: boolean }).is_complete;
    };
    while (!(await isComplete()));
    expect((await post(base, id, 'retry')).code).toBe(200);
  });

  test('is one address, however many sessions, where nobody has signed in', async () => {
    const { base } = await listen({ OWNER_DOCUMENTS_WAITING: 2 });
    for (const path of ['sessions', 'nobody'] as const) {
      const address = path === 'nobody' ? '192.0.2.1' : '2001:db8:0:1::1';
      const neighbour = path === 'nobody' ? '192.0.2.2' : '2001:db8:1::1';
      const sender = { path, address };
      expect([(await upload(base, sender)).code, (await upload(base, sender)).code]).toEqual([200, 200]);
      expect(await upload(base, sender)).toMatchObject(TOO_MANY);
      expect((await upload(base, { path, address: neighbour })).code).toBe(200);
      expect((await upload(base, { user: `user of ${path}`, address })).code).toBe(200);
    }
    // Of IPv6 everybody has a whole network.
    expect(await upload(base, { path: 'sessions', address: '2001:db8:0:1:a::2' })).toMatchObject(TOO_MANY);
  });

  test('is the same after a restart', async () => {
    const first = await listen({ OWNER_DOCUMENTS_WAITING: 2 });
    const senders: Sender[] = [{}, { path: 'sessions' }];
    for (const sender of [...senders, ...senders]) expect((await upload(first.base, sender)).code).toBe(200);
    await provider.called(4);
    await first.close();
    const { base } = await listen({ OWNER_DOCUMENTS_WAITING: 2 });
    await provider.called(8);
    for (const sender of senders) expect(await upload(base, sender)).toMatchObject(TOO_MANY);
    expect((await upload(base, { user: 'berta' })).code).toBe(200);
    expect((await upload(base, { path: 'sessions', address: '192.0.2.2' })).code).toBe(200);
  });
});

test('an owner whose documents take all the space they may is told so, and has space again without them', async () => {
  const { base } = await listen({ OWNER_MB_KEPT: 1 });
  const large = await newPdf(600_000);
  for (const sender of [{}, { path: 'sessions' }] as const) {
    const { code, id } = await upload(base, sender, large);
    expect(code).toBe(200);
    const second = await upload(base, sender, large);
    expect(second).toMatchObject(TOO_MUCH);
    expect(second.retryAfter).toBeGreaterThan(0);
    expect((await upload(base, sender)).code).toBe(200);
    expect((await upload(base, { ...sender, user: 'berta', address: '192.0.2.2' }, large)).code).toBe(200);
    if (!('path' in sender)) {
      await post(base, id, 'delete');
      expect((await upload(base, sender, large)).code).toBe(200);
    }
  }
});
