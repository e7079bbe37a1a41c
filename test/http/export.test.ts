import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import express from 'express';
import type { ExportedDocument } from '../../src/api/export.js';
import type { ReviewAnswer } from '../../src/api/review.js';
import { createQuire, type Quire, type Store } from '../../src/index.js';
import { streamed } from '../event-stream.js';
import { makePdf } from '../pdf-fixtures.js';
import { Provider, type Field } from '../provider.js';
import { newStore } from '../shared.js';
import { SILENT } from '../silent.js';

/** The record of a document as a file. */

const FIELDS: Record<string, string> = {
  Holder: 'Ada "Countess" Lovelace, 1st',
  Formula: '=HYPERLINK("http://evil.example","x")',
  '@Name': '+1 555 0100',
  Minus: '-2+3+cmd|calc!A0',
  Hidden: ' \t=1+1',
  Tab: '\t=1',
  Parted: 'Ada;=1+1|@SUM(A1); "-2"',
  Below: 'Ada\n=1+1',
  Address: 'Mill Lane 1\nHarbor',
  Balance: '-1,234.50',
  Missing: 'stands nowhere',
  constructor: 'Größe – 大',
};

let provider: Provider;
let quire: Quire;
let store: Store;
let server: Server;
let base: string;
let id: string;

beforeAll(async () => {
  const fields = Object.entries(FIELDS).map(([name, value]): Field => ({ name, value, confidence: 91 }));
  provider = await Provider.start({ read: () => fields });
  store = await newStore();
  quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    plan: { path: 'single-page' },
    store,
    logger: SILENT,
  });
  const app = express().use(
    quire.router({
      identify: (request) => ({ userId: request.get('x-user') ?? 'anna', displayName: 'Anna A.' }),
      mayRead: (request) => request.get('x-user') === 'rita',
    }),
  );
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  id = await upload('../Pack:age\r\n of "Anna"\u202e.pdf');
  const review = (await (await fetch(`${base}/api/document/${id}/review`)).json()) as ReviewAnswer;
  await say(review.reading, 'Holder', { action: 'corrected', value: '=Ada Lovelace' });
  await say(review.reading, 'Balance', { action: 'confirmed' });
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await quire.close();
  await store.close();
  await provider.close();
});

async function upload(name: string, pages = 1): Promise<string> {
  const shown = Object.entries(FIELDS).filter(([name]) => name !== 'Missing');
  const texts = [
    { text: 'ACCOUNT NUMBER: 12345678', x: 20, y: 20, size: 12 },
    ...shown.map(([name, value], row) => ({
      text: `${name}: ${value.replace(/[^\x20-\x7e]/g, ' ')}`,
      x: 20,
      y: 60 + row * 30,
      size: 12,
    })),
  ];
  const pdf = await makePdf(Array.from({ length: pages }, () => ({ texts })));
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(pdf)]), 'a.pdf');
  body.set('document_name', name);
  const response = await fetch(`${base}/process`, { method: 'POST', body });
  const { job_id } = (await response.json()) as { job_id: string };
  await streamed(`${base}/api/document/${job_id}/events`);
  return job_id;
}

async function say(reading: number, field: string, what: object): Promise<void> {
  const response = await fetch(`${base}/api/document/${id}/corrections`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'If-Match': '"0"' },
    body: JSON.stringify({ reading, account: '12345678', field, ...what }),
  });
  expect(response.status).toBe(200);
}

const fetched = (path: string, user = 'anna') =>
  fetch(`${base}/api/document/${id}/${path}`, { headers: { 'x-user': user } });

/** The cells of each row, as RFC 4180 has them. */
function cellsOf(csv: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end !== ',') rows.push([]);
  }
  return rows.slice(0, -1);
}

test('CSV has a row for each field, and nothing in it is a formula', async () => {
  const response = await fetched('export.csv');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
  expect(response.headers.get('cache-control')).toBe('private, no-store');
  const bytes = Buffer.from(await response.arrayBuffer());
  expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
  const csv = bytes.toString('utf8').slice(1);
  expect(csv.endsWith('\r\n')).toBe(true);
  const [head, ...rows] = cellsOf(csv);
  expect(head).toEqual(['account', 'field', 'value', 'corrected_value', 'confidence', 'support', 'pages']);
  expect(
    rows.map(([account, field, value, corrected, confidence]) => [
      account,
      field,
      value,
      corrected,
      confidence,
    ]),
  ).toEqual([
    ['12345678', 'Holder', 'Ada "Countess" Lovelace, 1st', "'=Ada Lovelace", '91'],
    ['12345678', 'Formula', `'=HYPERLINK("http://evil.example","x")`, '', '91'],
    ['12345678', "'@Name", "'+1 555 0100", '', '91'],
    ['12345678', 'Minus', "'-2+3+cmd|calc!A0", '', '91'],
    ['12345678', 'Hidden', "' \t'=1+1", '', '91'],
    ['12345678', 'Tab', "'\t'=1", '', '91'],
    ['12345678', 'Parted', `Ada;'=1+1|'@SUM(A1); "'-2"`, '', '91'],
    ['12345678', 'Below', "Ada\n'=1+1", '', '91'],
    ['12345678', 'Address', 'Mill Lane 1\nHarbor', '', '91'],
    ['12345678', 'Balance', '-1,234.50', '', '91'],
    ['12345678', 'Missing', 'stands nowhere', '', '91'],
    ['12345678', 'constructor', 'Größe – 大', '', '91'],
  ]);
  const named = new Map(
    rows.map(([, field, , , , support, pages]) => [field, { support: Number(support), pages }]),
  );
  expect(named.get('Balance')?.pages).toBe('1');
  expect(named.get('Balance')?.support).toBeGreaterThan(named.get('Missing')?.support ?? 100);
  expect(named.get('Missing')?.pages).toBe('');
});

test('CSV with people’s values has them in place of those that were read', async () => {
  const rows = cellsOf((await (await fetched('export.csv?corrected=1')).text()).replace('\ufeff', ''));
  expect(rows[1]?.slice(1, 4)).toEqual(['Holder', "'=Ada Lovelace", "'=Ada Lovelace"]);
  expect(rows[10]?.slice(1, 4)).toEqual(['Balance', '-1,234.50', '']);
});

test('CSV has all pages on which a value stands', async () => {
  const three = await upload('three', 3);
  const response = await fetch(`${base}/api/document/${three}/export.csv`);
  const rows = cellsOf((await response.text()).replace('\ufeff', ''));
  expect(rows.find(([, field]) => field === 'Balance')?.[6]).toBe('1; 2; 3');
});

test('JSON has the record as it was read, with evidence, notes and what people said', async () => {
  const read = (await (await fetched('export.json')).json()) as ExportedDocument;
  expect(read.document).toMatchObject({ id, status: 'completed', total_pages: 1 });
  expect(read.record.accounts[0]?.result.Holder).toEqual({ value: FIELDS.Holder, confidence: 91 });
  expect(read.evidence?.[0]?.fields.Balance).toMatchObject([{ part: '-1,234.50', places: [{ page: 1 }] }]);
  expect(read.notes).toEqual(expect.any(Array));
  const said = { account: '12345678', reading: 1, person: 'Anna A.', at: expect.any(String) };
  expect(read.corrections).toEqual([
    { ...said, field: 'Holder', action: 'corrected', read_value: FIELDS.Holder, value: '=Ada Lovelace' },
    { ...said, field: 'Balance', action: 'confirmed', read_value: '-1,234.50', value: null },
  ]);
  const corrected = (await (await fetched('export.json?corrected=1')).json()) as ExportedDocument;
  expect(corrected.record.accounts[0]?.result.Holder).toEqual({ value: '=Ada Lovelace', confidence: 91 });
  expect(corrected.record.accounts[0]?.page_data).toEqual(read.record.accounts[0]?.page_data);
});

test.each(['csv', 'json'])('%s comes as a file whose name is nothing but a name', async (extension) => {
  const { headers } = await fetched(`export.${extension}`);
  const disposition = headers.get('content-disposition') ?? '';
  const name = decodeURIComponent(/filename\*?="?(?:UTF-8'')?([^";]*)/.exec(disposition)?.[1] ?? '');
  expect(disposition).toMatch(/^attachment; /);
  expect(name).toBe(`Pack_age of _Anna_.${extension}`);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

test.each(['export.csv', 'export.json', 'readings', 'readings/1/current'])(
  '%s is for its owner, and for those whom the app lets read',
  async (path) => {
    expect((await fetched(path)).status).toBe(200);
    expect((await fetched(path, 'rita')).status).toBe(200);
    expect((await fetched(path, 'otto')).status).toBe(404);
  },
);

test('a document without a record is no file', async () => {
  const body = new FormData();
  body.set('file', new Blob(['%PDF-1.7 damaged']), 'a.pdf');
  const { job_id } = (await (await fetch(`${base}/process`, { method: 'POST', body })).json()) as {
    job_id: string;
  };
  await streamed(`${base}/api/document/${job_id}/events`);
  for (const extension of ['csv', 'json']) {
    const response = await fetch(`${base}/api/document/${job_id}/export.${extension}`);
    expect(response.status).toBe(409);
    expect(response.headers.get('content-disposition')).toBeNull();
    expect(await response.json()).toEqual({ success: false, message: 'The document has no record yet' });
  }
});
