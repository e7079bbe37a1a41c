import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from '@jest/globals';
import express from 'express';
import { Pool, type PoolClient } from 'pg';
import { createQuire, type Quire, type QuireOptions } from '../src/index.js';
import { streamed, type SentEvent } from './event-stream.js';
import { readSheet } from './golden-pdf.js';
import { makePdf } from './pdf-fixtures.js';
import { Provider, type Behaviour } from './provider.js';
import { newDatabase } from './shared.js';
import { SILENT } from './silent.js';

/** Quire in an app, with documents whose events are watched. */
export interface Mounted {
  provider: Provider;
  base: string;
  upload: (pdf: Uint8Array) => Promise<string>;
  /** The address of a document's events. */
  of: (id: string) => string;
  close: () => Promise<void>;
}

export async function mount(
  behaviour: Partial<Behaviour> = {},
  options: QuireOptions = {},
): Promise<Mounted> {
  const provider = await Provider.start({ read: readSheet, ...behaviour });
  const database = options.store ? undefined : (options.database ?? (await newDatabase()));
  const quire: Quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    logger: SILENT,
    plan: { path: 'batch', batchSize: 2, maxWorkers: 3 },
    ...options,
    database,
    settings: { DOCUMENTS_AT_ONCE: 10, ...options.settings },
  });
  const identify = ({ headers: { 'x-user': user } }: { headers: Record<string, unknown> }) => ({
    userId: typeof user === 'string' ? user : 'anna',
  });
  const server = createServer(express().use(quire.router({ identify })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    provider,
    base,
    of: (id) => `${base}/api/document/${id}/events`,
    upload: async (pdf) => {
      const body = new FormData();
      body.set('file', new Blob([Uint8Array.from(pdf)]), 'a.pdf');
      const response = await fetch(`${base}/process`, { method: 'POST', body });
      return ((await response.json()) as { job_id: string }).job_id;
    },
    close: async () => {
      await new Promise((resolve) => server.close(resolve).closeAllConnections());
      await quire.close();
      await provider.close();
    },
  };
}

/** One account, with a page number to be read on each page. */
export function twentyPages(): Promise<Buffer> {
  return makePdf(
    upTo(20).map((page) => ({
      texts: [{ text: `ACCOUNT NUMBER: 12345678 Sheet ${page}`, x: 20, y: 20, size: 12 }],
    })),
  );
}

export const readNumber: Behaviour['read'] = ({ number }) => [
  { name: 'Page', value: String(number), confidence: 90 },
];

export const numbers = (events: readonly SentEvent[]) => events.map(({ number }) => number);
export const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

/**
 * Has so many watch each of so many documents of twenty pages; each is cut off five times and comes back.
 *
 * @returns how often the store was asked for events
 */
export async function statementsFor(watchers: number, documents: number): Promise<number> {
  const pool = new Pool({ connectionString: await newDatabase() });
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
  const { upload, of, close } = await mount({ read: readNumber, delay: () => 20 }, { database: pool });
  const watch = async (id: string) => {
    const seen: SentEvent[] = [];
    for (const time of upTo(6)) {
      const most = time === 6 ? Infinity : 15;
      seen.push(...(await streamed(of(id), { after: seen.at(-1)?.number, most })).events);
    }
    expect(numbers(seen)).toEqual(upTo(seen.length));
    expect(seen.at(-1)?.type).toBe('completed');
  };
  const pdf = await twentyPages();
  const uploads = upTo(documents).map(async () => {
    const id = await upload(pdf);
    await Promise.all(upTo(watchers).map(() => watch(id)));
  });
  await Promise.all(uploads);
  await close();
  await pool.end();
  return statements;
}
