import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { RequestHandler } from 'express';
import type { Page } from 'playwright-core';
import { readLabelledValues } from '../../../src/embedded-model/rules.js';
import { createQuire, type Quire, type Store, type StoredDocument } from '../../../src/index.js';
import { axeFindings } from '../../axe.js';
import { openBrowser, type OpenBrowser } from '../../browser.js';
import type { SentEvent } from '../../event-stream.js';
import { pagesHost, type PagesHost } from '../../pages-host.js';
import { makePdf } from '../../pdf-fixtures.js';
import type { Call, Fault } from '../../provider.js';
import { RuleModel } from '../../rule-model.js';
import { newFolder, newStore } from '../../shared.js';
import { SILENT } from '../../silent.js';
import { unread } from '../../stored-document.js';
import { until } from '../../until.js';
import { watchedPage, type WatchedPage } from '../../watched-page.js';

/** The page where documents are uploaded and followed. */

let opened: OpenBrowser;
let model: RuleModel;
let store: Store;
let quire: Quire;
let host: PagesHost;
/** Of four and of three pages. */
let long: Buffer;
let short: Buffer;
/** In place of what the app would answer to the next uploads. */
const answers: { status: number; retryAfter?: string; message?: string }[] = [];
/** Whether a proxy holds back what is streamed. */
let isHeldBack = false;
let heldBack = 0;
/** Uploads are looked at only then. */
let lookedAt: Promise<void> | undefined;

const inBetween: RequestHandler = (request, response, next) => {
  if (isHeldBack && request.headers.accept === 'text/event-stream') {
    heldBack++;
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    return;
  }
  const isUpload = request.path.endsWith('/process');
  const answer = isUpload ? answers.shift() : undefined;
  if (isUpload && lookedAt) return void lookedAt.then(() => next());
  if (!answer) return next();
  const { status, retryAfter, message = 'not now' } = answer;
  if (retryAfter !== undefined) response.set('Retry-After', retryAfter);
  response.status(status).json({ success: false, message });
};

beforeAll(async () => {
  opened = await openBrowser();
  store = await newStore();
  model = await RuleModel.start(readLabelledValues);
  quire = await createQuire({
    ...model.options,
    plan: { path: 'batch', batchSize: 2, maxWorkers: 3 },
    store,
    logger: SILENT,
    settings: { UPLOAD_MAX_MB: 1 },
  });
  host = await pagesHost(quire, { mount: '/bank/quire', before: [inBetween] });
  [long, short] = [await letters(4), await letters(3)];
});
afterAll(async () => {
  await host.close();
  await quire.close();
  await store.close();
  await model.close();
  await opened.close();
});

/** A document of so many pages with a value on each. */
function letters(pages: number): Promise<Buffer> {
  return makePdf(
    Array.from({ length: pages }, (_, index) => ({
      texts: [
        { text: `Letter ${index + 1} of a bank that is easily read by everybody`, x: 60, y: 60 },
        { text: `Branch: Harbor ${index + 1}`, x: 60, y: 100 },
      ],
    })),
  );
}

let watched: WatchedPage;
let page: Page;
/** A new one for each test: nobody sees what another one has uploaded. */
let user: string;
beforeEach(async () => {
  user = randomUUID();
  watched = await watchedPage(opened.browser, host.origin, { user });
  page = watched.page;
  model.waits = () => 0;
  model.fails = () => undefined;
  await page.goto(host.base);
});
afterEach(async () => {
  isHeldBack = false;
  lookedAt = undefined;
  answers.length = 0;
  await watched.close();
});

const pdf = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/pdf', buffer });
const upload = (...files: ReturnType<typeof pdf>[]) => page.getByLabel('PDFs to upload').setInputFiles(files);
const row = (name: string) =>
  page.locator('.documents > li').filter({ has: page.getByRole('heading', { name, exact: true }) });
const badge = (name: string, says: string) =>
  row(name).locator('.badge', { hasText: new RegExp(`^\\s*${says}$`) });
const sent = (name: string) => page.locator('.sent-files li').filter({ hasText: name });

async function events(name: string): Promise<SentEvent[]> {
  const id = await row(name).getAttribute('data-document');
  const answer = await page.request.get(`${host.base}api/document/${id}/events`);
  return ((await answer.json()) as { events: SentEvent[] }).events;
}

interface Shown {
  event: number;
  ended: number | undefined;
  unit: string | undefined;
}

const SHOWN = `(id, of) =>
  [...document.querySelectorAll('[data-document="' + id + '"] .timeline ' + of + ' [data-event]')].map(({ dataset }) => ({
    event: Number(dataset.event),
    ended: dataset.ended === undefined ? undefined : Number(dataset.ended),
    unit: dataset.unit,
  }))`;

/** What a timeline shows: its bars or its rows. */
async function shown(name: string, of: 'svg.calls' | 'tbody'): Promise<Shown[]> {
  const id = await row(name).getAttribute('data-document');
  return page.evaluate<Shown[]>(`(${SHOWN})('${id}', '${of}')`);
}

/** What it must show: each call from its start to its end, each salvage, each wait. */
function expected(all: readonly SentEvent[]): Shown[] {
  const ends = all.filter(({ type }) => type === 'call_ended');
  const isOf = (start: SentEvent, end: SentEvent) =>
    end.number > start.number &&
    ['unit', 'purpose', 'pages'].every((key) => JSON.stringify(start[key]) === JSON.stringify(end[key]));
  return all
    .filter(({ type }) => ['call_started', 'salvage_started', 'waiting'].includes(type))
    .map((event) => {
      const at = event.type === 'call_started' ? ends.findIndex((end) => isOf(event, end)) : -1;
      const [end] = at < 0 ? [] : ends.splice(at, 1);
      return { event: event.number, ended: end?.number, unit: event.unit as string | undefined };
    });
}

const openCalls = (name: string) => row(name).locator('summary').filter({ hasText: 'Model calls' }).click();
const openTable = (name: string) => row(name).getByText('The same as a table').click();

async function expectComplete(name: string): Promise<void> {
  const all = expected(await events(name));
  await until('the timeline has all', async () => (await shown(name, 'tbody')).length === all.length);
  expect(await shown(name, 'tbody')).toEqual(all);
  expect(await shown(name, 'svg.calls')).toEqual(all);
}

/** Has the model answer only when the test says so. */
function held(): () => void {
  let go: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => (go = resolve));
  model.waits = () => answered;
  return () => go();
}

/** A service that breaks down, leaves a page out, and asks to wait. */
function troubled(): (call: Call) => Fault | undefined {
  const faults: Fault[] = [{ status: 500 }, 'missing page', { status: 429, headers: { 'retry-after': '4' } }];
  return ({ pages }) => (pages.length > 1 ? faults.shift() : undefined);
}

/** Whether the element with the focus says just that. */
const hasFocus = async (says: string) => (await page.evaluate('document.activeElement.textContent')) === says;

describe('a document on its way', () => {
  test('two are uploaded and read: progress moves, and the timeline has all that happened to calls', async () => {
    const go = held();
    model.fails = troubled();
    await page.getByText('Nothing is here yet').waitFor();
    // After a failure a single call tries the service: it must be one of this document.
    await upload(pdf('long.pdf', long));
    await sent('long.pdf').getByText('Uploaded.').waitFor();
    await openCalls('long');
    await row('long').locator('svg .call.under-way').first().waitFor();
    expect(await row('long').locator('[aria-current=step]').innerText()).toContain('Fields');
    const progress = row('long').getByRole('progressbar', { name: 'Progress of long' });
    const before = Number(await progress.getAttribute('value'));
    expect(before).toBeLessThan(95);
    go();
    await row('long').getByText('The model service asked to wait: it goes on at').waitFor();
    await upload(pdf('short.pdf', short));
    await until('progress has moved', async () => Number(await progress.getAttribute('value')) > before);
    for (const name of ['long', 'short']) await badge(name, 'Read').waitFor();
    expect(await row('long').innerText()).toContain('In batches (batch 2x3)');
    const types = new Set((await events('long')).map(({ type }) => type));
    expect([...types]).toEqual(expect.arrayContaining(['waiting', 'call_ended']));
    await expectComplete('long');
    await openCalls('short');
    await expectComplete('short');
    const kinds = await page.locator('tbody tr').allTextContents();
    for (const says of ['First call, try 2', 'Salvage begins', 'Wait: the model service asked to wait'])
      expect(kinds.some((text) => text.includes(says))).toBe(true);
    await openTable('long');
    expect(await axeFindings(page)).toEqual([]);
    expect(watched.troubles).toEqual([]);

    await page.reload();
    await openCalls('long');
    await expectComplete('long');
  });

  test('a proxy that holds back what is streamed does not hold back the timeline', async () => {
    isHeldBack = true;
    const go = held();
    await upload(pdf('long.pdf', long));
    await openCalls('long');
    await until('the timeline waits for the stream', () => heldBack > 0);
    go();
    await badge('long', 'Read').waitFor();
    await expectComplete('long');
  });

  test('it is cancelled, asked again and deleted', async () => {
    const go = held();
    await upload(pdf('short.pdf', short));
    await openCalls('short');
    await row('short').locator('svg .call.under-way').first().waitFor();
    await row('short').getByRole('button', { name: 'Cancel short' }).focus();
    await page.keyboard.press('Enter');
    await badge('short', 'Failed').waitFor();
    await row('short').getByText('Cancelled').waitFor();
    await until('its link has the focus', () => hasFocus('short'));
    go();
    await row('short').getByRole('button', { name: 'Retry short' }).focus();
    await page.keyboard.press('Enter');
    await badge('short', 'Read').waitFor();
    await until('its link has the focus', () => hasFocus('short'));
    const begins = (await events('short')).filter(({ type }) => type === 'accepted').length;
    expect(begins).toBe(2);
    expect((await shown('short', 'tbody')).length).toBeGreaterThan(expected(await events('short')).length);

    const button = row('short').getByRole('button', { name: 'Delete short' });
    await button.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Delete short?' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator(':focus[aria-label="Delete short"]').waitFor();
    await button.click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await page.getByText('Nothing is here yet').waitFor();
    await page.locator(':focus', { hasText: /^Your documents$/ }).waitFor();
    expect(watched.troubles).toEqual([]);
  });
});

describe('a file that is not taken', () => {
  test.each([
    [
      { status: 401 },
      'It is not known who you are. Sign in again, in another tab if you like, then try again.',
    ],
    [{ status: 403 }, 'Open this page by the app’s usual address, then try again.'],
    [{ status: 408 }, 'Try again on a faster connection.'],
    [{ status: 413 }, 'The file is larger than 1 MB. Split the PDF or make it smaller, then upload that.'],
    [{ status: 429, message: 'Too many' }, 'Too many. Try again in a while.'],
    [{ status: 500 }, 'Try again; if that does not help, tell whoever runs it.'],
  ])('is answered with %j, and a sentence says what to do', async (answer, says) => {
    // After a 408 a browser sends it again by itself, on each connection that it has used before.
    answers.push(...Array.from({ length: 6 }, () => answer));
    await upload(pdf('short.pdf', short));
    await sent('short.pdf').getByText(says).waitFor();
    await page.getByRole('status').filter({ hasText: says }).waitFor();
    answers.length = 0;
    if (answer.status === 413) return;
    await page.getByRole('button', { name: 'Try short.pdf again' }).click();
    await sent('short.pdf').getByText('Uploaded.').waitFor();
  });

  test('is no PDF, is empty or too large; the last two are not even sent', async () => {
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST') asked.push(request.url());
    });
    await upload(
      pdf('text.pdf', Buffer.from('text')),
      pdf('empty.pdf', Buffer.alloc(0)),
      pdf('large.pdf', Buffer.alloc(1_048_577)),
    );
    await sent('text.pdf').getByText('The file is not a PDF. Save or print the document as a PDF').waitFor();
    await sent('empty.pdf').getByText('The file is empty. Save the document again').waitFor();
    await sent('large.pdf').getByText('The file is larger than 1 MB. Split the PDF').waitFor();
    expect(asked).toHaveLength(1);
  });

  test('is sent again by the page when the server says so, and nothing else before', async () => {
    answers.push({ status: 429, retryAfter: '1', message: 'Too many of your documents wait' });
    await upload(...['a', 'b', 'c'].map((name) => pdf(`${name}.pdf`, short)));
    await page
      .locator('.sent-files')
      .getByText('Too many of your documents wait. This page tries again')
      .waitFor();
    for (const name of ['a', 'b', 'c']) await sent(`${name}.pdf`).getByText('Uploaded.').waitFor();
    answers.push({ status: 503, retryAfter: '600' });
    await upload(pdf('d.pdf', short));
    await sent('d.pdf').getByText('This page tries again in 600 seconds.').waitFor();
    await page.getByRole('button', { name: 'Cancel the upload of d.pdf' }).focus();
    await page.keyboard.press('Enter');
    await sent('d.pdf').getByText('Cancelled.').waitFor();
    await until('its name has the focus', () =>
      page.evaluate<boolean>(`document.activeElement.textContent.startsWith('d.pdf')`),
    );
  });

  test('is not cancelled any more once the server has all of it, for it may be taken', async () => {
    let go: () => void = () => undefined;
    lookedAt = new Promise<void>((resolve) => (go = resolve));
    await upload(pdf('short.pdf', short));
    await sent('short.pdf').getByText('Sent; it is being checked.').waitFor();
    expect(await page.getByRole('button', { name: 'Cancel the upload of short.pdf' }).count()).toBe(0);
    go();
    await badge('short', 'Read').waitFor();
  });

  test('does not reach a server that is away', async () => {
    await watched.context.setOffline(true);
    await upload(pdf('short.pdf', short));
    await sent('short.pdf').getByText('The server could not be reached').waitFor();
    await watched.context.setOffline(false);
    await page.getByRole('button', { name: 'Try short.pdf again' }).click();
    await sent('short.pdf').getByText('Uploaded.').waitFor();
  });
});

const DROP = `(element, base64) => {
  const dataTransfer = new DataTransfer();
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  dataTransfer.items.add(new File([bytes], 'dropped.pdf'));
  element.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
}`;

describe('what is given', () => {
  test('a folder’s PDFs are taken, however deep, and the rest is counted', async () => {
    const folder = await newFolder();
    await mkdir(join(folder, 'deeper'));
    await writeFile(join(folder, 'a.pdf'), short);
    await writeFile(join(folder, 'deeper', 'b.PDF'), short);
    await writeFile(join(folder, 'notes.txt'), 'notes');
    await writeFile(join(folder, '._a.pdf'), 'of the system');
    await page.getByLabel('Folder to upload').setInputFiles(folder);
    await page
      .locator('.drop-zone')
      .getByText('2 files passed over: of a folder, only PDFs are taken.')
      .waitFor();
    for (const name of ['a', 'b']) await badge(name, 'Read').waitFor();
  });

  test('a file is dropped anywhere on the page', async () => {
    await page.evaluate(`(${DROP})(document.querySelector('h1'), '${short.toString('base64')}')`);
    await badge('dropped', 'Read').waitFor();
  });

  test('one file may have a name, and markup in names is text', async () => {
    const markup = '<img src=x onerror="alert(1)">';
    await upload(pdf(`${markup}.pdf`, short));
    await badge(markup, 'Read').waitFor();
    await page.getByLabel('Name of the document').fill(`${markup} two`);
    await upload(pdf('b.pdf', short));
    await badge(`${markup} two`, 'Read').waitFor();
    await openCalls(`${markup} two`);
    await expectComplete(`${markup} two`);
    expect(await page.locator('main img').count()).toBe(0);
    expect(watched.troubles).toEqual([]);
  });
});

describe('the list', () => {
  async function add(name: string, given: Partial<StoredDocument> = {}): Promise<void> {
    const path = join(await newFolder(), 'a.pdf');
    await writeFile(path, short);
    const document = { ...unread(), document_name: name, status: 'completed', ...given } as const;
    const plan = { path: 'single-page' } as const;
    await store.add({ document, owner: `user:${user}`, sender: {}, plan }, path, [], { run: randomUUID() });
  }

  test('is gone back to where it was left: at its page, and scrolled', async () => {
    for (let index = 1; index <= 55; index++) await add(`Package ${index}`);
    await page.reload();
    await page.getByRole('button', { name: 'Older', exact: true }).click();
    await row('Package 30').waitFor();
    await row('Package 20').getByRole('link', { name: 'Package 20', exact: true }).focus();
    await row('Package 30').waitFor({ state: 'visible' });
    const before = await page.evaluate<number>('scrollY');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Package 20', level: 1 }).waitFor();
    await until('its heading has the focus', () => hasFocus('Package 20'));
    expect(await page.evaluate('scrollY')).toBe(0);
    await page.goBack();
    await row('Package 20').waitFor();
    await page.getByText('Page 2', { exact: true }).waitFor();
    expect(before).toBeGreaterThan(0);
    await until('it is scrolled', async () => (await page.evaluate('scrollY')) === before);
    await page.getByRole('button', { name: 'Newer', exact: true }).click();
    await row('Package 55').waitFor();
    expect(page.url()).toBe(host.base);
  });

  test('is asked for again by itself after the time that a busy server says', async () => {
    const busy = { status: 429, headers: { 'retry-after': '1' }, json: { success: false, message: 'Busy' } };
    await page.getByText('Nothing is here yet').waitFor();
    await page.route('**/api/documents?*', (route) => route.fulfill(busy), { times: 1 });
    await page.reload();
    await page.getByText('Busy. This page tries again by itself.').waitFor();
    await page.getByText('Nothing is here yet').waitFor();
  });

  test('comes in pages, and is searched by name and by state', async () => {
    for (let index = 1; index <= 27; index++) await add(`Package ${index}`);
    await add('Broken', { status: 'failed', error: 'The file is encrypted.' });
    await page.reload();
    await row('Broken').getByText('The file is encrypted.').waitFor();
    expect(await row('Package 27').innerText()).toContain('Page by page (single-page)');
    await page.getByText('28 documents').waitFor();
    await page.getByRole('button', { name: 'Older', exact: true }).click();
    await row('Package 1').waitFor();
    expect(await page.locator('.documents > li').count()).toBe(3);
    await page.getByRole('searchbox', { name: 'Name' }).fill('GE 12');
    await page.getByText('1 document found').waitFor();
    await row('Package 12').waitFor();
    await page.getByRole('searchbox', { name: 'Name' }).fill('');
    await page.getByRole('combobox', { name: 'State' }).selectOption('Failed');
    await page.getByText('1 document found').waitFor();
    await row('Broken').waitFor();
    expect(page.url()).toBe(`${host.base}?state=failed`);
    await page.getByRole('combobox', { name: 'State' }).selectOption('Being read');
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByText('28 documents').waitFor();
    expect(page.url()).toBe(host.base);
    expect(watched.troubles).toEqual([]);
  });
});
