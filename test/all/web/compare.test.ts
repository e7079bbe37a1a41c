import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createQuire, type Quire, type Store } from '../../../src/index.js';
import { axeFindings } from '../../axe.js';
import { openBrowser, type OpenBrowser } from '../../browser.js';
import { streamed } from '../../event-stream.js';
import { pagesHost, userOf, type PagesHost } from '../../pages-host.js';
import { makePdf } from '../../pdf-fixtures.js';
import { Provider } from '../../provider.js';
import { newStore } from '../../shared.js';
import { SILENT } from '../../silent.js';
import { until } from '../../until.js';
import { watchedPage, type WatchedPage } from '../../watched-page.js';
import { upTo } from '../../watched-documents.js';

/** Two readings of a document, side by side. */

const MARKUP = '<img src=x onerror="alert(1)">';

let opened: OpenBrowser;
let provider: Provider;
let store: Store;
let quire: Quire;
let host: PagesHost;
let isAway = true;
/** Read twice, and once along the other path. */
let id: string;
/** Read once. */
let once: string;

beforeAll(async () => {
  opened = await openBrowser();
  store = await newStore();
  provider = await Provider.start({
    // The second page fails until it is asked again.
    fault: ({ pages }) =>
      isAway && pages.some(({ text }) => text.includes('Sheet 2')) ? 'refusal' : undefined,
    read: ({ text }) =>
      text.includes('Sheet 2')
        ? [
            { name: 'Branch', value: 'Harbor', confidence: 99 },
            { name: 'Closed', value: MARKUP, confidence: 90 },
          ]
        : [
            { name: 'Branch', value: 'Mill', confidence: 80 },
            ...upTo(25).map((number) => ({
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
  host = await pagesHost(quire, {
    mount: '/bank/quire',
    mayRead: (request) => userOf(request) === 'rita',
  });
  id = await upload(2);
  once = await upload(1);
  isAway = false;
  await fetch(`${host.base}api/document/${id}/retry`, { method: 'POST' });
  await streamed(`${host.base}api/document/${id}/events`, { most: Infinity });
  while (!(await isRead())) await new Promise((resolve) => setTimeout(resolve, 10));
  await store.keepOtherReading(id, ({ documents: [record] }, evidence) => {
    if (!record) throw new Error('It was not read');
    const other = structuredClone(record);
    const [account] = other.accounts;
    if (account) {
      delete account.result.Field_7;
      account.result.Other = { value: 'of the other path', confidence: 90 };
    }
    return { record: { ...other, plan: { path: 'batch', batchSize: 2, maxWorkers: 3 } }, evidence };
  });
});
afterAll(async () => {
  await host.close();
  await quire.close();
  await store.close();
  await provider.close();
  await opened.close();
});

async function upload(pages: number): Promise<string> {
  const pdf = await makePdf(
    upTo(pages).map((page) => ({
      texts: [{ text: `ACCOUNT NUMBER: 12345678 Sheet ${page}`, x: 20, y: 20, size: 12 }],
    })),
  );
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(pdf)]), `${pages}.pdf`);
  body.set('document_name', `Package ${MARKUP}`);
  const response = await fetch(`${host.base}process`, { method: 'POST', body });
  const { job_id } = (await response.json()) as { job_id: string };
  await streamed(`${host.base}api/document/${job_id}/events`);
  return job_id;
}

async function isRead(): Promise<boolean> {
  const response = await fetch(`${host.base}status/${id}`);
  return ((await response.json()) as { is_complete: boolean }).is_complete;
}

async function withPage(user: string, work: (watched: WatchedPage) => Promise<void>): Promise<void> {
  const watched = await watchedPage(opened.browser, host.origin, { user });
  try {
    await work(watched);
    expect(watched.troubles).toEqual([]);
  } finally {
    await watched.close();
  }
}

const open = async ({ page }: WatchedPage, document: string) => {
  await page.goto(`${host.base}document/${document}/compare`);
  await page.getByRole('heading', { level: 1, name: 'Compare readings' }).waitFor();
};
const counts = ({ page }: WatchedPage, text: string) => page.getByRole('status').getByText(text).waitFor();

test('what is shown is held against the latest other, and each side says what it is', async () => {
  await withPage('anna', async (watched) => {
    const { page } = watched;
    await open(watched, id);
    await counts(
      watched,
      '28 fields compared: 0 different, 1 only in the first, 1 only in the second, 26 same.',
    );
    await page
      .getByText('Other path, read for comparison after you were served reading 2; read (batch 2x3)')
      .waitFor();
    await page.getByText('Reading 2, shown now, read (page by page)').waitFor();
    // Of many fields, those that differ come first; with words, not by colour alone.
    expect(await page.getByRole('row').allInnerTexts()).toEqual([
      expect.stringContaining('Field'),
      expect.stringMatching(/^Other\s+− only in the first\s+of the other path\s+no such field$/),
      expect.stringMatching(/^Field 7\s+\+ only in the second\s+no such field\s+Value 7$/),
    ]);
    await page.getByLabel('Differences only').uncheck();
    await until('all fields are shown', async () => (await page.getByRole('row').count()) === 29);
    expect(await axeFindings(page)).toEqual([]);
  });
});

test('another reading is chosen by keyboard alone, stays in the address, and is shown page by page as text', async () => {
  await withPage('anna', async (watched) => {
    const { page } = watched;
    await open(watched, id);
    await page.getByLabel('First reading').focus();
    await page.keyboard.press('End');
    await counts(watched, '27 fields compared: 1 different, 1 only in the second, 25 same.');
    await page.getByText('Reading 1, shown until the document was read again').waitFor();
    await page.reload();
    await counts(watched, '1 different, 1 only in the second');
    await page.getByText('Page by page: 2 of 28 fields differ').press('Enter');
    await page.getByRole('heading', { name: 'Page 2' }).waitFor();
    const rows = page.getByRole('table', { name: 'page 2' }).getByRole('row');
    expect(await rows.nth(2).innerText()).toContain(MARKUP);
    expect(await page.locator('main img').count()).toBe(0);
    expect(await axeFindings(page)).toEqual([]);
  });
});

test('with one reading it says how another comes to be', async () => {
  await withPage('anna', async (watched) => {
    await open(watched, once);
    await watched.page.getByText('One reading of this document is kept').waitFor();
    await watched.page.getByText('pages failed and are asked again').waitFor();
    expect(await axeFindings(watched.page)).toEqual([]);
  });
});

test('who may read it sees the same; to others the page says that they may not', async () => {
  await withPage('rita', async (watched) => {
    await open(watched, id);
    await counts(watched, '28 fields compared');
  });
  await withPage('otto', async (watched) => {
    await open(watched, id);
    await watched.page
      .getByRole('alert')
      .getByText('no document at this address that you may read')
      .waitFor();
    expect(watched.refusals).toEqual([`404 GET /bank/quire/api/document/${id}/readings`]);
    expect(await watched.page.getByText('Value 7').count()).toBe(0);
  });
});
