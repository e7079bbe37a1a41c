import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { createQuire, type Quire } from '../../../src/index.js';
import { openBrowser, type OpenBrowser } from '../../browser.js';
import { pagesHost, readBy, type PagesHost } from '../../pages-host.js';
import type { DrawnPackage } from '../../sample-package/package.js';
import { newDatabase } from '../../shared.js';
import { SILENT } from '../../silent.js';
import { until } from '../../until.js';
import { watchedPage, type WatchedPage } from '../../watched-page.js';

/** What of a record is shown stands in the address, and the browser's history leads through it. */

const sample = (name: string) => readFileSync(new URL(`../../../docs/sample/${name}`, import.meta.url));
const drawn = JSON.parse(sample('account-package.json').toString()) as DrawnPackage;
const PHONE = { viewport: { width: 390, height: 844 } };
const DESK = { viewport: { width: 1_280, height: 900 } };

let opened: OpenBrowser;
let quire: Quire;
let host: PagesHost;
let address: string;
let watched: WatchedPage;
let page: Page;

beforeAll(async () => {
  [opened, quire] = await Promise.all([
    openBrowser(),
    newDatabase().then((database) => createQuire({ database, logger: SILENT })),
  ]);
  host = await pagesHost(quire);
  address = `${host.base}document/${await readBy(host, sample('account-package.pdf'), 'package.pdf')}`;
});
afterEach(() => watched.close());
afterAll(async () => {
  await opened.close();
  await host.close();
  await quire.close();
});

const picture = () => page.locator('.viewer');
const mark = () => page.locator('.page-mark.chosen').first();
const value = () => page.locator('button.value').first();
const entries = () => page.evaluate<number>('history.length');
const isAt = (expected: string) => until(`the address is ${expected}`, () => page.url() === expected);
const isClosed = () => picture().waitFor({ state: 'detached' });

/** Comes to the record from the documents, as people do. */
async function come(options: typeof PHONE): Promise<void> {
  watched = await watchedPage(opened.browser, host.origin, options);
  page = watched.page;
  await page.goto(host.base);
  await page.getByRole('link', { name: 'package', exact: true }).click();
  await value().waitFor();
}

/** Opens the first value's page, and tells its number. */
async function openValue(): Promise<string> {
  await value().click();
  await mark().waitFor();
  const number = new URL(page.url()).searchParams.get('page');
  if (number === null) throw new Error('The address names no page');
  await page.getByText(`Page ${number} of ${drawn.pages}`).waitFor();
  return number;
}

describe.each([
  ['on a phone', PHONE],
  ['on a desk', DESK],
])('%s', (_where, options) => {
  test('Back closes the picture, Forward opens it again, and Back twice leaves the record', async () => {
    await come(options);
    await openValue();
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.goBack();
    await isClosed();
    await isAt(address);
    await page.goForward();
    await picture().waitFor();
    await page.goBack();
    await isClosed();
    await page.goBack();
    await page.getByRole('heading', { name: 'Documents', level: 1 }).waitFor();
    expect(watched.troubles).toEqual([]);
  });

  test.each([
    ['Escape', () => page.keyboard.press('Escape')],
    ['its button', () => picture().getByRole('button', { name: 'Close' }).click()],
  ])('%s closes it and leaves nothing behind: Back leads to the documents', async (_how, close) => {
    await come(options);
    for (let times = 0; times < 2; times++) {
      await openValue();
      await picture().locator('.page-scroll').focus();
      await close();
      await isClosed();
      await isAt(address);
    }
    await page.goBack();
    await page.getByRole('heading', { name: 'Documents', level: 1 }).waitFor();
  });

  test('a reload shows the same again: the value with its mark, and the page turned to', async () => {
    await come(options);
    const number = Number(await openValue());
    await page.reload();
    await mark().waitFor();
    await picture().getByRole('button', { name: 'Next page' }).click();
    await isAt(`${address}?page=${number + 1}`);
    await page.reload();
    await page.getByText(`Page ${number + 1} of ${drawn.pages}`).waitFor();
    await page.goBack();
    await isClosed();
    await isAt(address);
  });
});

test('a link to an account and a page shows both; closed, the account stays', async () => {
  watched = await watchedPage(opened.browser, host.origin, DESK);
  page = watched.page;
  await page.goto(`${address}?account=2&page=5`);
  await page.getByText(`Page 5 of ${drawn.pages}`).waitFor();
  const tab = page.getByRole('tab').nth(1);
  expect(await tab.getAttribute('aria-selected')).toBe('true');
  const before = await entries();
  await picture().getByRole('button', { name: 'Close' }).click();
  await isClosed();
  await isAt(`${address}?account=2`);
  expect(await entries()).toBe(before);
  await page.reload();
  await value().waitFor();
  expect(await tab.getAttribute('aria-selected')).toBe('true');
});

test('an address with an account or page that there is not shows the record all the same', async () => {
  watched = await watchedPage(opened.browser, host.origin, DESK);
  page = watched.page;
  for (const query of ['account=99&page=999', 'account=-1&page=0', 'account=%00&page=1e9']) {
    await page.goto(`${address}?${query}`);
    await value().waitFor();
    expect(await picture().count()).toBe(0);
  }
  expect(watched.troubles).toEqual([]);
});

test('another account closes the picture, and no entry is left of it', async () => {
  await come(DESK);
  await openValue();
  await page.getByRole('tab').nth(2).click();
  await isClosed();
  await isAt(`${address}?account=3`);
  await page.getByRole('tab', { selected: true }).and(page.getByRole('tab').nth(2)).waitFor();
  await page.goBack();
  await page.getByRole('heading', { name: 'Documents', level: 1 }).waitFor();
});

test('whoever comes back from another page finds the picture as it was', async () => {
  await come(DESK);
  await openValue();
  await page.getByRole('link', { name: 'Print' }).click();
  await page.getByRole('table').first().waitFor();
  await page.goBack();
  await mark().waitFor();
});

test('a value opened at once after another was closed is what is shown', async () => {
  await come(DESK);
  await openValue();
  await page.evaluate(
    `document.querySelector('.viewer-head button').click(), document.querySelectorAll('button.value')[3].click()`,
  );
  const shown = (await page.locator('button.value').nth(3).textContent()) ?? '';
  await page.locator('.looked-value').getByText(shown, { exact: true }).waitFor();
  await page.goBack();
  await isClosed();
  await isAt(address);
});
