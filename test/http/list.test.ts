import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import { Client } from 'pg';
import { createQuire, Store, type Quire, type StoredDocument } from '../../src/index.js';
import { Provider } from '../provider.js';
import { newDatabase, newFolder } from '../shared.js';
import { SILENT } from '../silent.js';

/** The lists of documents and of costs: page by page, without records, whoever wrote the documents. */

interface Documents {
  documents: Omit<StoredDocument, 'documents'>[];
  total: number;
  next: string | null;
}

interface Costs {
  documents: ({ id: string; document_name: string } & StoredDocument['processing_cost'])[];
  total: StoredDocument['processing_cost'];
  next: string | null;
}

let provider: Provider;
let pdf: string;
beforeAll(async () => {
  provider = await Provider.start({ read: () => [] });
  pdf = join(await newFolder(), 'a.pdf');
  writeFileSync(pdf, '%PDF-1.7');
});
afterAll(() => provider.close());

let store: Store;
let sql: Client;
let quire: Quire;
let server: Server;
let base: string;
beforeEach(async () => {
  const url = await newDatabase();
  store = await Store.open({ url });
  sql = new Client(url);
  await sql.connect();
  quire = await createQuire({ store, openai: provider.client(), model: 'test-model', logger: SILENT });
  const identify = (request: { headers: Record<string, unknown> }) => ({
    userId: String(request.headers['x-user']),
  });
  server = createServer(express().use(quire.router({ identify })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await quire.close();
  await sql.end();
  await store.close();
});

const USED = { llm_calls: 2, input_tokens: 30, output_tokens: 4, cost_usd: 0.1, unknown_usage_calls: 1 };
/** Of a document none of whose calls told its usage. */
const UNTOLD = { llm_calls: 2, input_tokens: 0, output_tokens: 0, cost_usd: null, unknown_usage_calls: 2 };

/** What lists tell of a record; nothing else of it matters here. */
const RECORD = {
  accounts: [],
  failed_pages: [{ page: 1 }, { page: 2 }],
  needs_human_review: true,
} as unknown as StoredDocument['documents'][number];
const WHOLE = { ...RECORD, failed_pages: [], needs_human_review: false };

async function add(user: string, given: Partial<StoredDocument> = {}): Promise<string> {
  const id = randomUUID();
  const document: StoredDocument = {
    id,
    filename: 'a.pdf',
    document_name: `document ${id}`,
    processed_date: new Date().toISOString(),
    status: 'completed',
    stage: 'completed',
    error: null,
    total_pages: 3,
    document_type_info: { document_type: 'document', document_type_display: 'Document' },
    processing_cost: USED,
    documents: [],
    ...given,
  };
  const added = { document, owner: `user:${user}`, sender: {}, plan: { path: 'single-page' } } as const;
  await store.add(added, pdf, [], { run: randomUUID() });
  return id;
}

async function addMany(user: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) ids.unshift(await add(user));
  return ids;
}

function ask(user: string, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(base + path, { ...init, headers: { 'x-user': user } });
}

async function list(user: string, query = ''): Promise<Documents> {
  return (await (await ask(user, `/api/documents${query}`)).json()) as Documents;
}

async function costs(user: string, query = ''): Promise<Costs> {
  return (await (await ask(user, `/api/costs${query}`)).json()) as Costs;
}

const search = (query: Record<string, string>) => list('ada', `?${new URLSearchParams(query).toString()}`);

const ids = ({ documents }: Documents | Costs) => documents.map(({ id }) => id);

/** As a version leaves documents that knows nothing of listings. */
async function forgetListings(): Promise<void> {
  await sql.query(`UPDATE quire.documents SET listing = NULL, llm_calls = NULL, input_tokens = NULL,
    output_tokens = NULL, cost_usd = NULL, unknown_usage_calls = NULL`);
}

describe.each([
  ['documents', list],
  ['costs', costs],
])('the list of %s', (_, list) => {
  test('comes page by page, the newest first, until there is nothing next', async () => {
    const all = await addMany('ada', 7);
    const first = await list('ada', '?limit=3');
    const second = await list('ada', `?limit=3&after=${first.next}`);
    const third = await list('ada', `?limit=3&after=${second.next}`);
    expect([first, second, third].map(ids)).toEqual([all.slice(0, 3), all.slice(3, 6), all.slice(6)]);
    expect(third.next).toBeNull();
    expect((await list('ada', '?limit=7')).next).toBeNull();
  });

  test('goes on after a document by its id', async () => {
    const all = await addMany('ada', 3);
    expect(ids(await list('ada', `?after=${all[0]}`))).toEqual(all.slice(1));
    expect(await list('ada', `?after=${all[2]}`)).toMatchObject({ documents: [], next: null });
  });

  test('shows each document once, while others are added and the last one shown is deleted', async () => {
    const all = await addMany('ada', 4);
    const first = await list('ada', '?limit=2');
    await add('ada');
    await ask('ada', `/api/document/${all[1]}/delete`, { method: 'POST' });
    expect(ids(await list('ada', `?after=${first.next}`))).toEqual(all.slice(2));
  });

  test('shows each document once, though all were uploaded in the same microsecond', async () => {
    const all = await addMany('ada', 5);
    await sql.query('UPDATE quire.documents SET uploaded_at = now()');
    const first = await list('ada', '?limit=2');
    const second = await list('ada', `?limit=2&after=${first.next}`);
    const third = await list('ada', `?limit=2&after=${second.next}`);
    expect([first, second, third].flatMap(ids).sort()).toEqual(all.sort());
  });

  test('has at most 100 documents a page', async () => {
    const all = await addMany('ada', 101);
    const first = await list('ada');
    expect(ids(first)).toEqual(all.slice(0, 100));
    expect(ids(await list('ada', `?after=${first.next}`))).toEqual(all.slice(100));
  });

  test('is one owner’s, whoever’s place it goes on from', async () => {
    const own = await addMany('ada', 2);
    await addMany('bob', 2);
    const { next } = await list('bob', '?limit=1');
    expect(ids(await list('ada', `?after=${next}`))).toEqual(own);
    expect(ids(await list('ada'))).toEqual(own);
    expect(await list('eve')).toMatchObject({ documents: [], next: null });
  });
});

test.each(['/api/documents', '/api/costs'])(
  '%s refuses what it cannot read with a sentence',
  async (path) => {
    const others = await add('bob');
    const limit = 'limit must be a whole number from 1 to 100';
    for (const query of ['0', '101', '-1', '1.5', '1e1', 'all', '', '1&limit=2']) {
      const response = await ask('ada', `${path}?limit=${query}`);
      expect([query, response.status, await response.json()]).toEqual([
        ...[query, 400],
        { success: false, message: limit },
      ]);
    }
    const after = 'after must be the next of the page before, or the id of a document';
    for (const query of [
      '',
      'x',
      randomUUID(),
      others,
      `1_${'-'.repeat(36)}`,
      `99999999999999999_${others}`,
    ]) {
      const response = await ask('ada', `${path}?after=${query}`);
      expect([query, response.status, await response.json()]).toEqual([
        ...[query, 400],
        { success: false, message: after },
      ]);
    }
  },
);

test('a row is the document without its records; the total counts those of all pages', async () => {
  const id = await add('ada', { documents: [RECORD] });
  await addMany('ada', 2);
  const { documents, total } = await list('ada', '?limit=3');
  const { documents: records, ...row } = (await store.get(id, 'user:ada')) ?? { documents: undefined };
  expect(records).toEqual([RECORD]);
  expect(documents[2]).toEqual({
    ...row,
    plan: 'single-page',
    failed_pages: 2,
    needs_review: true,
    review: { checked: 0, total: 0 },
  });
  expect(total).toBe(3);
  expect((await list('ada', '?limit=1')).total).toBe(3);
});

describe('a search', () => {
  test('by name finds what stands in the name of a document or of its file, in any case', async () => {
    const named = await add('ada', { document_name: 'Müller & Söhne (2024)', filename: 'scan.pdf' });
    const filed = await add('ada', { document_name: 'Loan', filename: 'MÜLLER.PDF' });
    await add('ada', { document_name: 'Miller', filename: 'miller.pdf' });
    await add('bob', { document_name: 'Müller' });
    expect(ids(await search({ name: 'müLLER' }))).toEqual([filed, named]);
    expect(ids(await search({ name: 'SÖHNE (20' }))).toEqual([named]);
    expect(await search({ name: 'nobody' })).toEqual({ documents: [], total: 0, next: null });
    expect((await search({ name: '' })).total).toBe(3);
  });

  test('by name takes every character as it is', async () => {
    const odd = '%_.*+?^$|()[]{}\\/"\u2028\u{1f4c4} #-&!~\'';
    const id = await add('ada', { document_name: `a${odd}b` });
    await add('ada', { document_name: 'a b', filename: 'u0022.pdf' });
    expect(ids(await search({ name: odd }))).toEqual([id]);
    for (const letter of odd.replace(' ', '').replace('.', ''))
      expect([letter, ids(await search({ name: letter }))]).toEqual([letter, [id]]);
    // What is written as an escape is not that text.
    const escaped = await add('ada', { document_name: 'x\u0000\ny' });
    for (const name of ['u0000', '000']) expect(ids(await search({ name }))).toEqual([]);
    expect(ids(await search({ name: 'Y' }))).toEqual([escaped]);
  });

  const STATES = {
    reading: { status: 'extracting', documents: [RECORD] },
    done: { status: 'completed', documents: [WHOLE] },
    needs_review: { status: 'completed', documents: [RECORD] },
    failed: { status: 'failed', documents: [RECORD] },
  } as const;
  const addOfEach = async () => {
    const added = new Map<string, string>();
    for (const [state, { status, documents }] of Object.entries(STATES)) {
      added.set(state, await add('ada', { status, documents: [...documents], document_name: 'a\u0000b' }));
    }
    return added;
  };

  test('by state finds what is so, and no document is in two states', async () => {
    const added = await addOfEach();
    for (const [state, id] of added) expect([state, ids(await search({ state }))]).toEqual([state, [id]]);
    expect(ids(await search({ state: 'failed', name: 'B' }))).toEqual([added.get('failed')]);
    expect(ids(await search({ state: 'failed', name: 'c' }))).toEqual([]);
  });

  test('comes page by page, and its total counts what was found', async () => {
    const found = [await add('ada', { status: 'failed' }), await add('ada', { status: 'failed' })].reverse();
    await add('ada');
    const first = await search({ state: 'failed', limit: '1' });
    expect(first).toMatchObject({ total: 2, documents: [{ id: found[0] }] });
    const second = await search({ state: 'failed', limit: '1', after: first.next ?? '' });
    expect(second).toMatchObject({ total: 2, documents: [{ id: found[1] }], next: null });
  });

  test.each([
    ['keeps no listings', 'UPDATE quire.documents SET listing = NULL'],
    [
      'keeps less in listings',
      `UPDATE quire.documents SET listing = regexp_replace(listing::text, ',"failed_pages":.*$', '}')::json`,
    ],
  ])('is right for documents of a version that %s', async (_, leave) => {
    const added = await addOfEach();
    const before = await list('ada');
    await sql.query(leave);
    expect(ids(await search({ state: 'needs_review' }))).toEqual([added.get('needs_review')]);
    await sql.query(leave);
    expect(ids(await search({ name: 'B' }))).toHaveLength(4);
    await sql.query(leave);
    expect(await list('ada')).toEqual(before);
  });

  test('refuses what it cannot read with a sentence', async () => {
    for (const [query, message] of [
      ['state=all', 'state must be one of reading, done, needs_review, failed'],
      ['state=', 'state must be one of reading, done, needs_review, failed'],
      ['name=a&name=b', 'name must be a text of at most 100 characters'],
      [`name=${'a'.repeat(101)}`, 'name must be a text of at most 100 characters'],
    ]) {
      const response = await ask('ada', `/api/documents?${query}`);
      expect([query, response.status, await response.json()]).toEqual([
        query,
        400,
        { success: false, message },
      ]);
    }
  });
});

describe('what documents cost', () => {
  test('is the sum over those of all pages, to the last digit', async () => {
    for (const cost_usd of [0.1, 0.2, 0.0000001])
      await add('ada', { processing_cost: { ...USED, cost_usd } });
    await add('bob');
    const { documents, total } = await costs('ada', '?limit=1');
    expect(documents).toMatchObject([{ ...USED, cost_usd: 0.0000001 }]);
    expect(total).toEqual({
      llm_calls: 6,
      input_tokens: 90,
      output_tokens: 12,
      cost_usd: 0.3000001,
      unknown_usage_calls: 3,
    });
  });

  test('is not known in money as soon as one has no price', async () => {
    await add('ada', { processing_cost: { ...USED, cost_usd: null } });
    await addMany('ada', 2);
    const { total } = await costs('ada', '?limit=1');
    expect(total).toMatchObject({ llm_calls: 6, input_tokens: 90, output_tokens: 12, cost_usd: null });
  });

  test('has calls that told no usage beside the money, and is not known where none told any', async () => {
    await add('ada', { processing_cost: UNTOLD });
    expect((await costs('ada')).total).toEqual(UNTOLD);
    await add('ada');
    const { documents, total } = await costs('ada');
    expect(documents).toMatchObject([USED, UNTOLD]);
    expect(total).toMatchObject({ llm_calls: 4, cost_usd: 0.1, unknown_usage_calls: 3 });
  });

  test('of a document that a version before read tells nothing of calls without usage', async () => {
    const { unknown_usage_calls: _unknown, ...kept } = USED;
    await add('ada', { processing_cost: kept });
    const { documents, total } = await costs('ada');
    expect(documents).toMatchObject([{ unknown_usage_calls: null }]);
    expect(total).toMatchObject({ cost_usd: 0.1, unknown_usage_calls: null });
  });

  test('is nothing without documents', async () => {
    const { total } = await costs('ada');
    expect(total).toEqual({
      llm_calls: 0,
      input_tokens: 0,
      output_tokens: 0,
      cost_usd: 0,
      unknown_usage_calls: 0,
    });
  });
});

describe('documents of a version before', () => {
  // A record may hold what JSON functions of PostgreSQL refuse.
  const document_name = 'a\u0000b';

  test('are listed at once', async () => {
    const all = [await add('ada', { document_name }), await add('ada')].reverse();
    const before = await list('ada');
    await forgetListings();
    expect(ids(before)).toEqual(all);
    expect(await list('ada')).toEqual(before);
  });

  test('are counted at once in what all cost', async () => {
    await add('ada', { document_name });
    await addMany('ada', 30);
    const before = await costs('ada', '?limit=1');
    await forgetListings();
    expect(await costs('ada', '?limit=1')).toEqual(before);
  });

  test('get what lists need without being asked for', async () => {
    await addMany('ada', 50);
    await forgetListings();
    // As does the first round of a process that starts.
    const next = await createQuire({ store, openai: provider.client(), model: 'test-model', logger: SILENT });
    next.router();
    const missing = async () =>
      (await sql.query('SELECT id FROM quire.documents WHERE listing IS NULL OR llm_calls IS NULL')).rowCount;
    while ((await missing()) !== 0) await sleep(20);
    await next.close();
  });

  test('are listed as that version wrote them last, while it goes on beside this one', async () => {
    const id = await add('ada');
    await list('ada');
    const document = { ...(await store.get(id, 'user:ada')), status: 'failed', total_pages: 9 };
    const processing_cost = { ...USED, cost_usd: 0.7 };
    await sql.query(`UPDATE quire.documents SET status = 'failed', document = $2 WHERE id = $1`, [
      id,
      JSON.stringify({ ...document, processing_cost }),
    ]);
    expect((await list('ada')).documents).toMatchObject([{ status: 'failed', total_pages: 9 }]);
    expect((await costs('ada')).total).toEqual(processing_cost);
  });
});
