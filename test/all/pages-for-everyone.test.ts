import { afterAll, beforeAll, expect, test } from '@jest/globals';
import helmet from 'helmet';
import { readLabelledValues } from '../../src/embedded-model/rules.js';
import { createQuire, type Store } from '../../src/index.js';
import { axeFindings } from '../axe.js';
import { openBrowser, type OpenBrowser } from '../browser.js';
import { pagesHost } from '../pages-host.js';
import { newStore } from '../shared.js';
import { SILENT } from '../silent.js';
import { watchedPage } from '../watched-page.js';
import { OWNER, workedHost, type WorkedHost } from '../worked-host.js';

/** All pages with something on them, in both themes, wide and narrow, under the policy that helmet gives by itself. */

const LIMIT_MS = 280_000;

let opened: OpenBrowser;
let store: Store;
let host: WorkedHost;
beforeAll(async () => {
  opened = await openBrowser();
  store = await newStore();
  host = await workedHost({ createQuire, readLabelledValues }, { store }, [helmet()]);
}, LIMIT_MS);
afterAll(async () => {
  await host.close();
  await store.close();
  await opened.close();
});

const PAGES: [name: string, address: () => string, shows: string][] = [
  ['documents', () => '', '[data-document]'],
  ['a record', () => `document/${host.reviewed}`, 'button.value'],
  ['a record that lacks a page', () => `document/${host.lacking}`, '.failed'],
  ['a document that failed', () => `document/${host.failed}`, '.bad'],
  ['a document that is being read', () => `document/${host.beingRead}`, 'progress'],
  ['a review', () => `document/${host.reviewed}/review`, '[data-key]'],
  ['a comparison with the other path', () => `document/${host.reviewed}/compare`, 'table'],
  ['a comparison with an earlier reading', () => `document/${host.retried}/compare`, 'table'],
  ['a print view', () => `document/${host.reviewed}/print`, 'table'],
  ['operations', () => 'operations', 'td a[href*="document/"]'],
];

const SIZES = [
  { width: 1_280, height: 900 },
  { width: 390, height: 800 },
];

test.each(PAGES)(
  'axe finds nothing on %s, and nothing sticks out of a phone',
  async (_name, address, shows) => {
    for (const viewport of SIZES) {
      const watched = await watchedPage(opened.browser, host.origin, { user: OWNER, viewport });
      const { page } = watched;
      await page.goto(host.base + address());
      await page.locator(shows).first().waitFor();
      const value = page.locator('button.value').first();
      if ((await value.count()) > 0) {
        await value.click();
        await page.locator('.page-mark').first().waitFor();
      }
      // What is folded is looked at, too; a document's calls come when they are asked for.
      for (const summary of await page.locator('[data-document] summary').all()) await summary.click();
      await page.evaluate(`document.querySelectorAll('details').forEach((details) => (details.open = true))`);
      expect({ viewport, found: await axeFindings(page) }).toEqual({ viewport, found: [] });
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      expect({ viewport, width }).toEqual({ viewport, width: viewport.width });
      expect(watched.troubles).toEqual([]);
      expect(watched.refusals).toEqual([]);
      await watched.close();
    }
  },
);

test('axe finds nothing on the door of operations, which the token opens', async () => {
  const token = 'a-token-of-ops-0123456789';
  const quire = await createQuire({ store, logger: SILENT, settings: { OPS_TOKEN: token } });
  const closed = await pagesHost(quire, { mount: '/quire', before: [helmet()] });
  const { page, troubles, close } = await watchedPage(opened.browser, closed.origin);
  await page.goto(`${closed.base}operations`);
  const field = page.getByLabel(/token/i);
  await field.waitFor();
  expect(await axeFindings(page)).toEqual([]);
  await field.fill('another token');
  await field.press('Enter');
  await page.getByRole('alert').waitFor();
  expect(await axeFindings(page)).toEqual([]);
  await field.fill(token);
  await field.press('Enter');
  await page.getByRole('heading', { name: 'Plan in force' }).waitFor();
  expect(troubles).toEqual([]);
  await close();
  await closed.close();
  await quire.close();
});

test('axe finds nothing where there is nothing: no document yet, no such document, no such page, a closed door', async () => {
  const watched = await watchedPage(opened.browser, host.origin, { user: 'somebody' });
  const { page, troubles } = watched;
  const addresses = ['', '?name=nothing', `document/${host.reviewed}`, `document/${host.reviewed}/review`];
  for (const address of addresses) {
    await page.goto(host.base + address);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page
      .getByText(/Nothing is here yet|No document is like that|There is no such document/)
      .first()
      .waitFor();
    expect({ address, found: await axeFindings(page) }).toEqual({ address, found: [] });
  }
  await page.evaluate(`history.pushState(null, '', 'nowhere/at/all'); dispatchEvent(new Event('popstate'))`);
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
  expect(await axeFindings(page)).toEqual([]);
  expect(troubles).toEqual([]);
  await watched.close();
});
