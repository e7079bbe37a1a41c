import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import express, { type Request } from 'express';
import { answeringErrors } from '../../src/http/answers.js';
import type { IsOperator, Logger } from '../../src/index.js';
import { Operators, SESSION_MS } from '../../src/http/operators.js';
import { opsSessionRouter } from '../../src/http/ops-session.js';

/** Who may operate without bringing the token each time: by a session, or because the app says so. */

const TOKEN = 'token-of-ops-0123456789';
/** By which a request is known to come through a proxy, so not from this machine. */
const FROM_ELSEWHERE = { 'x-forwarded-for': '192.0.2.1' };

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    await new Promise((resolve) => server.close(resolve).closeAllConnections());
  }
});

interface Given {
  token?: string | undefined;
  isOperator?: IsOperator;
  allowOrigins?: readonly string[];
  now?: () => number;
  mount?: string;
  logged?: string[];
}

/** What lets ops in, with one route behind it that tells, and one that acts. */
async function serve({ mount = '/', logged = [], ...rules }: Given = {}): Promise<string> {
  const log = (_fields: object, message: string) => void logged.push(message);
  const logger: Logger = { info: log, warn: log, error: log };
  const token = 'token' in rules ? rules.token : TOKEN;
  const operators = new Operators({ ...rules, token, logger });
  const router = express.Router();
  router.use(opsSessionRouter({ operators, allowOrigins: rules.allowOrigins ?? [], logger }));
  router.all('/ops/what', operators.require, (_request, response) => response.send('told'));
  router.get('/ops/probe', (request, response) => response.send(String(operators.includesUnasked(request))));
  router.get('/about', async (request, response) => response.send(String(await operators.includes(request))));
  const app = express().set('trust proxy', true);
  app.use(mount, answeringErrors(router, logger));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Sent {
  method?: string;
  headers?: IncomingHttpHeaders;
  body?: unknown;
}

/** As a browser would, with headers that `fetch` does not let a program set. */
function send(address: string, { method = 'GET', headers = {}, body }: Sent = {}) {
  return new Promise<{ status: number | undefined; body: string; headers: IncomingMessage['headers'] }>(
    (resolve, reject) => {
      const json = body === undefined ? {} : { 'content-type': 'application/json' };
      const all = { ...FROM_ELSEWHERE, ...json, ...headers };
      const sent = request(address, { method, headers: all }, (response) => {
        text(response).then(
          (told) => resolve({ status: response.statusCode, body: told, headers: response.headers }),
          reject,
        );
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    },
  );
}

async function signIn(base: string, sent: Sent & { path?: string; token?: string } = {}) {
  const { path, token = TOKEN, ...others } = sent;
  const body = { token, ...(path !== undefined && { path }) };
  return send(`${base}/ops/session`, { method: 'POST', body, ...others });
}

/** The cookie that a browser would send back. */
function cookieIn({ headers }: { headers: IncomingMessage['headers'] }): string {
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

describe('the token typed in once', () => {
  test('lets in by a cookie that no script sees and no other site sends, for half an hour', async () => {
    const base = await serve();
    const answer = await signIn(base);
    expect(answer.status).toBe(200);
    const [value, ...flags] = answer.headers['set-cookie']?.[0]?.split('; ') ?? [];
    expect(value).toMatch(/^quire_ops=\d+\.[\w-]{43}$/);
    expect(flags.filter((flag) => !flag.startsWith('Expires='))).toEqual([
      ...['Max-Age=1800', 'Path=/', 'HttpOnly', 'SameSite=Strict'],
    ]);
    expect(answer.headers['cache-control']).toBe('private, no-store');
    expect((await send(`${base}/ops/what`)).status).toBe(401);
    const cookie = `other=1; ${cookieIn(answer)}`;
    expect(await send(`${base}/ops/what`, { headers: { cookie } })).toMatchObject({
      status: 200,
      body: 'told',
    });
    expect((await send(`${base}/about`, { headers: { cookie } })).body).toBe('true');
    expect((await send(`${base}/about`)).body).toBe('false');
  });

  test('goes over https alone where it was typed in over https', async () => {
    const answer = await signIn(await serve(), { headers: { 'x-forwarded-proto': 'https' } });
    expect(answer.headers['set-cookie']?.[0]).toContain('; Secure');
  });

  test.each([
    [undefined, 'Path=/quire;'],
    ['/quire/', 'Path=/quire;'],
    ['/tools/quire/', 'Path=/tools/quire;'],
    ['/', 'Path=/quire;'],
    ['/tools/', 'Path=/quire;'],
  ])('holds for where Quire is mounted, as the browser has it: %s', async (path, expected) => {
    const base = `${await serve({ mount: '/quire' })}/quire`;
    expect((await signIn(base, path === undefined ? {} : { path })).headers['set-cookie']?.[0]).toContain(
      expected,
    );
  });

  test('holds no longer than half an hour', async () => {
    let now = 1_000_000;
    const base = await serve({ now: () => now });
    const cookie = cookieIn(await signIn(base));
    const status = async () => (await send(`${base}/ops/what`, { headers: { cookie } })).status;
    now += SESSION_MS - 1;
    expect(await status()).toBe(200);
    now += 1;
    expect(await status()).toBe(401);
  });

  test('is not believed with another expiry, or another signature', async () => {
    const base = await serve();
    const [name, value = ''] = cookieIn(await signIn(base)).split('=');
    const [expiry = '', signature = ''] = value.split('.');
    for (const forged of [
      `${Number(expiry) + 1}.${signature}`,
      `${expiry}.`,
      expiry,
      `${expiry}.${'A'.repeat(43)}`,
    ]) {
      const headers = { cookie: `${name}=${forged}` };
      expect((await send(`${base}/ops/what`, { headers })).status).toBe(401);
    }
  });

  test('ends with the token', async () => {
    const cookie = cookieIn(await signIn(await serve()));
    const other = await serve({ token: 'another-token-0123456789' });
    expect((await send(`${other}/ops/what`, { headers: { cookie } })).status).toBe(401);
    const none = await serve({ token: undefined });
    expect((await send(`${none}/ops/what`, { headers: { cookie } })).status).toBe(401);
  });

  test('ends when it is asked to', async () => {
    const base = `${await serve({ mount: '/quire' })}/quire`;
    const answer = await send(`${base}/ops/session`, { method: 'DELETE' });
    expect(answer.status).toBe(200);
    expect(answer.headers['set-cookie']?.[0]).toMatch(/^quire_ops=; Path=\/quire; Expires=Thu, 01 Jan 1970/);
  });

  test('is guessed ten times a minute at most, and then not even taken', async () => {
    const base = await serve();
    for (let guess = 0; guess < 10; guess++) {
      expect((await signIn(base, { token: `wrong ${guess}` })).status).toBe(401);
    }
    expect((await signIn(base)).status).toBe(429);
    const elsewhere = { headers: { 'x-forwarded-for': '198.51.100.7' } };
    expect((await signIn(base, elsewhere)).status).toBe(200);
  });

  test('may be a sentence, in the header as in the form', async () => {
    const token = 'open the door, please';
    const base = await serve({ token });
    const headers = { authorization: `Bearer ${token}` };
    expect((await send(`${base}/ops/what`, { headers })).status).toBe(200);
    expect((await signIn(base, { token })).status).toBe(200);
  });

  test('cannot be typed in where there is none', async () => {
    const answer = await signIn(await serve({ token: undefined }), { token: '' });
    expect([answer.status, answer.headers['set-cookie']]).toEqual([404, undefined]);
  });

  test.each([{}, { token: 7 }, { token: TOKEN, path: '/a;b/' }, 'text'])('is not %j', async (body) => {
    expect((await send(`${await serve()}/ops/session`, { method: 'POST', body })).status).toBe(400);
  });
});

const OTHER_SITES: IncomingHttpHeaders[] = [
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:1' },
  { origin: 'https://evil.example' },
];

describe('pages of other sites', () => {
  test.each(OTHER_SITES)('begin and end no session: %j', async (headers) => {
    const base = await serve();
    expect((await signIn(base, { headers })).status).toBe(403);
    expect((await send(`${base}/ops/session`, { method: 'DELETE', headers })).status).toBe(403);
  });

  test.each(OTHER_SITES)('act with no session, nor as whom the app lets in: %j', async (headers) => {
    const base = await serve({ isOperator: ({ headers: given }) => given['x-user'] === 'olga' });
    const cookie = cookieIn(await signIn(base));
    for (const by of [{ cookie }, { 'x-user': 'olga' }]) {
      const act = (more: IncomingHttpHeaders) =>
        send(`${base}/ops/what`, { method: 'POST', headers: { ...by, ...more } });
      expect((await act(headers)).status).toBe(403);
      expect((await act({ 'sec-fetch-site': 'same-origin', origin: base })).status).toBe(200);
    }
  });

  test('may where the app allows their origin', async () => {
    const base = await serve({ allowOrigins: ['https://app.example'] });
    const origin = { origin: 'https://app.example' };
    const cookie = cookieIn(await signIn(base, { headers: origin }));
    const sent = { method: 'POST', headers: { ...origin, cookie } };
    expect((await send(`${base}/ops/what`, sent)).status).toBe(200);
  });
});

describe('the app’s isOperator', () => {
  test('lets in whom it says true of, with a token set and without, also later', async () => {
    for (const token of [TOKEN, undefined]) {
      const isOperator = (request: Request) => Promise.resolve(request.get('x-user') === 'olga');
      const base = await serve({ token, isOperator });
      expect((await send(`${base}/ops/what`, { headers: { 'x-user': 'olga' } })).status).toBe(200);
      expect((await send(`${base}/about`, { headers: { 'x-user': 'olga' } })).body).toBe('true');
      expect((await send(`${base}/ops/what`, { headers: { 'x-user': 'paul' } })).status).toBe(401);
    }
  });

  test.each([false, undefined, 'true', 1, {}])('lets nobody in with %j', async (said) => {
    const base = await serve({ isOperator: () => said as boolean });
    expect((await send(`${base}/ops/what`)).status).toBe(401);
    expect((await send(`${base}/about`)).body).toBe('false');
  });

  test('is not asked where the token is brought', async () => {
    const isOperator = () => {
      throw new Error('asked');
    };
    const base = await serve({ isOperator });
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect((await send(`${base}/ops/what`, { headers })).status).toBe(200);
  });

  test('that fails is an answer of 500 and a line of the log; probes and pages go on', async () => {
    const logged: string[] = [];
    const isOperator = () => Promise.reject(new Error('the user Anna is away'));
    const base = await serve({ isOperator, logged });
    const answer = await send(`${base}/ops/what`);
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('Anna');
    expect(logged).toEqual(['a request was refused: isOperator failed']);
    expect((await send(`${base}/about`)).body).toBe('false');
    expect(await send(`${base}/ops/probe`)).toMatchObject({ status: 200, body: 'false' });
  });
});
