import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import { PNG } from 'pngjs';
import { PagePictures } from '../../src/documents/page-pictures.js';
import { Access } from '../../src/http/access.js';
import { pagePicturesRouter } from '../../src/http/page-pictures.js';
import { Senders } from '../../src/http/sender.js';
import { createQuire, type QuireOptions, type RouterOptions, type Store } from '../../src/index.js';
import type { AskedPage } from '../../src/stages/page-drawer.js';
import { streamed } from '../event-stream.js';
import { pagesHost, userOf } from '../pages-host.js';
import { makePdf, memoryBomb, rawPdf } from '../pdf-fixtures.js';
import { newDatabase } from '../shared.js';
import { SILENT } from '../silent.js';
import { until } from '../until.js';

/** The pages of a document as people see them: their pictures, and where each word stands. */

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Rita may read what anybody has sent. */
const mayRead: RouterOptions['mayRead'] = (request) => userOf(request) === 'rita';
let shared: Awaited<ReturnType<typeof hostOf>>;
beforeAll(async () => {
  shared = await hostOf({ mayRead });
  const ends = closing.splice(0);
  endShared = async () => {
    for (const close of ends.reverse()) await close();
  };
});
let endShared: () => Promise<void> = () => Promise.resolve();
afterAll(() => endShared());

async function hostOf(rules: Omit<RouterOptions, 'identify'> = {}, settings: QuireOptions['settings'] = {}) {
  const quire = await createQuire({ database: await newDatabase(), logger: SILENT, settings });
  closing.push(() => quire.close());
  const host = await pagesHost(quire, rules);
  closing.push(() => host.close());
  const as = (user: string) => ({ headers: { cookie: `user=${user}` } });
  const upload = async (pdf: Uint8Array) => {
    const body = new FormData();
    body.set('file', new Blob([Uint8Array.from(pdf)]), 'a.pdf');
    const response = await fetch(`${host.base}process`, { method: 'POST', body });
    const { job_id: id } = (await response.json()) as { job_id: string };
    await streamed(`${host.base}api/document/${id}/events`);
    return id;
  };
  const page = (id: string, path: string, user = 'anna') =>
    fetch(`${host.base}api/document/${id}/page/${path}`, as(user));
  const picture = async (id: string, path: string) => {
    const response = await page(id, path);
    expect(response.headers.get('content-type')).toBe('image/png');
    return PNG.sync.read(Buffer.from(await response.arrayBuffer()));
  };
  return { base: host.base, quire, upload, page, picture };
}

type Draw = (asked: Pick<AskedPage, 'document' | 'load'>, signal: AbortSignal) => Promise<Uint8Array>;

/** Whose client has gone. */
const connections: unknown[] = [];

/** The routes alone, with a drawer and a store as the test says. */
async function drawnBy(given: {
  draw: Draw;
  whose?: (id: string) => Promise<object>;
  patienceMs?: number;
}): Promise<string> {
  const { draw, patienceMs } = given;
  const anna = { owner: 'user:anna', sender: {}, name: 'a', uploadedAt: '' };
  // There are no bytes of any document.
  const store = { whose: given.whose ?? (() => Promise.resolve(anna)), pdf: () => [] } as unknown as Store;
  const senders = new Senders((request) => ({ owner: userOf(request) }), false, SILENT);
  const rules = { mayRead: () => true, mayCorrect: undefined };
  const router = pagePicturesRouter({
    opened: () => Promise.resolve({ store }),
    access: new Access(senders, rules, SILENT),
    pictures: new PagePictures({ draw, forget: () => undefined, close: () => Promise.resolve() }),
    ...(patienceMs !== undefined && { patienceMs }),
    logger: SILENT,
  });
  const app = express().use((_request, response, next) => {
    response.once('close', () => connections.push(response));
    next();
  });
  const server = createServer(app.use(router)).listen(0, '127.0.0.1');
  closing.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const PLAIN = { content: 'BT /F1 12 Tf 50 700 Td (Branch: Main Street) Tj ET' };
const onePage = () => rawPdf([PLAIN]);

describe('the picture of a page', () => {
  test('comes in a few widths, the next one to what is asked for', async () => {
    const { upload, picture } = shared;
    const id = await upload(onePage());
    const widths = [];
    for (const asked of ['', '?width=1', '?width=500', '?width=1800', '?width=99999']) {
      const { width, height } = await picture(id, `1/picture${asked}`);
      expect(height / width).toBeCloseTo(11 / 8.5, 2);
      widths.push(width);
    }
    expect(widths).toEqual([1_200, 480, 800, 1_800, 2_400]);
  });

  test('is in the colours of the page', async () => {
    const { upload, picture } = shared;
    const id = await upload(rawPdf([{ content: '1 0 0 rg 0 396 612 396 re f 0 0 1 rg 0 0 306 396 re f' }]));
    const { data, width, height } = await picture(id, '1/picture?width=480');
    const at = (x: number, y: number) => {
      const from = (Math.floor(y * height) * width + Math.floor(x * width)) * 4;
      return [...data.subarray(from, from + 3)];
    };
    expect([at(0.5, 0.2), at(0.2, 0.8), at(0.8, 0.8)]).toEqual([
      [255, 0, 0],
      [0, 0, 255],
      [255, 255, 255],
    ]);
  });

  test('of a page that lies sideways lies as it is shown', async () => {
    const { upload, picture } = shared;
    const texts = [{ text: 'Branch: Main Street', x: 60, y: 60 }];
    const id = await upload(await makePdf([{ texts, rotate: 90 }, { texts }]));
    const sideways = await picture(id, '1/picture?width=480');
    const upright = await picture(id, '2/picture?width=480');
    expect(sideways.width / sideways.height).toBeCloseTo(11 / 8.5, 2);
    expect(upright.width / upright.height).toBeCloseTo(8.5 / 11, 2);
  });

  test.each(['0', '2', '500000', '-1', '1.5', 'x'])('is missing for page %s of one', async (number) => {
    const { upload, page } = shared;
    const response = await page(await upload(onePage()), `${number}/picture`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ success: false, message: 'The document has no such page' });
  });

  test('is refused for a width that is none', async () => {
    const { upload, page } = shared;
    expect((await page(await upload(onePage()), '1/picture?width=wide')).status).toBe(400);
  });

  test('of a hostile page is refused in a sentence, and the pages beside it are drawn', async () => {
    const { upload, page } = shared;
    const id = await upload(memoryBomb([PLAIN]));
    const bomb = await page(id, '1/picture');
    expect(bomb.status).toBe(422);
    expect(await bomb.json()).toEqual({ success: false, message: expect.stringMatching(/^The page .*\.$/) });
    expect((await page(id, '2/picture')).status).toBe(200);
    expect((await page(id, '1/picture')).status).toBe(422);
  });

  test('is kept by nobody on the way', async () => {
    const { upload, page } = shared;
    const { headers } = await page(await upload(onePage()), '1/picture');
    expect(headers.get('cache-control')).toBe('private, no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('is not drawn for somebody who has gone before it was known that they may see it', async () => {
    const drawn: string[] = [];
    const draw = (asked: { document: string }) => {
      drawn.push(asked.document);
      return Promise.resolve(new Uint8Array(1));
    };
    let letIn: () => void = () => undefined;
    let asks: () => void = () => undefined;
    const hasAsked = new Promise<void>((resolve) => (asks = resolve));
    const whose = async (id: string) => {
      if (id === 'a') {
        asks();
        await new Promise<void>((resolve) => (letIn = resolve));
      }
      return { owner: 'user:anna', sender: {}, name: 'a', uploadedAt: '' };
    };
    const base = await drawnBy({ draw, whose });
    const gone = new AbortController();
    const first = fetch(`${base}/api/document/a/page/1/picture`, { signal: gone.signal });
    await hasAsked;
    gone.abort();
    await expect(first).rejects.toThrow();
    await until('the connection is closed', () => connections.length > 0);
    letIn();
    await fetch(`${base}/api/document/b/page/1/picture`);
    expect(drawn).toEqual(['b']);
  });

  test('of a document that is deleted while it is waited for is none', async () => {
    const draw: Draw = async ({ load }) => load();
    const base = await drawnBy({ draw });
    const response = await fetch(`${base}/api/document/a/page/1/picture`);
    expect([response.status, await response.json()]).toEqual([
      404,
      { success: false, message: 'The document has no such page' },
    ]);
  });

  test('is told to come later when others are drawn for too long', async () => {
    const draw = (_asked: object, signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    const response = await fetch(`${await drawnBy({ draw, patienceMs: 10 })}/api/document/a/page/1/picture`);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('the words of a page', () => {
  const texts = [
    { text: 'Branch: Main Street', x: 61.2, y: 79.2, size: 12 },
    { text: 'Opened', x: 306, y: 396, size: 12 },
  ];

  test('come in reading order, each with its box', async () => {
    const { upload, page } = shared;
    const id = await upload(await makePdf([{ texts }]));
    const { words } = (await (await page(id, '1/words')).json()) as {
      words: { text: string; box: number[] }[];
    };
    expect(words.map(({ text }) => text)).toEqual(['Branch:', 'Main', 'Street', 'Opened']);
    const [first, , , last] = words.map(({ box }) => box);
    expect(first?.[0]).toBeCloseTo(0.1, 2);
    expect(first?.[1]).toBeCloseTo(0.1, 1);
    expect(last?.[0]).toBeCloseTo(0.5, 2);
  });

  test('are none where they are not kept', async () => {
    const { upload, page } = await hostOf({}, { QUIRE_KEEP_PAGE_WORDS: false });
    const id = await upload(await makePdf([{ texts }]));
    expect(await (await page(id, '1/words')).json()).toEqual({ success: true, words: [] });
  });
});

describe.each(['picture', 'words'])('who may see the %s of a page', (what) => {
  test('its owner, and whom the app lets, and nobody else', async () => {
    const { upload, page } = shared;
    const id = await upload(onePage());
    const statuses = [];
    for (const user of ['anna', 'rita', 'berta', 'anna']) {
      statuses.push((await page(id, `1/${what}`, user)).status);
    }
    expect(statuses).toEqual([200, 200, 404, 200]);
  });

  test('nobody once the document is deleted', async () => {
    const { base, upload, page } = shared;
    const id = await upload(onePage());
    expect((await page(id, `1/${what}`)).status).toBe(200);
    await fetch(`${base}api/document/${id}/delete`, { method: 'DELETE' });
    expect((await page(id, `1/${what}`)).status).toBe(404);
  });
});

test('a Quire that was closed draws no more, and nothing of it goes on', async () => {
  const { quire, upload, page } = await hostOf();
  const id = await upload(onePage());
  expect((await page(id, '1/picture')).status).toBe(200);
  await quire.close();
  expect((await page(id, '1/picture?width=480')).status).toBeGreaterThanOrEqual(500);
  const workers = process
    .getActiveResourcesInfo()
    .filter((kind) => kind === 'MessagePort' || kind === 'Worker');
  expect(workers).toEqual([]);
});
