import { afterAll, beforeAll, expect, test } from '@jest/globals';
import helmet from 'helmet';
import type { Page } from 'playwright-core';
import { readLabelledValues } from '../../src/embedded-model/rules.js';
import { createQuire, type Store } from '../../src/index.js';
import { axeFindings } from '../axe.js';
import { openBrowser, type OpenBrowser } from '../browser.js';
import { pagesHost } from '../pages-host.js';
import { newStore } from '../shared.js';
import { SILENT } from '../silent.js';
import { until } from '../until.js';
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

/** Opens all that is folded: a document's calls come once they are asked for. */
async function unfold(page: Page): Promise<void> {
  await page.evaluate(`document.querySelectorAll('details').forEach((details) => (details.open = true))`);
  const asked = await page.locator('summary', { hasText: /Model calls|call by call/ }).count();
  const calls = page.getByRole('region', { name: 'Model calls over time' });
  await until('all calls have come', async () => (await calls.count()) === asked);
}

const SIZES = [
  { width: 1_280, height: 900 },
  // What is left of such a window at 400 %.
  { width: 320, height: 256 },
];

test.each(PAGES)(
  'axe finds nothing on %s, and nothing sticks out of it, be it zoomed to 400 %%',
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
      await unfold(page);
      expect({ viewport, found: await axeFindings(page) }).toEqual({ viewport, found: [] });
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      expect({ viewport, width }).toEqual({ viewport, width: viewport.width });
      expect(watched.troubles).toEqual([]);
      expect(watched.refusals).toEqual([]);
      await watched.close();
    }
  },
);

test.each(PAGES)(
  'by Tab alone, all of %s is reached, and what has the focus shows it',
  async (_name, address, shows) => {
    for (const viewport of SIZES) {
      const { page, close } = await watchedPage(opened.browser, host.origin, { user: OWNER, viewport });
      await page.goto(host.base + address());
      await page.locator(shows).first().waitFor();
      await unfold(page);
      const unseen: Stop[] = [];
      for (;;) {
        await page.keyboard.press('Tab');
        const stop = await page.evaluate<Stop | null>(STOP);
        if (!stop) break;
        if (!stop.isShown || !stop.isMarked) unseen.push(stop);
      }
      expect({ viewport, unseen, left: await page.evaluate<string[]>(LEFT_OUT) }).toEqual({
        viewport,
        unseen: [],
        left: [],
      });
      await close();
    }
  },
);

/** Where Tab has led to. */
interface Stop {
  html: string;
  /** Whether a part of it is in the window, with nothing over it. */
  isShown: boolean;
  /** Whether it looks otherwise than without the focus. */
  isMarked: boolean;
}

/** null where Tab led before, or out of the page. */
const STOP = `(() => {
  const visited = (window.visited ??= new Set());
  const element = document.activeElement;
  if (!element || element === document.body || visited.has(element)) return null;
  visited.add(element);
  const { left, top, width, height } = element.getBoundingClientRect();
  const isShown = [0.1, 0.5, 0.9].some((x) => [0.1, 0.5, 0.9].some((y) => {
    const there = document.elementFromPoint(left + x * width, top + y * height);
    return there !== null && element.contains(there);
  }));
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const isMarked = outlineStyle === 'solid' && parseFloat(outlineWidth) >= 3;
  return { html: element.outerHTML.slice(0, 150), isShown, isMarked };
})()`;
const LEFT_OUT = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
  .filter((element) => element.tabIndex >= 0 && element.checkVisibility({ visibilityProperty: true }))
  .filter((element) => !window.visited.has(element))
  .map((element) => element.outerHTML.slice(0, 150))`;

test('each page has a title of its own', async () => {
  const { page, close } = await watchedPage(opened.browser, host.origin, { user: OWNER });
  const titles: string[] = [];
  const [first] = PAGES;
  const ofOneDocument = ['', '/review', '/compare', '/print'].map(
    (part) => `document/${host.reviewed}${part}`,
  );
  for (const address of [first?.[1]() ?? '', ...ofOneDocument, 'operations']) {
    await page.goto(host.base + address);
    await page.locator('h1', { hasText: /account-package|Documents|Operations/ }).waitFor();
    titles.push(await page.title());
  }
  expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
  await close();
});

test('a button that has the focus keeps it when it can do no more', async () => {
  const { page, close } = await watchedPage(opened.browser, host.origin, { user: OWNER });
  await page.goto(`${host.base}document/${host.reviewed}`);
  await page.getByRole('button', { name: 'Page 1', exact: true }).click();
  await page.getByText('Page 1 of 12').waitFor();
  const [next, previous] = ['Next page', 'Previous page'].map((name) => page.getByRole('button', { name }));
  await next?.press('Enter');
  await page.getByText('Page 2 of 12').waitFor();
  await previous?.press('Enter');
  await page.getByText('Page 1 of 12').waitFor();
  expect(await page.evaluate(`document.activeElement.getAttribute('aria-label')`)).toBe('Previous page');
  expect(await previous?.getAttribute('aria-disabled')).toBe('true');
  await page.keyboard.press('Enter');
  await page.getByText('Page 1 of 12').waitFor();
  await close();
});

test('what stands in an empty field can be read in both themes', async () => {
  const { page, close } = await watchedPage(opened.browser, host.origin, { user: OWNER });
  await page.goto(host.base);
  await page.getByPlaceholder('Any part of it').waitFor();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const colours = await page.evaluate<[text: string, ground: string]>(`(() => {
      const field = document.querySelector('[placeholder]');
      return [getComputedStyle(field, '::placeholder').color, getComputedStyle(field).backgroundColor];
    })()`);
    expect({ colorScheme, isRead: contrast(...colours) >= 4.5 }).toEqual({ colorScheme, isRead: true });
  }
  await close();
});

/** Of two colours like `rgb(1, 2, 3)`, as WCAG reckons it. */
function contrast(...colours: [string, string]): number {
  const [darker = 0, lighter = 0] = colours.map(luminance).toSorted((one, other) => one - other);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test('in forced colours, what is marked, chosen or pressed differs from what is not', async () => {
  const { page, close } = await watchedPage(opened.browser, host.origin, { user: OWNER });
  await page.emulateMedia({ forcedColors: 'active', colorScheme: 'dark' });
  await page.goto(`${host.base}document/${host.reviewed}`);
  await page.locator('button.value').first().click();
  await page.locator('.page-mark.chosen').first().waitFor();
  const style = (selector: string, property: string) =>
    page.evaluate<string>(`getComputedStyle(document.querySelector('${selector}')).${property}`);
  // White would not be seen on paper.
  expect(await style('.page-mark.chosen', 'borderTopColor')).toBe('rgb(11, 92, 173)');
  expect(await style('.fields tr:has([aria-current])', 'outlineStyle')).toBe('solid');
  expect(await style('.fields tbody tr:not(:has([aria-current]))', 'outlineStyle')).toBe('none');
  const ground = 'backgroundColor';
  expect(await style('[aria-selected=true]', ground)).not.toBe(await style('[aria-selected=false]', ground));
  await page.goto(`${host.base}document/${host.reviewed}/review`);
  await page.locator('[aria-pressed=false]').waitFor();
  expect(await style('[aria-pressed=true]', ground)).not.toBe(await style('[aria-pressed=false]', ground));
  expect(await style('.values li:has([aria-current])', 'outlineStyle')).toBe('solid');
  // Drawn in a colour of the person's own, as links are.
  await page.goto(`${host.base}operations`);
  await page.locator('svg .bar').first().waitFor();
  const link = await style('nav a', 'color');
  expect(await style('svg .bar', 'stroke')).toBe(link);
  await close();
});

test('with the spaces that a person sets between letters, words and lines, nothing is cut or sticks out', async () => {
  const viewport = { width: 320, height: 256 };
  for (const [, address, shows] of PAGES) {
    const { page, close } = await watchedPage(opened.browser, host.origin, { user: OWNER, viewport });
    await page.goto(host.base + address());
    await page.locator(shows).first().waitFor();
    await page.evaluate(SPACED);
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect([address(), width, await page.evaluate<string[]>(CUT)]).toEqual([address(), viewport.width, []]);
    await close();
  }
});

const SPACED = `(() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(
    '* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }' +
    'p { margin-bottom: 2em !important }');
  document.adoptedStyleSheets = [sheet];
})()`;
const CUT = `[...document.querySelectorAll('body *:not(svg *, .unseen, .unseen *, .page-sheet, .page-sheet *)')]
  .filter((element) => element.checkVisibility())
  .filter((element) => /hidden|clip/.test(getComputedStyle(element).overflow))
  .filter((element) => element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1)
  .map((element) => element.outerHTML.slice(0, 150))`;

test('what stays in place on the operations page covers nothing that has the focus', async () => {
  const viewport = { width: 1_280, height: 700 };
  const { page, close } = await watchedPage(opened.browser, host.origin, { user: OWNER, viewport });
  await page.route('**/ops/retry*', (route) => route.fulfill({ json: { success: true, started: 1 } }));
  await page.goto(`${host.base}operations`);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Retry all of them' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Retry them' }).click();
  await page.locator('.outcome').waitFor();
  await page.locator('td a[href*="compare"]').last().focus();
  for (;;) {
    await page.keyboard.press('Shift+Tab');
    const stop = await page.evaluate<Stop | null>(STOP);
    if (!stop) break;
    expect(stop).toMatchObject({ isShown: true, isMarked: true });
  }
  await close();
});

test('axe finds nothing on the sign-in of operations, which the token opens', async () => {
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

test('axe finds nothing where there is nothing: no document yet, no such document, no such page, operations without a token', async () => {
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
