import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from '@jest/globals';
import type { RequestHandler } from 'express';
import type { Page } from 'playwright-core';
import { readLabelledValues } from '../../../src/embedded-model/rules.js';
import { createQuire, type Quire } from '../../../src/index.js';
import { openBrowser, type OpenBrowser } from '../../browser.js';
import { pagesHost, type PagesHost } from '../../pages-host.js';
import { lines, makePdf } from '../../pdf-fixtures.js';
import { RuleModel } from '../../rule-model.js';
import { newDatabase } from '../../shared.js';
import { SILENT } from '../../silent.js';
import { watchedPage, type WatchedPage } from '../../watched-page.js';

/** What apps and proxies have before the routes answers, too, and sessions end: the pages say what is to be done. */

let opened: OpenBrowser;
let model: RuleModel;
let quire: Quire;
let host: PagesHost;
let pdf: Buffer;
/** In place of the routes and the pages. */
let inTheWay: RequestHandler | undefined;

const html = (status: number, headers: Record<string, string> = {}): RequestHandler => {
  return (_request, response) => {
    response.status(status).set(headers).type('html').send(`<h1>${status}</h1>`);
  };
};
/** Where people sign in, on the app itself or on a server of its own that tells no other site anything. */
const signIn =
  (at: string): RequestHandler =>
  (_request, response) =>
    response.redirect(at);
const once = (handler: RequestHandler): RequestHandler => {
  return (request, response, next) => {
    if (!request.path.endsWith('/process')) return next();
    inTheWay = undefined;
    return handler(request, response, next);
  };
};

beforeAll(async () => {
  opened = await openBrowser();
  model = await RuleModel.start(readLabelledValues);
  quire = await createQuire({ ...model.options, database: await newDatabase(), logger: SILENT });
  const before: RequestHandler = (request, response, next) => {
    if (request.path === '/sign-in') response.type('html').send('<h1>Sign in</h1>');
    else if (inTheWay) inTheWay(request, response, next);
    else next();
  };
  host = await pagesHost(quire, { mount: '/bank/quire', before: [before] });
  pdf = await makePdf([{ texts: lines('ACCOUNT NUMBER: 12345678', 'Branch: Main Street') }]);
});
afterAll(async () => {
  await host.close();
  await quire.close();
  await model.close();
  await opened.close();
});

let watched: WatchedPage;
let page: Page;
beforeEach(async () => {
  watched = await watchedPage(opened.browser, host.origin, { user: randomUUID() });
  page = watched.page;
  await page.goto(host.base);
  await page.getByText('Nothing is here yet').waitFor();
});
afterEach(async () => {
  inTheWay = undefined;
  model.waits = () => 0;
  await watched.close();
});

const upload = (...names: string[]) =>
  page
    .getByLabel('PDFs to upload')
    .setInputFiles(names.map((name) => ({ name: `${name}.pdf`, mimeType: 'application/pdf', buffer: pdf })));
const sent = (name: string) => page.locator('.sent-files li').filter({ hasText: `${name}.pdf` });
const row = (name: string) =>
  page.locator('.documents > li').filter({ has: page.getByRole('heading', { name, exact: true }) });
const isRead = (name: string) =>
  row(name)
    .locator('.badge', { hasText: /^\s*Read$/ })
    .waitFor();

describe.each([
  ['a redirect to where people sign in', signIn('/sign-in')],
  ['a redirect to another server that signs them in', signIn('http://localhost:9/sign-in')],
  ['a 401 in HTML', html(401)],
])('a session that has ended, told by %s', (_how, ended) => {
  test('is said on every page, and who signs in again goes on', async () => {
    await upload('before');
    await isRead('before');
    inTheWay = ended;
    await upload('after');
    await sent('after').getByText('Sign in again, in another tab').waitFor();
    await row('before').getByRole('button', { name: 'Delete before' }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await page.getByRole('dialog').getByText('You are not signed in any more.').waitFor();
    await page.keyboard.press('Escape');
    await row('before').getByRole('link', { name: 'before', exact: true }).click();
    await page.getByText('You are not signed in any more.').first().waitFor();
    inTheWay = undefined;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('tab', { name: 'Account 12345678' }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Try after.pdf again' }).click();
    await isRead('after');
  });
});

describe('an upload that something else answers', () => {
  test.each([
    ['too large for a proxy', html(413), 'larger than the server lets through before it comes to Quire'],
    ['without the token that the app wants', html(403), 'The app does not let this file through (403).'],
  ])('%s: a sentence says so', async (_what, handler, says) => {
    inTheWay = once(handler);
    await upload('file');
    await sent('file').getByText(says).waitFor();
  });

  test.each([
    ['of no time', '0', 'This page tries again in 1 second.'],
    ['of years', '99999999999', 'This page tries again in 3600 seconds.'],
    ['until a time of day', new Date(Date.now() + 86_400_000).toUTCString(), 'in 3600 seconds.'],
  ])('with a wait %s waits for a sensible one', async (_what, wait, says) => {
    inTheWay = once(html(503, { 'Retry-After': wait }));
    await upload('file');
    await sent('file').getByText(says).waitFor();
  });

  test('many that broke off are sent again together', async () => {
    inTheWay = (request, _response, next) => {
      if (request.path.endsWith('/process')) request.destroy();
      else next();
    };
    await upload('a', 'b', 'c');
    await page.getByText('3 files: 3 not taken').waitFor();
    inTheWay = undefined;
    await page.getByRole('button', { name: 'Try 3 files again' }).click();
    await page.getByText('3 files: 3 uploaded').waitFor();
    for (const name of ['a', 'b', 'c']) await isRead(name);
  });
});

describe('with two tabs', () => {
  test('a document deleted in one is not shown in the other any more', async () => {
    let go: () => void = () => undefined;
    model.waits = () => new Promise<void>((resolve) => (go = resolve));
    await upload('letter');
    const other = await watched.context.newPage();
    await other.goto(
      (await row('letter').getByRole('link', { name: 'letter', exact: true }).getAttribute('href')) ?? '',
    );
    await other.getByText('The document is being read. This page follows it.').waitFor();
    await row('letter').getByRole('button', { name: 'Delete letter' }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await other.getByRole('heading', { name: 'There is no such document' }).waitFor();
    go();
  });

  test('what is deleted twice is gone all the same, and the list is fetched when it is seen again', async () => {
    await upload('one', 'two');
    for (const name of ['one', 'two']) await isRead(name);
    const other = await watched.context.newPage();
    await other.goto(host.base);
    for (const name of ['one', 'two']) {
      await other.getByRole('button', { name: `Delete ${name}` }).click();
      await other.getByRole('button', { name: 'Delete it' }).click();
      await other.getByRole('heading', { name }).waitFor({ state: 'detached' });
      if (name === 'two') await page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`);
      else {
        await page.getByRole('button', { name: 'Delete one' }).click();
        await page.getByRole('button', { name: 'Delete it' }).click();
      }
      await row(name).waitFor({ state: 'detached' });
    }
    await page.getByText('Nothing is here yet').waitFor();
  });
});
