import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { ReviewAnswer } from '../../../src/api/review.js';
import { createQuire, type Quire, type Store } from '../../../src/index.js';
import { axeFindings } from '../../axe.js';
import { openBrowser, type OpenBrowser } from '../../browser.js';
import { goldenPdf, readSheet, tenPageDocument } from '../../golden-pdf.js';
import { pagesHost, userOf, type PagesHost } from '../../pages-host.js';
import { Provider } from '../../provider.js';
import { newFolder, newStore } from '../../shared.js';
import { SILENT } from '../../silent.js';
import { unread } from '../../stored-document.js';
import { until } from '../../until.js';
import { watchedPage, type WatchedPage } from '../../watched-page.js';

/** The documents that Rita checks for Anna, beside her own; Otto checks none. */

const OLDER = 28;
const OWN = 'Your documents';
const CHECKED = 'Documents you check';

let opened: OpenBrowser;
let provider: Provider;
let store: Store;
let quire: Quire;
let host: PagesHost;
/** Of Anna, and read. */
let id: string;
let watched: WatchedPage;
let page: Page;

beforeAll(async () => {
  opened = await openBrowser();
  store = await newStore();
  provider = await Provider.start({ read: readSheet });
  const plan = { path: 'single-page' } as const;
  quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    plan,
    store,
    logger: SILENT,
  });
  host = await pagesHost(quire, {
    mount: '/bank/quire',
    mayRead: (request) => userOf(request) === 'rita',
    mayCorrect: (request) => userOf(request) === 'rita',
  });
  const pdf = join(await newFolder(), 'a.pdf');
  writeFileSync(pdf, '%PDF-1.7');
  const failed = { status: 'failed', error: 'The file is encrypted.' } as const;
  for (let index = 1; index <= OLDER; index++) {
    const document = { ...unread(), ...failed, document_name: `Package ${index}` };
    await store.add({ document, owner: 'user:anna', sender: {}, plan }, pdf, [], { run: randomUUID() });
  }
  id = await uploaded();
});
afterAll(async () => {
  await host.close();
  await quire.close();
  await store.close();
  await provider.close();
  await opened.close();
});

const ANNA = { cookie: 'user=anna' };

async function uploaded(): Promise<string> {
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(await goldenPdf(tenPageDocument(0), 'a'))]), 'Harbor.pdf');
  const answer = await fetch(`${host.base}process`, { method: 'POST', body, headers: ANNA });
  const { job_id: job } = (await answer.json()) as { job_id: string };
  await until('the document is read', async () => {
    const status = await fetch(`${host.base}status/${job}`, { headers: ANNA });
    return ((await status.json()) as { is_complete: boolean }).is_complete;
  });
  return job;
}

async function open(user: string, path = ''): Promise<void> {
  watched = await watchedPage(opened.browser, host.origin, { user });
  page = watched.page;
  await page.goto(host.base + path);
}
beforeEach(() => open('rita'));
afterEach(() => watched.close());

const link = (name: string) => page.getByRole('link', { name, exact: true });
const heading = (name: string) => page.getByRole('heading', { name, exact: true });
const row = (name: string) => page.locator('.documents > li').filter({ has: heading(name) });

test('a reviewer goes to the documents they check and back, by keyboard, by Back and by the address', async () => {
  await link(CHECKED).focus();
  await page.keyboard.press('Enter');
  await row('Harbor').waitFor();
  await heading(CHECKED).waitFor();
  expect(page.url()).toBe(`${host.base}?whose=others`);
  expect(await link(CHECKED).getAttribute('aria-current')).toBe('page');
  expect(await page.getByLabel('PDFs to upload').count()).toBe(0);
  await page.reload();
  await row('Harbor').waitFor();
  await page.getByRole('button', { name: 'Older', exact: true }).click();
  await row('Package 1').waitFor();
  expect(await page.locator('.documents > li').count()).toBe(OLDER + 1 - 25);
  await page.goBack();
  await row('Harbor').waitFor();
  await page.goBack();
  await heading(OWN).waitFor();
  await page.getByText('Nothing is here yet').waitFor();
  expect(watched.troubles).toEqual([]);
});

test('a row leads to record and review, tells how far it is checked, and offers nothing that is the owner’s', async () => {
  const review = await fetch(`${host.base}api/document/${id}/review`, { headers: ANNA });
  const { values } = (await review.json()) as ReviewAnswer;
  await link(CHECKED).click();
  await row('Harbor').getByText(`0 of ${values.length} values checked`).waitFor();
  for (const name of ['Harbor', 'Package 28'])
    expect(await row(name).getByRole('button').allInnerTexts()).toEqual([]);
  await link('Review Harbor').click();
  await page.locator('.value-stop').first().focus();
  await page.keyboard.press('c');
  await page.getByText(`1 of ${values.length} values checked`, { exact: true }).waitFor();
  await page.goBack();
  await row('Harbor').getByText(`1 of ${values.length} values checked`).waitFor();
  await link('Harbor').click();
  await page.getByRole('heading', { name: 'Harbor', level: 1 }).waitFor();
  expect(watched.troubles).toEqual([]);
});

test('a search stays among them', async () => {
  await link(CHECKED).click();
  await page.getByRole('searchbox', { name: 'Name' }).fill('GE 12');
  await row('Package 12').waitFor();
  await row('Package 11').waitFor({ state: 'detached' });
  expect(page.url()).toBe(`${host.base}?whose=others&name=GE+12`);
  await page.getByRole('combobox', { name: 'State' }).selectOption('Read');
  await page.getByRole('button', { name: 'Show all' }).click();
  await row('Harbor').waitFor();
  expect(page.url()).toBe(`${host.base}?whose=others`);
});

test('who checks none is not offered any', async () => {
  await watched.close();
  await open('otto', '?whose=others');
  await page.getByText('There is no document for you to check.').waitFor();
  const answered = page.waitForResponse((response) => response.url().includes('whose=others&limit=1'));
  await page.goto(host.base);
  await answered;
  await page.getByText('Nothing is here yet').waitFor();
  expect(await link(CHECKED).count()).toBe(0);
  expect(watched.troubles).toEqual([]);
});

test('axe finds nothing on it in both themes, and it fits a phone', async () => {
  await link(CHECKED).click();
  await row('Harbor').waitFor();
  expect(await axeFindings(page)).toEqual([]);
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
});
