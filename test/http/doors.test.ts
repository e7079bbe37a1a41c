import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { readdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import { createQuire, type Quire, type Store, type StoredDocument } from '../../src/index.js';
import { goldenPdf, isGolden, PRINTABLE, readSheet } from '../golden-pdf.js';
import { GOLDEN } from '../golden.js';
import { Host } from '../host.js';
import { Provider } from '../provider.js';
import { newDatabase, newStore } from '../shared.js';

/** Whose documents are whose, what is kept, and what is forgotten. */

let provider: Provider;
let quire: Quire;
let store: Store;
let server: Server;
let base: string;
/** Documents read, as the log tells. */
let read = 0;

beforeAll(async () => {
  provider = await Provider.start({ read: readSheet });
  store = await newStore();
  quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    plan: { path: 'batch', batchSize: 2, maxWorkers: 3 },
    store,
    logger: {
      info: (_fields, message) => void (read += message === 'document read' ? 1 : 0),
      warn: () => undefined,
      error: () => undefined,
    },
  });
  const app = express();
  app.use(quire.router({ identify: (request) => ({ userId: request.get('x-user') }) }));
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await quire.close();
  await store.close();
  await provider.close();
});

/** A golden document of more than one batch. */
function long(index: number) {
  const documents = PRINTABLE.filter(({ pages }) => Object.keys(pages).length >= 6);
  const document = documents[index];
  if (!document) throw new Error('There are too few long golden documents');
  return document;
}

const as = (user: string, path: string, init: RequestInit = {}) =>
  fetch(base + path, { ...init, headers: { 'x-user': user } });

async function upload(user: string, pdf: Uint8Array): Promise<string> {
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(pdf)]), 'a.pdf');
  const response = await as(user, '/process', { method: 'POST', body });
  expect(response.status).toBe(200);
  return ((await response.json()) as { job_id: string }).job_id;
}

async function finished(user: string, id: string): Promise<StoredDocument> {
  for (;;) {
    const { document } = (await (await as(user, `/api/document/${id}`)).json()) as {
      document: StoredDocument;
    };
    if (document.status !== 'extracting') return document;
    await sleep(10);
  }
}

describe('a document', () => {
  const ada = 'ada';
  let id: string;
  beforeAll(async () => {
    id = await upload(ada, await goldenPdf(long(0), 'doors'));
    await finished(ada, id);
  });

  test.each([
    ['GET', '/api/document/:id'],
    ['GET', '/api/document/:id/background-status'],
    ['GET', '/api/document/:id/account/0/complete-data'],
    ['GET', '/api/document/:id/pdf'],
    ['POST', '/api/document/:id/retry'],
    ['POST', '/api/document/:id/delete'],
    ['DELETE', '/api/document/:id/delete'],
  ])('is there for nobody else: %s %s', async (method, path) => {
    const response = await as('eve', path.replace(':id', id), { method });
    const unknown = await as('eve', path.replace(':id', '00000000-0000-4000-8000-000000000000'), { method });
    expect(response.status).toBe(404);
    expect(await response.text()).toBe(await unknown.text());
    expect((await as(ada, `/api/document/${id}`)).status).toBe(200);
  });

  test('is not in anybody else’s status, list or costs', async () => {
    expect(await (await as('eve', `/status/${id}`)).json()).toMatchObject({ status: 'Unknown job ID' });
    expect(await (await as('eve', '/api/documents')).json()).toEqual({ documents: [], total: 0, next: null });
    expect(await (await as('eve', '/api/costs')).json()).toMatchObject({ documents: [] });
    expect(await (await as(ada, '/api/documents')).json()).toMatchObject({ total: 1 });
  });

  test('costs no call when it is uploaded again, and is the same', async () => {
    const before = provider.calls.length;
    const again = await finished(ada, await upload(ada, await goldenPdf(long(0), 'doors')));
    expect(provider.calls).toHaveLength(before);
    expect(again.processing_cost.llm_calls).toBe(0);
    expect(isGolden(again.documents[0], long(0))).toBe(true);
  });

  test('keeps the answers it was lent when the document they came from is deleted', async () => {
    const pdf = await goldenPdf(long(0), 'lent');
    const lender = await upload('lee', pdf);
    await finished('lee', lender);
    await finished('lee', await upload('lee', pdf));
    await as('lee', `/api/document/${lender}/delete`, { method: 'DELETE' });
    const before = provider.calls.length;
    await finished('lee', await upload('lee', pdf));
    expect(provider.calls).toHaveLength(before);
  });

  test('is read once, even if it is looked for while it is still being accepted', async () => {
    const add = store.add.bind(store);
    store.add = async (...given) => {
      await add(...given);
      // A round of adoption comes every 2 s.
      await sleep(2_500);
    };
    const before = read;
    await finished('ann', await upload('ann', await goldenPdf(long(0), 'once')));
    store.add = add;
    await sleep(100);
    expect(read - before).toBe(1);
  });

  test('of somebody else gives no answers: what was beside its pages may have misled the model', async () => {
    const before = provider.calls.length;
    await finished('bob', await upload('bob', await goldenPdf(long(0), 'doors')));
    expect(provider.calls.length).toBeGreaterThan(before);
  });

  test('takes its answers along when it is deleted', async () => {
    const pdf = await goldenPdf(long(0), 'deleted');
    const deleted = await upload(ada, pdf);
    await finished(ada, deleted);
    await as(ada, `/api/document/${deleted}/delete`, { method: 'DELETE' });
    const before = provider.calls.length;
    await finished(ada, await upload(ada, pdf));
    expect(provider.calls.length).toBeGreaterThan(before);
  });

  test('is forgotten with all that was kept of it when its days are over', async () => {
    const old = await upload('old', await goldenPdf(long(0), 'old'));
    await finished('old', old);
    expect(await store.expire(1, 100)).toEqual([]);
    await sleep(20);
    expect(await store.expire(0.0000001, 100)).toContain(old);
    expect((await as('old', `/api/document/${old}/pdf`)).status).toBe(404);
    // All others went with it.
    expect(await (await as(ada, '/api/documents')).json()).toEqual({ documents: [], total: 0, next: null });
  });
});

test('a retry asks for the failed page alone, and makes the record golden', async () => {
  const document = long(1);
  const poisoned = Object.keys(document.pages)[3] ?? '';
  const fails = (call: { pages: { number: number }[] }) =>
    call.pages.some(({ number }) => String(number) === poisoned) ? ({ status: 400 } as const) : undefined;
  provider.behaviour = { ...provider.behaviour, fault: fails };
  const id = await upload('rita', await goldenPdf(document, 'retry'));
  const first = await finished('rita', id);
  expect(first.documents[0]?.failed_pages.map(({ page }) => page)).toEqual([Number(poisoned)]);
  delete provider.behaviour.fault;
  const before = provider.calls.length;
  expect((await as('rita', `/api/document/${id}/retry`, { method: 'POST' })).status).toBe(200);
  const healed = await finished('rita', id);
  const asked = provider.calls.slice(before).map(({ pages }) => pages.map(({ number }) => String(number)));
  expect(asked).toEqual([[poisoned]]);
  expect(isGolden(healed.documents[0], document)).toBe(true);
  expect(healed.processing_cost.llm_calls).toBe(first.processing_cost.llm_calls + 1);
  const again = await as('rita', `/api/document/${id}/retry`, { method: 'POST' });
  expect(await again.json()).toMatchObject({
    success: true,
    message: expect.stringMatching(/nothing to ask/),
  });
});

test('clients that hang up in the middle of an upload leave nothing behind and take no place', async () => {
  const dataDir = process.env.QUIRE_DATA_DIR ?? '';
  const uploads = () => {
    const [folder = ''] = readdirSync(dataDir).filter((name) => name.startsWith('uploads-'));
    return readdirSync(join(dataDir, folder)).filter((name) => name !== 'lock');
  };
  const { port } = server.address() as AddressInfo;
  // More than there are places.
  for (let round = 0; round < 6; round++) {
    const hangUps = Array.from({ length: 20 }, async () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(
        'POST /process HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 99999\r\n\r\n' +
          '--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7 ',
      );
      await sleep(30);
      socket.destroy();
    });
    await Promise.all(hangUps);
  }
  const id = await upload('after', await goldenPdf(long(0), 'hang'));
  await finished('after', id);
  while (uploads().length > 0) await sleep(10);
  expect(await (await as('after', '/api/documents')).json()).toMatchObject({ total: 1 });
});

describe('the runnable host', () => {
  let host: Host;
  beforeAll(async () => {
    host = new Host({
      DATABASE_URL: await newDatabase(),
      OPENAI_API_KEY: 'sk-very-secret',
      OPENAI_MODEL: 'test-model',
      OPENAI_BASE_URL: provider.baseURL,
      QUIRE_PLAN: 'batch 3x5',
      OPS_TOKEN: 'token-of-ops-0123456789',
      UPLOADS_PER_MINUTE: '12',
      LOG_LEVEL: 'trace',
    });
    await host.start();
  });
  afterAll(async () => {
    expect(await host.stop()).toBe(0);
  });

  test('knows a client by a signed cookie that scripts cannot read, and believes no other', async () => {
    const response = await fetch(`${host.base}/about`);
    const [cookie = ''] = response.headers.getSetCookie();
    expect(cookie).toMatch(/^quire_session=s%3A.*HttpOnly; SameSite=Lax/);
    const forged = `quire_session=${encodeURIComponent('s:somebody.c2lnbmF0dXJl')}`;
    const renewed = await fetch(`${host.base}/about`, { headers: { cookie: forged } });
    expect(renewed.headers.getSetCookie()).toHaveLength(1);
  });

  test.each(['/metrics', '/readyz', '/api/shadow?limit=1', '/METRICS', '/metrics/', '/ops/documents'])(
    '%s needs the token',
    async (path) => {
      const get = (headers: Record<string, string>) => fetch(host.base + path, { headers });
      expect((await get({})).status).toBe(401);
      expect((await get({ authorization: 'Bearer wrong' })).status).toBe(401);
      expect((await get({ authorization: 'Bearer token-of-ops-0123456789' })).status).toBe(200);
    },
  );

  test('writes nothing of a document, a name or a secret into its log', async () => {
    const sizes = PRINTABLE.slice(0, 8);
    for (const document of sizes) {
      const uploaded = await host.upload(await goldenPdf(document, 'log'), 'Ada Lovelace 987-65-4321.pdf');
      expect((await host.finished(uploaded.id)).status).toBe('completed');
    }
    await host.upload(Buffer.from('%PDF-1.7 Ada Lovelace'), 'Lovelace.pdf');
    const values = GOLDEN.documents.flatMap(({ fields }) =>
      Object.values(fields).flatMap((page) => Object.values(page).map(({ value }) => value)),
    );
    // Without its own names, of which one is `unknown_usage_calls`.
    const log = host.log.replace(/"\w+":/g, '');
    const told = values.filter((value) => value.length >= 5 && log.includes(value));
    expect(host.log.match(/document read/g)?.length).toBeGreaterThanOrEqual(8);
    expect(told).toEqual([]);
    expect(host.log).not.toMatch(/Lovelace|sk-very-secret|token-of-ops|quire_session|987-65-4321/);
  });

  test('limits how many uploads a client may send in a minute', async () => {
    let code = 0;
    // The minute may end meanwhile, and another begin.
    for (let sent = 0; sent < 36 && code !== 429; sent++) code = (await host.upload(Buffer.from('x'))).code;
    expect(code).toBe(429);
  });
});
