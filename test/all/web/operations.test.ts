import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import type { BrowserContext, Page } from 'playwright-core';
import type { Recent } from '../../../src/api/recent.js';
import { createQuire, type Quire } from '../../../src/index.js';
import { openBrowser, type OpenBrowser } from '../../browser.js';
import { BATCH_FLAG, flagClient } from '../../flag-client.js';
import { lines, makePdf } from '../../pdf-fixtures.js';
import { Provider } from '../../provider.js';
import { newDatabase } from '../../shared.js';
import { SILENT } from '../../silent.js';
import { until } from '../../until.js';

/** The operations page in a real Chromium, over documents that were really read. */

const TOKEN = 'token-of-ops-0123456789';

let provider: Provider;
let chromium: OpenBrowser;
let app: { quire: Quire; server: Server; base: string };
let context: BrowserContext;
let page: Page;
let documents = 0;

async function serve(token: string | undefined): Promise<typeof app> {
  const quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    logger: SILENT,
    database: await newDatabase(),
    unleash: await flagClient({ name: BATCH_FLAG, rollout: 50 }),
    settings: { OPS_TOKEN: token, LLM_PRICES: { 'test-model': { input: 3, output: 15 } } },
  });
  const host = express().use(
    '/quire',
    quire.router({
      identify: ({ headers }) => ({ userId: (headers['x-user'] as string | undefined) ?? 'nobody' }),
    }),
    quire.pages(),
  );
  const server = createServer(host);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { quire, server, base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/quire` };
}

async function stop({ quire, server }: typeof app): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await quire.close();
}

async function upload(
  user: string,
): Promise<{ id: string; plan: string | null; ended: () => Promise<void> }> {
  documents++;
  const pdf = await makePdf(
    [1, 2].map((sheet) => ({ texts: lines(`Branch: Harbor ${documents} ${sheet}`) })),
  );
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(pdf)]), 'package.pdf');
  const headers = { 'x-user': user };
  const response = await fetch(`${app.base}/process`, { method: 'POST', body, headers });
  const { job_id: id } = (await response.json()) as { job_id: string };
  const isComplete = async () => {
    const status = await fetch(`${app.base}/status/${id}`, { headers });
    return ((await status.json()) as { is_complete: boolean }).is_complete;
  };
  const ended = async () => {
    while (!(await isComplete())) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  return { id, plan: response.headers.get('x-quire-plan'), ended };
}

async function recent(): Promise<Recent> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  return (await (await fetch(`${app.base}/ops/recent`, { headers })).json()) as Recent;
}

beforeAll(async () => {
  provider = await Provider.start({
    read: ({ text }) => [{ name: 'Branch', value: /Branch: (.*)/.exec(text)?.[1] ?? '', confidence: 90 }],
  });
  [app, chromium] = await Promise.all([serve(TOKEN), openBrowser()]);
  // Half of the users have the batch path.
  const plans = new Set<string | null>();
  for (let user = 0; plans.size < 2 || user < 4; user++) {
    const { plan, ended } = await upload(`user ${user}`);
    plans.add(plan);
    await ended();
  }
});
afterAll(async () => {
  await chromium.close();
  await stop(app);
  await provider.close();
});

beforeEach(async () => {
  delete provider.behaviour.fault;
  context = await chromium.browser.newContext();
  page = await context.newPage();
});
afterEach(() => context.close());

async function signIn(token = TOKEN): Promise<void> {
  await page.goto(`${app.base}/operations`);
  await page.getByLabel('Token of ops').fill(token);
  await page.getByRole('button', { name: 'Open' }).click();
}

const section = (name: string) => page.getByRole('region', { name, exact: true });
const three = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

describe('who is no operator', () => {
  test('types in the token, once, and forgets it again', async () => {
    await signIn('wrong');
    await page.getByRole('alert').getByText('This is not the token of ops').waitFor();
    await page.getByLabel('Token of ops').fill(TOKEN);
    await page.keyboard.press('Enter');
    await section('Plan in force').getByText('50 % of the new documents').waitFor();
    await page.reload();
    await section('Plan in force').getByText('50 % of the new documents').waitFor();
    expect(await page.getByRole('link', { name: 'Operations' }).count()).toBe(1);
    await page.getByRole('button', { name: 'Forget the token' }).click();
    await page.getByLabel('Token of ops').waitFor();
    expect(await context.cookies()).toEqual([]);
  });

  test('is told when the session has ended', async () => {
    await signIn();
    await section('Plan in force').getByText('50 %').first().waitFor();
    await context.clearCookies();
    await page.getByRole('button', { name: 'Read now' }).click();
    await page.getByText('a session ends after half an hour').waitFor();
    await page.getByLabel('Token of ops').waitFor();
  });

  test('reads how to be let in where there is no token', async () => {
    const other = await serve(undefined);
    try {
      await page.setExtraHTTPHeaders({ 'x-forwarded-for': '192.0.2.1' });
      await page.goto(`${other.base}/operations`);
      await page.getByText('set OPS_TOKEN').waitFor();
      expect(await page.locator('form, h2').count()).toBe(0);
    } finally {
      await stop(other);
    }
  });
});

test('a server that does not say who is looking is asked again, and the page says so meanwhile', async () => {
  await page.clock.install();
  await page.route('**/api/about', (route) => route.fulfill({ status: 500, json: { success: false } }), {
    times: 1,
  });
  await page.goto(`${app.base}/operations`);
  await page
    .getByRole('alert')
    .getByText('The server answered with an error (500). This page tries again by itself.')
    .waitFor();
  await page.getByText('It is not known yet whether you may see this page.').waitFor();
  await page.clock.runFor(5_000);
  await page.getByLabel('Token of ops').waitFor();
  expect(await page.getByRole('alert').getByText('tries again').count()).toBe(0);
});

describe('an operator', () => {
  beforeEach(async () => {
    await signIn();
    await page.getByText('again every 10 s').waitFor();
  });

  test('sees both paths on charts, with the same numbers in a table and in words', async () => {
    const { paths } = await recent();
    expect(paths.map(({ path }) => path)).toEqual(['single-page', 'batch']);
    const tables: { title: string | null; about: string | null; rows: string[][] }[] = [];
    const charts = section('Both paths side by side');
    for (const chart of await charts.getByRole('figure').all()) {
      if ((await chart.locator('svg').count()) === 0) continue;
      const rows: string[][] = [];
      for (const row of await chart.locator('tbody tr').all()) {
        rows.push(await row.locator('th, td').allTextContents());
      }
      const title = await chart.locator('figcaption').textContent();
      tables.push({ title, about: await chart.getByRole('img').getAttribute('aria-label'), rows });
      expect(await charts.getByRole('figure', { name: title ?? '', exact: true }).count()).toBe(1);
    }
    const named = (title: string) => tables.find((table) => table.title === title);
    const spreads = [
      ['Time, seconds a page', 'seconds_a_page', (value: number) => `${three.format(value)} s`],
      ['Calls a page', 'calls_a_page', (value: number) => three.format(value)],
      ['Cost, dollars a page', 'cost_a_page', (value: number) => `$${three.format(value)}`],
    ] as const;
    for (const [title, of, format] of spreads) {
      const expected = paths.map(({ path, [of]: spread }) => [
        path === 'batch' ? 'In batches' : 'Page by page',
        ...[spread?.median ?? NaN, spread?.p90 ?? NaN].map(format),
      ]);
      expect(named(title)?.rows).toEqual(expected);
      for (const [name, median] of expected) expect(named(title)?.about).toContain(`${name}: ${median}`);
    }
    const shares = paths.map(({ failures: { share, least, most } }) =>
      [share, least, most].map((value) => `${three.format(100 * value)} %`),
    );
    expect(named('Failures, share of documents')?.rows.map((row) => row.slice(1))).toEqual(shares);
  });

  test('finds the last documents by path, each with a link', async () => {
    const { documents: known } = await recent();
    const ids = known.flatMap(({ id, path }) => (path === 'batch' ? [id] : []));
    await page.getByRole('combobox', { name: 'Path' }).selectOption('In batches');
    const links = section('Last documents').getByRole('rowheader').getByRole('link');
    const found: (string | null)[] = [];
    for (const link of await links.all()) found.push(await link.getAttribute('href'));
    expect(found).toEqual(ids.map((id) => `${app.base}/document/${id}`));
  });

  test('cancels what is read, when it is meant', async () => {
    provider.behaviour.fault = () => 'silence';
    const { id } = await upload('user 0');
    await page.getByRole('button', { name: 'Read now' }).click();
    const cancel = page.getByRole('button', { name: `Cancel ${id.slice(0, 8)}` });
    await cancel.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: `Cancel document ${id.slice(0, 8)}?` });
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.locator(`:focus[aria-label="Cancel ${id.slice(0, 8)}"]`).waitFor();
    expect((await recent()).documents[0]).toMatchObject({ id, status: 'extracting' });
    await cancel.click();
    await dialog.getByRole('button', { name: 'Cancel the document' }).click();
    await page.getByRole('status').getByText('The document is cancelled').waitFor();
    await cancel.waitFor({ state: 'detached' });
    // Its button is gone, and who had it in hand is still in this part of the page.
    await section('Queue').locator('h2:focus').waitFor();
    await section('Last documents').getByRole('cell', { name: 'cancelled' }).waitFor();
  });

  test('asks again what failed, one document and all of them', async () => {
    provider.behaviour.fault = () => 'refusal';
    const failed = await upload('user 0');
    const other = await upload('user 1');
    await Promise.all([failed.ended(), other.ended()]);
    delete provider.behaviour.fault;
    await page.getByRole('button', { name: 'Read now' }).click();
    await page.getByRole('button', { name: `Retry ${failed.id.slice(0, 8)}` }).click();
    await page.getByRole('button', { name: 'Retry', exact: true }).click();
    await page.getByRole('status').getByText('What failed is being asked again').waitFor();
    await failed.ended();
    await page.getByRole('button', { name: 'Retry all of them' }).click();
    await page.getByRole('dialog').getByText('in the last 24 hours?').waitFor();
    await page.getByRole('button', { name: 'Retry them' }).click();
    await page.getByRole('status').getByText('1 document is asked again.').waitFor();
    await other.ended();
    const { documents: now } = await recent();
    expect(now.slice(0, 2).map(({ status }) => status)).toEqual(['completed', 'completed']);
  });

  test('sees what cannot be read in its part alone', async () => {
    await page.route('**/ops/documents', (route) =>
      route.fulfill({ status: 503, json: { success: false, message: 'The store cannot be used for now' } }),
    );
    await page.getByRole('button', { name: 'Read now' }).click();
    await section('Queue').getByText('The store cannot be used for now').waitFor();
    await section('Queue').getByText('What stands here is from before').waitFor();
    expect(await page.getByText('cannot be used').count()).toBe(1);
    const told = page.getByRole('status').getByText('1 of the parts of this page could not be read.');
    await told.waitFor({ state: 'attached' });
  });

  test('pauses the page: nothing is asked until it is told to', async () => {
    await page.clock.install();
    await page.reload();
    await page.getByText('again every 10 s').waitFor();
    const asked: string[] = [];
    page.on('request', (request) => void asked.push(...(/ops\/overview$/.exec(request.url()) ?? [])));
    await page.clock.runFor(10_000);
    await until('it is read again', () => asked.length === 1);
    await page.getByText('again every 10 s').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('paused').waitFor();
    await page.clock.runFor(60_000);
    expect(asked).toHaveLength(1);
    // A screen reader says that it was read where somebody asked for that alone.
    const said = page.getByRole('status').getByText(/^Read at /);
    expect(await said.count()).toBe(0);
    await page.getByRole('button', { name: 'Read now' }).click();
    await until('it is read when told to', () => asked.length === 2);
    await said.waitFor({ state: 'attached' });
  });
});
