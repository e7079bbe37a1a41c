import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, IncomingMessage, type Server } from 'node:http';
import { Socket, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import { Client } from 'pg';
import type { DocumentList } from '../../src/api/list.js';
import { Access } from '../../src/http/access.js';
import { pageOfOthers } from '../../src/http/others.js';
import { Senders } from '../../src/http/sender.js';
import {
  createQuire,
  Store,
  type AskedDocument,
  type Quire,
  type RouterOptions,
  type StoredDocument,
} from '../../src/index.js';
import { ManualClock } from '../manual-clock.js';
import { Provider } from '../provider.js';
import { newDatabase, newFolder } from '../shared.js';
import { SILENT } from '../silent.js';
import { unread } from '../stored-document.js';

/** The list of others' documents, for those whom the app lets read them: Rita, who checks, and Otto, who may read none. */

let provider: Provider;
let pdf: string;
let store: Store;
let sql: Client;
let quire: Quire;
/** How the app decides; what it was asked is written down. */
let decide: NonNullable<RouterOptions['mayRead']>;
const asked: AskedDocument[] = [];
const logged: string[] = [];
const servers: Server[] = [];
let base: string;

beforeAll(async () => {
  provider = await Provider.start({ read: () => [] });
  pdf = join(await newFolder(), 'a.pdf');
  writeFileSync(pdf, '%PDF-1.7');
});
afterAll(() => provider.close());

beforeEach(async () => {
  const url = await newDatabase();
  store = await Store.open({ url });
  sql = new Client(url);
  await sql.connect();
  const log = (_fields: object, message: string) => void logged.push(message);
  const logger = { info: () => undefined, warn: log, error: log };
  quire = await createQuire({ store, openai: provider.client(), model: 'test-model', logger });
  decide = (request) => request.headers['x-user'] === 'rita';
  base = await serve({
    mayRead: (request, document) => {
      asked.push(document);
      return decide(request, document);
    },
  });
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await quire.close();
  await sql.end();
  await store.close();
  asked.length = 0;
  logged.length = 0;
});

async function serve(options: RouterOptions): Promise<string> {
  const identify: RouterOptions['identify'] = ({ headers }) => ({
    userId: typeof headers['x-user'] === 'string' ? headers['x-user'] : undefined,
  });
  const server = createServer(express().use(quire.router({ identify, ...options })));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A record of three values. */
const RECORD = {
  accounts: [
    { accountNumber: '1', total_fields: 2 },
    { accountNumber: '2', total_fields: 1 },
  ],
  failed_pages: [],
  needs_human_review: true,
} as unknown as StoredDocument['documents'][number];

async function add(user: string, name = 'a', given: Partial<StoredDocument> = {}): Promise<string> {
  const document: StoredDocument = {
    ...unread(),
    document_name: name,
    status: 'completed',
    stage: 'completed',
    documents: [RECORD],
    ...given,
  };
  const sender = { userId: user, requestId: 'r' };
  const added = { document, owner: `user:${user}`, sender, plan: { path: 'single-page' } } as const;
  await store.add(added, pdf, [], { run: randomUUID() });
  return document.id;
}

async function addMany(user: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) ids.unshift(await add(user));
  return ids;
}

/** As many more of Anna's as there are to be, younger than all others. */
async function copies(count: number): Promise<void> {
  await sql.query(
    `INSERT INTO quire.documents (id, listing, document, status, owner, sender, plan, version, uploaded_at)
     SELECT gen_random_uuid(), listing, document, status, owner, sender, plan, version,
       now() + number * interval '1 second'
     FROM (SELECT * FROM quire.documents WHERE owner = 'user:anna' LIMIT 1) AS one, generate_series(1, $1) AS number`,
    [count],
  );
}

const ask = (user: string | undefined, query: string, at = base) =>
  fetch(`${at}/api/documents?whose=others${query}`, {
    headers: user === undefined ? {} : { 'x-user': user },
  });

async function list(user: string, query = ''): Promise<DocumentList> {
  const answer = await ask(user, query);
  expect(answer.status).toBe(200);
  return (await answer.json()) as DocumentList;
}

const ids = ({ documents }: DocumentList) => documents.map(({ id }) => id);

test('a reviewer has what the app lets them read of others, the newest first, page by page', async () => {
  const older = await addMany('anna', 3);
  await addMany('rita', 2);
  const newer = await addMany('bob', 2);
  const others = [...newer, ...older];
  const first = await list('rita', '&limit=3');
  const second = await list('rita', `&limit=3&after=${first.next}`);
  expect([first, second].map(ids)).toEqual([others.slice(0, 3), others.slice(3)]);
  expect(second.next).toBeNull();
  expect(await list('rita', '&limit=5')).toMatchObject({ next: null, total: null });
  const own = await fetch(`${base}/api/documents`, { headers: { 'x-user': 'anna' } });
  expect((await list('rita')).documents.slice(2)).toEqual(((await own.json()) as DocumentList).documents);
  expect(await list('otto')).toEqual({ documents: [], next: null, total: null });
});

test('the app is told of each document what it is told elsewhere', async () => {
  const id = await add('anna', '', { filename: 'scan.pdf' });
  await list('rita');
  await fetch(`${base}/api/document/${id}`, { headers: { 'x-user': 'rita' } });
  expect(asked[0]).toMatchObject({ id, userId: 'anna', name: 'scan.pdf', owner: undefined });
  expect(asked[0]).toEqual(asked[1]);
});

test('only `true` gives a document, and what is gone or one’s own is none', async () => {
  const [id] = await addMany('anna', 1);
  await add('rita');
  for (const almost of ['yes', 1, {}, undefined]) {
    decide = () => almost as boolean;
    expect(ids(await list('rita'))).toEqual([]);
  }
  decide = () => Promise.resolve(true);
  expect(ids(await list('rita'))).toEqual([id]);
  expect(new Set(asked.map(({ userId }) => userId))).toEqual(new Set(['anna']));
});

test('who may read few of very many is answered after some, and goes on from there to the end', async () => {
  const wanted = await add('bob');
  await add('anna');
  await copies(1_100);
  decide = (_request, { userId }) => userId === 'bob';
  const first = await list('rita');
  expect(first.documents).toEqual([]);
  expect(asked.length).toBeLessThanOrEqual(500);
  let found: string[] = [];
  let { next } = first;
  while (next !== null) {
    const page: DocumentList = await list('rita', `&after=${next}`);
    found = [...found, ...ids(page)];
    next = page.next;
  }
  expect(found).toEqual([wanted]);
  // Each of them once.
  expect(new Set(asked.map(({ id }) => id)).size).toBe(asked.length);
  expect(asked).toHaveLength(1_102);
});

test('a rule that takes its time is not asked much more', async () => {
  await add('anna');
  await copies(200);
  const clock = new ManualClock();
  let answers = 0;
  const mayRead = () => {
    clock.moveOn(100);
    return ++answers === 0;
  };
  const access = new Access(
    new Senders(undefined, false, SILENT),
    { mayRead, mayCorrect: undefined },
    SILENT,
  );
  const request = Object.assign(new IncomingMessage(new Socket()), { get: () => undefined });
  const page = { owner: 'user:rita', limit: 10, after: undefined, search: {} };
  const { documents, next } = (await pageOfOthers({ store, access, clock }, request, page)) ?? {};
  expect(documents).toEqual([]);
  expect(answers).toBeLessThan(50);
  expect(next).not.toBeNull();
});

describe('where a page ends', () => {
  test('tells nothing of the document it ends at, and is for who was given it alone', async () => {
    await add('anna');
    await copies(600);
    const { next } = await list('otto');
    if (next === null) throw new Error('There is more');
    const kept = await sql.query<{ id: string; at: string }>(
      `SELECT id, (extract(epoch FROM uploaded_at) * 1000000)::bigint::text AS at FROM quire.documents`,
    );
    for (const text of [next, Buffer.from(next, 'base64url').toString('latin1')]) {
      expect(kept.rows.filter(({ id, at }) => text.includes(id) || text.includes(at))).toEqual([]);
    }
    expect((await list('otto')).next).not.toBe(next);
    const refused = await ask('rita', `&after=${next}`);
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { success: false, message: 'after must be the next of the page before' },
    ]);
  });

  test('cannot be made up', async () => {
    const id = await add('anna');
    const place = `1_${id}`;
    const made = Buffer.concat([Buffer.alloc(28), Buffer.from(place)]).toString('base64url');
    for (const after of ['', 'x', id, place, made]) {
      expect([after, (await ask('rita', `&after=${after}`)).status]).toEqual([after, 400]);
    }
  });
});

describe('a search', () => {
  test('by name and state is in what may be read', async () => {
    const found = await add('anna', 'Harbor');
    await add('anna', 'Lake');
    await add('bob', 'Harbor');
    const failed = await add('anna', 'b', { status: 'failed', documents: [] });
    decide = (_request, { userId }) => userId === 'anna';
    expect(ids(await list('rita', '&name=HARB'))).toEqual([found]);
    expect(ids(await list('rita', '&state=failed'))).toEqual([failed]);
    expect(ids(await list('rita', '&state=failed&name=harbor'))).toEqual([]);
    expect((await ask('rita', '&state=none')).status).toBe(400);
  });

  test('has the app asked about the same documents, whatever is in their names', async () => {
    await add('anna', 'Harbor');
    await copies(700);
    for (const name of ['harbor', 'nothing']) {
      const page = await list('otto', `&name=${name}`);
      expect([page.documents, page.next === null]).toEqual([[], false]);
    }
    const half = asked.length / 2;
    expect(asked.slice(0, half)).toEqual(asked.slice(half));
  });

  test('finds documents that a version before has written', async () => {
    const id = await add('anna', 'Harbor');
    const before = await list('rita');
    await sql.query('UPDATE quire.documents SET listing = NULL');
    expect(ids(await list('rita', '&name=harbor&state=needs_review'))).toEqual([id]);
    expect(await list('rita')).toEqual(before);
  });
});

test('where nobody is given documents of others, the answer says what is missing', async () => {
  await add('anna');
  const says = /mayRead/;
  const without = await serve({});
  const anonymous = await serve({ allowAnonymous: true, mayRead: () => true });
  for (const answer of [await ask('rita', '', without), await ask(undefined, '', anonymous)]) {
    expect([answer.status, await answer.json()]).toEqual([
      403,
      { success: false, message: expect.stringMatching(says) },
    ]);
  }
  expect((await ask('rita', '', anonymous)).status).toBe(200);
  const gives = async (at: string) =>
    ((await (await fetch(`${at}/api/about`)).json()) as { gives_others: boolean }).gives_others;
  expect([await gives(without), await gives(base)]).toEqual([false, true]);
  const odd = await fetch(`${base}/api/documents?whose=all`, { headers: { 'x-user': 'rita' } });
  expect(odd.status).toBe(400);
});

test('a rule that fails gives nothing, and the log says so', async () => {
  await addMany('anna', 2);
  decide = () => {
    throw new Error('the directory is away');
  };
  expect((await ask('rita', '')).status).toBe(500);
  expect(logged).toContain('a request was refused: mayRead failed');
});

test('each document tells how many of its values people have checked', async () => {
  const id = await add('anna');
  const unended = await add('anna', 'b', { status: 'extracting', documents: [] });
  const review = async () =>
    new Map((await list('rita')).documents.map((document) => [document.id, document.review]));
  expect(await review()).toEqual(
    new Map([
      [id, { checked: 0, total: 3 }],
      [unended, null],
    ]),
  );
  let seen = 0;
  const say = async (field: string, action: 'confirmed' | 'reopened') => {
    const correction = {
      account: '1',
      field,
      verdict: { action },
      readValue: 'v',
      person: 'rita',
      personName: 'Rita',
      ...({ plan: { path: 'single-page' }, answerForm: 'objects' } as const),
    };
    const added = await store.corrections.add(id, correction, { seen, reading: 1 });
    if (!('added' in added)) throw new Error('It was not added');
    seen = added.added.number;
  };
  await say('Name', 'confirmed');
  expect((await review()).get(id)).toEqual({ checked: 1, total: 3 });
  await say('Name', 'reopened');
  await say('Name', 'confirmed');
  seen = 0;
  await say('Branch', 'confirmed');
  expect((await review()).get(id)).toEqual({ checked: 2, total: 3 });
  await say('Branch', 'reopened');
  expect((await review()).get(id)).toEqual({ checked: 1, total: 3 });
  // Read again since: the value may be another one.
  await sql.query('UPDATE quire.documents SET reading = 2');
  expect((await review()).get(id)).toBeNull();
});
