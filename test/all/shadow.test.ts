import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import express from 'express';
import { createQuire, type Logger, type Quire, type QuireOptions, type Store } from '../../src/index.js';
import { BATCH_FLAG, flagClient, SHADOW_FLAG, type Flag } from '../flag-client.js';
import { lines, makePdf } from '../pdf-fixtures.js';
import { Provider, type Behaviour, type Call, type Field, type ReceivedPage } from '../provider.js';
import { seeded } from '../random.js';
import { newStore } from '../shared.js';

/** Shadow comparison over real HTTP: the other path, after the user, and what is told of it. */

let store: Store;
beforeAll(async () => {
  store = await newStore();
});
afterAll(() => store.close());

const closing: (() => Promise<unknown>)[] = [];
const ENVIRONMENT = { ...process.env };
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  process.env = { ...ENVIRONMENT };
});

const PRICES = '{"test-model": {"input": 3, "cached_input": 3, "output": 15}}';
/** The fake provider bills 1,000 and 100 tokens a call. */
const CALL_USD = 0.0045;

const SECRET = 'Confidential-Name-4711';

interface Report {
  fields: Record<string, number>;
  agreement: Record<'candidate' | 'noise', { page: number | null; merged: number | null }>;
  beyond_noise: number | null;
  spent_today_usd: number;
  mismatches: Record<string, unknown>[];
}

interface Started {
  quire: Quire;
  provider: Provider;
  base: string;
  logged: string[];
  report: (query?: string) => Promise<Report>;
  metrics: () => Promise<string>;
  /** Waits until so many shadows have ended, whatever came of them. */
  ended: (runs: number) => Promise<void>;
}

async function start(
  behaviour: Partial<Behaviour> = {},
  { flags = [{ name: SHADOW_FLAG }], ...options }: QuireOptions & { flags?: Flag[] } = {},
  settings: Record<string, string> = {},
): Promise<Started> {
  Object.assign(process.env, { LLM_PRICES: PRICES, SHADOW_NOISE_SHARE: '0', ...settings });
  const provider = await Provider.start({ read: readFields, ...behaviour });
  const logged: string[] = [];
  const log = (fields: object, message?: string) => void logged.push(`${JSON.stringify(fields)} ${message}`);
  const logger: Logger = { info: log, warn: log, error: log };
  const unleash = await flagClient(...flags);
  const quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    unleash,
    logger,
    store,
    ...options,
  });
  const server = createServer(express().use(quire.router({ allowAnonymous: true })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  closing.push(
    () => provider.close(),
    () => quire.close(),
    () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  );
  const metrics = async () => (await fetch(`${base}/ops/metrics`)).text();
  return {
    quire,
    provider,
    base,
    logged,
    metrics,
    report: async (query = '') => (await (await fetch(`${base}/ops/shadow${query}`)).json()) as Report,
    async ended(runs) {
      for (const started = performance.now(); ; await sleep(20)) {
        const lines = (await metrics()).matchAll(/^quire_shadow_runs_total\{.*\} (\d+)$/gm);
        const ended = Array.from(lines, ([, count]) => Number(count)).reduce((sum, count) => sum + count, 0);
        if (ended >= runs) return;
        if (performance.now() - started > 100_000) throw new Error(`${ended} shadows have ended`);
      }
    },
  };
}

/** Pages of twenty fields, unless told; no value stands on two pages. */
function pagesOf(count: number, from = 0, fields = 20): Record<number, string> {
  const page = (number: number) =>
    Array.from({ length: fields }, (_, field) => `Field_${field}: ${SECRET}-${from + number}-${field}`);
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      index + 1,
      ['ACCOUNT NUMBER: 12345678', ...page(index + 1)].join('\n'),
    ]),
  );
}

function readFields({ text }: Pick<ReceivedPage, 'text'>): Field[] {
  return Array.from(text.matchAll(/^(Field_\d+): (.+)$/gm), ([, name = '', value = '']) => ({
    name,
    value,
    confidence: 90,
  }));
}

const isBatch = ({ pages }: Call) => pages.length > 1;

describe('the other path', () => {
  test('runs after the user was served page by page, in batches, and agrees', async () => {
    const { quire, provider, report, ended } = await start();
    const { plan, usage } = await quire.processPages(pagesOf(4));
    expect(plan.path).toBe('single-page');
    expect(usage.calls).toBe(4);
    await ended(1);
    expect(provider.calls.map(({ pages }) => pages.length)).toEqual([1, 1, 1, 1, 2, 2]);
    const { agreement, fields, mismatches } = await report();
    expect(agreement.candidate).toEqual({ page: 1, merged: 1 });
    expect(fields.candidate).toBe(80);
    expect(mismatches).toEqual([]);
  });

  test('runs page by page after a user was served in batches', async () => {
    const { quire, provider, report, ended } = await start(
      {},
      { flags: [{ name: SHADOW_FLAG }, { name: BATCH_FLAG }] },
    );
    expect((await quire.processPages(pagesOf(4))).plan.path).toBe('batch');
    await ended(1);
    expect(provider.calls.map(({ pages }) => pages.length)).toEqual([2, 2, 1, 1, 1, 1]);
    expect((await report()).agreement.candidate.page).toBe(1);
  });

  test('tells the support of a document that is kept whether its values were read alike again', async () => {
    const { base, ended } = await start({
      read: ({ text }, { pages }) =>
        readFields({ text }).map((field) =>
          field.name === 'Field_1' && pages.length > 1 ? { ...field, value: 'elsewhere' } : field,
        ),
    });
    const body = new FormData();
    const texts = Object.values(pagesOf(2, 0, 3)).map((text) =>
      text.split('\n').map((line, row) => ({ text: line, x: 40, y: 40 + row * 20, size: 10 })),
    );
    body.set(
      'file',
      new Blob([Uint8Array.from(await makePdf(texts.map((page) => ({ texts: page }))))]),
      'a.pdf',
    );
    const { job_id: id } = (await (await fetch(`${base}/process`, { method: 'POST', body })).json()) as {
      job_id: string;
    };
    await ended(1);
    const support = async () => {
      const response = await fetch(`${base}/api/document/${id}/evidence`);
      const { evidence } = (await response.json()) as {
        evidence: [{ support: Record<string, { reasons: string[] }> }];
      };
      return evidence[0].support;
    };
    while (!(await support()).Field_1?.reasons.includes('read_again_differs')) await sleep(20);
    expect((await support()).Field_0?.reasons).toContain('read_again_same');
  });

  test('runs for the share of the flag, and for none when it is off or all are forced', async () => {
    const off = await start({}, { flags: [{ name: SHADOW_FLAG, rollout: 0 }] });
    const forced = await start({}, {}, { QUIRE_FORCE_SINGLE_PAGE: '1' });
    for (const { quire, provider, metrics } of [off, forced]) {
      await quire.processPages(pagesOf(4));
      await sleep(100);
      expect(provider.calls).toHaveLength(4);
      expect(await metrics()).not.toMatch(/^quire_shadow_runs_total\{.*\} [1-9]/m);
    }
  });

  test('is asked with request defaults of its own, over those of all calls', async () => {
    const { quire, provider, ended } = await start(
      {},
      {},
      {
        LLM_REQUEST_DEFAULTS: '{"temperature": 0, "service_tier": "default"}',
        LLM_SHADOW_REQUEST_DEFAULTS: '{"service_tier": "flex"}',
      },
    );
    await quire.processPages(pagesOf(2));
    await ended(1);
    const asked = provider.calls.map(({ pages, body }) => [
      pages.length,
      body.temperature,
      body.service_tier,
    ]);
    expect(asked).toEqual([
      [1, 0, 'default'],
      [1, 0, 'default'],
      [2, 0, 'flex'],
    ]);
  });

  test('never takes a place a user’s call wants: it is broken off and asked again', async () => {
    const { quire, provider, report, ended, metrics } = await start({}, {}, { LLM_MAX_CONCURRENCY: '2' });
    await quire.processPages({ 1: 'ACCOUNT NUMBER: 12345678 one', 2: 'ACCOUNT NUMBER: 12345678 two' });
    await ended(1);
    const before = provider.calls.length;
    // Shadow calls never come back; only giving way ends them.
    let shadowMayEnd = false;
    provider.behaviour.fault = (call) => (isBatch(call) && !shadowMayEnd ? 'silence' : undefined);
    await quire.processPages(pagesOf(4));
    while (provider.waiting < 2) await sleep(5);
    // They are served, while the calls of the shadow would last for ever.
    await Promise.all([1, 2].map((round) => quire.processPages(pagesOf(2, 100 * round))));
    shadowMayEnd = true;
    // The next user's calls make them give way once more.
    await Promise.all([3, 4].map((round) => quire.processPages(pagesOf(2, 100 * round))));
    await ended(6);
    expect(provider.calls.length).toBeGreaterThan(before);
    expect((await report()).agreement.candidate.page).toBe(1);
    expect(await metrics()).toContain('quire_shadow_runs_total{outcome="compared"} 6');
  });

  test('is given up, and paid for, when it had to give way too often', async () => {
    const { quire, provider, report, ended, metrics } = await start({}, {}, { LLM_MAX_CONCURRENCY: '1' });
    provider.behaviour.fault = (call) => (isBatch(call) ? 'silence' : undefined);
    await quire.processPages(pagesOf(2));
    for (let round = 1; round <= 4; round++) {
      const calls = provider.calls.filter(isBatch).length;
      while (provider.waiting === 0 || provider.calls.filter(isBatch).length < round) await sleep(5);
      expect(provider.calls.filter(isBatch).length).toBeGreaterThanOrEqual(calls);
      await quire.processPages({ 1: `ACCOUNT NUMBER: 12345678 ${round}` });
    }
    await ended(1);
    expect(await metrics()).toContain('quire_shadow_runs_total{outcome="gave_way"} 1');
    // Each of the four may have been billed.
    expect((await report()).spent_today_usd).toBeGreaterThan(4 * 0.1);
    expect(await metrics()).toMatch(/^quire_shadow_cost_usd_total 0\.[4-9]/m);
  });

  test('compares what the user was served, whatever the caller does with its record', async () => {
    const { quire, report, ended } = await start();
    const record = await quire.processPages(pagesOf(2));
    for (const { result, page_data } of record.accounts) {
      for (const fields of [result, ...Object.values(page_data)]) {
        for (const name of Object.keys(fields)) fields[name] = 'masked';
      }
    }
    await ended(1);
    expect((await report()).agreement.candidate).toEqual({ page: 1, merged: 1 });
  });

  test('waits its turn; when too many wait, or too much text, the newest document has none', async () => {
    const { quire, provider, ended, metrics } = await start({
      fault: (call) => (isBatch(call) ? 'silence' : undefined),
    });
    await quire.processPages(pagesOf(2));
    while (!provider.calls.some(isBatch)) await sleep(5);
    for (let index = 1; index <= 25; index++) await quire.processPages(pagesOf(2, 100 * index));
    const dropped = 'quire_shadow_runs_total{outcome="queue_full"}';
    expect(await metrics()).toContain(`${dropped} 5`);
    provider.behaviour.fault = () => undefined;
    await quire.close();
    await ended(5);
    const long = await start({ fault: (call) => (isBatch(call) ? 'silence' : undefined) });
    const text = `ACCOUNT NUMBER: 12345678 ${'x'.repeat(9_000_000)}`;
    for (let index = 0; index < 4; index++) await long.quire.processPages({ 1: text, 2: 'More of it' });
    expect(await long.metrics()).toContain(`${dropped} 1`);
  });

  test('is dropped, and no user’s document fails, when the service fails it', async () => {
    const { quire, report, ended, metrics } = await start({
      fault: (_call, index) => (index >= 2 ? 'refusal' : undefined),
    });
    const record = await quire.processPages(pagesOf(2));
    expect(record.failed_pages).toEqual([]);
    await ended(1);
    expect(await metrics()).toContain('quire_shadow_runs_total{outcome="failed"} 1');
    expect((await report()).fields.candidate).toBe(0);
  });

  describe('of a document that is deleted', () => {
    const upload = async (base: string, from: number) => {
      const pages = Object.values(pagesOf(4, from)).map((text) => text.split('\n').slice(0, 4));
      const pdf = await makePdf(pages.map((page) => ({ texts: lines(...page) })));
      const body = new FormData();
      body.set('file', new Blob([Uint8Array.from(pdf)]), 'a.pdf');
      const response = await fetch(`${base}/process`, { method: 'POST', body });
      const { job_id: id } = (await response.json()) as { job_id: string };
      for (;;) {
        const status = (await (await fetch(`${base}/status/${id}`)).json()) as { is_complete: boolean };
        if (status.is_complete) return id;
        await sleep(10);
      }
    };

    test('is forgotten', async () => {
      const { base, report, ended } = await start({
        read: (page, call) => readFields(page).slice(isBatch(call) ? 1 : 0),
      });
      const id = await upload(base, 0);
      await ended(1);
      const { mismatches } = await report();
      expect(mismatches.length).toBeGreaterThan(0);
      expect(mismatches.every(({ document_id }) => document_id === id)).toBe(true);
      await fetch(`${base}/api/document/${id}/delete`, { method: 'POST' });
      expect((await report()).mismatches).toEqual([]);
    });

    test('ends when it runs, and never starts when it waits', async () => {
      const { base, provider, ended } = await start({
        fault: (call) => (isBatch(call) ? 'silence' : undefined),
      });
      const running = await upload(base, 0);
      while (provider.waiting === 0) await sleep(5);
      const waiting = await upload(base, 100);
      await fetch(`${base}/api/document/${waiting}/delete`, { method: 'POST' });
      await fetch(`${base}/api/document/${running}/delete`, { method: 'POST' });
      await ended(1);
      await sleep(100);
      const shadowed = provider.calls.filter(isBatch).flatMap(({ pages }) => pages.map(({ text }) => text));
      expect(shadowed.join()).toContain(`${SECRET}-1-`);
      expect(shadowed.join()).not.toContain(`${SECRET}-101-`);
    });
  });
});

describe('a budget', () => {
  test('of a day is never overdrawn, and what is over it is counted', async () => {
    const { quire, provider, report, ended, metrics } = await start({}, {}, { SHADOW_BUDGET_USD: '0.5' });
    for (let index = 0; index < 12; index++) await quire.processPages(pagesOf(20, 100 * index));
    await ended(12);
    const shadowCalls = provider.calls.filter(isBatch).length;
    const { spent_today_usd: spent } = await report();
    // Calls that were broken off when the budget ended count with the most they can have cost.
    expect(spent).toBeGreaterThanOrEqual(shadowCalls * CALL_USD);
    expect(spent).toBeLessThanOrEqual(0.5);
    // It is used as far as the most a call can cost allows.
    expect(spent).toBeGreaterThan(0.2);
    expect(await metrics()).toMatch(/quire_shadow_runs_total\{outcome="budget"\} [1-9]/);
  });

  test('begins anew each day; a call over midnight counts for the day it began', async () => {
    const { quire, provider, report, ended } = await start({}, {}, { SHADOW_BUDGET_USD: '0.2' });
    // Time itself goes on; only the date is told.
    const tell = (date: string) => jest.spyOn(Date.prototype, 'toISOString').mockReturnValue(date);
    try {
      tell('2026-03-01T23:59:59.000Z');
      await quire.processPages(pagesOf(2));
      await ended(1);
      expect((await report()).spent_today_usd).toBeCloseTo(CALL_USD, 6);
      provider.behaviour.delay = (call) => (isBatch(call) ? 200 : 0);
      const before = provider.calls.length;
      await quire.processPages(pagesOf(2, 100));
      while (!provider.calls.slice(before).some(isBatch)) await sleep(5);
      tell('2026-03-02T00:00:01.000Z');
      expect((await report()).spent_today_usd).toBe(0);
      await ended(2);
      expect((await report()).spent_today_usd).toBe(0);
    } finally {
      jest.restoreAllMocks();
    }
  });

  test('cannot be kept without a price: no shadow runs, and that is told', async () => {
    const { quire, provider, ended, metrics } = await start({}, {}, { LLM_PRICES: '{}' });
    await quire.processPages(pagesOf(4));
    await ended(1);
    expect(provider.calls).toHaveLength(4);
    expect(await metrics()).toContain('quire_shadow_runs_total{outcome="no_price"} 1');
  });
});

describe('what is told', () => {
  const NOISE = { SHADOW_NOISE_SHARE: '1', SHADOW_BUDGET_USD: '100' };

  /** Differs in a share of its fields, on no other page's values. */
  function noisy(random: () => number, share: number, fields: Field[], mark: string): Field[] {
    return fields.map((field) =>
      random() < share ? { ...field, value: `${field.value}${mark}${random().toFixed(6)}` } : field,
    );
  }

  test('a candidate that disagrees on 5 % is told within a point of it, apart from noise of 2 %', async () => {
    const random = seeded(11);
    // Each reading alters 1 % of the fields, so two controls differ in 2 %.
    const read: Behaviour['read'] = (page, call) => {
      const fields = noisy(random, 0.01, readFields(page), 'noise');
      return isBatch(call) ? noisy(random, 0.05, fields, 'own') : fields;
    };
    const { quire, report, ended, metrics } = await start({ read }, {}, NOISE);
    for (let index = 0; index < 4; index++) await quire.processPages(pagesOf(40, 100 * index, 60));
    await ended(4);
    const { fields, agreement, beyond_noise: own } = await report();
    expect(fields).toEqual({ candidate: 9_600, noise: 9_600 });
    expect(1 - (agreement.noise.page ?? 0)).toBeGreaterThan(0.015);
    expect(1 - (agreement.noise.page ?? 0)).toBeLessThan(0.025);
    expect(own).toBeGreaterThan(0.04);
    expect(own).toBeLessThan(0.06);
    const published = /^quire_shadow_agreement\{comparison="noise",scope="page"\} (.+)$/m.exec(
      await metrics(),
    );
    expect(Number(published?.[1])).toBeCloseTo(agreement.noise.page ?? 0, 10);
  });

  test('the noise is measured with the first shadows, and then with a share of them', async () => {
    const settings = { ...NOISE, SHADOW_NOISE_SHARE: '0.25' };
    const { quire, report, ended } = await start({}, {}, settings);
    const measured: (number | undefined)[] = [];
    for (let index = 0; index < 18; index++) {
      await quire.processPages(pagesOf(1, 100 * index));
      await ended(index + 1);
      measured.push((await report()).fields.noise);
    }
    const each = measured.map((fields, index) => (fields ?? 0) - (measured[index - 1] ?? 0) > 0);
    expect(each.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => true));
    expect(each.slice(10).filter(Boolean)).toHaveLength(2);
  });

  test('a candidate no worse than the noise does not roll back; one that is, does', async () => {
    const paths = async (ownShare: number) => {
      const random = seeded(5);
      const read: Behaviour['read'] = (page, call) => {
        const fields = noisy(random, 0.02, readFields(page), 'noise');
        return isBatch(call) ? noisy(random, ownShare, fields, 'own') : fields;
      };
      const flags = [{ name: SHADOW_FLAG }, { name: BATCH_FLAG }];
      const { quire, ended } = await start({ read }, { flags }, NOISE);
      for (let index = 0; index < 20; index++) {
        await quire.processPages(pagesOf(8, 100 * index, 50));
        await ended(index + 1);
      }
      return (await quire.processPages(pagesOf(2))).plan.path;
    };
    expect(await paths(0)).toBe('batch');
    expect(await paths(0.3)).toBe('single-page');
  });

  test('mismatches name place and kind, can be asked for, are capped, and hold no value; nor does the log', async () => {
    const { quire, provider, base, report, ended, logged } = await start({
      read: (page, call) => {
        const [first, second, ...rest] = readFields(page);
        if (!isBatch(call) || !first || !second) return readFields(page);
        return [{ ...first, value: `${first.value}x` }, ...rest, { ...second, name: `${second.name}_new` }];
      },
    });
    await quire.processPages(pagesOf(2), { requestId: 'request-7' });
    await ended(1);
    const { mismatches } = await report('?limit=1000');
    const pageOne = mismatches.filter(({ page }) => page === 1);
    expect(pageOne).toEqual(
      [
        ['Field_0', 'different'],
        ['Field_1', 'only_control'],
        ['Field_1_new', 'only_candidate'],
      ].map(([field, outcome]) =>
        expect.objectContaining({ field, outcome, scope: 'page', account_index: 0 }),
      ),
    );
    expect(pageOne[0]).toMatchObject({ request_id: 'request-7', comparison: 'candidate' });
    expect(mismatches.some(({ scope, page }) => scope === 'merged' && page === null)).toBe(true);
    expect(JSON.stringify(mismatches)).not.toContain(SECRET);
    expect(logged.join('\n')).not.toMatch(new RegExp(`${SECRET}|Field_`));
    const only = await report('?outcome=only_control&scope=page&limit=1');
    expect(only.mismatches).toHaveLength(1);
    expect(only.mismatches[0]).toMatchObject({ outcome: 'only_control', scope: 'page' });
    expect((await report('?request_id=another')).mismatches).toEqual([]);
    const refused = await fetch(`${base}/ops/shadow?outcome=everything`);
    expect(refused.status).toBe(400);

    provider.behaviour.read = (page, call) =>
      readFields(page).map((field) => (isBatch(call) ? { ...field, value: `${field.value}x` } : field));
    for (let index = 1; index <= 5; index++) await quire.processPages(pagesOf(10, 100 * index));
    await ended(6);
    const all = (await report('?limit=1000')).mismatches;
    expect(all).toHaveLength(1_000);
    expect((await report('?request_id=request-7')).mismatches).toEqual([]);
  });
});

// The last one, because all shadows of this process wait from then on.
test('a shadow keeps rate limits of its own to itself', async () => {
  const { quire, provider, metrics } = await start({
    fault: (call) => (isBatch(call) ? { status: 429, headers: { 'retry-after': '600' } } : undefined),
  });
  await quire.processPages(pagesOf(4));
  while (!provider.calls.some(isBatch)) await sleep(5);
  // The first may be on its way before the answer to the shadow has come.
  for (let document = 0; document < 10; document++) {
    await quire.processPages({ 1: `ACCOUNT NUMBER: 12345678 ${document}` });
  }
  expect(await metrics()).not.toMatch(/^quire_shadow_runs_total\{.*\} [1-9]/m);
});
