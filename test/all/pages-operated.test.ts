import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { readLabelledValues } from '../../src/embedded-model/rules.js';
import { createQuire, type Quire, type Store } from '../../src/index.js';
import { openBrowser, type OpenBrowser } from '../browser.js';
import { BATCH_FLAG } from '../flag-client.js';
import { pagesHost, type PagesHost } from '../pages-host.js';
import { lines, makePdf } from '../pdf-fixtures.js';
import { RuleModel } from '../rule-model.js';
import { newStore } from '../shared.js';
import { SILENT } from '../silent.js';
import { SwitchedFlags } from '../switched-flags.js';
import { watchedPage, type WatchedPage } from '../watched-page.js';

/** What goes wrong, is stopped, or is changed by whoever operates, as the people at the pages see it. */

let opened: OpenBrowser;
let store: Store;
let model: RuleModel;
let quire: Quire;
let host: PagesHost;
let watched: WatchedPage;
let page: Page;
const flags = new SwitchedFlags();

beforeAll(async () => {
  opened = await openBrowser();
  store = await newStore();
  model = await RuleModel.start(readLabelledValues);
  quire = await createQuire({ ...model.options, unleash: flags, store, logger: SILENT });
  host = await pagesHost(quire, { isOperator: () => true });
}, 120_000);
let users = 0;
beforeEach(async () => {
  model.fails = () => undefined;
  model.waits = () => 0;
  flags.flip(BATCH_FLAG, undefined);
  watched = await watchedPage(opened.browser, host.origin, { user: `user${users++}` });
  page = watched.page;
  await page.goto(host.base);
});
afterEach(() => watched.close());
afterAll(async () => {
  await host.close();
  await quire.close();
  await model.close();
  await store.close();
  await opened.close();
});

/** A document of four pages; its name stands on them, so that no other's answers are kept for them. */
async function upload(name: string): Promise<void> {
  const buffer = await makePdf(
    [1, 2, 3, 4].map((number) => ({
      texts: lines('ACCOUNT NUMBER: 12345678', `Title: ${name}`, `Value ${number}: of page ${number}`),
    })),
  );
  await page
    .getByLabel('PDFs to upload')
    .setInputFiles([{ name: `${name}.pdf`, mimeType: 'application/pdf', buffer }]);
}

const row = (name: string) =>
  page.locator('[data-document]').filter({ has: page.getByRole('heading', { name, exact: true }) });
const badge = (name: string, says: RegExp) => row(name).locator('.badge', { hasText: says });

test('a page that failed is told, is asked again, and both readings can be held against each other', async () => {
  model.fails = ({ pages }) => (pages.some(({ number }) => number === 3) ? { status: 400 } : undefined);
  await upload('lacking');
  await badge('lacking', /Read$|Needs review$/).waitFor();
  await row('lacking').getByText('1 of them failed').waitFor();
  await row('lacking').getByRole('link', { name: 'lacking', exact: true }).click();
  const failed = page.locator('.failed');
  await failed.getByText(/Page 3/).waitFor();
  expect(await page.locator('button.value', { hasText: 'of page 3' }).count()).toBe(0);

  model.fails = () => undefined;
  await page.getByRole('button', { name: 'Try again what failed' }).click();
  await page.locator('button.value', { hasText: 'of page 3' }).waitFor();
  await failed.waitFor({ state: 'detached' });

  await page.getByRole('link', { name: 'Side by side' }).click();
  await page.getByText('no such field').first().waitFor();
  expect(await page.textContent('main')).toContain('of page 3');
  expect(watched.troubles).toEqual([]);
});

test('a document that nobody wants any more is cancelled, and its calls end', async () => {
  model.waits = () => new Promise(() => undefined);
  const before = model.calls.length;
  await upload('unwanted');
  await model.provider.called(before + 1);
  await row('unwanted').getByRole('button', { name: 'Cancel unwanted' }).click();
  await badge('unwanted', /Failed$/).waitFor();
  await row('unwanted')
    .getByText(/cancelled/i)
    .waitFor();
  expect(watched.troubles).toEqual([]);
});

test('a flag that is flipped between two uploads is seen on both, here and by who operates', async () => {
  await upload('before');
  await badge('before', /Read$|Needs review$/).waitFor();
  flags.flip(BATCH_FLAG, { batchSize: 2, maxWorkers: 3 });
  await upload('after');
  await badge('after', /Read$|Needs review$/).waitFor();
  await row('before').getByText('Page by page (single-page)').waitFor();
  await row('after').getByText('In batches (batch 2x3)').waitFor();
  const [ofBefore, ofAfter] = [
    await row('before').getAttribute('data-document'),
    await row('after').getAttribute('data-document'),
  ];
  await page.goto(`${host.base}operations`);
  const listed = (id: string | null) =>
    page.locator('tr').filter({ has: page.getByRole('link', { name: id?.slice(0, 8) ?? '', exact: true }) });
  await listed(ofBefore).filter({ hasText: 'single-page' }).filter({ hasText: 'flag off' }).waitFor();
  await listed(ofAfter).filter({ hasText: 'batch 2x3' }).filter({ hasText: 'flag on' }).waitFor();
  expect(watched.troubles).toEqual([]);
});
