import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type OpenAI from 'openai';
import type { createQuire, Store } from '../src/index.js';
import { addRead, insertion, type Said } from './corrections.js';
import { newDatabase, runSql } from './shared.js';
import { SILENT } from './silent.js';

/** Markup without a place to break, as a model may write it into the name of a field. */
export const HOSTILE_NAME = `<img src=x onerror=document.title='hit'>${'Beneficiary'.repeat(30)}`;

/** An app whose operations page is full: many values were reviewed, and several replicas share the work. */
export interface FilledOperations {
  /** With the prefix of the routes. */
  base: string;
  url: string;
  close: () => Promise<void>;
}

export async function filledOperations(
  build: { createQuire: typeof createQuire; Store: typeof Store },
  openai: OpenAI,
): Promise<FilledOperations> {
  const url = await newDatabase();
  const store = await build.Store.open({ url });
  await review(store, url);
  await store.close();
  const quire = await build.createQuire({
    openai,
    model: 'test-model',
    logger: SILENT,
    database: url,
    settings: { QUIRE_ENGINE: 'dbos', QUIRE_PLAN: 'batch 2x3', LLM_GLOBAL_CONCURRENCY: 12 },
  });
  const host = express().use('/quire', quire.router({ isOperator: () => true }), quire.pages());
  const server = createServer(host);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/quire`;
  return {
    base,
    url,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await quire.close();
    },
  };
}

async function review(store: Store, url: string): Promise<void> {
  const document = await addRead(store, new Map([[1, 'Name: Maria Keller']]));
  const gone = await addRead(store, new Map([[1, 'Name: Maria Keller']]));
  const values = (of: Partial<Said>, corrected: number, confirmed: number): Said[] =>
    Array.from({ length: corrected + confirmed }, (_, at) => ({
      document,
      account: String(at),
      value: 'b',
      model: 'test-model-2026-01-31',
      answerForm: 'lines',
      ...of,
      action: at < corrected ? 'corrected' : 'confirmed',
    }));
  const batch = { path: 'batch', batchSize: 2, maxWorkers: 3 } as const;
  const said = [
    ...values({ field: HOSTILE_NAME }, 1, 0),
    ...values({ field: 'Account_Holder_Name', plan: batch }, 3, 397),
    ...values({ field: 'Date_of_Birth', plan: { ...batch, batchSize: 10, maxWorkers: 20 } }, 12, 4),
    ...values({ field: 'SSN', model: null, answerForm: null }, 0, 2),
    ...values({ document: gone, field: 'Maria_Keller_Signature', answerForm: 'objects' }, 1, 6),
    ...Array.from({ length: 40 }, (_, at) => values({ field: `Amount_${at + 1}` }, at % 4, 3)).flat(),
  ];
  await runSql(url, said.map(insertion).join(';\n'));
  await store.delete(gone, 'o');
}

/** Adds one that was seen so long ago; it holds no connection. */
export function replica(name: string, seenSecondsAgo: number): string {
  return `INSERT INTO quire.replicas (id, name, version, started_at, seen_at) VALUES (gen_random_uuid(),
    '${name.replaceAll(`'`, `''`)}', '0.2.0', now() - interval '3 hours', now() - interval '${seenSecondsAgo} seconds')`;
}
