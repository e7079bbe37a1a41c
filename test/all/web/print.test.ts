import { PDFiumLibrary } from '@hyzyla/pdfium';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ExportedDocument } from '../../../src/api/export.js';
import type { ReviewAnswer } from '../../../src/api/review.js';
import { createQuire, type Quire, type Store } from '../../../src/index.js';
import { axeFindings } from '../../axe.js';
import { openBrowser, type OpenBrowser } from '../../browser.js';
import { streamed } from '../../event-stream.js';
import { pagesHost, type PagesHost } from '../../pages-host.js';
import { makePdf } from '../../pdf-fixtures.js';
import { Provider } from '../../provider.js';
import { newStore } from '../../shared.js';
import { SILENT } from '../../silent.js';
import { watchedPage } from '../../watched-page.js';
import { upTo } from '../../watched-documents.js';

/** The record of a document as it goes on paper. */

const MARKUP = '<b onclick="x">Ada</b>';

let opened: OpenBrowser;
let provider: Provider;
let store: Store;
let quire: Quire;
let host: PagesHost;
let id: string;

beforeAll(async () => {
  opened = await openBrowser();
  store = await newStore();
  provider = await Provider.start({
    fault: ({ pages }) => (pages.some(({ text }) => text.includes('Sheet 3')) ? 'refusal' : undefined),
    read: ({ text }) => [
      { name: 'Holder', value: MARKUP, confidence: 90 },
      { name: 'Co-holder', value: 'N/A', confidence: 90 },
      ...upTo(text.includes('Sheet 1') ? 90 : 3).map((number) => ({
        name: `Field_${number}`,
        value: `Value ${number}`,
        confidence: 90,
      })),
    ],
  });
  quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    plan: { path: 'single-page' },
    store,
    logger: SILENT,
    settings: { LLM_PAGE_ATTEMPTS: 1 },
  });
  host = await pagesHost(quire);
  const pdf = await makePdf(
    ['11111111', '22222222', '22222222'].map((account, index) => ({
      texts: [{ text: `ACCOUNT NUMBER: ${account} Sheet ${index + 1}`, x: 20, y: 20, size: 12 }],
    })),
  );
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(pdf)]), 'a.pdf');
  body.set('document_name', 'Package of Ada');
  const response = await fetch(`${host.base}process`, { method: 'POST', body });
  id = ((await response.json()) as { job_id: string }).job_id;
  await streamed(`${host.base}api/document/${id}/events`);
  const path = `${host.base}api/document/${id}`;
  const { reading } = (await (await fetch(`${path}/review`)).json()) as ReviewAnswer;
  await fetch(`${path}/corrections`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'If-Match': '"0"' },
    body: JSON.stringify({
      reading,
      account: '11111111',
      field: 'Field_1',
      action: 'corrected',
      value: 'Mended',
    }),
  });
});
afterAll(async () => {
  await host.close();
  await quire.close();
  await store.close();
  await provider.close();
  await opened.close();
});

/** The text of each sheet of paper. */
async function sheetsOf(pdf: Uint8Array): Promise<string[]> {
  const library = await PDFiumLibrary.init();
  try {
    const document = await library.loadDocument(pdf);
    const sheets = [...document.pages()].map((page) => page.getText());
    document.destroy();
    return sheets;
  } finally {
    library.destroy();
  }
}

test('all accounts go on paper, each on sheets of its own, with what is missing and what people said', async () => {
  const { page, troubles, close } = await watchedPage(opened.browser, host.origin);
  await page.goto(`${host.base}document/${id}/print`);
  await page.getByRole('button', { name: 'Print', disabled: false }).waitFor();
  expect(await axeFindings(page)).toEqual([]);
  const sheets = await sheetsOf(await page.pdf({ format: 'A4' }));
  const [first = ''] = sheets;
  expect(first).toContain('Package of Ada');
  expect(first).toMatch(/page by page/);
  expect(first).toMatch(/Page 3 failed because .*22222222/);
  expect(first).toContain('Mended');
  expect(first).toMatch(/corrected by\s+Anna/);
  expect(first).toContain(MARKUP);
  // The head of the table is on each sheet, and nothing that is for the screen alone.
  expect(sheets.filter((sheet) => !sheet.includes('Value as read'))).toEqual([]);
  expect(sheets.filter((sheet) => /Documents|Skip to|Record\b/.test(sheet))).toEqual([]);
  const second = sheets.findIndex((sheet) => sheet.includes('Account 22222222'));
  expect(second).toBeGreaterThan(1);
  expect(sheets[second]).not.toContain('Value 9');
  expect(sheets.join(' ')).toContain('Value 90');
  expect(await page.locator('main b').count()).toBe(0);
  expect(troubles).toEqual([]);
  await close();
});

test('a value longer than a sheet begins beside what is before it, and sheets are numbered', async () => {
  const { page, close } = await watchedPage(opened.browser, host.origin);
  await page.route(/export\.json$/, async (route) => {
    const answer = (await (await route.fetch()).json()) as ExportedDocument;
    const [account] = answer.record.accounts;
    if (!account) throw new Error('There is no account');
    const value = upTo(500)
      .map((number) => `Clause${number}`)
      .join(' ');
    account.result = { Terms: { value, confidence: 90 }, ...account.result };
    await route.fulfill({ json: answer });
  });
  await page.goto(`${host.base}document/${id}/print`);
  await page.getByRole('button', { name: 'Print', disabled: false }).waitFor();
  const sheets = await sheetsOf(await page.pdf({ format: 'Letter' }));
  expect(sheets[0]).toContain('Clause1 ');
  expect(sheets.join(' ')).toContain('Clause500');
  // Where a sheet has few words to a line, each letter is a line of its own in its text.
  const joined = sheets.map((sheet) => sheet.replace(/\s/g, ''));
  const count = sheets.length;
  expect(joined.filter((sheet, index) => !sheet.startsWith(`${index + 1}of${count}`))).toEqual([]);
  await close();
});

test('who may not read it is told so', async () => {
  const { page, close } = await watchedPage(opened.browser, host.origin, { user: 'otto' });
  await page.goto(`${host.base}document/${id}/print`);
  await page.getByRole('alert').getByText('no document at this address that you may read').waitFor();
  await close();
});

test('notes about the reading go on paper, and then nothing says that all is there', async () => {
  const { page, close } = await watchedPage(opened.browser, host.origin);
  await page.route(/export\.json$/, async (route) => {
    const answer = (await (await route.fetch()).json()) as ExportedDocument;
    answer.record.failed_pages = [];
    answer.notes = [{ kind: 'few_fields', page: 2, detail: '4 of 12' }];
    await route.fulfill({ json: answer });
  });
  await page.goto(`${host.base}document/${id}/print`);
  await page.getByRole('button', { name: 'Print', disabled: false }).waitFor();
  const notes = page.getByRole('region', { name: 'Notes about the reading' });
  expect(await notes.getByRole('listitem').allTextContents()).toEqual([
    'Page 2: Fewer values were read than stand there: 4 of 12. Look at this page first.',
  ]);
  expect(await page.getByText('Nothing is missing').count()).toBe(0);
  await close();
});

test('what has no value stands nowhere', async () => {
  const { page, close } = await watchedPage(opened.browser, host.origin);
  await page.goto(`${host.base}document/${id}/print`);
  const row = page.getByRole('row').filter({ hasText: 'Co-holder' }).first();
  await row.waitFor();
  expect(await row.getByRole('cell').allTextContents()).toEqual(['N/A', '', '', '', '90']);
  await close();
});
