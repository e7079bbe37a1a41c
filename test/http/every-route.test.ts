import { randomUUID } from 'node:crypto';
import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import express, { type ErrorRequestHandler } from 'express';
import { Operators, SESSION_COOKIE, SESSION_MS } from '../../src/http/operators.js';
import { createQuire, type Quire, type RouterOptions } from '../../src/index.js';
import { streamed } from '../event-stream.js';
import { makePdf } from '../pdf-fixtures.js';
import { Provider } from '../provider.js';
import { newDatabase, runSql } from '../shared.js';
import { SILENT } from '../silent.js';

/** Every route there is, and who may do what by it: a route without a row fails. */

const TOKEN = 'token-of-ops-0123456789';

/** Who may use a route. */
type Who = 'anybody' | 'senders' | 'readers' | 'correctors' | 'owner' | 'ops';

interface Row {
  who: Who;
  /** What those who may are answered; what is sent is no more than gets past the door. */
  status: number;
  query?: string;
  /** What caches may do with that. Default: nothing. */
  caches?: string;
}

const ROUTES: Readonly<Record<string, Row>> = {
  'POST /process': { who: 'senders', status: 400 },
  'POST /upload': { who: 'senders', status: 400 },
  'GET /api/documents': { who: 'senders', status: 200 },
  'GET /api/costs': { who: 'senders', status: 200 },
  'GET /status/:id': { who: 'readers', status: 200 },
  'GET /api/document/:id': { who: 'readers', status: 200 },
  'GET /api/document/:id/background-status': { who: 'readers', status: 200 },
  'GET /api/document/:id/account/:index/complete-data': { who: 'readers', status: 200 },
  'GET /api/document/:id/events': { who: 'readers', status: 200 },
  'GET /api/document/:id/evidence': { who: 'readers', status: 200 },
  'GET /api/document/:id/export.csv': { who: 'readers', status: 200 },
  'GET /api/document/:id/export.json': { who: 'readers', status: 200 },
  'GET /api/document/:id/page/:number/picture': { who: 'readers', status: 200 },
  'GET /api/document/:id/page/:number/words': { who: 'readers', status: 200 },
  'GET /api/document/:id/pdf': { who: 'readers', status: 200 },
  'GET /api/document/:id/readings': { who: 'readers', status: 200 },
  'GET /api/document/:id/readings/:number/:kind': { who: 'readers', status: 200 },
  'GET /api/document/:id/review': { who: 'readers', status: 200 },
  'POST /api/document/:id/presence': { who: 'readers', status: 400 },
  'POST /api/document/:id/corrections': { who: 'correctors', status: 400 },
  'POST /api/document/:id/retry': { who: 'owner', status: 200 },
  'POST /api/document/:id/cancel': { who: 'owner', status: 409 },
  'POST /api/document/:id/delete': { who: 'owner', status: 200 },
  'DELETE /api/document/:id/delete': { who: 'owner', status: 200 },
  'GET /ops/accuracy': { who: 'ops', status: 200 },
  'GET /ops/documents': { who: 'ops', status: 200 },
  'GET /ops/metrics': { who: 'ops', status: 200 },
  'GET /ops/overview': { who: 'ops', status: 200 },
  'GET /ops/recent': { who: 'ops', status: 200 },
  'GET /ops/replicas': { who: 'ops', status: 200 },
  'GET /ops/shadow': { who: 'ops', status: 200 },
  'POST /ops/documents/:id/cancel': { who: 'ops', status: 409 },
  'POST /ops/documents/:id/retry': { who: 'ops', status: 200 },
  'POST /ops/replicas/:id/takeover': { who: 'ops', status: 404 },
  'POST /ops/retry': { who: 'ops', status: 200, query: '?hours=1' },
  'GET /ops/livez': { who: 'anybody', status: 200 },
  'GET /ops/readyz': { who: 'anybody', status: 200 },
  'POST /ops/session': { who: 'anybody', status: 400 },
  'DELETE /ops/session': { who: 'anybody', status: 200 },
  'GET /api/about': { who: 'anybody', status: 200 },
  'POST /api/page-errors': { who: 'anybody', status: 204 },
  // Nothing of a document is in them.
  'GET /': { who: 'anybody', status: 200, caches: 'no-cache' },
  'GET /operations': { who: 'anybody', status: 200, caches: 'no-cache' },
  'GET /document/:id': { who: 'anybody', status: 200, caches: 'no-cache' },
  'GET /document/:id/review': { who: 'anybody', status: 200, caches: 'no-cache' },
  'GET /document/:id/compare': { who: 'anybody', status: 200, caches: 'no-cache' },
  'GET /document/:id/print': { who: 'anybody', status: 200, caches: 'no-cache' },
  'GET /assets/:name': { who: 'anybody', status: 200, caches: 'no-cache' },
};
const ALL = Object.entries(ROUTES).map(([route, row]) => {
  const [method = '', path = ''] = route.split(' ');
  return { route, method, path, ...row };
});
type Route = (typeof ALL)[number];
const changing = ALL.filter(({ method }) => method !== 'GET');

/** The cookie of somebody who typed the token in so long ago, in milliseconds. */
function sessionOf(agoMs: number): IncomingHttpHeaders {
  const operators = new Operators({ token: TOKEN, logger: SILENT, now: () => Date.now() - agoMs });
  return { cookie: `${SESSION_COOKIE}=${operators.newSession()}` };
}

/** Who asks: by the header, for which the app's rules below look, and what else they bring. */
const ASKING = {
  nobody: {},
  owner: { 'x-user': 'anna' },
  stranger: { 'x-user': 'eve' },
  reader: { 'x-user': 'rita' },
  readerLater: { 'x-user': 'later' },
  corrector: { 'x-user': 'cora' },
  correctorWhoMayNotRead: { 'x-user': 'carl' },
  almostReader: { 'x-user': 'almost' },
  operator: { 'x-user': 'olga' },
  almostOperator: { 'x-user': 'nearly' },
  bearer: { authorization: `Bearer ${TOKEN}` },
  session: sessionOf(0),
  expiredSession: sessionOf(SESSION_MS + 1),
  wrongBearer: { authorization: 'Bearer token-of-ops-0123456788' },
  tokenElsewhere: {
    'x-ops-token': TOKEN,
    authorization: `Basic ${TOKEN}`,
    cookie: `${SESSION_COOKIE}=${TOKEN}`,
  },
} satisfies Record<string, IncomingHttpHeaders>;
type Asking = keyof typeof ASKING;
const ALL_ASKING = Object.keys(ASKING) as Asking[];

const NAMED: readonly Asking[] = [
  ...(['owner', 'stranger', 'reader', 'readerLater', 'corrector', 'correctorWhoMayNotRead'] as const),
  ...(['almostReader', 'operator', 'almostOperator'] as const),
];
const MAY: Readonly<Record<Who, readonly Asking[]>> = {
  anybody: ALL_ASKING,
  senders: NAMED,
  readers: ['owner', 'reader', 'readerLater', 'corrector'],
  correctors: ['owner', 'corrector'],
  owner: ['owner'],
  ops: ['operator', 'bearer', 'session'],
};

const rules: RouterOptions = {
  identify: (asked) => ({ userId: asked.get('x-user') }),
  mayRead: (asked) => {
    const user = asked.get('x-user') ?? '';
    if (user === 'later') return Promise.resolve(true);
    if (user === 'almost') return 'yes' as unknown as boolean;
    return ['rita', 'cora'].includes(user);
  },
  mayCorrect: (asked) => ['cora', 'carl'].includes(asked.get('x-user') ?? ''),
  isOperator: (asked) => {
    const user = asked.get('x-user') ?? '';
    return user === 'nearly' ? (1 as unknown as boolean) : Promise.resolve(user === 'olga');
  },
};

let provider: Provider;
let quire: Quire;
let server: Server;
let base: string;
let database: string;
/** Of Anna. */
let id: string;
/** Methods and paths of all routes, as Express was given them. */
let served: string[];
/** Errors that reached the app. */
const errors: unknown[] = [];

beforeAll(async () => {
  provider = await Provider.start({ read: () => [{ name: 'Holder', value: 'Ada', confidence: 90 }] });
  database = await newDatabase();
  quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    plan: { path: 'single-page' },
    logger: SILENT,
    database,
    settings: { OPS_TOKEN: TOKEN },
  });
  const app = express().set('trust proxy', true);
  served = routesMadeBy(() => app.use(quire.router(rules), quire.pages()));
  const told: ErrorRequestHandler = (error, _request, _response, next) => {
    errors.push(error);
    next(error);
  };
  app.use(told);
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  id = await upload();
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve).closeAllConnections());
  await quire.close();
  await provider.close();
});

/** What Express is given while something is done. */
function routesMadeBy(make: () => unknown): string[] {
  const router = express.Router.prototype as {
    route(path: string | string[]): { path: string | string[]; methods: Record<string, boolean> };
  };
  const route = jest.spyOn(router, 'route');
  make();
  const made = route.mock.results.map(({ value }) => value as ReturnType<typeof router.route>);
  route.mockRestore();
  return made.flatMap(({ path, methods }) =>
    [path].flat().flatMap((one) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${one}`)),
  );
}

async function upload(): Promise<string> {
  const pdf = await makePdf([{ texts: [{ text: 'ACCOUNT NUMBER: 12345678 Ada', x: 20, y: 20, size: 12 }] }]);
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(pdf)]), 'a.pdf');
  const sent = await fetch(`${base}/process`, { method: 'POST', body, headers: ASKING.owner });
  const { job_id } = (await sent.json()) as { job_id: string };
  await streamed(`${base}/api/document/${job_id}/events`, { headers: ASKING.owner });
  return job_id;
}

interface Answer {
  status: number | undefined;
  body: string;
  headers: IncomingHttpHeaders;
}

/** As a browser or anybody else would, with headers that `fetch` does not let a program set. */
let asked = 0;
function ask(
  { method, path, query = '' }: Pick<Route, 'method' | 'path' | 'query'>,
  headers: IncomingHttpHeaders,
  document = id,
): Promise<Answer> {
  const address = path
    .replace(':id', document)
    .replace(':index', '0')
    .replace(':number', '1')
    .replace(':kind', 'current')
    .replace(':name', 'app.css');
  return new Promise((resolve, reject) => {
    // Each from an address of its own, because wrong tokens are counted by address.
    const from = { 'x-forwarded-for': `192.0.${(asked >> 8) & 255}.${asked++ & 255}` };
    const sent = request(base + address + query, { method, headers: { ...from, ...headers } }, (response) => {
      text(response).then(
        (body) => resolve({ status: response.statusCode, body, headers: response.headers }),
        reject,
      );
    });
    sent.on('error', reject).end();
  });
}

test.each(ALL.filter(({ path }) => path.includes(':')))(
  '$route answers an address that cannot be read itself',
  async (row) => {
    const { status, body } = await ask(
      { ...row, path: row.path.replace(/:\w+/, '%E0%A4%A') },
      ASKING.operator,
    );
    expect([status, body, errors]).toEqual([
      400,
      JSON.stringify({ success: false, message: 'The request cannot be read' }),
      [],
    ]);
  },
);

/** The document a route is tried on: one of its own where it goes. */
const documentFor = ({ path }: Route) => (path.endsWith('/delete') ? upload() : Promise.resolve(id));

test('each route has a row here, and each row is a route', () => {
  expect([...new Set(served)].toSorted()).toEqual(Object.keys(ROUTES).toSorted());
});

test.each(ALL)('$route is for $who alone', async (row) => {
  const document = await documentFor(row);
  const others = ALL_ASKING.filter((asking) => !MAY[row.who].includes(asking));
  const refused = others.map(async (asking) => [asking, (await ask(row, ASKING[asking], document)).status]);
  expect(await Promise.all(refused)).toEqual(others.map((asking) => [asking, refusalOf(row, asking)]));
  // Last, because the document may be gone then.
  for (const asking of MAY[row.who]) {
    const { status, headers } = await ask(row, ASKING[asking], document);
    expect([asking, status]).toEqual([asking, row.status]);
    if (status !== 204) expect(headers['cache-control']).toBe(row.caches ?? 'private, no-store');
  }
});

test.each(ALL.filter(({ path, who }) => path.includes(':id') && who !== 'anybody'))(
  '$route does not tell whether there is a document that is not for who asks',
  async (row) => {
    const mayKnow = [...MAY.readers, ...MAY[row.who]];
    const mayNot = ALL_ASKING.filter((asking) => !mayKnow.includes(asking));
    const told = mayNot.map(async (asking) => {
      const there = await ask(row, ASKING[asking]);
      const not = await ask(row, ASKING[asking], randomUUID());
      expect([asking, there.status, there.body]).toEqual([asking, not.status, not.body]);
    });
    await Promise.all(told);
  },
);

/** What somebody is answered who may not. */
function refusalOf({ who, path }: Route, asking: Asking): number {
  if (who === 'ops') return 401;
  if (!NAMED.includes(asking)) return 401;
  if (who === 'correctors' && MAY.readers.includes(asking)) return 403;
  // A status is always told; here it is that there is no such document.
  return path === '/status/:id' ? 200 : 404;
}

test('a status tells nobody else that there is a document', async () => {
  const [row] = ALL.filter(({ path }) => path === '/status/:id');
  if (!row) throw new Error('There is no such route');
  for (const asking of ['stranger', 'almostReader', 'correctorWhoMayNotRead', 'operator'] as const) {
    expect((await ask(row, ASKING[asking])).body).toContain('"status":"Unknown job ID"');
  }
});

describe('a rule of the app that fails, or names nobody,', () => {
  const answers: [what: string, identify: () => unknown, status: number][] = [
    ['undefined', () => undefined, 401],
    ['null', () => null, 401],
    ['a text', () => 'anna', 401],
    ['nobody', () => ({}), 401],
    ['an empty id', () => ({ userId: ' ' }), 401],
    ['an id that is an object', () => ({ userId: { $ne: null } }), 401],
    ['an id that is a list', () => ({ userId: ['anna'] }), 401],
    ['nobody, later', () => Promise.resolve({}), 401],
    ['a failure, later', () => Promise.reject(new Error('away')), 500],
    [
      'a failure',
      () => {
        throw new Error('away');
      },
      500,
    ],
  ];
  test.each(answers)('opens no route about documents: %s', async (_what, identify, expected) => {
    const app = express().use(quire.router({ identify: identify as RouterOptions['identify'] }));
    const other = createServer(app);
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const own = base;
    base = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    try {
      const ofDocuments = ALL.filter(({ who }) => who !== 'ops' && who !== 'anybody');
      const answered = ofDocuments.map(async (row) => [row.route, (await ask(row, {})).status]);
      expect(await Promise.all(answered)).toEqual(ofDocuments.map(({ route }) => [route, expected]));
    } finally {
      base = own;
      await new Promise((resolve) => other.close(resolve).closeAllConnections());
    }
  });
});

describe('a page of another site', () => {
  /** Who would be let in by what a browser sends by itself. */
  const letIn = (who: Who) => (who === 'ops' ? [ASKING.operator, ASKING.session] : [ASKING.owner]);
  const OTHER_SITES: IncomingHttpHeaders[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ];
  const FORMS = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=b'];

  test.each(changing)('changes nothing by $route', async (row) => {
    const sent = OTHER_SITES.flatMap((site) =>
      letIn(row.who).flatMap((by) => FORMS.map((type) => ({ ...by, ...site, 'content-type': type }))),
    );
    const statuses = sent.map(async (headers) => [headers, (await ask(row, headers)).status]);
    expect(await Promise.all(statuses)).toEqual(sent.map((headers) => [headers, 403]));
  });
});

test('nothing changes by GET or HEAD, whoever asks', async () => {
  const tables = ['documents', 'readings', 'corrections', 'viewers', 'events', 'deliveries', 'answers'];
  const kept = async () => {
    const sums = tables.map((table) =>
      runSql(
        database,
        `SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM quire.${table} t`,
      ),
    );
    return Promise.all(sums);
  };
  const before = await kept();
  for (const row of ALL) {
    for (const method of ['GET', 'HEAD']) {
      for (const asking of ['owner', 'operator'] as const) await ask({ ...row, method }, ASKING[asking]);
    }
  }
  expect(await kept()).toEqual(before);
});

test.each(ALL.filter(({ method, who }) => method === 'GET' && who !== 'anybody'))(
  '$route asked by HEAD has the same door',
  async (row) => {
    const head = { ...row, method: 'HEAD' };
    const asked = ALL_ASKING.map(async (asking) => {
      const { status, body } = await ask(head, ASKING[asking]);
      expect([asking, status, body]).toEqual([asking, (await ask(row, ASKING[asking])).status, '']);
    });
    await Promise.all(asked);
  },
);
