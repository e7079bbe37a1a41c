import { randomUUID } from 'node:crypto';
import { request, type IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import { createQuire, type Quire } from '../../src/index.js';
import { Provider } from '../provider.js';
import { newDatabase } from '../shared.js';
import { SILENT } from '../silent.js';

/** Who counts as ops; what they can do is tried in test/all/ops.test.ts. */

/** Sends a request whose headers, also `Host`, are all the caller's. */
function send(base: string, path: string, headers: IncomingHttpHeaders = {}, method = 'GET') {
  return new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const sent = request(base + path, { method, headers }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    });
    sent.on('error', reject).end();
  });
}

const TOKEN = 'token-of-ops-0123456789';
const id = randomUUID();
const ALL: [method: string, path: string, status: number][] = [
  ['GET', '/ops/metrics', 200],
  ['GET', '/ops/shadow', 200],
  ['GET', '/ops/documents', 200],
  ['POST', `/ops/documents/${id}/cancel`, 404],
  ['POST', `/ops/documents/${id}/retry`, 404],
  ['POST', '/ops/retry?hours=1', 200],
];

describe('who counts as ops', () => {
  let provider: Provider;
  const open: { quire: Quire; server: Server }[] = [];
  beforeAll(async () => {
    provider = await Provider.start({ read: () => [] });
  });
  afterAll(async () => {
    for (const { quire, server } of open) {
      await new Promise((resolve) => server.close(resolve).closeAllConnections());
      await quire.close();
    }
    await provider.close();
  });

  /** An app with routes of its own after Quire's, which trusts proxies. */
  async function serve(token?: string, path = '/'): Promise<string> {
    const quire = await createQuire({
      openai: provider.client(),
      model: 'test-model',
      logger: SILENT,
      database: await newDatabase(),
      settings: { OPS_TOKEN: token },
    });
    const app = express().set('trust proxy', true);
    app.use(path, quire.router({ allowAnonymous: true }));
    app.use((request, response) => response.send(`the app's ${request.path}`));
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push({ quire, server });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test('the app’s own /metrics, /readyz and /api/shadow stay its own, and what Quire does not have under /ops/', async () => {
    const base = await serve();
    for (const path of ['/metrics', '/readyz', '/api/shadow', '/ops', '/ops/', '/ops/else', '/livez']) {
      expect(await send(base, path)).toEqual({ status: 200, body: `the app's ${path}` });
    }
    const prefixed = await serve(undefined, '/quire');
    expect((await send(prefixed, '/quire/ops/metrics')).body).toContain('quire_documents_total');
    expect((await send(prefixed, '/ops/metrics')).body).toBe(`the app's /ops/metrics`);
  });

  test('with a token, who brings it, from anywhere', async () => {
    const base = await serve(TOKEN);
    const there = { host: 'quire.example', authorization: `Bearer ${TOKEN}`, 'x-forwarded-for': '192.0.2.1' };
    for (const [method, path, status] of ALL) {
      for (const authorization of ['', 'Bearer', 'Bearer wrong', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`]) {
        expect((await send(base, path, { authorization }, method)).status).toBe(401);
      }
      expect([path, (await send(base, path, there, method)).status]).toEqual([path, status]);
    }
    const [alive, ready] = ['/ops/livez', '/ops/readyz'] as const;
    expect(await send(base, alive)).toEqual({ status: 200, body: '{"alive":true}' });
    expect(await send(base, ready)).toEqual({ status: 200, body: '{"ready":true}' });
    const wrong = { authorization: 'Bearer wrong' };
    expect((await send(base, ready, wrong)).body).toBe('{"ready":true}');
    expect(JSON.parse((await send(base, alive, there)).body)).toEqual({
      alive: true,
      uptime_seconds: expect.any(Number),
      documents: { reading: 0, waiting: 0 },
    });
    expect(JSON.parse((await send(base, ready, there)).body)).toMatchObject({
      ready: true,
      reason: null,
      warnings: [],
      store: null,
      rollback: { state: 'closed' },
    });
  });

  describe('without a token, this machine itself:', () => {
    let base: string;
    beforeAll(async () => {
      base = await serve();
    });

    test.each(['localhost', 'LOCALHOST:3000', '127.0.0.1', '127.9.8.7:80', '[::1]', '[::1]:3000'])(
      'by its name %s',
      async (host) => {
        for (const [method, path, status] of ALL) {
          expect([path, (await send(base, path, { host }, method)).status]).toEqual([path, status]);
        }
        expect((await send(base, '/ops/readyz', { host })).body).toContain('rollback');
      },
    );

    test.each<[string, IncomingHttpHeaders]>([
      ['by a name that somebody else pointed here', { host: 'rebound.example' }],
      ['by one that begins like its own', { host: 'localhost.rebound.example' }],
      ['by one that begins like its address', { host: '127.0.0.1.rebound.example:3000' }],
      ['by one with its own as a user', { host: 'localhost@rebound.example' }],
      ['through a proxy', { 'x-forwarded-for': '192.0.2.1' }],
      ['through a proxy that tells of this machine', { 'x-forwarded-for': '127.0.0.1' }],
      ['through a proxy that tells of a host here', { host: 'a.example', 'x-forwarded-host': 'localhost' }],
      ['through a proxy of another kind', { forwarded: 'for=127.0.0.1' }],
      ['through one that only tells the protocol', { 'x-forwarded-proto': 'https' }],
    ])('not %s', async (_how, headers) => {
      for (const [method, path] of ALL) {
        expect([path, (await send(base, path, headers, method)).status]).toEqual([path, 401]);
      }
      expect((await send(base, '/ops/readyz', headers)).body).toBe('{"ready":true}');
      expect((await send(base, '/ops/livez', headers)).body).toBe('{"alive":true}');
    });

    test.each<[string, IncomingHttpHeaders]>([
      ['another site', { 'sec-fetch-site': 'cross-site' }],
      ['another port of this machine', { 'sec-fetch-site': 'same-site', origin: 'http://localhost:1' }],
      ['another origin, in an old browser', { origin: 'https://a.example' }],
      ['no origin it would tell', { origin: 'null' }],
    ])('not for a page of %s, when it would change something', async (_whose, headers) => {
      for (const [method, path, status] of ALL) {
        const host = 'localhost:3000';
        const expected = method === 'POST' ? 403 : status;
        expect((await send(base, path, { ...headers, host }, method)).status).toBe(expected);
      }
    });

    test('for a page of its own', async () => {
      const headers = {
        'sec-fetch-site': 'same-origin',
        host: 'localhost:3000',
        origin: 'http://localhost:3000',
      };
      expect((await send(base, '/ops/retry?hours=1', headers, 'POST')).status).toBe(200);
    });
  });
});
