import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import express from 'express';
import type { Page } from 'playwright-core';
import type { ReviewAnswer } from '../../../src/api/review.js';
import { createQuire, type Quire, type Store } from '../../../src/index.js';
import { openBrowser, type OpenBrowser } from '../../browser.js';
import { goldenPdf, readSheet, tenPageDocument } from '../../golden-pdf.js';
import { Provider } from '../../provider.js';
import { newStore } from '../../shared.js';

/** The review page in a real browser: Anna's document, which Rita may correct and Vera may look at. */

let provider: Provider;
let store: Store;
let quire: Quire;
let server: Server;
let base: string;
let opened: OpenBrowser;
let id: string;

beforeAll(async () => {
  provider = await Provider.start({ read: readSheet });
  store = await newStore();
  const plan = { path: 'batch', batchSize: 2, maxWorkers: 3 } as const;
  quire = await createQuire({ openai: provider.client(), model: 'test-model', plan, store });
  const app = express();
  app.use(
    '/bank/quire',
    quire.router({
      identify: (request) => ({ userId: request.get('x-user') }),
      mayRead: (request) => ['rita', 'vera'].includes(request.get('x-user') ?? ''),
      mayCorrect: (request) => request.get('x-user') === 'rita',
    }),
    quire.pages(),
  );
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bank/quire`;
  id = await upload();
  opened = await openBrowser();
});
afterAll(async () => {
  await opened.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await quire.close();
  await store.close();
  await provider.close();
});

const BY_ANNA = { 'x-user': 'anna' };

/** @returns its id, once it is read */
async function upload(): Promise<string> {
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(await goldenPdf(tenPageDocument(0), 'a'))]), 'a.pdf');
  const accepted = await fetch(`${base}/process`, { method: 'POST', body, headers: BY_ANNA });
  const { job_id: uploaded } = (await accepted.json()) as { job_id: string };
  for (;;) {
    const status = await (await fetch(`${base}/status/${uploaded}`, { headers: BY_ANNA })).json();
    if ((status as { is_complete: boolean }).is_complete) return uploaded;
    await sleep(20);
  }
}

async function show(user: string, of = id): Promise<Page> {
  const context = await opened.browser.newContext({ extraHTTPHeaders: { 'x-user': user } });
  const page = await context.newPage();
  await page.goto(`${base}/document/${of}/review`);
  await page.locator('.value-stop').first().waitFor();
  return page;
}

async function review(): Promise<ReviewAnswer> {
  const answer = await fetch(`${base}/api/document/${id}/review`, { headers: BY_ANNA });
  return (await answer.json()) as ReviewAnswer;
}

/** The key of the value that has the focus. */
const focused = (page: Page) => page.evaluate<string | null>('document.activeElement?.dataset?.key ?? null');
/** Waits until a value has it. */
const hasFocus = (page: Page, key = '') => page.locator(`[data-key=${JSON.stringify(key)}]:focus`).waitFor();
const keysOf = ({ values }: ReviewAnswer) =>
  values.map(({ account, field }) => JSON.stringify([account, field]));

test('ten doubtful values are reviewed by keyboard alone, and their pages follow', async () => {
  const page = await show('rita');
  const keys = keysOf(await review());
  while ((await focused(page)) !== keys[0]) await page.keyboard.press('Tab');
  for (const [index, key] of keys.slice(0, 10).entries()) {
    await hasFocus(page, key);
    await page.locator('.page-mark.chosen, .notice').first().waitFor();
    if (index % 3 === 2) {
      await page.keyboard.press('e');
      await page.locator('textarea').waitFor();
      await page.keyboard.type(`As a person reads ${index}`);
      await page.keyboard.press('Enter');
    } else {
      await page.keyboard.press('c');
    }
  }
  await page.getByText(`10 of ${keys.length} values checked`, { exact: true }).waitFor();
  const { values } = await review();
  const said = values.slice(0, 10).map(({ state, corrected, person }) => [state, corrected, person]);
  expect(said).toEqual(
    Array.from({ length: 10 }, (_, index) =>
      index % 3 === 2 ? ['corrected', `As a person reads ${index}`, 'rita'] : ['confirmed', null, 'rita'],
    ),
  );
  await page.context().close();
});

test('what was said is taken back by a key, and Escape leaves a value as it is', async () => {
  const page = await show('rita');
  const [key] = keysOf(await review());
  await page.locator('.value-stop').first().focus();
  await page.keyboard.press('u');
  await page.getByText(/: to be checked again\./).waitFor({ state: 'attached' });
  expect((await review()).values[0]).toMatchObject({ state: 'open' });
  await page.keyboard.press('e');
  await page.keyboard.type('nothing of this');
  await page.keyboard.press('Escape');
  await hasFocus(page, key);
  expect((await review()).values[0]).toMatchObject({ state: 'open', corrected: null });
  await page.context().close();
});

test('two people see each other, and the later one is asked before anything is overwritten', async () => {
  const rita = await show('rita');
  const anna = await show('anna');
  await anna.getByText('Also here: rita').waitFor();
  const { values } = await review();
  const place = values.findIndex(({ state }) => state === 'open');
  const stop = (page: Page) => page.locator('.value-stop').nth(place);
  // Anna looks at the value as it was before Rita corrects it.
  await anna.route('**/presence', (route) => route.abort());
  await stop(anna).focus();
  await stop(rita).focus();
  await rita.keyboard.press('e');
  await rita.keyboard.type('As Rita reads it');
  await rita.keyboard.press('Enter');
  await rita.getByText('As Rita reads it').first().waitFor();
  await anna.keyboard.press('c');
  const alert = anna.getByRole('alert');
  await alert.getByText('As Rita reads it').waitFor();
  expect((await review()).values[place]).toMatchObject({ corrected: 'As Rita reads it', person: 'rita' });
  await alert.getByRole('button', { name: 'Use mine' }).click();
  await anna.locator('.value-stop').nth(place).getByText('confirmed').waitFor();
  expect((await review()).values[place]).toMatchObject({ state: 'confirmed', person: 'anna' });
  await rita.context().close();
  await anna.context().close();
});

test('an answer that comes late leads nobody away from the value they look at by then', async () => {
  const page = await show('rita');
  const { values } = await review();
  const [first, second] = values.flatMap(({ state }, index) => (state === 'open' ? [index] : []));
  if (first === undefined || second === undefined) throw new Error('Too few values are open');
  let answer: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    void page.route('**/corrections', async (route) => {
      resolve();
      await new Promise<void>((go) => (answer = go));
      await route.continue();
    });
  });
  await page.locator('.value-stop').nth(first).focus();
  await page.keyboard.press('c');
  await asked;
  await page.locator('.value-stop').nth(second).focus();
  await page.keyboard.press('e');
  await page.keyboard.type('Columbia Circle');
  answer();
  await page.locator('.value-stop').nth(first).getByText('confirmed').waitFor();
  await page.keyboard.type(', Cupertino');
  expect(await page.locator('textarea').inputValue()).toBe('Columbia Circle, Cupertino');
  // What is typed stays until it is kept, and says so.
  await page.locator('.value-stop').nth(first).click();
  await page.locator('.value-stop').nth(second).getByText('typed, not kept yet').waitFor();
  await page.locator('.value-stop').nth(second).click();
  expect(await page.locator('textarea').inputValue()).toBe('Columbia Circle, Cupertino');
  const { values: after } = await review();
  expect(after.map(({ state }) => state).filter((state) => state !== 'open')).toHaveLength(
    values.filter(({ state }) => state !== 'open').length + 1,
  );
  await page.context().close();
});

test('a collision stays with its value, and a key pressed twice collides with nobody', async () => {
  const [rita, anna] = [await show('rita'), await show('anna')];
  const { values } = await review();
  const [first, second] = values.flatMap(({ state }, index) => (state === 'open' ? [index] : []));
  if (first === undefined || second === undefined) throw new Error('Too few values are open');
  await anna.route('**/presence', (route) => route.abort());
  await rita.locator('.value-stop').nth(first).focus();
  await rita.keyboard.press('c');
  await rita.keyboard.press('c');
  await rita.locator('.value-stop').nth(first).getByText('confirmed').waitFor();
  await anna.locator('.value-stop').nth(first).focus();
  await anna.keyboard.press('e');
  await anna.keyboard.type('As Anna reads it');
  await anna.keyboard.press('Enter');
  await anna.getByRole('alert').waitFor();
  await anna
    .locator('.value-stop')
    .nth(second + 1)
    .click();
  await anna.getByRole('alert').waitFor({ state: 'detached' });
  await anna.locator('.value-stop').nth(first).click();
  await anna.getByRole('button', { name: 'Use mine' }).click();
  await anna.locator('.value-stop').nth(first).getByText('As Anna reads it').waitFor();
  const { values: after } = await review();
  expect(after[first]).toMatchObject({ corrected: 'As Anna reads it', person: 'anna' });
  expect(await rita.getByRole('alert').count()).toBe(0);
  await rita.context().close();
  await anna.context().close();
});

test('the page of a value is reached from it by a key, and Escape leads back', async () => {
  const page = await show('vera');
  const [key] = keysOf(await review());
  await page.locator('.value-stop').first().focus();
  await page.keyboard.press('p');
  await page.locator('.page-scroll:focus').waitFor();
  await page.keyboard.press('Escape');
  await hasFocus(page, key);
  await page.context().close();
});

test('a word of the page that is clicked fills the value that is being corrected', async () => {
  const page = await show('rita');
  const { values } = await review();
  await page
    .locator('.value-stop')
    .nth(values.findIndex(({ value }) => /^\w{4,}$/.test(value)))
    .focus();
  await page.keyboard.press('e');
  const mark = page.locator('.page-mark.chosen').first();
  const box = await mark.boundingBox();
  if (!box) throw new Error('The value is not marked');
  await page.locator('textarea').fill('');
  await page.locator('.page-words').waitFor();
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  const wanted = values.find(({ value }) => /^\w{4,}$/.test(value))?.value ?? '';
  while ((await page.locator('textarea').inputValue()) === '') await sleep(20);
  expect(await page.locator('textarea').inputValue()).toBe(wanted);
  await page.context().close();
});

test('who may only look is told so, and has nothing to act by', async () => {
  const page = await show('vera');
  await page.getByText('You may look at this document, but not confirm').waitFor();
  expect(await page.getByRole('button', { name: /Confirm|Correct/ }).count()).toBe(0);
  const before = await review();
  await page.locator('.value-stop').first().focus();
  for (const key of ['c', 'e', 'u']) await page.keyboard.press(key);
  expect(await page.locator('textarea').count()).toBe(0);
  expect((await review()).revision).toBe(before.revision);
  await page.context().close();
});

test('Escape on the picture of a page leads back to the value, and what was typed stays', async () => {
  const page = await show('rita');
  const [key] = keysOf(await review());
  await page.locator('.value-stop').first().focus();
  await page.keyboard.press('e');
  await page.keyboard.type('Half of a value');
  await page.locator('.page-scroll').focus();
  await page.keyboard.press('Escape');
  await hasFocus(page, key);
  await page.locator('.value-stop').first().getByText('typed, not kept yet').waitFor();
  await page.keyboard.press('e');
  expect(await page.locator('textarea').inputValue()).toBe('Half of a value');
  await page.context().close();
});

test('who collides with a value that was made empty is told that it is', async () => {
  const [rita, anna] = [await show('rita'), await show('anna')];
  const place = (await review()).values.findIndex(({ state }) => state === 'open');
  await anna.route('**/presence', (route) => route.abort());
  await rita.locator('.value-stop').nth(place).focus();
  await rita.keyboard.press('e');
  await rita.keyboard.press('Delete');
  await rita.keyboard.press('Enter');
  await rita.locator('.value-stop').nth(place).getByText('(empty)').waitFor();
  await anna.locator('.value-stop').nth(place).focus();
  await anna.keyboard.press('c');
  const alert = anna.getByRole('alert').filter({ hasText: 'has corrected this value meanwhile, to (empty)' });
  await alert.getByText('You wanted to confirm it.').waitFor();
  await alert.getByRole('button', { name: 'Keep theirs' }).click();
  expect((await review()).values[place]).toMatchObject({ corrected: '', person: 'rita' });
  await rita.context().close();
  await anna.context().close();
});

test('who reviews is told, without doing anything, that the document was deleted', async () => {
  const other = await upload();
  const page = await show('rita', other);
  await fetch(`${base}/api/document/${other}/delete`, { method: 'POST', headers: BY_ANNA });
  await page.getByRole('alert').getByText('The document is not there any more').waitFor();
  await page.context().close();
});

test('where the session has ended, who reviews is told without doing anything, and goes on after that', async () => {
  const page = await show('rita');
  for (const path of ['**/presence', '**/corrections']) {
    await page.route(path, (route) => route.fulfill({ status: 401, json: { success: false } }));
  }
  const told = page.getByRole('alert').getByText('You are not signed in any more');
  await told.waitFor();
  const place = (await review()).values.findIndex(({ state }) => state === 'open');
  await page.locator('.value-stop').nth(place).focus();
  await page.keyboard.press('e');
  await page.keyboard.type('Typed before that');
  await page.keyboard.press('Enter');
  await told.nth(1).waitFor();
  await page.unrouteAll();
  await page.keyboard.press('Enter');
  await page.locator('.value-stop').nth(place).getByText('Typed before that').waitFor();
  await told.first().waitFor({ state: 'detached' });
  await page.context().close();
});
