import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { openBrowser, type OpenBrowser } from '../browser.js';
import { Host } from '../host.js';
import { longPackage, type DrawnField, type DrawnPackage } from '../sample-package/package.js';
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

const DOCUMENTS = [
  { name: 'forty pages', pages: 40, accounts: 3 },
  { name: 'bank-statement-multipage', pages: 5, accounts: 1 },
  { name: 'lending_package', pages: 6, accounts: 1 },
  { name: 'account-package', pages: 12, accounts: 3 },
];

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

interface Given {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

const pdf = (name: string, buffer: Buffer): Given => ({ name, mimeType: 'application/pdf', buffer });
const row = (page: Page, name: string) =>
  page.locator('[data-document]').filter({ has: page.getByRole('heading', { name, exact: true }) });

/** Gives files to the page of documents. */
async function upload(page: Page, ...files: Given[]): Promise<void> {
  await page.goto(host.base);
  await page.getByLabel('PDFs to upload').setInputFiles(files);
}

/** Waits until a document is read, and opens its record. */
async function openRecord(page: Page, name: string): Promise<void> {
  await row(page, name)
    .locator('.badge', { hasText: /Read$|Needs review$/ })
    .waitFor({ timeout: 120_000 });
  await row(page, name).getByRole('link', { name, exact: true }).click();
  await page.getByRole('tab').first().waitFor();
}

describe('from an upload to a record', () => {
  let watched: WatchedPage;
  beforeAll(async () => {
    watched = await watchedPage(opened.browser, host.base);
    const { page } = watched;
    const sample = (name: string) => readFileSync(join(ROOT, 'test/samples', name));
    const long = await longPackage({ pages: 40, accounts: 3 });
    await page.goto(host.base);
    await page.evaluate(NOTE_PROGRESS);
    await page
      .getByLabel('PDFs to upload')
      .setInputFiles([
        pdf('forty pages.pdf', long.pdf),
        pdf('bank-statement-multipage.pdf', sample('bank-statement-multipage.pdf')),
        pdf('lending_package.pdf', sample('lending_package.pdf')),
        pdf('account-package.pdf', SAMPLE),
      ]);
    for (const { name } of DOCUMENTS) {
      await row(page, name)
        .locator('.badge', { hasText: /Read$|Needs review$/ })
        .waitFor({ timeout: 240_000 });
    }
  }, 300_000);
  afterAll(() => watched.close());

  test('the progress of each is seen to move, and never back', async () => {
    const seen = await watched.page.evaluate<Record<string, number[]>>('window.progressSeen');
    for (const { name, pages } of DOCUMENTS) {
      const values = seen[`Progress of ${name}`] ?? [];
      expect({ name, values }).toEqual({ name, values: values.toSorted((a, b) => a - b) });
      if (pages >= 12) expect(values.length).toBeGreaterThan(2);
    }
    expect(watched.troubles).toEqual([]);
  });

  test.each(DOCUMENTS)('the timeline of $name shows all calls that its events tell of', async ({ name }) => {
    const { page } = watched;
    const shown = row(page, name);
    await shown.locator('summary', { hasText: 'Model calls' }).click();
    const id = await shown.getAttribute('data-document');
    const events = await allEvents(page, id ?? '');
    const told = events.filter(({ type }) => ['call_started', 'salvage_started', 'waiting'].includes(type));
    expect(told.length).toBeGreaterThan(0);
    await until('the timeline has all', async () => (await shown.locator('tbody tr').count()) >= told.length);
    const drawn = await page.evaluate<Drawn[]>(rowsOf(id ?? ''));
    expect(drawn.map(({ event }) => event)).toEqual(told.map(({ number }) => number));
    expect(drawn.every(({ bars }) => bars === 1)).toBe(true);
    const ends = drawn.map(({ ended }) => ended).filter((ended) => !Number.isNaN(ended));
    expect(ends.toSorted((a, b) => a - b)).toEqual(
      events.filter(({ type }) => type === 'call_ended').map(({ number }) => number),
    );
    expect(watched.troubles).toEqual([]);
  });

  test.each(DOCUMENTS)(
    'the record of $name has its accounts, each with its values',
    async ({ name, accounts }) => {
      const { page } = watched;
      await page.goto(host.base);
      await openRecord(page, name);
      expect(await page.getByRole('tab').count()).toBe(accounts);
      for (const tab of await page.getByRole('tab').all()) {
        await tab.click();
        expect(await page.locator('button.value').count()).toBeGreaterThan(0);
      }
      expect(watched.troubles).toEqual([]);
    },
  );
});

/** Has the page keep each value that the progress of a document takes, in order. */
const NOTE_PROGRESS = `
  window.progressSeen = {};
  new MutationObserver(() => {
    for (const bar of document.querySelectorAll('progress[aria-label^="Progress of"]')) {
      const seen = (window.progressSeen[bar.getAttribute('aria-label')] ??= []);
      if (seen.at(-1) !== bar.value) seen.push(bar.value);
    }
  }).observe(document.body, { subtree: true, childList: true, attributes: true });
`;

/** A row of a timeline's table, and how many bars or marks it has in the drawing. */
interface Drawn {
  event: number;
  /** NaN where there was no end. */
  ended: number;
  bars: number;
}

const rowsOf = (id: string) => `(() => {
  const element = document.querySelector('[data-document="${id}"]');
  return [...element.querySelectorAll('tbody tr')].map(({ dataset }) => ({
    event: Number(dataset.event),
    ended: Number(dataset.ended ?? 'none'),
    bars: element.querySelectorAll('svg[role=img] [data-event="' + dataset.event + '"]').length,
  }));
})()`;

interface ToldEvent {
  number: number;
  type: string;
}

async function allEvents(page: Page, id: string): Promise<ToldEvent[]> {
  const all: ToldEvent[] = [];
  for (let after = 0, isComplete = false; !isComplete;) {
    const answer = await page.request.get(`${host.base}/api/document/${id}/events?after=${after}`);
    const told = (await answer.json()) as { events: ToldEvent[]; next: number; is_complete: boolean };
    all.push(...told.events);
    [after, isComplete] = [told.next, told.is_complete];
  }
  return all;
}

describe('a value is marked where it was drawn', () => {
  let watched: WatchedPage;
  beforeAll(async () => {
    watched = await watchedPage(opened.browser, host.base);
    await upload(watched.page, pdf('account-package.pdf', SAMPLE));
    await openRecord(watched.page, 'account-package');
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

test('a correction is there when the server was killed and started again', async () => {
  const own = new Host({ DATABASE_URL: await newDatabase() });
  await own.start();
  const watched = await watchedPage(opened.browser, own.base);
  const { page } = watched;
  const long = await longPackage({ pages: 4, accounts: 1 });
  await page.goto(own.base);
  await page.getByLabel('PDFs to upload').setInputFiles([pdf('four pages.pdf', long.pdf)]);
  await openRecord(page, 'four pages');
  await page.getByRole('link', { name: 'Review' }).click();
  await page.locator('[data-key]').first().focus();
  await page.keyboard.press('e');
  await page.keyboard.type('As a person reads it');
  await page.keyboard.press('Enter');
  await page.getByText(/^1 of \d+ values checked$/).waitFor();
  await own.kill();
  await own.start({ PORT: new URL(own.base).port });
  await page.reload();
  await page.getByText(/^1 of \d+ values checked$/).waitFor();
  await page.getByText('As a person reads it').first().waitFor();
  await watched.close();
  expect(await own.stop()).toBe(0);
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
  const viewer = page.locator('.viewer');
  await viewer.getByRole('heading', { name: field.field.replaceAll('_', ' '), exact: true }).waitFor();
  const other = viewer.getByRole('button', { name: `Page ${field.page}`, exact: true });
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
