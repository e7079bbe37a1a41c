import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StoredDocument } from '../../src/index.js';
import { Child } from '../child.js';
import { lines, makePdf, scanOf } from '../pdf-fixtures.js';
import { newDataFolder } from '../shared.js';

/** The runnable host, as `npm start` runs it. */
const SERVER = fileURLToPath(new URL('../../dist/server.js', import.meta.url));

let QUIRE_DATA_DIR: string;
beforeAll(async () => {
  QUIRE_DATA_DIR = await newDataFolder();
});

describe('without settings', () => {
  let child: Child;
  let base: string;
  beforeAll(async () => {
    child = new Child(SERVER, { PORT: '0', QUIRE_DATA_DIR });
    base = await child.address();
  });

  test('it serves a page to try it on, and says which model reads', async () => {
    const page = await fetch(base);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await page.text()).toContain('<title>Quire</title>');
    expect(await (await fetch(new URL('about', base))).json()).toEqual({
      model: 'embedded model (rules, for trying out)',
      plan: 'chosen for each request',
    });
  });

  async function process(pdf: Uint8Array): Promise<StoredDocument['documents'][number]> {
    const body = new FormData();
    body.set('file', new Blob([Uint8Array.from(pdf)]), 'package.pdf');
    const upload = await fetch(new URL('process', base), { method: 'POST', body });
    const { job_id: id } = (await upload.json()) as { job_id: string };
    const cookie = upload.headers.getSetCookie().join().split(';')[0] ?? '';
    for (;;) {
      const answer = await fetch(new URL(`status/${id}`, base), { headers: { cookie } });
      const status = (await answer.json()) as {
        status: string;
        is_complete: boolean;
        result?: StoredDocument;
      };
      if (status.is_complete) {
        expect(status.status).toBe('completed');
        const [document] = status.result?.documents ?? [];
        if (document) return document;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  test('the bank statement names no account by label and comes back under `document`', async () => {
    const sample = new URL('../samples/bank-statement-multipage.pdf', import.meta.url);
    const record = await process(readFileSync(sample));
    expect(record).toMatchObject({ accounts: [], page_mapping: {}, ocr_pages: [], failed_pages: [] });
    expect(record.document).toMatchObject({ accountNumber: null, pages: [1, 2, 3, 4, 5] });
  });

  test('a scanned page is read by OCR', async () => {
    const scan = await scanOf(lines('ACCOUNT NUMBER: 3525801543', 'Account Title: Jane Doe'));
    const record = await process(await makePdf([{ scan }]));
    expect(record).toMatchObject({ ocr_pages: [1], failed_pages: [] });
    expect(record.accounts[0]?.result).toMatchObject({ Account_Title: { value: 'Jane Doe' } });
  });

  afterAll(async () => {
    expect(await child.stop()).toBe(0);
  });
});

describe('it does not start, and says why,', () => {
  test.each([
    ['with a key and no model', { OPENAI_API_KEY: 'k' }, /OPENAI_MODEL/],
    ['with a port that is none', { PORT: 'http' }, /PORT: .*number/],
  ])('%s', async (_name, variables, message) => {
    const { code, errors } = await new Child(SERVER, { PORT: '0', QUIRE_DATA_DIR, ...variables }).ended();
    expect(code).toBe(1);
    expect(errors).toMatch(message);
    expect(errors).not.toMatch(/^\s+at /m);
  });

  test('when the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, errors } = await new Child(SERVER, { PORT: String(port), QUIRE_DATA_DIR }).ended();
    other.close();
    expect(code).toBe(1);
    expect(errors).toMatch(/cannot listen on 127\.0\.0\.1:\d+/);
  });
});

test('with a key and a model it asks that model', async () => {
  const child = new Child(SERVER, {
    PORT: '0',
    QUIRE_DATA_DIR,
    OPENAI_API_KEY: 'k',
    OPENAI_MODEL: 'some-model',
    OPENAI_BASE_URL: 'http://127.0.0.1:9/v1',
    QUIRE_PLAN: 'batch 2x3',
  });
  const about = await fetch(new URL('about', await child.address()));
  expect(await about.json()).toEqual({ model: 'some-model', plan: 'batch 2x3' });
  expect(await child.stop()).toBe(0);
});
