import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createQuire, type Quire, type Store } from '../../src/index.js';
import { openBrowser, type OpenBrowser } from '../browser.js';
import { BATCH_FLAG, SHADOW_FLAG } from '../flag-client.js';
import { pagesHost, type PagesHost } from '../pages-host.js';
import { lines, makePdf } from '../pdf-fixtures.js';
import { Provider } from '../provider.js';
import { newStore } from '../shared.js';
import { SwitchedFlags } from '../switched-flags.js';
import { until } from '../until.js';
import { watchedPage } from '../watched-page.js';

/**
 * Markup where somebody else writes: in the text of a PDF, the name of its file, the names and values that a model
 * answers, what a model service says, and what a person corrects. On every page it is text.
 */

const ELSEWHERE = 'http://127.0.0.1:9/stolen';
const MARKUP =
  `<img src=x onerror="window.entered=1"><svg onload="window.entered=1"><script src="${ELSEWHERE}.js"></script>` +
  `<a href="javascript:window.entered=1">a</a><iframe src="${ELSEWHERE}"></iframe><style>*{display:none}</style>` +
  `{{7*7}} \${7*7} &lt;b&gt;bold&lt;/b&gt;`;

/** Of a file: what stands before a slash is taken for folders. */
const NAME = `<img src=x onerror="window.entered=1"><svg onload="window.entered=1">`;

let opened: OpenBrowser;
let store: Store;
let provider: Provider;
let quire: Quire;
let host: PagesHost;
/** One of its pages failed. */
let id: string;
/** Read anew after one of its pages had failed. */
let again: string;

beforeAll(async () => {
  opened = await openBrowser();
  store = await newStore();
  provider = await Provider.start({
    read: ({ number }) => [
      { name: `Holder ${MARKUP}`, value: MARKUP, confidence: 40 },
      { name: 'Note', value: `${number}${MARKUP}`, confidence: 90 },
    ],
    fault: ({ pages }) =>
      isRefusing && pages.some(({ number }) => number === 3)
        ? { status: 400, body: { error: { message: MARKUP, code: MARKUP, type: MARKUP, param: MARKUP } } }
        : undefined,
  });
  const unleash = new SwitchedFlags();
  unleash.flip(BATCH_FLAG, { batchSize: 2, maxWorkers: 3 });
  unleash.flip(SHADOW_FLAG, { batchSize: 2, maxWorkers: 3 });
  const silent = () => undefined;
  const logger = { info: silent, warn: silent, error: silent };
  quire = await createQuire({ openai: provider.client(), model: 'test-model', unleash, store, logger });
  host = await pagesHost(quire, { isOperator: () => true });
  again = await read('again');
  isRefusing = false;
  await ask(`api/document/${again}/retry`, { method: 'POST' });
  await finished(again);
  isRefusing = true;
  id = await read('once');
}, 120_000);
afterAll(async () => {
  await host.close();
  await quire.close();
  await provider.close();
  await store.close();
  await opened.close();
});

let isRefusing = true;

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(host.base + path, { ...init, headers: { cookie: 'user=anna' } });
}

async function finished(document: string): Promise<void> {
  await until('the document is read', async () => {
    const status = await ask(`status/${document}`);
    return ((await status.json()) as { is_complete: boolean }).is_complete;
  });
}

/** @param differing on its pages, so that no answer is kept of them */
async function read(differing: string): Promise<string> {
  const page = (number: number) => ({
    texts: lines(
      'ACCOUNT NUMBER: 12345678',
      `Page ${number} ${differing}`,
      ...(MARKUP.match(/.{1,60}/g) ?? []),
    ),
  });
  const body = new FormData();
  const pdf = await makePdf([page(1), page(2), page(3)], { info: { Title: MARKUP, Author: MARKUP } });
  body.set('file', new Blob([Uint8Array.from(pdf)]), `${NAME}.pdf`);
  body.set('document_name', NAME);
  const { job_id: document } = (await (await ask('process', { method: 'POST', body })).json()) as {
    job_id: string;
  };
  await finished(document);
  return document;
}

/** Of what a page of Quire never has. */
const FOREIGN =
  'iframe, main style, main script, main svg[onload], img[src="x"], [onerror], [onload], a[href^="javascript"]';

test.each([
  ['the documents', () => ''],
  ['the record', () => `document/${id}`],
  ['the review', () => `document/${id}/review`],
  ['the comparison', () => `document/${again}/compare`],
  ['the print view', () => `document/${id}/print`],
  ['operations', () => 'operations'],
])('is text on the page of %s', async (_name, address) => {
  const watched = await watchedPage(opened.browser, host.origin, { user: 'anna' });
  const { page } = watched;
  await page.goto(host.base + address());
  if (address() !== 'operations') await page.getByText('<img src=x').first().waitFor();
  else
    await page
      .getByRole('link', { name: id.slice(0, 8) })
      .first()
      .waitFor();
  // All that is folded is looked at, too.
  await page.evaluate(`document.querySelectorAll('details').forEach((details) => (details.open = true))`);
  for (const button of await page.locator('button.value').all()) {
    await button.click();
    await page.locator('.page-sheet img').waitFor();
  }
  expect(await page.locator(FOREIGN).count()).toBe(0);
  expect(await page.evaluate('window.entered')).toBeUndefined();
  expect(watched.troubles).toEqual([]);
  await watched.close();
});
