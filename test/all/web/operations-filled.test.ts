import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { createQuire, Store } from '../../../src/index.js';
import { openBrowser, type OpenBrowser } from '../../browser.js';
import { filledOperations, HOSTILE_NAME, replica, type FilledOperations } from '../../filled-operations.js';
import { Provider } from '../../provider.js';
import { runSql } from '../../shared.js';

/** The operations page where much is there to be shown, in a real Chromium. */

let provider: Provider;
let chromium: OpenBrowser;
let app: FilledOperations;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  provider = await Provider.start({ read: () => [] });
  [app, chromium] = await Promise.all([
    filledOperations({ createQuire, Store }, provider.client()),
    openBrowser(),
  ]);
});
afterAll(async () => {
  await chromium.close();
  await app.close();
  await provider.close();
});

beforeEach(async () => {
  context = await chromium.browser.newContext({ viewport: { width: 390, height: 800 } });
  page = await context.newPage();
});
afterEach(() => context.close());

const section = (name: string) => page.getByRole('region', { name, exact: true });

test('a phone shows how often each field was wrong beside its name, and names are text of bounded length', async () => {
  await page.goto(`${app.base}/operations`);
  const part = section('Accuracy, by what people corrected');
  await part.getByText(/77 of 606 values that people looked at were wrong: 12\.7 %/).waitFor();
  await part.getByText('By field (45)').click();
  const rows = part.getByRole('region', { name: 'By field, table' }).locator('tbody tr');
  const cells = async (of: string) =>
    (await rows.filter({ hasText: of }).first().locator('td').allTextContents()).slice(0, 4);
  expect(await cells('Date_of_Birth')).toEqual(['12', '16', '75 %', '50.5 % and 89.8 %']);
  expect(await cells('Account_Holder_Name')).toEqual(['3', '400', '0.75 %', '0.255 % and 2.18 %']);
  expect(await cells('SSN')).toEqual(['0', '2', '0 %', '0 % and 65.8 %']);
  // Of the document that was deleted: its field's name is not kept.
  expect(await cells('Others, of documents that are gone')).toEqual([
    '1',
    '7',
    '14.3 %',
    '2.57 % and 51.3 %',
  ]);
  const hostile = rows.filter({ hasText: HOSTILE_NAME.slice(0, 40) });
  expect(await hostile.locator('th').textContent()).toHaveLength(100);
  expect(await page.title()).not.toContain('hit');
  for (const row of [rows.filter({ hasText: 'Date_of_Birth' }), hostile]) {
    const box = await row.locator('td').nth(1).boundingBox();
    expect((box?.x ?? Infinity) + (box?.width ?? 0)).toBeLessThan(390);
  }
});

test('the interval is drawn where it lies between 0 and 100 %', async () => {
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(`${app.base}/operations`);
  const part = section('Accuracy, by what people corrected');
  await part.getByText('By plan (3)').click();
  const row = part.locator('tr', { hasText: 'batch 10x20' });
  const [axis, range, rate] = await Promise.all(
    ['.axis', '.range', 'circle'].map(async (shape) => {
      const box = await row.locator(shape).boundingBox();
      if (!box) throw new Error(`There is no ${shape}`);
      return box;
    }),
  );
  if (!axis || !range || !rate) throw new Error('It is not drawn');
  const share = (x: number) => (x - axis.x) / axis.width;
  expect(share(range.x)).toBeCloseTo(0.505, 1);
  expect(share(range.x + range.width)).toBeCloseTo(0.898, 1);
  expect(share(rate.x + rate.width / 2)).toBeCloseTo(0.75, 1);
});

test('all replicas are listed with how they are, however long their names, and which one is asked', async () => {
  const long = `app-${'very-long-name-of-a-host'.repeat(4)}`;
  await runSql(app.url, [replica(long, -600), replica('app-gone', 400)].join(';'));
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(`${app.base}/operations`);
  const part = section('Replicas');
  await part.getByText('at most 12 at once').waitFor();
  const row = (name: string) => part.locator('tbody tr', { hasText: name });
  expect(await part.locator('tbody tr').count()).toBe(3);
  expect((await row('app-gone').locator('td').allTextContents()).slice(0, 3)).toEqual([
    'gone',
    '7 min ago',
    '3 h ago',
  ]);
  expect(await row(long).locator('td').first().textContent()).toBe('alive');
  expect(await row('(this one)').locator('td').first().textContent()).toBe('alive');
  expect(await part.getByRole('button').count()).toBe(0);
  const box = await row(long).locator('td').nth(6).boundingBox();
  expect((box?.x ?? Infinity) + (box?.width ?? 0)).toBeLessThan(1280);
});
