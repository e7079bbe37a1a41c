import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import type { CorrectionAnswer, ReviewAnswer, ReviewedValue } from '../../src/api/review.js';
import { createQuire, Store, type Quire, type StoredDocument } from '../../src/index.js';
import { goldenPdf, PRINTABLE, readSheet, tenPageDocument } from '../golden-pdf.js';
import { Provider } from '../provider.js';
import { newDatabase, runSql } from '../shared.js';

/** What people say of values: Anna's document, Rita who reviews, Vera who may look, Otto who may not. */

/** What the model answers in place of what stands there, by field. */
const misread = new Map<string, string>();
const REVIEWERS = ['rita', 'vera'];

let provider: Provider;
let url: string;
let app: App;
let id: string;

/** A Quire in an app, on the one database. */
class App {
  private constructor(
    readonly quire: Quire,
    readonly store: Store,
    readonly server: Server,
    readonly base: string,
  ) {}

  static async start(LLM_ANSWER_FORM?: 'lines' | 'objects'): Promise<App> {
    const store = await Store.open({ url });
    const quire = await createQuire({
      openai: provider.client(),
      model: 'test-model',
      plan: { path: 'batch', batchSize: 2, maxWorkers: 3 },
      store,
      settings: { LLM_ANSWER_FORM },
    });
    const app = express();
    app.use(
      quire.router({
        identify: (request) => {
          const user = request.get('x-user');
          return { userId: user, displayName: user && `${user}'s name` };
        },
        mayRead: (request) => REVIEWERS.includes(request.get('x-user') ?? ''),
        mayCorrect: (request) => request.get('x-user') === 'rita',
      }),
    );
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return new App(quire, store, server, `http://127.0.0.1:${port}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    await this.quire.close();
    await this.store.close();
  }
}

beforeAll(async () => {
  provider = await Provider.start({
    read: (page) =>
      readSheet(page).map((field) => ({ ...field, value: misread.get(field.name) ?? field.value })),
  });
  url = await newDatabase();
  app = await App.start();
  id = await upload();
});
afterAll(async () => {
  await app.close();
  await provider.close();
});

type Init = Omit<RequestInit, 'headers'> & { headers?: Record<string, string> };
const as = (user: string, path: string, init: Init = {}) =>
  fetch(app.base + path, { ...init, headers: { 'x-user': user, ...init.headers } });

async function upload(copy = 'a', [document] = PRINTABLE): Promise<string> {
  if (!document) throw new Error('There is no golden document');
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(await goldenPdf(document, copy))]), 'a.pdf');
  const accepted = await as('anna', '/process', { method: 'POST', body });
  const { job_id: uploaded } = (await accepted.json()) as { job_id: string };
  await read(uploaded);
  return uploaded;
}

async function read(document: string): Promise<void> {
  for (;;) {
    const { is_complete } = (await (await as('anna', `/status/${document}`)).json()) as {
      is_complete: boolean;
    };
    if (is_complete) return;
    await sleep(10);
  }
}

async function review(user = 'rita', document = id): Promise<ReviewAnswer> {
  const answer = await as(user, `/api/document/${document}/review`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as ReviewAnswer;
}

function say(
  user: string,
  of: Pick<ReviewedValue, 'account' | 'field'>,
  what: object,
  seen: number | null,
  reading = 1,
) {
  const body = JSON.stringify({ reading, account: of.account, field: of.field, ...what });
  const headers = { 'content-type': 'application/json', ...(seen !== null && { 'if-match': `"${seen}"` }) };
  return as(user, `/api/document/${id}/corrections`, { method: 'POST', headers, body });
}

/** A value that nobody has looked at yet. */
async function open(): Promise<ReviewedValue> {
  const value = (await review()).values.find(({ state, number }) => state === 'open' && number === 0);
  if (!value) throw new Error('All values are looked at');
  return value;
}

async function find({ account, field }: Pick<ReviewedValue, 'account' | 'field'>): Promise<ReviewedValue> {
  const value = (await review()).values.find((each) => each.account === account && each.field === field);
  if (!value) throw new Error('There is no such value');
  return value;
}

test('all values are there, the doubtful ones first, those without a value last', async () => {
  const { values, progress } = await review();
  const supports = values.map(
    ({ support, value }) => support ?? (value === 'N/A' || value === '' ? 1_000 : 50),
  );
  expect(values.length).toBeGreaterThan(5);
  expect(supports).toEqual([...supports].sort((a, b) => a - b));
  expect(progress).toEqual({ checked: 0, total: values.length });
});

test('what was read and what a person says are both kept, with who said it and when', async () => {
  const value = await open();
  const answer = await say('rita', value, { action: 'corrected', value: 'As it stands <b>there</b>' }, 0);
  expect(answer.status).toBe(200);
  expect(await find(value)).toMatchObject({
    value: value.value,
    state: 'corrected',
    corrected: 'As it stands <b>there</b>',
    person: "rita's name",
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
  const [row] = await runSql(url, 'SELECT * FROM quire.corrections ORDER BY number DESC LIMIT 1');
  expect(row).toMatchObject({
    reading: 1,
    action: 'corrected',
    read_value: value.value,
    value: 'As it stands <b>there</b>',
    person: 'rita',
    person_name: "rita's name",
    model: 'test-model-2026',
    answer_form: 'lines',
    plan: expect.objectContaining({ path: 'batch', batchSize: 2, maxWorkers: 3 }),
  });
});

test('a confirmed value counts as checked until it is taken back', async () => {
  const value = await open();
  const { progress: before } = await review();
  const { value: confirmed } = (await (
    await say('rita', value, { action: 'confirmed' }, 0)
  ).json()) as CorrectionAnswer;
  expect(confirmed.state).toBe('confirmed');
  expect((await review()).progress.checked).toBe(before.checked + 1);
  expect((await say('rita', value, { action: 'reopened' }, confirmed.number)).status).toBe(200);
  expect((await find(value)).state).toBe('open');
  expect((await review()).progress.checked).toBe(before.checked);
});

test('who has not seen what somebody else said is told that, and changes nothing', async () => {
  const value = await open();
  expect((await say('rita', value, { action: 'corrected', value: 'first' }, 0)).status).toBe(200);
  const late = await say('anna', value, { action: 'corrected', value: 'second' }, 0);
  expect(late.status).toBe(412);
  const { value: now } = (await late.json()) as CorrectionAnswer;
  expect(now).toMatchObject({ corrected: 'first', person: "rita's name" });
  expect(await find(value)).toMatchObject({ corrected: 'first' });
  expect((await say('anna', value, { action: 'corrected', value: 'second' }, now.number)).status).toBe(200);
});

test('of many at once one is kept', async () => {
  const value = await open();
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      say(index % 2 ? 'rita' : 'anna', value, { action: 'corrected', value: `value ${index}` }, 0),
    ),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(412)]);
});

describe('nothing is kept', () => {
  test.each([
    ['without what was seen', 'rita', { action: 'confirmed' }, null, 428],
    ['of who may only look', 'vera', { action: 'confirmed' }, 0, 403],
    ['of who may not even look', 'otto', { action: 'confirmed' }, 0, 404],
    ['of an action that is none', 'rita', { action: 'removed' }, 0, 400],
    ['of half a surrogate pair', 'rita', { action: 'corrected', value: '\ud800' }, 0, 400],
    ['of a value of 10,001 characters', 'rita', { action: 'corrected', value: 'x'.repeat(10_001) }, 0, 400],
    ['of a field that was not read', 'rita', { action: 'confirmed', field: 'constructor' }, 0, 404],
    ['of another reading', 'rita', { action: 'confirmed', reading: 2 }, 0, 409],
  ])('%s', async (_of, user, what, seen, status) => {
    const value = await open();
    expect((await say(user, value, what, seen)).status).toBe(status);
    expect(await find(value)).toMatchObject({ state: 'open', number: 0 });
  });

  test('of a page of another site', async () => {
    const value = await open();
    const answer = await as('rita', `/api/document/${id}/corrections`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'if-match': '"0"', 'sec-fetch-site': 'cross-site' },
      body: JSON.stringify({ reading: 1, account: value.account, field: value.field, action: 'confirmed' }),
    });
    expect(answer.status).toBe(403);
  });
});

test('a record has people’s values where that is asked for, and else the bytes that were read', async () => {
  const value = await open();
  const asRead = await (await as('anna', `/api/document/${id}`)).text();
  await say('rita', value, { action: 'corrected', value: 'A person’s' }, 0);
  expect(await (await as('anna', `/api/document/${id}`)).text()).toBe(asRead);
  const corrected = (await (await as('anna', `/api/document/${id}?corrected=1`)).json()) as {
    document: StoredDocument;
  };
  const [entry] = corrected.document.documents;
  const accounts = entry?.document ? [entry.document] : (entry?.accounts ?? []);
  const account = accounts.findIndex(({ accountNumber }) => accountNumber === value.account);
  expect(accounts[account]?.result[value.field]).toEqual({
    value: 'A person’s',
    confidence: value.confidence,
  });
  expect(JSON.stringify(accounts[account]?.page_data)).not.toContain('A person’s');
  const fields = async (query: string) => {
    const answer = await as('anna', `/api/document/${id}/account/${account}/complete-data${query}`);
    return ((await answer.json()) as { fields: Record<string, unknown> }).fields;
  };
  expect((await fields('?corrected=1'))[value.field]).toMatchObject({ value: 'A person’s' });
  expect((await fields(''))[value.field]).toMatchObject({ value: value.value });
});

test('a value that is read anew as something else is to be looked at again, others stay checked', async () => {
  // Its first reading lacks a page, so that it can be asked again.
  provider.behaviour.fault = ({ pages }) => (pages.some(({ number }) => number === 1) ? 'prose' : undefined);
  const again = await upload('again', [tenPageDocument(0)]);
  delete provider.behaviour.fault;
  const { values } = await review('anna', again);
  const [first, second] = values.filter(({ value }) => value.length > 3);
  if (!first || !second) throw new Error('Too little was read');
  for (const value of [first, second]) {
    await as('anna', `/api/document/${again}/corrections`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'if-match': '"0"' },
      body: JSON.stringify({
        reading: 1,
        account: value.account,
        field: value.field,
        action: 'corrected',
        value: 'A person’s',
      }),
    });
  }
  // Nothing that was kept keeps it from being asked.
  await runSql(url, `DELETE FROM quire.answers WHERE document_id = '${again}'`);
  misread.set(first.field, 'Read anew');
  await as('anna', `/api/document/${again}/retry`, { method: 'POST' });
  await read(again);
  misread.clear();
  const after = await review('anna', again);
  expect(after.reading).toBe(2);
  const now = (of: ReviewedValue) =>
    after.values.find(({ account, field }) => account === of.account && field === of.field);
  expect(now(first)).toMatchObject({ value: 'Read anew', state: 'changed', corrected: 'A person’s' });
  expect(now(second)).toMatchObject({ value: second.value, state: 'corrected', corrected: 'A person’s' });
  const record = await (await as('anna', `/api/document/${again}?corrected=1`)).text();
  expect(record).toContain('"value":"Read anew"');
});

test('a value with characters that a database cannot keep is confirmed and corrected like others', async () => {
  const value = (await review()).values.find(({ state, value: text }) => state === 'open' && text.length > 3);
  if (!value) throw new Error('All values are looked at');
  misread.set(value.field, 'half \ud800 of\0it');
  const odd = await upload('odd');
  misread.clear();
  const found = (await review('anna', odd)).values.find(({ value: text }) => text.startsWith('half'));
  if (!found) throw new Error('It was not read');
  const tell = (what: object, seen: number) =>
    as('anna', `/api/document/${odd}/corrections`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'if-match': `"${seen}"` },
      body: JSON.stringify({ reading: 1, account: found.account, field: found.field, ...what }),
    });
  const { value: confirmed } = (await (await tell({ action: 'confirmed' }, 0)).json()) as CorrectionAnswer;
  expect(confirmed.state).toBe('confirmed');
  await tell({ action: 'corrected', value: 'whole' }, confirmed.number);
  const text = await (await as('anna', `/api/document/${odd}?corrected=1`)).text();
  expect(text).toContain('"whole"');
});

test('people see each other, and a window of one’s own is nobody else', async () => {
  const see = async (user: string) => {
    const answer = await as(user, `/api/document/${id}/presence`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ tab: crypto.randomUUID() }),
    });
    return ((await answer.json()) as { people: unknown }).people;
  };
  expect(await see('rita')).toEqual([]);
  expect(await see('rita')).toEqual([]);
  expect(await see('anna')).toEqual(["rita's name"]);
  expect(await see('rita')).toEqual(["anna's name"]);
  await runSql(url, `UPDATE quire.viewers SET seen_at = seen_at - interval '16 seconds'`);
  expect(await see('rita')).toEqual([]);
});

test('what people said is there after a restart', async () => {
  const before = await review();
  await app.close();
  app = await App.start();
  expect(await review()).toEqual(before);
});

test('a deleted document leaves nothing of what was said', async () => {
  const other = await upload('b');
  const [value] = (await review('anna', other)).values;
  if (!value) throw new Error('There is no value');
  const answer = await as('anna', `/api/document/${other}/corrections`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'if-match': '"0"' },
    body: JSON.stringify({ reading: 1, account: value.account, field: value.field, action: 'confirmed' }),
  });
  expect(answer.status).toBe(200);
  await as('anna', `/api/document/${other}/delete`, { method: 'POST' });
  expect(await runSql(url, `SELECT number FROM quire.corrections WHERE document_id = '${other}'`)).toEqual(
    [],
  );
});

test('a value is counted under the form it was asked for in, whatever the settings are when it is looked at', async () => {
  const formOf = async (document: string) => {
    const [value] = (await review('anna', document)).values;
    if (!value) throw new Error('Nothing was read');
    const { reading } = await review('anna', document);
    await as('anna', `/api/document/${document}/corrections`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'if-match': `"${value.number}"` },
      body: JSON.stringify({ reading, account: value.account, field: value.field, action: 'confirmed' }),
    });
    const [row] = await runSql(
      url,
      `SELECT answer_form, model FROM quire.corrections WHERE document_id = '${document}' ORDER BY number DESC LIMIT 1`,
    );
    return row;
  };
  const asLines = await upload('as lines');
  await app.close();
  app = await App.start('objects');
  expect(await formOf(asLines)).toEqual({ answer_form: 'lines', model: 'test-model-2026' });
  const asObjects = await upload('as objects');
  await app.close();
  app = await App.start('lines');
  expect(await formOf(asObjects)).toEqual({ answer_form: 'objects', model: 'test-model-2026' });
  // Nothing is asked: what the same pages were answered as objects is used again.
  const calls = provider.calls.length;
  const usedAgain = await upload('as objects');
  expect(provider.calls).toHaveLength(calls);
  expect(await formOf(usedAgain)).toEqual({ answer_form: 'objects', model: 'test-model' });
  // As a version before leaves it.
  await runSql(url, `UPDATE quire.documents SET read_as = NULL WHERE id = '${asLines}'`);
  expect(await formOf(asLines)).toEqual({ answer_form: null, model: null });
});
