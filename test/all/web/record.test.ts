import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Locator, Route } from 'playwright-core';
import { createQuire, type Quire, type StoredDocument } from '../../../src/index.js';
import { axeFindings } from '../../axe.js';
import { openBrowser, type OpenBrowser } from '../../browser.js';
import { pagesHost, readBy, type PagesHost } from '../../pages-host.js';
import type { ReviewAnswer } from '../../../src/api/review.js';
import type { Note } from '../../../src/store/document.js';
import type { SupportedEvidence } from '../../../src/stages/support/support.js';
import type { DrawnPackage } from '../../sample-package/package.js';
import { newDatabase } from '../../shared.js';
import { SILENT } from '../../silent.js';
import { until } from '../../until.js';
import { watchedPage, type PageOptions, type WatchedPage } from '../../watched-page.js';

/** The page of a document's record: each value beside the page it stands on. */

const sample = (name: string) => readFileSync(new URL(`../../../docs/sample/${name}`, import.meta.url));
const drawn = JSON.parse(sample('account-package.json').toString()) as DrawnPackage;

let opened: OpenBrowser;
let quire: Quire;
let host: PagesHost;
let id: string;
let watched: WatchedPage;

beforeAll(async () => {
  [opened, quire] = await Promise.all([
    openBrowser(),
    newDatabase().then((database) => createQuire({ database, logger: SILENT })),
  ]);
  host = await pagesHost(quire);
  id = await readBy(host, sample('account-package.pdf'), 'package.pdf');
});
afterEach(() => watched.close());
afterAll(async () => {
  await opened.close();
  await host.close();
  await quire.close();
});

/** What the page is told of a document instead. */
interface Changes {
  document?: (document: StoredDocument) => void;
  evidence?: (evidence: SupportedEvidence[]) => void;
  notes?: (notes: Note[]) => void;
  review?: (review: ReviewAnswer) => void;
}

async function open(document: string, options: PageOptions = {}, changes: Changes = {}) {
  watched = await watchedPage(opened.browser, host.origin, options);
  const { page } = watched;
  if (Object.keys(changes).length > 0) await change(page, changes);
  await page.goto(`${host.base}document/${document}`);
  await page.getByRole('tab').first().waitFor();
  return page;
}
type Page = Awaited<ReturnType<typeof open>>;

async function change(page: Page, changes: Changes): Promise<void> {
  await page.route(/\/api\/document\/[^/]+(\/evidence)?$/, async (route) => {
    const answer = (await (await route.fetch()).json()) as {
      document?: StoredDocument;
      evidence?: SupportedEvidence[];
      notes?: Note[];
    };
    if (answer.document) changes.document?.(answer.document);
    if (answer.evidence) changes.evidence?.(answer.evidence);
    if (answer.notes) changes.notes?.(answer.notes);
    await route.fulfill({ json: answer });
  });
  await page.route(/\/review$/, async (route) => {
    if (route.request().resourceType() === 'document') return route.fallback();
    const answer = (await (await route.fetch()).json()) as ReviewAnswer;
    changes.review?.(answer);
    return route.fulfill({ json: answer });
  });
}

/** Pixels of a mark that lie round its words. */
const EDGE = 3;

/** The box round all that is marked as the chosen value, as fractions of the picture. */
async function marked(page: Page): Promise<[left: number, top: number, right: number, bottom: number]> {
  const marks = page.locator('.page-mark.chosen');
  await marks.first().waitFor();
  const sheet = await page.locator('.page-sheet').boundingBox();
  const boxes = await Promise.all((await marks.all()).map((mark) => mark.boundingBox()));
  if (!sheet) throw new Error('No page is shown');
  const all = boxes.flatMap((box) => (box ? [box] : []));
  return [
    (Math.min(...all.map(({ x }) => x)) + EDGE - sheet.x) / sheet.width,
    (Math.min(...all.map(({ y }) => y)) + EDGE - sheet.y) / sheet.height,
    (Math.max(...all.map(({ x, width }) => x + width)) - EDGE - sheet.x) / sheet.width,
    (Math.max(...all.map(({ y, height }) => y + height)) - EDGE - sheet.y) / sheet.height,
  ];
}

const hasFocus = async (locator: Locator) =>
  (await locator.and(locator.page().locator(':focus')).count()) > 0;

/** One field of a page, whose value the account has nowhere else. */
function fieldOn(page: number) {
  const field = drawn.fields.find(
    (one) =>
      one.page === page &&
      drawn.fields.filter((other) => other.account === one.account && other.field === one.field).length === 1,
  );
  if (!field) throw new Error(`No field stands on page ${page} alone`);
  return field;
}

const rowOf = (page: Page, field: string) =>
  page.getByRole('row').filter({
    has: page.getByRole('rowheader', { name: field.replaceAll('_', ' '), exact: true }),
  });

describe('a click on a value', () => {
  const sideways = drawn.fields.map(({ page }) => page).filter((page) => ![8].includes(page));
  test.each([
    ['with a text layer', 3],
    ['that was scanned', 8],
    ['that lies sideways', Math.max(...sideways)],
  ])('shows its page with the box over the drawn words, on a page %s', async (_kind, number) => {
    const { account, field, value, box } = fieldOn(number);
    const page = await open(id);
    await page.getByRole('tab', { name: `Account ${account}` }).click();
    const row = rowOf(page, field);
    await row.getByRole('cell', { name: `page ${number}`, exact: true }).waitFor();
    await row.getByRole('button', { name: value, exact: true }).click();
    await page.getByText(`Page ${number} of ${drawn.pages}`).waitFor();
    const [left, top, right, bottom] = await marked(page);
    expect(left - box[0]).toBeLessThan(0.004);
    expect(top - box[1]).toBeLessThan(0.004);
    expect(box[2] - right).toBeLessThan(0.004);
    expect(box[3] - bottom).toBeLessThan(0.004);
    expect((right - left) * (bottom - top)).toBeLessThan(3 * (box[2] - box[0]) * (box[3] - box[1]) + 0.001);
    expect(watched.troubles).toEqual([]);
  });

  test('shows it over the record on a phone, and leads back', async () => {
    const { account, field, value } = fieldOn(3);
    const page = await open(id, { viewport: { width: 390, height: 844 } });
    await page.getByRole('tab', { name: `Account ${account}` }).click();
    const button = rowOf(page, field).getByRole('button', { name: value, exact: true });
    await button.click();
    await page.getByRole('dialog').locator('.page-mark.chosen').first().waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await until('the value has the focus again', () => hasFocus(button));
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  });
});

test('by keys alone: from account to account, to a value, about its page and back', async () => {
  const page = await open(id);
  await page.getByRole('tab').first().focus();
  await page.keyboard.press('End');
  const isChosen = async (tab: Locator) => (await tab.getAttribute('aria-selected')) === 'true';
  await until('the last account is shown', () => isChosen(page.getByRole('tab').last()));
  await page.keyboard.press('ArrowRight');
  await until('the first account is shown', () => isChosen(page.getByRole('tab').first()));
  const value = page.locator('button.value').first();
  for (let tabs = 0; tabs < 10; tabs++) {
    await page.keyboard.press('Tab');
    if (await hasFocus(value)) break;
  }
  await page.keyboard.press('Enter');
  const picture = page.getByRole('region', { name: /^Picture of page/ });
  await page.locator('.page-mark.chosen').first().waitFor();
  await until('the picture has the focus', () => hasFocus(picture));
  const sheet = async () => (await page.locator('.page-sheet').boundingBox()) ?? { x: 0, width: 0 };
  const width = async () => (await sheet()).width;
  const fitting = await width();
  await page.keyboard.press('+');
  await until('it is nearer', async () => (await width()) > fitting);
  const left = async () => (await sheet()).x;
  const before = await left();
  await page.keyboard.press('ArrowRight');
  await until('it has moved', async () => (await left()) < before);
  await page.keyboard.press('0');
  await until('it fits again', async () => (await width()) === fitting);
  const number = Number(/page (\d+)/.exec((await picture.getAttribute('aria-label')) ?? '')?.[1]);
  await page.keyboard.press('PageDown');
  await page.getByText(`Page ${number + 1} of ${drawn.pages}`).waitFor();
  await page.keyboard.press('Escape');
  await until('the value has the focus again', () => hasFocus(value));
});

test('the pages to know about are listed, and open', async () => {
  const page = await open(id);
  const list = page.getByRole('region', { name: 'Pages to know about' });
  for (const [title, pages] of [
    ['Pages without an account', drawn.unassignedPages],
    ['Blank pages', drawn.blankPages],
    ['Scanned pages', drawn.scannedPages],
  ] as const) {
    const group = list.locator('.page-list').filter({ hasText: title });
    expect(await group.getByRole('button').allTextContents()).toEqual(
      pages.map((number) => `Page ${number}`),
    );
  }
  await list.getByRole('button', { name: `Page ${drawn.blankPages[0]}`, exact: true }).click();
  await page.getByText(`Page ${drawn.blankPages[0]} of ${drawn.pages}`).waitFor();
});

test('axe finds nothing, with a page open beside the record', async () => {
  const page = await open(id);
  await page.locator('button.value').first().click();
  await page.locator('.page-mark.chosen').first().waitFor();
  expect(await axeFindings(page)).toEqual([]);
});

test('a value that does not stand on its page says so, and its page is shown', async () => {
  const evidence: Changes['evidence'] = (accounts) => {
    for (const { fields } of accounts) {
      for (const name of Object.keys(fields)) fields[name] = [{ part: 'Ada Lovelace', not_found: true }];
    }
  };
  const page = await open(id, {}, { evidence });
  const row = page
    .getByRole('row')
    .filter({ has: page.locator('button.value') })
    .first();
  await row.getByText(/not found on its page/).waitFor();
  await row.locator('button.value').click();
  await page.getByText(/“Ada Lovelace” was not found on page/).waitFor();
  await page.getByRole('img', { name: /as it is on paper/ }).waitFor();
  expect(await page.locator('.page-mark').count()).toBe(0);
});

test('markup and long texts of a document are shown as text, cut until all is asked for', async () => {
  const markup = '<img src=x onerror=alert(1)>';
  const long = `${'long '.repeat(2_000)}end`;
  const change: Changes['document'] = (document) => {
    document.document_name = markup;
    const [account] = document.documents[0]?.accounts ?? [];
    if (!account) throw new Error('The package has no account');
    account.accountNumber = markup;
    account.result = {
      [markup]: { value: markup, confidence: 90 },
      [long]: { value: long, confidence: 90 },
      Name: { value: 'שלום', confidence: 90 },
      Empty: { value: '', confidence: 0 },
    };
  };
  const page = await open(id, {}, { document: change });
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(markup);
  expect(await page.getByRole('tab').first().textContent()).toBe(`Account ${markup}`);
  expect(await page.locator('button.value').allTextContents()).toEqual([
    markup,
    `${long.slice(0, 300)}…`,
    'שלום',
  ]);
  const row = page.getByRole('row').nth(2);
  expect((await row.getByRole('rowheader').textContent())?.length).toBeLessThan(200);
  await row
    .getByRole('cell')
    .first()
    .getByRole('button', { name: /^Show all/ })
    .click();
  expect(await row.locator('button.value').textContent()).toBe(long);
  expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(1_280);
  expect(watched.troubles).toEqual([]);
});

test('a document that is not there is told as such', async () => {
  watched = await watchedPage(opened.browser, host.origin);
  await watched.page.goto(`${host.base}document/00000000-0000-4000-8000-000000000000`);
  await watched.page.getByRole('heading', { name: 'There is no such document' }).waitFor();
});

test('what to look at first stands above the fields, and the state is not green then', async () => {
  const page = await open(
    id,
    {},
    {
      document: ({ documents: [record] }) =>
        record?.failed_pages.push({ page: 2, account: null, reason: 'not_json' }),
      notes: (notes) => {
        notes.splice(0, notes.length, { kind: 'few_fields', page: 9, detail: '4 of 12' });
      },
      evidence: (accounts) => {
        let doubtful = 2;
        for (const one of accounts.flatMap(({ support }) => Object.values(support ?? {}))) {
          if (one.support !== null) one.support = doubtful-- > 0 ? 6 : 99;
        }
      },
    },
  );
  const line = page.locator('p').filter({ hasText: '1 page to look at first' });
  expect(await line.getByRole('link').allTextContents()).toEqual([
    '1 page failed',
    '1 page to look at first',
    '2 doubtful values',
  ]);
  const [above, tabs] = await Promise.all([line.boundingBox(), page.getByRole('tablist').boundingBox()]);
  expect(above?.y).toBeLessThan(tabs?.y ?? 0);
  await page.locator('.title').getByText('2 doubtful').waitFor();
  expect(await page.locator('.title .good').count()).toBe(0);
  await line.getByRole('link', { name: /first/ }).click();
  await page.waitForFunction('document.querySelector(":target")?.getBoundingClientRect().top < innerHeight');
});

test('corrections that cannot be fetched are told of, and fetched when asked for again', async () => {
  const page = await open(id);
  const broken = async (route: Route) => route.fulfill({ status: 503, json: { success: false } });
  await page.route(/\/api\/document\/[^/]+\/review$/, broken);
  await page.reload();
  const told = page.getByRole('alert').filter({ hasText: 'What people corrected could not be fetched' });
  await told.waitFor();
  await page.unroute(/\/api\/document\/[^/]+\/review$/, broken);
  await told.getByRole('button', { name: 'Try again' }).click();
  await told.waitFor({ state: 'detached' });
});

test('a value that is corrected is found by what it was corrected to', async () => {
  const review: Changes['review'] = ({ values }) => {
    const { account } = drawn.fields[0] ?? {};
    const value = values.find((each) => each.account === account);
    if (value) Object.assign(value, { state: 'corrected', corrected: 'Zebra 77' });
  };
  const page = await open(id, {}, { review });
  await page.getByText('Zebra 77').waitFor();
  await page.getByRole('searchbox', { name: 'Find a field or value' }).fill('zebra');
  await page.getByText(/^1 of \d+ fields$/).waitFor();
  expect(await page.locator('.said').textContent()).toMatch(/^ ?corrected to Zebra 77$/);
  expect(await page.locator('.said svg').count()).toBe(1);
});

test('asking for a value or a page again leads back to it', async () => {
  const page = await open(id);
  const value = page.locator('button.value').first();
  const next = page.getByRole('button', { name: 'Next page' });
  const at = page.locator('.page-tools [aria-live]');
  await value.click();
  await page.locator('.page-mark.chosen').first().waitFor();
  const whole = await at.textContent();
  await next.click();
  await until('another page is shown', async () => (await at.textContent()) !== whole);
  // It stands there, too.
  await page.locator('.page-mark.chosen').first().waitFor();
  await value.click();
  await until('the page is shown again', async () => (await at.textContent()) === whole);
  await page.locator('.page-mark.chosen').first().waitFor();
  const blank = page.getByRole('button', { name: `Page ${drawn.blankPages[0]}`, exact: true }).first();
  const shown = page.getByText(`Page ${drawn.blankPages[0]} of ${drawn.pages}`);
  await blank.click();
  await shown.waitFor();
  await page.getByRole('button', { name: 'Previous page' }).click();
  await shown.waitFor({ state: 'detached' });
  await blank.click();
  await shown.waitFor();
});

test('what is shown beside the record changes with it', async () => {
  let isReadAnew = false;
  const change: Changes['document'] = ({ documents: [record] }) => {
    const [account] = record?.accounts ?? [];
    const [name] = Object.keys(account?.result ?? {});
    if (!record || !account || name === undefined) throw new Error('The package has no value');
    record.failed_pages.push({ page: 2, account: null, reason: 'not_json' });
    account.result[name] = { value: isReadAnew ? 'Read anew' : 'Read before', confidence: 90 };
  };
  const page = await open(id, {}, { document: change });
  await page.route(/\/retry$/, (route) => route.fulfill({ status: 202, json: { success: true } }));
  await page.getByRole('button', { name: 'Read before' }).click();
  await page.locator('.looked-value').getByText('Read before').waitFor();
  isReadAnew = true;
  await page.getByRole('button', { name: 'Try again what failed' }).click();
  await page.locator('.looked-value').getByText('Read anew').waitFor();
});

test('stages of a reading and its end are said, and nothing else of it', async () => {
  let stages = ['page_analysis', 'llm_extraction', 'completed'];
  const page = await open(
    id,
    {},
    {
      document: (document) => {
        if (stages.length > 0) document.status = 'extracting';
      },
    },
  );
  await page.evaluate(`window.said = []; new MutationObserver(() => {
    const now = document.querySelector('main > [role=status]').textContent;
    if (said.at(-1) !== now) said.push(now);
  }).observe(document.querySelector('main > [role=status]'), { characterData: true, childList: true, subtree: true })`);
  let done = 0;
  await page.route(/\/background-status$/, async (route) => {
    const [stage = 'completed', ...rest] = stages;
    stages = rest;
    done += 1;
    const status = { progress: done, stage, pages_processed: done, total_pages: drawn.pages };
    await route.fulfill({ json: { success: true, status } });
  });
  await page.locator('main > [role=status]').getByText('The document is read.', { exact: true }).waitFor();
  expect(await page.evaluate('said')).toEqual([
    'The document is being read: Page analysis.',
    'The document is being read: Fields.',
    'The document is read.',
  ]);
});

test('the picture of a document that was deleted meanwhile is not offered again', async () => {
  const page = await open(id);
  await page.route(/\/picture\?/, (route) =>
    route.fulfill({ status: 404, json: { success: false, message: 'Document not found' } }),
  );
  await page.locator('button.value').first().click();
  const told = page.getByRole('alert').filter({ hasText: 'deleted' });
  expect(await told.getByRole('button').count()).toBe(0);
  await told.getByRole('link', { name: 'Go to the documents' }).click();
  await page.getByRole('heading', { name: 'Documents', level: 1 }).waitFor();
});

test('where no page names an account and none has fields, no page is said to come before one', async () => {
  watched = await watchedPage(opened.browser, host.origin);
  const { page } = watched;
  const unread: Changes['document'] = ({ documents: [record] }) => {
    if (record) Object.assign(record, { accounts: [], page_mapping: {}, unassigned_pages: [1, 2] });
  };
  await change(page, { document: unread });
  await page.goto(`${host.base}document/${id}`);
  await page.getByText('No fields were read.').waitFor();
  await page.getByRole('heading', { name: 'Blank pages' }).waitFor();
  expect(await page.getByText('Pages without an account').count()).toBe(0);
});

test('of many accounts some are seen at once, the chosen one among them, and the fields are near', async () => {
  const many: Changes['document'] = ({ documents: [record] }) => {
    const [account] = record?.accounts ?? [];
    if (!record || !account) throw new Error('The package has no account');
    record.accounts = Array.from({ length: 40 }, (_, index) => ({
      ...account,
      accountNumber: `${index + 1}`,
    }));
  };
  watched = await watchedPage(opened.browser, host.origin, { viewport: { width: 390, height: 844 } });
  const { page } = watched;
  await change(page, { document: many });
  await page.goto(`${host.base}document/${id}?account=40`);
  const [list, tab] = [page.getByRole('tablist'), page.getByRole('tab', { name: 'Account 40' })];
  await tab.waitFor();
  const [outer, inner] = [await list.boundingBox(), await tab.boundingBox()];
  if (!outer || !inner) throw new Error('There are no tabs');
  expect(outer.height).toBeLessThan(300);
  expect(inner.y).toBeGreaterThanOrEqual(outer.y);
  expect(inner.y + inner.height).toBeLessThanOrEqual(outer.y + outer.height);
  expect(await axeFindings(page)).toEqual([]);
});

test('a page that fingers have zoomed is drawn anew, as sharp as the screen', async () => {
  const options = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
  const page = await open(id, options);
  await page.locator('button.value').first().tap();
  await page.locator('.page-mark.chosen').first().waitFor();
  const width = () => page.evaluate<number>(`document.querySelector('.page-sheet img').naturalWidth`);
  expect(await width()).toBe(480);
  const session = await watched.context.newCDPSession(page);
  await session.send('Emulation.setPageScaleFactor', { pageScaleFactor: 3 });
  await until('it is drawn anew', async () => (await width()) > 1_100);
});

test('that no model was called is explained', async () => {
  const page = await open(id, {}, { document: ({ processing_cost: cost }) => void (cost.llm_calls = 0) });
  await page.getByText('0 (its answers were there already, from the same pages)').waitFor();
});
