import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { EvidenceAnswer } from '../../src/api/document.js';
import type { ReviewAnswer, ReviewedValue } from '../../src/api/review.js';
import { readLabelledValues } from '../../src/embedded-model/rules.js';
import { createQuire, type Quire, type Store } from '../../src/index.js';
import { openBrowser, type OpenBrowser } from '../browser.js';
import { pagesHost, userOf, type PagesHost } from '../pages-host.js';
import { RuleModel } from '../rule-model.js';
import { longPackage } from '../sample-package/package.js';
import { newStore } from '../shared.js';
import { SILENT } from '../silent.js';
import { until } from '../until.js';
import { watchedPage, type WatchedPage } from '../watched-page.js';

/** People who hold the values of one document against its pages, by keyboard, and two at once. */

/** Who may do what with the documents of Anna. */
const READERS = ['rita', 'otto', 'lena'];
const REVIEWERS = ['rita', 'otto'];

let opened: OpenBrowser;
let store: Store;
let model: RuleModel;
let quire: Quire;
let host: PagesHost;
let pdf: Buffer;
let id: string;
const open: WatchedPage[] = [];

beforeAll(async () => {
  opened = await openBrowser();
  ({ pdf } = await longPackage({ pages: 8, accounts: 2 }));
  store = await newStore();
  model = await RuleModel.start(readLabelledValues);
  // On each page, a third of the values is not as it is printed.
  model.errs = (fields) =>
    fields.map((field, index) =>
      index % 3 === 1 ? { ...field, value: `${field.value} sic`, confidence: 50 } : field,
    );
  quire = await createQuire({ ...model.options, plan: { path: 'single-page' }, store, logger: SILENT });
  host = await pagesHost(quire, {
    mayRead: (request) => READERS.includes(userOf(request)),
    mayCorrect: (request) => REVIEWERS.includes(userOf(request)),
  });
}, 120_000);
beforeEach(async () => {
  for (const watched of open.splice(0)) await watched.close();
  id = await uploaded();
});
afterAll(async () => {
  for (const watched of open.splice(0)) await watched.close();
  await host.close();
  await quire.close();
  await model.close();
  await store.close();
  await opened.close();
});

const headers = { cookie: 'user=anna' };

/** Of Anna, and read. */
async function uploaded(): Promise<string> {
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(pdf)]), 'account-package.pdf');
  const answer = await fetch(`${host.base}process`, { method: 'POST', body, headers });
  const { job_id: job } = (await answer.json()) as { job_id: string };
  await until('the document is read', async () => {
    const status = await fetch(`${host.base}status/${job}`, { headers });
    return ((await status.json()) as { is_complete: boolean }).is_complete;
  });
  return job;
}

async function answer<T>(path: string): Promise<T> {
  return (await (await fetch(`${host.base}api/document/${id}/${path}`, { headers })).json()) as T;
}

async function values(): Promise<ReviewedValue[]> {
  return (await answer<ReviewAnswer>('review')).values;
}

/** Somebody opens the review. */
async function reviewing(user: string): Promise<WatchedPage> {
  const watched = await watchedPage(opened.browser, host.origin, { user });
  open.push(watched);
  await watched.page.goto(`${host.base}document/${id}/review`);
  await watched.page.locator('[data-key]').first().waitFor();
  return watched;
}

/** The page that the picture shows. */
async function pictured(page: Page): Promise<number> {
  const label = await page.locator('.page-scroll').getAttribute('aria-label');
  return Number(/page (\d+)/.exec(label ?? '')?.[1]);
}

const focused = (page: Page) => page.evaluate<string | null>('document.activeElement.dataset.key ?? null');

/** Tab, until a value has the focus. */
async function tabToValues(page: Page): Promise<void> {
  await page.keyboard.press('Tab');
  while ((await focused(page)) === null) await page.keyboard.press('Tab');
}

describe('by keyboard alone', () => {
  test('ten doubtful values are confirmed and corrected, the most doubtful first, and the picture follows', async () => {
    const [before, { evidence }] = [await values(), await answer<EvidenceAnswer>('evidence')];
    const doubtful = before.slice(0, 10);
    const supports = before.map(({ support }) => support ?? -1);
    expect(Math.max(...supports.slice(0, 10).filter((support) => support >= 0))).toBeLessThan(
      Math.max(...supports),
    );
    const { page, troubles } = await reviewing('anna');
    await tabToValues(page);
    for (const [index, value] of doubtful.entries()) {
      await page.getByRole('heading', { level: 2, name: value.field.replaceAll('_', ' ') }).waitFor();
      const found = evidence?.find(({ account }) => account === value.account)?.fields[value.field];
      const stands = found?.flatMap((part) => ('places' in part ? part.places.map(({ page }) => page) : []));
      if (stands?.length) expect(stands).toContain(await pictured(page));
      if (index % 2 === 0) {
        await page.keyboard.press('c');
      } else {
        await page.keyboard.press('e');
        await page.getByLabel('The right value').waitFor();
        await page.keyboard.type(`Right ${index}`);
        await page.keyboard.press('Enter');
      }
      await page.getByText(`${index + 1} of ${before.length} values checked`, { exact: true }).waitFor();
    }
    const after = await values();
    for (const [index, { account, field, value }] of doubtful.entries()) {
      const now = after.find((one) => one.account === account && one.field === field);
      expect(now).toMatchObject({
        value,
        ...(index % 2 === 0
          ? { state: 'confirmed', corrected: null }
          : { state: 'corrected', corrected: `Right ${index}` }),
        person: 'Anna',
      });
    }
    expect(troubles).toEqual([]);
  });

  test('what was done is there when somebody comes back, and can be taken back', async () => {
    const { page } = await reviewing('anna');
    await tabToValues(page);
    await page.keyboard.press('c');
    await page.getByText(/^1 of \d+ values checked$/).waitFor();
    await page.reload();
    await page.getByText(/^1 of \d+ values checked$/).waitFor();
    const [first] = await values();
    if (first?.state !== 'confirmed') await tabToValues(page);
    const done = (await values()).findIndex(({ state }) => state === 'confirmed');
    await page.locator('[data-key]').nth(done).focus();
    await page.keyboard.press('u');
    await page.getByText(/^0 of \d+ values checked$/).waitFor();
    expect((await values()).every(({ state }) => state === 'open')).toBe(true);
  });
});

describe('two people', () => {
  test('see each other, and neither overwrites the other in silence', async () => {
    const [rita, otto] = [await reviewing('rita'), await reviewing('otto')];
    await rita.page.getByText('Also here: Otto').waitFor();
    await otto.page.getByText('Also here: Rita').waitFor();
    // From now on Otto is told of nothing.
    await otto.page.route('**/presence', () => undefined);
    const [{ field, value } = { field: '', value: '' }] = await values();
    await rita.page.locator('[data-key]').first().focus();
    await rita.page.keyboard.press('e');
    await rita.page.keyboard.type('As Rita reads it');
    await rita.page.keyboard.press('Enter');
    await rita.page.getByText(/^1 of \d+ values checked$/).waitFor();

    await otto.page.locator('[data-key]').first().focus();
    await otto.page.keyboard.press('c');
    const alert = otto.page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/Rita.*As Rita reads it.*You wanted to confirm it/s);
    expect(otto.refusals).toEqual([`412 POST ${new URL(host.base).pathname}api/document/${id}/corrections`]);
    const kept = async () => (await values()).find((one) => one.field === field && one.value === value);
    expect(await kept()).toMatchObject({ corrected: 'As Rita reads it', person: 'Rita' });

    await otto.page.getByRole('button', { name: 'Use mine' }).press('Enter');
    await until('Otto’s is kept', async () => (await kept())?.person === 'Otto');
    expect(await kept()).toMatchObject({ state: 'confirmed', value, corrected: null });
    expect([...rita.troubles, ...otto.troubles]).toEqual([]);
  });
});

describe('somebody else’s document', () => {
  test('is there for whom the app lets read it, without a way to correct it', async () => {
    const { page, troubles, refusals } = await reviewing('lena');
    await page.getByText('You may look at this document, but not confirm or correct its values.').waitFor();
    expect(await page.getByRole('button', { name: /^(?:Confirm|Correct) [CE]$/ }).count()).toBe(0);
    await page.locator('[data-key]').first().focus();
    for (const key of ['c', 'e', 'u']) await page.keyboard.press(key);
    expect(await page.getByLabel('The right value').count()).toBe(0);
    await page.goto(`${host.base}document/${id}`);
    await page.locator('button.value').first().click();
    await page.locator('.page-mark').first().waitFor();
    expect(await page.getByRole('button', { name: /Retry|Delete|Cancel/ }).count()).toBe(0);
    expect((await values()).every(({ state }) => state === 'open')).toBe(true);
    expect({ troubles, refusals }).toEqual({ troubles: [], refusals: [] });
  });

  test('is not there for anybody else', async () => {
    const watched = await watchedPage(opened.browser, host.origin, { user: 'nils' });
    open.push(watched);
    for (const path of ['', '/review', '/compare', '/print']) {
      await watched.page.goto(`${host.base}document/${id}${path}`);
      await watched.page
        .getByText(/There is no (?:such )?document/)
        .first()
        .waitFor();
      expect(await watched.page.textContent('main')).not.toMatch(/Ellison|7100000000|account-package/);
    }
    expect(watched.troubles).toEqual([]);
  });
});
