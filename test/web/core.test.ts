import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { RequestHandler } from 'express';
import type { Page } from 'playwright-core';
import { createQuire, type Quire, type Store } from '../../src/index.js';
import { axeFindings } from '../axe.js';
import { openBrowser, type OpenBrowser } from '../browser.js';
import { pagesHost, strippingProxy, type PagesHost } from '../pages-host.js';
import { newStore } from '../shared.js';
import { until } from '../until.js';
import { watchedPage, type WatchedPage } from '../watched-page.js';

/** What all pages stand on: where they are mounted, what they are made of, and what they may do. */

const ID = '00000000-0000-4000-8000-000000000000';
const MOUNT = '/bank/quire';
const ADDRESSES = [
  '',
  'operations',
  'operations/',
  ...['', '/', '/review', '/review/', '/compare', '/print'].map((page) => `document/${ID}${page}`),
];
const MOST_SCRIPT_KB = 60;

let opened: OpenBrowser;
let store: Store;
let quire: Quire;
let host: PagesHost;
let logged: { fields: object; message: string }[] = [];
const policies: string[] = [];

/** A host with a policy of its own, where the test sets one. */
const withPolicy: RequestHandler = (_request, response, next) => {
  const [policy] = policies;
  if (policy !== undefined) response.set('Content-Security-Policy', policy);
  next();
};

beforeAll(async () => {
  opened = await openBrowser();
  store = await newStore();
  const log = (fields: object, message: string) => void logged.push({ fields, message });
  quire = await createQuire({ store, logger: { info: () => undefined, warn: log, error: log } });
  host = await pagesHost(quire, { mount: MOUNT, before: [withPolicy] });
});
beforeEach(() => {
  logged = [];
  policies.length = 0;
});
afterAll(async () => {
  await host.close();
  await quire.close();
  await store.close();
  await opened.close();
});

async function withPage<T>(work: (watched: WatchedPage) => Promise<T>, origin = host.origin): Promise<T> {
  const watched = await watchedPage(opened.browser, origin);
  try {
    return await work(watched);
  } finally {
    await watched.close();
  }
}

const headersOf = async (path: string) =>
  (await fetch(new URL(path, host.base), { redirect: 'manual' })).headers;

describe('where the pages are', () => {
  test.each(ADDRESSES)('a page is drawn from its own files alone: /%s', async (address) => {
    await withPage(async ({ page, troubles }) => {
      await page.goto(host.base + address);
      await page.getByRole('heading', { level: 1 }).waitFor();
      expect(await page.getByRole('link', { name: 'Documents', exact: true }).getAttribute('href')).toBe(
        host.base,
      );
      expect(troubles).toEqual([]);
    });
  });

  test('an address without the slash leads to the one with it, and keeps what is asked', async () => {
    const location = async (path: string) => (await headersOf(path)).get('location');
    expect(await location(MOUNT)).toBe('./quire/');
    expect(await location(`${MOUNT}?state=failed`)).toBe('./quire/?state=failed');
    expect(await location(`${MOUNT}/`)).toBeNull();
  });

  test('a proxy may take a part of the path away', async () => {
    const proxy = await strippingProxy(host.origin, '/outer');
    try {
      await withPage(async ({ page, troubles }) => {
        await page.goto(`${proxy.origin}/outer${MOUNT}`);
        await page.getByRole('heading', { level: 1 }).waitFor();
        expect(page.url()).toBe(`${proxy.origin}/outer${MOUNT}/`);
        await page.goto(`${proxy.origin}/outer${MOUNT}/document/${ID}/review`);
        await page.getByRole('link', { name: 'Documents', exact: true }).click();
        await page.getByRole('heading', { name: 'Documents', level: 1 }).waitFor();
        expect(page.url()).toBe(`${proxy.origin}/outer${MOUNT}/`);
        expect(troubles).toEqual([]);
      }, proxy.origin);
    } finally {
      await proxy.close();
    }
  });

  test('a link to another page leads there without loading anything anew, and back', async () => {
    await withPage(async ({ page, troubles }) => {
      await page.goto(`${host.base}document/${ID}/print`);
      await page.evaluate('window.isTheSame = true');
      await page.getByRole('link', { name: 'Documents', exact: true }).click();
      await page.getByRole('heading', { name: 'Documents', level: 1 }).waitFor();
      await page.goBack();
      await page.waitForURL(`${host.base}document/${ID}/print`);
      expect(await page.evaluate('window.isTheSame')).toBe(true);
      expect(troubles).toEqual([]);
    });
  });
});

describe('for who goes by the keyboard', () => {
  const focused = (page: Page) => page.evaluate<string>('document.activeElement.tagName');

  test('another page begins at its heading, which takes its direction from its words; the first one does not', async () => {
    await withPage(async ({ page, troubles }) => {
      await page.goto(`${host.base}document/${ID}/compare`);
      await page.getByRole('alert').waitFor();
      expect(await focused(page)).toBe('BODY');
      const heading = page.getByRole('heading', { level: 1 });
      expect(await heading.getAttribute('dir')).toBe('auto');
      await page.getByRole('link', { name: 'Documents', exact: true }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Documents', level: 1 }).waitFor();
      await until('the heading has the focus', async () => (await focused(page)) === 'H1');
      await page.goBack();
      await page.getByRole('heading', { name: 'Compare readings' }).waitFor();
      await until('the heading has the focus', async () => (await focused(page)) === 'H1');
      // The record's heading is another one once its document has come, or has not.
      await page.evaluate(`document.querySelector('.brand').href = '${host.base}document/${ID}'`);
      await page.getByRole('link', { name: 'Quire' }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'There is no such document' }).waitFor();
      await until('the heading has the focus', async () => (await focused(page)) === 'H1');
      expect(troubles).toEqual([]);
    });
  });
});

describe('a server that is away for a moment', () => {
  test('is asked again when the person says so, where the page does not do it by itself', async () => {
    await withPage(async ({ page }) => {
      await page.route('**/readings', (route) => route.abort(), { times: 1 });
      await page.goto(`${host.base}document/${ID}/compare`);
      await page
        .getByRole('alert')
        .getByText('The server cannot be reached. Check the connection, then try again.')
        .waitFor();
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByText('There is no document at this address').waitFor();
    });
  });

  test('is asked again by itself for a document, after the time that it says', async () => {
    await withPage(async ({ page }) => {
      const busy = {
        status: 429,
        headers: { 'retry-after': '1' },
        json: { success: false, message: 'Busy' },
      };
      // The page asks for the record and for what stands beside it at once.
      await page.route(new RegExp(`/api/document/${ID}(/evidence)?$`), (route) => route.fulfill(busy), {
        times: 2,
      });
      await page.goto(`${host.base}document/${ID}`);
      await page.getByRole('alert').getByText('Busy. This page tries again by itself.').waitFor();
      await page.getByRole('heading', { name: 'There is no such document' }).waitFor();
    });
  });
});

describe('what the pages are made of', () => {
  const assets = async () => {
    const page = await (await fetch(host.base)).text();
    return [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path = '']) => path);
  };

  test('files are kept for good under the name of what is in them, and asked for again under any other', async () => {
    const names = await assets();
    expect(names.map((name) => name.replace(/v=.*/, 'v='))).toEqual([
      './assets/icon.svg?v=',
      './assets/app.css?v=',
      './assets/app.js?v=',
    ]);
    for (const name of names) {
      expect((await headersOf(name)).get('cache-control')).toBe('public, max-age=31536000, immutable');
      for (const other of [name.replace(/\?.*/, ''), name.replace(/v=.*/, 'v=other')]) {
        expect((await headersOf(other)).get('cache-control')).toBe('no-cache');
      }
    }
    expect((await headersOf('')).get('cache-control')).toBe('no-cache');
  });

  test('nothing else of the build is there', async () => {
    for (const name of ['app.js.map', '..%2Fhttp%2Fpages.js', 'constructor', '']) {
      expect((await fetch(`${host.base}assets/${name}`)).status).toBe(404);
    }
  });

  test(`the script of all pages is under ${MOST_SCRIPT_KB} kB, compressed`, () => {
    const script = readFileSync(new URL('../../dist/web/app.js', import.meta.url));
    expect(gzipSync(script, { level: 9 }).length).toBeLessThan(MOST_SCRIPT_KB * 1_000);
  });
});

describe('what the pages may do', () => {
  test('a policy is set where the host has none, and the host’s own is left as it is', async () => {
    expect((await headersOf('')).get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self';/,
    );
    policies.push("default-src 'self'");
    expect((await headersOf('')).get('content-security-policy')).toBe("default-src 'self'");
  });

  test('a script or style that somebody smuggles into the page does nothing', async () => {
    await withPage(async ({ page, troubles }) => {
      await page.goto(host.base);
      await page.evaluate(`
        document.body.insertAdjacentHTML('beforeend', '<img src="x:" onerror="window.smuggled = true">');
        const script = document.createElement('script');
        script.textContent = 'window.smuggled = true';
        document.body.append(script);
      `);
      await until(
        'the policy was violated',
        () => troubles.filter((trouble) => trouble.includes('policy')).length > 1,
      );
      expect(await page.evaluate('window.smuggled')).toBeUndefined();
    });
  });

  test('axe finds nothing on them', async () => {
    await withPage(async ({ page }) => {
      for (const address of ADDRESSES) {
        await page.goto(host.base + address);
        await page.getByRole('heading', { level: 1 }).waitFor();
        expect({ address, found: await axeFindings(page) }).toEqual({ address, found: [] });
      }
    });
  });
});

describe('an error in a page', () => {
  const report = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${host.base}api/page-errors`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const told = () => logged.filter(({ message }) => message === 'a page failed in a browser');

  test('is in the log with its kind and where it happened, ten at most of one page, never with its text', async () => {
    await withPage(async ({ page, troubles }) => {
      await page.goto(`${host.base}document/${ID}/print`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.evaluate(`
        for (let index = 0; index < 20; index++) setTimeout(() => { throw new RangeError('account 12345678') });
        setTimeout(() => void Promise.reject(new TypeError('account 12345678')));
      `);
      await until(
        'all errors came',
        () => troubles.filter((text) => text.startsWith('page error')).length === 21,
      );
      const sent = troubles.filter((text) => text.startsWith('reported'));
      expect(sent).toHaveLength(10);
      await until('they are in the log', () => told().length === 10);
      expect(told()[0]?.fields).toEqual({
        name: expect.stringMatching(/^(?:Range|Type)Error$/),
        page: 'print',
        line: expect.any(Number),
        column: expect.any(Number),
      });
      expect(JSON.stringify(logged)).not.toContain('12345678');
    });
  });

  test('fills no log, and carries nothing into it', async () => {
    const error = { name: 'TypeError', page: 'record', line: 1, column: 2 };
    for (const body of [
      { ...error, name: 'Anna, 12345678' },
      { ...error, page: 'account 12345678' },
      {},
      'text',
    ]) {
      expect((await report(body)).status).toBeLessThan(500);
    }
    expect(told()).toEqual([]);
    await report({ ...error, message: 'account 12345678' });
    expect(JSON.stringify(told())).not.toContain('12345678');
    for (let index = 0; index < 50; index++) await report(error);
    // Twenty a minute, and a minute may end meanwhile.
    expect(told().length).toBeLessThanOrEqual(40);
    expect((await report(error, { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403);
  });
});
