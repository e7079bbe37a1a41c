import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import { Pool, type PoolClient } from 'pg';
import { createQuire, type Quire, type QuireOptions } from '../../src/index.js';
import { streamed, type SentEvent } from '../event-stream.js';
import { Host } from '../host.js';
import { goldenPdf, PRINTABLE, readSheet } from '../golden-pdf.js';
import { makePdf } from '../pdf-fixtures.js';
import { Provider, type Behaviour } from '../provider.js';
import { newDatabase, newDataFolder } from '../shared.js';
import { SILENT } from '../silent.js';

/** What becomes of a document, as its events tell it to whoever watches. */

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Mounted {
  provider: Provider;
  quire: Quire;
  base: string;
  upload: (pdf: Uint8Array) => Promise<string>;
  /** The address of a document's events. */
  of: (id: string) => string;
}

async function mount(behaviour: Partial<Behaviour> = {}, options: QuireOptions = {}): Promise<Mounted> {
  const provider = await Provider.start({ read: readSheet, ...behaviour });
  closing.push(() => provider.close());
  const quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    logger: SILENT,
    plan: { path: 'batch', batchSize: 2, maxWorkers: 3 },
    ...options,
    settings: { QUIRE_DATA_DIR: await newDataFolder(), ...options.settings },
  });
  closing.push(() => quire.close());
  const identify = (request: { headers: Record<string, unknown> }) => ({
    userId: request.headers['x-user'] === undefined ? 'anna' : 'another',
  });
  const server = await listening(express().use(quire.router({ identify })));
  closing.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    provider,
    quire,
    base,
    of: (id) => `${base}/api/document/${id}/events`,
    upload: async (pdf) => {
      const body = new FormData();
      body.set('file', new Blob([Uint8Array.from(pdf)]), 'a.pdf');
      const response = await fetch(`${base}/process`, { method: 'POST', body });
      return ((await response.json()) as { job_id: string }).job_id;
    },
  };
}

async function listening(app: express.Express): Promise<Server> {
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function golden(index = 0): Promise<{ pdf: Uint8Array; pages: number }> {
  const document = PRINTABLE[index];
  if (!document) throw new Error('Too few golden documents');
  return { pdf: await goldenPdf(document, 'events'), pages: Object.keys(document.pages).length };
}

/** One account, with a page number to be read on each page. */
function twentyPages(): Promise<Buffer> {
  return makePdf(
    upTo(20).map((page) => ({
      texts: [{ text: `ACCOUNT NUMBER: 12345678 Sheet ${page}`, x: 20, y: 20, size: 12 }],
    })),
  );
}

const readNumber: Behaviour['read'] = ({ number }) => [
  { name: 'Page', value: String(number), confidence: 90 },
];

interface Page {
  events: SentEvent[];
  next: number;
  is_complete: boolean;
}

const get = async (url: string, headers: Record<string, string> = {}) =>
  (await (await fetch(url, { headers })).json()) as Page;

const numbers = (events: readonly SentEvent[]) => events.map(({ number }) => number);
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe('the events of a document', () => {
  test('tell all that becomes of it, in order', async () => {
    const { upload, of } = await mount();
    const { pdf, pages } = await golden();
    const id = await upload(pdf);
    const { events, hasEnded } = await streamed(of(id));
    expect(hasEnded).toBe(true);
    expect(numbers(events)).toEqual(upTo(events.length));
    const only = (type: string) => events.filter((event) => event.type === type);
    expect(events[0]).toMatchObject({
      type: 'accepted',
      plan: { path: 'batch', batchSize: 2, maxWorkers: 3 },
      reason: 'fixed',
    });
    expect(only('stage_begun').map(({ stage }) => stage)).toEqual([
      'ocr_extraction',
      'account_splitting',
      'page_analysis',
      'llm_extraction',
    ]);
    expect(only('page_read').map(({ page, by }) => ({ page, by }))).toEqual(
      upTo(pages).map((page) => ({ page, by: 'text' })),
    );
    const asked = only('stage_begun').at(-1)?.asked_pages;
    expect(only('page_done')).toHaveLength(Number(asked));
    expect(only('call_started').map(({ unit }) => unit)).toEqual(
      only('call_ended')
        .map(({ unit }) => unit)
        .sort(),
    );
    for (const call of only('call_ended')) {
      expect(call).toMatchObject({
        unit: expect.stringContaining(`${id}/`),
        outcome: 'answered',
        purpose: 'first',
      });
    }
    expect(events.at(-1)).toMatchObject({ type: 'completed', total_pages: pages, failed_pages: 0 });
  });

  test('tell of waits, salvage and pages that are given up', async () => {
    const { upload, of } = await mount({
      read: readNumber,
      fault: ({ pages }, index) => {
        if (index === 0) return { status: 429, headers: { 'retry-after-ms': '1500' } };
        return pages.some(({ number }) => number === 1) ? 'refusal' : undefined;
      },
    });
    const id = await upload(await twentyPages());
    const { events } = await streamed(of(id));
    const types = events.map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['waiting', 'salvage_started']));
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'page_failed', page: 1, reason: 'refused' }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'waiting', why: 'asked_to_wait', until: expect.any(String) }),
    );
    expect(events.at(-1)).toMatchObject({ type: 'completed', failed_by_reason: { refused: 1 } });
  });

  test('come in pages, too, where they cannot be streamed', async () => {
    const { upload, of } = await mount();
    const id = await upload((await golden()).pdf);
    const { events } = await streamed(of(id));
    const first = await get(`${of(id)}?limit=3`);
    expect(first).toMatchObject({ events: events.slice(0, 3), next: 3, is_complete: false });
    const rest = await get(`${of(id)}?after=3`);
    expect(rest).toMatchObject({ events: events.slice(3), next: events.length, is_complete: true });
    expect(await get(`${of(id)}?after=${rest.next}`)).toMatchObject({ events: [], next: rest.next });
    expect((await fetch(`${of(id)}?after=soon`)).status).toBe(400);
  });

  test('are there for nobody else, and gone with the document', async () => {
    const { upload, of, base } = await mount();
    const id = await upload((await golden()).pdf);
    expect((await streamed(of(id), { headers: { 'x-user': 'berta' } })).status).toBe(404);
    await streamed(of(id));
    await fetch(`${base}/api/document/${id}/delete`, { method: 'POST' });
    expect((await streamed(of(id))).status).toBe(404);
    expect((await streamed(of('0b5e6a6e-8a3c-4bd5-9d2c-0a0a0a0a0a0a'))).status).toBe(404);
  });

  test('end with its deletion, for those who watch it', async () => {
    const { upload, of, base } = await mount({ fault: () => 'silence' });
    const id = await upload((await golden()).pdf);
    const watching = streamed(of(id));
    await streamed(of(id), { most: 8 });
    await fetch(`${base}/api/document/${id}/delete`, { method: 'POST' });
    const { events } = await watching;
    expect(events.at(-1)?.type).toBe('cancelled');
    expect(numbers(events)).toEqual(upTo(events.length));
  });

  test('go on when it is asked again, and a client that has seen all is told not to come back', async () => {
    let isRefused = true;
    const { upload, of, base } = await mount({ fault: () => (isRefused ? 'refusal' : undefined) });
    const id = await upload((await golden()).pdf);
    const { events: before } = await streamed(of(id));
    expect(before.at(-1)).toMatchObject({ type: 'failed', error: null });
    expect((await streamed(of(id), { after: before.length })).status).toBe(204);
    isRefused = false;
    await fetch(`${base}/api/document/${id}/retry`, { method: 'POST' });
    const { events } = await streamed(of(id), { after: before.length });
    expect(numbers([...before, ...events])).toEqual(upTo(before.length + events.length));
    expect(events[0]).toMatchObject({ type: 'accepted', reason: 'resumed' });
    expect(events.at(-1)?.type).toBe('completed');
  });
});

describe('those who watch', () => {
  test('are cut off and come back, and miss nothing; the store is not asked for each of them', async () => {
    const url = await newDatabase();
    const asked = async (watchers: number) => {
      const pool = new Pool({ connectionString: url });
      let statements = 0;
      const counted = new WeakSet<PoolClient>();
      const connect = pool.connect.bind(pool) as () => Promise<PoolClient>;
      pool.connect = (async () => {
        const client = await connect();
        if (counted.has(client)) return client;
        counted.add(client);
        const query = client.query.bind(client) as (statement: unknown) => unknown;
        client.query = ((statement: { text: string }) => {
          if (statement.text.includes('FROM quire.documents LEFT JOIN quire.events')) statements++;
          return query(statement);
        }) as never;
        return client;
      }) as never;
      const { upload, of, quire } = await mount({ read: readNumber, delay: () => 20 }, { database: pool });
      const ids = await Promise.all(upTo(10).map(async () => upload(await twentyPages())));
      const watch = async (id: string) => {
        const seen: SentEvent[] = [];
        for (const time of upTo(6)) {
          const most = time === 6 ? Infinity : 15;
          seen.push(...(await streamed(of(id), { after: seen.at(-1)?.number, most })).events);
        }
        expect(numbers(seen)).toEqual(upTo(seen.length));
        expect(seen.at(-1)?.type).toBe('completed');
      };
      await Promise.all(ids.flatMap((id) => Array.from({ length: watchers }, () => watch(id))));
      await quire.close();
      await pool.end();
      return statements;
    };
    const forOne = await asked(1);
    expect(await asked(4)).toBeLessThanOrEqual(forOne);
  });

  test('see no number twice and none left out when the process is killed', async () => {
    const provider = await Provider.start({ read: readNumber, delay: () => 40 });
    closing.push(() => provider.close());
    const host = new Host({
      QUIRE_DATABASE_URL: await newDatabase(),
      OPENAI_API_KEY: 'test',
      OPENAI_MODEL: 'test-model',
      OPENAI_BASE_URL: provider.baseURL,
      QUIRE_PLAN: 'batch 2x1',
      LOG_LEVEL: 'error',
    });
    closing.push(() => host.stop());
    await host.start();
    const { id = '' } = await host.upload(await twentyPages());
    const seen: SentEvent[] = [];
    for (let kills = 0; kills < 3; kills++) {
      const path = `${host.base}/api/document/${id}/events`;
      const headers = { cookie: host.cookie };
      const { events } = await streamed(path, { headers, after: seen.at(-1)?.number, most: 12 });
      seen.push(...events);
      await host.kill();
      await host.start();
    }
    const rest = await streamed(`${host.base}/api/document/${id}/events`, {
      headers: { cookie: host.cookie },
      after: seen.at(-1)?.number,
    });
    const all = [...seen, ...rest.events];
    expect(numbers(all)).toEqual(upTo(all.length));
    expect(all.filter(({ reason }) => reason === 'resumed').length).toBeGreaterThan(0);
    expect(all.at(-1)?.type).toBe('completed');
    const kept = (await (await host.fetch(`/api/document/${id}/events`)).json()) as Page;
    expect(kept.events).toEqual(all);
  });
});
