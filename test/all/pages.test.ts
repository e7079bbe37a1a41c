import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { openBrowser, type OpenBrowser } from '../browser.js';
import { Host } from '../host.js';
import type { DrawnField, DrawnPackage } from '../sample-package/package.js';
import { newDatabase } from '../shared.js';
import { until } from '../until.js';
import { watchedPage, type WatchedPage } from '../watched-page.js';
import { ROOT } from './package.js';

/** The server as `npx quire` starts it, in a process of its own, and somebody at a real browser. */

const SAMPLE = readFileSync(join(ROOT, 'docs/sample/account-package.pdf'));
const DRAWN = JSON.parse(readFileSync(join(ROOT, 'docs/sample/account-package.json'), 'utf8')) as Omit<
  DrawnPackage,
  'pdf'
>;

let opened: OpenBrowser;
let host: Host;
beforeAll(async () => {
  opened = await openBrowser();
  host = new Host({ DATABASE_URL: await newDatabase() });
  await host.start();
});
afterAll(async () => {
  await opened.close();
  expect(await host.stop()).toBe(0);
});

/** Gives a document to the server with the cookie of the browser, and waits until it is read. */
async function read({ page }: WatchedPage, pdf: Buffer, name: string): Promise<string> {
  await page.goto(host.base);
  const file = { name, mimeType: 'application/pdf', buffer: pdf };
  const answer = await page.request.post(`${host.base}/process`, { multipart: { file } });
  const { job_id: id } = (await answer.json()) as { job_id: string };
  await until('the document is read', async () => {
    const status = await page.request.get(`${host.base}/status/${id}`);
    return ((await status.json()) as { is_complete: boolean }).is_complete;
  });
  return id;
}

describe('a value is marked where it was drawn', () => {
  let watched: WatchedPage;
  beforeAll(async () => {
    watched = await watchedPage(opened.browser, host.base);
    const id = await read(watched, SAMPLE, 'account-package.pdf');
    await watched.page.goto(`${host.base}/document/${id}`);
  });
  afterAll(() => watched.close());

  const { scannedPages } = DRAWN;
  test.each([
    ['on pages of text', DRAWN.fields.filter(({ page }) => ![...scannedPages, 6].includes(page))],
    ['on the page that lies sideways', DRAWN.fields.filter(({ page }) => page === 6)],
    ['on the scanned page', DRAWN.fields.filter(({ page }) => scannedPages.includes(page))],
  ])('%s', async (_where, fields) => {
    const missed: object[] = [];
    for (const field of fields) {
      const marked = await markedBox(watched.page, field);
      if (!isCovered(field, marked)) missed.push({ ...field, marked });
    }
    expect(fields.length).toBeGreaterThan(5);
    expect(missed).toEqual([]);
    expect(watched.troubles).toEqual([]);
  });
});

/** Left, top, right and bottom of what is marked on the picture, as fractions of it, as the browser shows both. */
const MARKED = `(() => {
  const sheet = document.querySelector('.page-sheet').getBoundingClientRect();
  const marks = [...document.querySelectorAll('.page-mark.chosen')].map((mark) => mark.getBoundingClientRect());
  return [
    (Math.min(...marks.map(({ left }) => left)) - sheet.left) / sheet.width,
    (Math.min(...marks.map(({ top }) => top)) - sheet.top) / sheet.height,
    (Math.max(...marks.map(({ right }) => right)) - sheet.left) / sheet.width,
    (Math.max(...marks.map(({ bottom }) => bottom)) - sheet.top) / sheet.height,
  ];
})()`;

type Box = DrawnField['box'];

/** What is marked when somebody clicks on a value. */
async function markedBox(page: Page, field: DrawnField): Promise<Box> {
  await page.getByRole('tab', { name: field.account }).click();
  await page.locator(`tr:has(> th[title="${field.field}"]) button.value`).click();
  const other = page.locator('.viewer').getByRole('button', { name: `Page ${field.page}`, exact: true });
  if ((await other.count()) > 0) await other.click();
  await page.getByRole('region', { name: `Picture of page ${field.page}.` }).waitFor();
  await page.locator('.page-mark.chosen').first().waitFor();
  return page.evaluate<Box>(MARKED);
}

/** Whether a mark holds all of what was drawn, and little besides. */
function isCovered({ box: drawn }: DrawnField, marked: Box): boolean {
  const [least, most] = [-0.002, 0.012];
  const beyond = [drawn[0] - marked[0], drawn[1] - marked[1], marked[2] - drawn[2], marked[3] - drawn[3]];
  return beyond.every((by) => by > least && by < most);
}
