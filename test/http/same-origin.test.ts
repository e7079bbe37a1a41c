import { request as send } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createQuire, SettingsError } from '../../src/index.js';
import { SILENT } from '../silent.js';
import { routesHost, type RoutesHost } from './routes-host.js';

/** Pages of other sites change nothing, whatever cookies a browser sends along. */

let host: RoutesHost;
afterEach(() => host.close());

/** As a browser would, with headers that `fetch` does not let a program set. */
function ask(
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number | undefined; body: string; headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    const asked = send(`${host.base}${path}`, { method, headers }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode, body, headers: response.headers }));
    });
    asked.on('error', reject).end();
  });
}

const DELETE = '/api/document/a/delete';
const changing: [string, string][] = [
  ['POST', '/process'],
  ['POST', '/upload'],
  ['POST', DELETE],
  ['DELETE', DELETE],
  ['POST', '/api/document/a/retry'],
];

describe('a page of another site', () => {
  test.each(changing)('cannot %s %s', async (method, path) => {
    host = await routesHost();
    const answer = await ask(method, path, {
      origin: 'https://evil.example',
      'sec-fetch-site': 'cross-site',
    });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      403,
      { success: false, message: 'Pages of other sites may change nothing here' },
    ]);
    expect(host.refused).toEqual(['cross_site']);
  });

  const strangers: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: '' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' },
    { origin: 'http://127.0.0.1:1' },
    { origin: 'http://localhost.evil.example' },
    { origin: 'https://app.example.evil.example' },
    { origin: 'http://app.example' },
    { origin: 'https://APP.example/' },
  ];
  test.each(strangers)('is told by %j', async (headers) => {
    host = await routesHost({ allowOrigins: ['https://app.example'] });
    expect((await ask('POST', DELETE, headers)).status).toBe(403);
  });

  test('is told by an origin of this name with another scheme', async () => {
    host = await routesHost();
    expect((await ask('POST', DELETE, { origin: host.base.replace('http', 'https') })).status).toBe(403);
  });

  test('gets no leave from a preflight', async () => {
    host = await routesHost();
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'DELETE' };
    const answer = await ask('OPTIONS', DELETE, headers);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('what passes', () => {
  test('is the app’s own page, a person’s own doing, and what is no browser', async () => {
    host = await routesHost();
    const own = [
      {},
      { origin: host.base },
      { origin: host.base, 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
    ];
    for (const headers of own) expect((await ask('POST', DELETE, headers)).status).toBe(200);
  });

  test('is a page of an origin that is named', async () => {
    host = await routesHost({ allowOrigins: ['https://app.example'] });
    const headers = { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' };
    expect((await ask('POST', DELETE, headers)).status).toBe(200);
  });

  test('is the app’s page as a proxy shows it, where the app trusts that', async () => {
    const proxied = {
      origin: 'https://app.example',
      'x-forwarded-host': 'app.example',
      'x-forwarded-proto': 'https',
    };
    host = await routesHost({ set: (app) => app.set('trust proxy', true) });
    expect((await ask('POST', DELETE, proxied)).status).toBe(200);
    expect((await ask('POST', DELETE, { ...proxied, origin: host.base })).status).toBe(403);
    await host.close();
    host = await routesHost();
    expect((await ask('POST', DELETE, proxied)).status).toBe(403);
    expect((await ask('POST', DELETE, { ...proxied, origin: 'http://app.example' })).status).toBe(403);
  });
});

test.each([['https://app.example/'], ['app.example'], ['null'], ['*'], ['ftp://app.example'], ['']])(
  'an origin that is none is refused at once: %j',
  async (origin) => {
    host = await routesHost();
    const quire = await createQuire({ logger: SILENT });
    expect(() => quire.router({ allowOrigins: [origin] })).toThrow(SettingsError);
    await quire.close();
  },
);

test.each([
  ['GET', '/status/a'],
  ['GET', '/api/documents'],
  ['GET', '/api/document/a'],
  ['GET', '/api/document/a/background-status'],
  ['GET', '/api/document/a/events'],
  ['GET', '/api/document/a/evidence'],
  ['GET', '/api/document/a/account/0/complete-data'],
  ['GET', '/api/document/a/pdf'],
  ['GET', '/api/costs'],
  ...changing,
])('no cache keeps the answer to %s %s', async (method, path) => {
  host = await routesHost();
  expect((await ask(method, path)).headers['cache-control']).toBe('private, no-store');
});

test('what is not Quire’s passes as it came', async () => {
  host = await routesHost();
  const answer = await ask('POST', '/sign-in', { origin: 'https://evil.example' });
  expect([answer.status, answer.headers['cache-control']]).toEqual([404, undefined]);
});
