import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import express from 'express';
import { createQuire, type DocumentRecord, type ProcessingPlan, type Quire } from '../../src/index.js';
import { Clock } from '../clock.js';
import { BATCH_FLAG, flagClient } from '../flag-client.js';
import { Provider, type Fault } from '../provider.js';
import { seeded } from '../random.js';
import { newStore } from '../shared.js';
import { SILENT } from '../silent.js';

/** Automatic rollback of a whole Quire, with real calls. */

const RETRY_MS = 300_000;
const PLAN: ProcessingPlan = { path: 'batch', batchSize: 2, maxWorkers: 3 };
/** The rollback alone: no trial of the form of answers takes documents from it. */
const settings = { LLM_ANSWER_FORM: 'lines' } as const;

let clock: Clock;
beforeEach(() => {
  clock = new Clock();
});
afterEach(() => clock.restore());

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  delete process.env.LLM_PAGE_ATTEMPTS;
  for (const each of open.splice(0).reverse()) await each.close();
});

/** A document of 40 pages, 20 batch calls of two. */
const document = Object.fromEntries(
  Array.from({ length: 40 }, (_, index) => [index + 1, `ACCOUNT NUMBER: 12345678\nField_${index}: ${index}`]),
);

async function start(fault: (isBatch: boolean) => Fault | undefined): Promise<Quire> {
  const provider = await Provider.start({
    read: ({ text }) =>
      Array.from(text.matchAll(/^(Field_\d+): (\d+)$/gm), ([, name = '', value = '']) => ({
        name,
        value,
        confidence: 90,
      })),
    fault: ({ pages }) => fault(pages.length > 1),
  });
  const unleash = await flagClient({ name: BATCH_FLAG });
  const quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    unleash,
    settings,
    logger: SILENT,
  });
  open.push({ close: () => quire.close() }, provider);
  return quire;
}

const paths = (records: DocumentRecord[]) => records.map(({ plan }) => plan.path);

test('5 % of batch calls that break send new documents page by page, with the same records; half a percent does not', async () => {
  const random = seeded(7);
  const bad = await start((isBatch) => (isBatch && random() < 0.05 ? 'truncated json' : undefined));
  const good = await start((isBatch) => (isBatch && random() < 0.005 ? 'truncated json' : undefined));
  const read = async (quire: Quire) => {
    const records: DocumentRecord[] = [];
    for (let index = 0; index < 25; index++) records.push(await quire.processPages(document));
    return records;
  };
  const [rolledBack, kept] = [await read(bad), await read(good)];
  expect(new Set(paths(kept))).toEqual(new Set(['batch']));
  expect(paths(rolledBack).at(0)).toBe('batch');
  expect(paths(rolledBack).at(-1)).toBe('single-page');
  const accounts = new Set([...rolledBack, ...kept].map((record) => JSON.stringify(record.accounts)));
  expect(accounts.size).toBe(1);
});

test('a fixed plan is never rolled back', async () => {
  const provider = await Provider.start({ read: () => [], fault: () => 'truncated json' });
  open.push(provider);
  process.env.LLM_PAGE_ATTEMPTS = '1';
  const store = await newStore();
  open.push(store);
  const quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    plan: PLAN,
    store,
    settings,
    logger: SILENT,
  });
  open.push(quire);
  for (let index = 0; index < 4; index++) {
    expect((await quire.processPages(document)).plan).toEqual(PLAN);
  }
  const text = await (await fetch(`${await serve(quire)}/ops/metrics`)).text();
  expect(text).toContain('quire_rollback_state{state="closed"} 1');
  expect(text).toContain('\nbatch_failure_rate 1\n');
});

async function serve(quire: Quire): Promise<string> {
  const server = createServer(express().use(quire.router({ allowAnonymous: true })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('batches come back by themselves once they are well again', async () => {
  let broken = true;
  const quire = await start((isBatch) => (isBatch && broken ? 'truncated json' : undefined));
  for (let index = 0; index < 4; index++) await quire.processPages(document);
  expect((await quire.processPages(document)).plan.path).toBe('single-page');
  broken = false;
  clock.moveOn(1.1 * RETRY_MS);
  // Two at once: one probes, the other goes page by page; from then on more and more probe.
  const short = Object.fromEntries(Object.entries(document).slice(0, 4));
  const both = await Promise.all([quire.processPages(short), quire.processPages(short)]);
  expect(paths(both).sort()).toEqual(['batch', 'single-page']);
  for (let probes = 1; probes < 15; probes++) {
    expect((await quire.processPages(short)).plan.path).toBe('batch');
  }
  const after = await Promise.all(Array.from({ length: 20 }, () => quire.processPages(short)));
  expect(new Set(paths(after))).toEqual(new Set(['batch']));
});
