import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import type { Overview } from '../../src/api/overview.js';
import type { Recent } from '../../src/api/recent.js';
import { createQuire, Store, StoreError, type Quire, type QuireOptions } from '../../src/index.js';
import { BATCH_FLAG, flagClient, SHADOW_FLAG, type Flag } from '../flag-client.js';
import { lines, makePdf } from '../pdf-fixtures.js';
import { Provider } from '../provider.js';
import { newDatabase, runSql } from '../shared.js';
import { SILENT } from '../silent.js';

/** What the operations page is made of, of documents that were really read and kept. */

let provider: Provider;
let database: string;
let store: Store;
let quire: Quire;
let server: Server;
let base: string;

beforeAll(async () => {
  provider = await Provider.start({ read: () => [] });
});
afterAll(() => provider.close());
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await quire.close();
  await store.close();
});

type Started = QuireOptions & { flags?: Flag[] };

async function start(settings: Started = {}, url?: string): Promise<void> {
  const { flags = [{ name: BATCH_FLAG }], ...options } = settings;
  provider.behaviour = {
    read: ({ text }) => [{ name: 'Branch', value: /Branch: (.*)/.exec(text)?.[1] ?? '', confidence: 90 }],
  };
  database = url ?? (await newDatabase());
  store = await Store.open({ url: database, dataDir: '' });
  quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    logger: SILENT,
    store,
    unleash: await flagClient(...flags),
    ...options,
    settings: { LLM_PRICES: { 'test-model': { input: 3, output: 15 } }, ...options.settings },
  });
  const app = express().use(
    quire.router({ identify: ({ headers }) => ({ userId: headers['x-user'] as string | undefined }) }),
  );
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function stop(): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await quire.close();
  await store.close();
}

let documents = 0;

/** @returns its id, when it has ended: of a document unlike any before, so that no kept answer is found */
async function read(pages: number, user = 'Anna'): Promise<string> {
  documents++;
  const pdf = await makePdf(
    Array.from({ length: pages }, (_, page) => ({ texts: lines(`Branch: Harbor ${documents} ${page}`) })),
  );
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(pdf)]), 'Confidential.pdf');
  const headers = { 'x-user': user };
  const { job_id: id } = (await (
    await fetch(`${base}/process`, { method: 'POST', body, headers })
  ).json()) as {
    job_id: string;
  };
  await ended(id, user);
  return id;
}

async function ended(id: string, user = 'Anna'): Promise<void> {
  for (;;) {
    const response = await fetch(`${base}/status/${id}`, { headers: { 'x-user': user } });
    if (((await response.json()) as { is_complete: boolean }).is_complete) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const get = async <Answer>(path: string) => (await (await fetch(`${base}/ops/${path}`)).json()) as Answer;
const overview = () => get<Overview>('overview');

describe('GET /ops/recent', () => {
  test('has the last documents of all owners with what they took, and nothing of whose they are or what is in them', async () => {
    await start();
    const batch = await read(4);
    provider.behaviour.fault = ({ pages }) => (pages[0]?.number === 1 ? 'refusal' : undefined);
    const lacking = await read(2, 'Paul');
    await stop();
    await start({ flags: [{ name: BATCH_FLAG, rollout: 0 }] }, database);
    const alone = await read(3);

    const { documents, paths } = await get<Recent>('recent');
    expect(documents.map(({ id }) => id)).toEqual([alone, lacking, batch]);
    expect(documents[0]).toEqual({
      id: alone,
      path: 'single-page',
      plan: 'single-page',
      reason: 'flag_off',
      status: 'completed',
      is_cancelled: false,
      is_read_again: false,
      calls: 3,
      salvage_calls: 0,
      pages: 3,
      failed_pages: 0,
      seconds: expect.any(Number),
      cost_usd: expect.any(Number),
      at: expect.stringMatching(/^20.*Z$/),
    });
    expect(documents[1]).toMatchObject({ path: 'batch', status: 'completed', failed_pages: 1, pages: 2 });
    expect(documents[2]).toMatchObject({ plan: 'batch 2x3', reason: 'flag', calls: 2, failed_pages: 0 });
    expect(JSON.stringify(documents)).not.toMatch(/Anna|Paul|Confidential|Harbor/);

    expect(paths.map(({ path }) => path)).toEqual(['single-page', 'batch']);
    const [single, inBatches] = paths;
    expect(single).toMatchObject({
      documents: 1,
      pages: 3,
      calls: 3,
      calls_a_page: { median: 1, p90: 1 },
      failures: { count: 0, of: 1, share: 0, least: 0 },
    });
    expect(single?.failures.most).toBeCloseTo(0.7935, 3);
    expect(inBatches).toMatchObject({ documents: 2, pages: 6, failures: { count: 1, of: 2, share: 0.5 } });
    const [few, many] = [documents[2], documents[1]].map((each) => (each?.calls ?? 0) / (each?.pages ?? 1));
    expect(inBatches?.calls_a_page?.median).toBeCloseTo(((few ?? 0) + (many ?? 0)) / 2, 10);
    expect(inBatches?.cost_a_page?.median).toBeGreaterThan(0);
  });

  test('has one of a plan that only a later version knows, without its plan', async () => {
    await start();
    await read(1);
    await runSql(database, `UPDATE quire.documents SET plan = '{"path": "a later one"}'`);
    expect((await get<Recent>('recent')).documents).toMatchObject([{ status: 'completed' }]);
    await runSql(database, `UPDATE quire.documents SET status = 'extracting'`);
    expect((await store.unended(10))?.documents).toMatchObject([{ plan: null }]);
  });

  test('has one that is read now, without figures, and counts none that was cancelled, or read again', async () => {
    await start();
    provider.behaviour.fault = () => 'refusal';
    const again = await read(2);
    delete provider.behaviour.fault;
    await fetch(`${base}/ops/documents/${again}/retry`, { method: 'POST' });
    await ended(again);
    provider.behaviour.fault = () => 'silence';
    const reading = read(2);
    await provider.called(provider.calls.length + 1);
    const before = (await get<Recent>('recent')).documents;
    expect(before[0]).toMatchObject({ status: 'extracting', plan: 'batch 2x3', reason: 'flag', calls: null });
    expect(before[1]).toMatchObject({ id: again, status: 'completed', is_read_again: true });
    await fetch(`${base}/ops/documents/${before[0]?.id}/cancel`, { method: 'POST' });
    await reading;
    const { documents, paths } = await get<Recent>('recent');
    expect(documents[0]).toMatchObject({ status: 'failed', is_cancelled: true });
    expect(paths).toEqual([]);
  });

  test('goes as far as it is asked to', async () => {
    await start();
    const ids = [await read(1), await read(1), await read(1)];
    expect((await get<Recent>('recent?limit=2')).documents.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    for (const limit of ['0', '501', '-1', 'all']) {
      expect((await fetch(`${base}/ops/recent?limit=${limit}`)).status).toBe(400);
    }
    expect((await fetch(`${base}/ops/recent?limit=500`)).headers.get('cache-control')).toBe(
      'private, no-store',
    );
  });

  test('looks at the documents it tells of alone, by indices', async () => {
    await start();
    await read(1);
    const columns = 'id, owner, status, document, sender, plan, uploaded_at, llm_calls';
    await runSql(
      database,
      `INSERT INTO quire.documents (${columns})
       SELECT gen_random_uuid(), owner, status, document, sender, plan, uploaded_at - n * interval '1 minute', llm_calls
       FROM quire.documents, generate_series(1, 5000) AS n`,
    );
    await runSql(database, 'ANALYZE quire.documents; ANALYZE quire.events');
    const before = await readRows();
    await get<Recent>('recent?limit=10');
    expect((await readRows()) - before).toBeLessThan(100);
  });

  /** Rows of whole tables that were read without an index. */
  async function readRows(): Promise<number> {
    const [row] = await runSql<{ read: string }>(
      database,
      `SELECT pg_stat_force_next_flush(), pg_sleep(0.1), sum(seq_tup_read) AS read FROM pg_stat_user_tables WHERE relname = 'documents'`,
    );
    return Number(row?.read);
  }
});

describe('GET /ops/overview', () => {
  test('says which plan is in force by the flag, for how many, and what each rollback would change', async () => {
    const payload = '{"batchSize": 5, "maxWorkers": 5}';
    await start({
      flags: [
        { name: BATCH_FLAG, rollout: 100, payload },
        { name: SHADOW_FLAG, rollout: 10 },
      ],
    });
    for (let document = 0; document < 3; document++) await read(10);
    const { plan, rollbacks } = await overview();
    expect(plan).toMatchObject({
      decided_by: 'flag',
      batch_plan: 'batch 5x5',
      payload_warnings: [],
      batch_flag: { is_on: true, percentage: 100, plans: ['batch 5x5'] },
      shadow_flag: { is_on: true, percentage: 10 },
      unleash: { source: 'caller', problem: null },
      rollback: { is_enabled: true, state: 'closed', cause: null, since: null, failure_rate: 0 },
    });
    expect(plan.says).toBe(
      'All new documents are read in batches, with the plan batch 5x5, because the flag batch-page-processing is on.',
    );
    expect(rollbacks.map(({ rollback, changes }) => [rollback, changes])).toEqual([
      ...[
        ['full_revert', true],
        ['shrink', true],
        ['batch_only', true],
      ],
    ]);
    expect(rollbacks[0]).toMatchObject({ calls_now: 2, calls_then: 10 });
    expect(rollbacks[0]?.says).toBe(
      'New documents are read page by page, one call after the other instead of up to 5 at once: about 10 calls a document of 10 pages instead of 2, by the last 3.',
    );
    expect(rollbacks[1]).toMatchObject({ calls_now: 2, calls_then: 5 });
    expect(rollbacks[2]?.says).toContain('one after the other, where it is batch 5x5 now');
  });

  test('says what a part of the requests gets, and that a plan is small already', async () => {
    await start({ flags: [{ name: BATCH_FLAG, rollout: 25, payload: '{"batchSize": 2, "maxWorkers": 1}' }] });
    const { plan, rollbacks } = await overview();
    expect(plan.says).toMatch(
      /^25 % of the new documents are read in batches, with the plan batch 2x1, .* page by page\.$/,
    );
    expect(plan.shadow_flag).toBeNull();
    expect(rollbacks.map(({ changes }) => changes)).toEqual([true, false, false]);
    expect(rollbacks[0]?.says).toContain('no document was read of late');
  });

  test.each<[string, Started, string, RegExp]>([
    [
      'the switch',
      { settings: { QUIRE_FORCE_SINGLE_PAGE: true } },
      'forced',
      /QUIRE_FORCE_SINGLE_PAGE is set/,
    ],
    [
      'a fixed plan',
      { plan: { path: 'batch', batchSize: 3, maxWorkers: 2 } },
      'fixed',
      /the plan batch 3x2: it is fixed/,
    ],
    [
      'a flag that is on for none',
      { flags: [{ name: BATCH_FLAG, rollout: 0 }] },
      'flag_off',
      /is on for 0 %/,
    ],
    [
      'a flag whose payload is no plan',
      { flags: [{ name: BATCH_FLAG, payload: '{}' }] },
      'payload_invalid',
      /no plan like/,
    ],
  ])('says that %s decides, and that no rollback changes anything', async (_what, given, decidedBy, says) => {
    await start(given);
    const { plan, rollbacks } = await overview();
    expect([plan.decided_by, plan.says]).toEqual([decidedBy, expect.stringMatching(says)]);
    expect(rollbacks.map(({ changes }) => changes)).toEqual([false, false, false]);
    const isNone = decidedBy === 'payload_invalid' ? /^Is no rollback now/ : /^Changes nothing/;
    expect(rollbacks[1]?.says).toMatch(isNone);
  });

  test('says that there is no flag to tell of', async () => {
    await start({ flags: [{ name: 'another' }] });
    const { plan, rollbacks } = await overview();
    expect(plan).toMatchObject({ decided_by: 'unknown', batch_flag: null, batch_plan: null });
    expect(rollbacks.map(({ says }) => says)).toEqual(
      ['new documents', 'batches', 'batches'].map((of) =>
        expect.stringMatching(`^Where the flag is on, ${of} `),
      ),
    );
  });

  test('says that the automatic rollback has left the batch path, and why', async () => {
    await start({ settings: { ROLLBACK_FALSE_ALARM_DOCUMENTS: 100 } });
    provider.behaviour.fault = ({ pages }) => (pages.length > 1 ? 'truncated json' : undefined);
    while ((await overview()).plan.rollback.state === 'closed') await read(4);
    const { plan, rollbacks } = await overview();
    expect(plan).toMatchObject({
      decided_by: 'rolled_back',
      rollback: {
        state: 'open',
        cause: 'batch_failures',
        since: expect.stringMatching(/^20.*Z$/),
        failure_rate: 1,
      },
    });
    expect(plan.says).toContain('because more batch calls failed than are tolerated');
    expect(rollbacks[0]?.says).toMatch(
      /^No document tries the batch path any more; all are read page by page: about as many calls as now, 4 /,
    );
    expect(rollbacks[2]?.says).toMatch(
      /^Once the automatic rollback has ended, batches have 2 pages at most/,
    );
  });

  test('tells of the service: its limits, what it refused last and what is sent in another form since', async () => {
    await start({ settings: { LLM_REQUEST_DEFAULTS: { top_k: 1 }, LLM_MAX_CONCURRENCY: 7 } });
    const refused = {
      status: 400,
      body: { error: { message: "Unknown parameter: 'top_k'", param: 'top_k' } },
    };
    provider.behaviour.fault = ({ body }) => ('top_k' in body ? refused : undefined);
    provider.behaviour.headers = () => ({
      'x-ratelimit-limit-requests': '1000',
      'x-ratelimit-remaining-requests': '900',
      'x-ratelimit-reset-requests': '6s',
    });
    await read(2);
    const { service } = await overview();
    expect(service).toMatchObject({
      model: 'test-model',
      trouble: null,
      outage: null,
      held_until: null,
      calls: { under_way: 0, waiting: 0, at_once: 7, most: 7 },
      limits: { concurrency: null, requests_per_minute: null, tokens_per_minute: null },
      told: { requests: { limit: 1_000, left: expect.any(Number) }, tokens: null },
      dialect: {
        left_out: ['top_k'],
        adapted: [{ part: 'top_k', service: { status: 400, param: 'top_k' } }],
      },
    });
    expect(service.refused).toEqual([
      expect.objectContaining({
        reason: 'bad_request',
        says: 'the model service did not accept the request',
        service: expect.objectContaining({ status: 400 }),
      }),
    ]);
  });

  test('tells since when the service is away, and until when it is waited for', async () => {
    await start();
    provider.behaviour.fault = () => ({ status: 503 });
    const texts = [1, 2, 3, 4].map((page) => [page, `Branch: Harbor ${page}, where it has always been`]);
    const given = quire.processPages(Object.fromEntries(texts) as Record<number, string>);
    given.catch(() => undefined);
    let service: Overview['service'];
    do ({ service } = await overview());
    while (!service.outage);
    const { since, next_try: next, patience_until: until } = service.outage;
    expect([Date.parse(since) <= Date.parse(next), Date.parse(next) < Date.parse(until)]).toEqual([
      true,
      true,
    ]);
    expect(service.calls.at_once).toBe(1);
  });

  test('is answered while the store is away', async () => {
    await start();
    store.recent = () => Promise.reject(new StoreError('unreachable'));
    const { plan, rollbacks } = await overview();
    expect(plan.decided_by).toBe('flag');
    expect(rollbacks[0]).toMatchObject({ changes: true, calls_then: null });
    expect((await fetch(`${base}/ops/recent`)).status).toBe(503);
  });
});
