import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import express, { type Request, type RequestHandler } from 'express';
import { pino } from 'pino';
import { createQuire, type ProcessingPlan, type Quire, type Store } from '../../src/index.js';
import { BATCH_FLAG, flagClient } from '../flag-client.js';
import { lines, makePdf, textBomb } from '../pdf-fixtures.js';
import { Provider, type Fault } from '../provider.js';
import { newStore } from '../shared.js';

/** What ops see: metrics, readiness and the log, over real HTTP and with the real pino. */

let provider: Provider;
let store: Store;
let quire: Quire;
let server: Server;
let base: string;
let log: Record<string, unknown>[];

const SECRETS = /Confidential|Vorname|Müller|12345678/;

beforeAll(async () => {
  process.env.LLM_PRICES = '{"test-model": {"input": 3, "cached_input": 3, "output": 15}}';
  provider = await Provider.start({ read: () => [] });
  store = await newStore();
});
afterAll(async () => {
  delete process.env.LLM_PRICES;
  await store.close();
  await provider.close();
});

async function start(plan?: ProcessingPlan, login?: RequestHandler, rollout = 100): Promise<void> {
  log = [];
  const write = (line: Buffer, _encoding: unknown, done: () => void) => {
    log.push(JSON.parse(line.toString()) as Record<string, unknown>);
    done();
  };
  provider.behaviour = {
    read: ({ text }) =>
      Array.from(text.matchAll(/^(Vorname_\d+): (.+)$/gm), ([, name = '', value = '']) => ({
        name,
        value,
        confidence: 90,
      })),
  };
  provider.calls.length = 0;
  quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    logger: pino({ level: 'info' }, new Writable({ write })),
    unleash: await flagClient({ name: BATCH_FLAG, rollout }),
    store,
    ...(plan && { plan }),
  });
  const app = express();
  if (login) app.use(login);
  server = createServer(app.use(quire.router({ allowAnonymous: true })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function stop(): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await quire.close();
}

const TEN_PAGES = Object.fromEntries(
  Array.from({ length: 10 }, (_, index) => [
    index + 1,
    `ACCOUNT NUMBER: 12345678\nVorname_${index}: Confidential ${index}`,
  ]),
);

async function metric(line: string): Promise<number | undefined> {
  const text = await (await fetch(`${base}/ops/metrics`)).text();
  const found = text.split('\n').find((each) => each.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length + 1));
}

async function upload(headers: Record<string, string> = {}) {
  const pdf = await makePdf(Object.values(TEN_PAGES).map((text) => ({ texts: lines(...text.split('\n')) })));
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(pdf)]), 'Müller Confidential.pdf');
  const response = await fetch(`${base}/process`, { method: 'POST', headers, body });
  const { job_id: id } = (await response.json()) as { job_id: string };
  for (;;) {
    const status = (await (await fetch(`${base}/status/${id}`, { headers })).json()) as {
      is_complete: boolean;
    };
    if (status.is_complete) return { id, headers: response.headers };
    await sleep(10);
  }
}

describe('metrics', () => {
  beforeEach(() => start());
  afterEach(stop);

  test('of both paths stand side by side under the project’s names', async () => {
    const started = performance.now();
    await quire.processPages(TEN_PAGES);
    const batchBytes = sentBytes();
    provider.behaviour.delay = () => 20;
    await quire.processPages(TEN_PAGES);
    const seconds = (performance.now() - started) / 1_000;

    expect(await metric('llm_calls_per_document{path="batch"}')).toBe(5);
    expect(await metric('llm_calls_per_document{path="single-page"}')).toBeUndefined();
    expect(await metric('cost_per_document{path="batch"}')).toBeCloseTo(5 * 0.0045, 10);
    expect(await metric('documents_per_hour{path="batch"}')).toBe(2);
    expect(await metric('documents_per_hour{path="single-page"}')).toBe(0);
    expect(await metric('batch_failure_rate')).toBe(0);
    const mean = (await metric('avg_processing_time_seconds{path="batch"}')) ?? 0;
    expect(mean).toBeGreaterThan(0.02);
    expect(2 * mean).toBeLessThan(seconds);
    expect(await metric('quire_document_seconds_count{path="batch"}')).toBe(2);
    expect(await metric('quire_document_llm_calls_sum{path="batch"}')).toBe(10);
    expect(await metric('quire_llm_calls_total{path="batch",purpose="first"}')).toBe(10);
    expect(await metric('quire_llm_sent_bytes_total{path="batch"}')).toBe(2 * batchBytes);
    expect(await metric('quire_llm_received_bytes_total{path="batch"}')).toBeGreaterThan(2_000);
    expect(await metric('quire_plan_decisions_total{path="batch",reason="flag"}')).toBe(2);
    expect(await metric('process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
    expect(await metric('process_cpu_seconds_total')).toBeGreaterThan(0);
  });

  function sentBytes(): number {
    return provider.calls.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  test.each<[Fault, string]>([
    ['truncated json', 'not_json'],
    ['missing page', 'page_missing'],
    ['swapped fields', 'value_slipped'],
    [{ status: 500 }, 'server_error'],
  ])('count a batch call with %j as failed before salvage', async (fault, reason) => {
    provider.behaviour.fault = (_call, index) => (index === 0 ? fault : undefined);
    const record = await quire.processPages(TEN_PAGES);
    expect(record.failed_pages).toEqual([]);
    const calls = reason === 'server_error' ? 6 : 5;
    expect(await metric('batch_failure_rate')).toBeCloseTo(1 / calls, 10);
    expect(await metric(`quire_batch_failures_total{reason="${reason}"}`)).toBe(1);
    expect(await metric('quire_batch_calls_total{outcome="ok"}')).toBe(calls - 1);
  });

  test('do not blame batches for a service that turns calls down', async () => {
    provider.behaviour.fault = (_call, index) =>
      index === 0 ? { status: 429, headers: { 'retry-after-ms': '10' } } : undefined;
    await quire.processPages(TEN_PAGES);
    expect(await metric('batch_failure_rate')).toBe(0);
    expect(await metric('quire_batch_calls_total{outcome="failed"}')).toBe(0);
    expect(await metric('quire_batch_failures_total{reason="rate_limited"}')).toBe(1);
  });

  test('count what documents cost that come to nothing', async () => {
    const stop = new AbortController();
    provider.behaviour.fault = (_call, index) => (index >= 2 ? 'silence' : undefined);
    const aborted = quire.processPages(TEN_PAGES, { signal: stop.signal });
    await provider.called(5);
    stop.abort();
    await expect(aborted).rejects.toThrow();
    expect(await metric('quire_llm_tokens_total{path="batch",kind="prompt"}')).toBe(2_000);
    expect(await metric('quire_llm_cost_usd_total{path="batch"}')).toBeCloseTo(0.009, 10);
    provider.behaviour.fault = () => 'refusal';
    const { failed_pages: failed } = await quire.processPages(TEN_PAGES);
    expect(failed).toHaveLength(10);
    expect(await metric('quire_documents_total{path="batch",outcome="failed"}')).toBe(1);
    expect(await metric('quire_documents_total{path="batch",outcome="completed"}')).toBe(0);
  });

  test('count pages that are given up, and begin at zero', async () => {
    expect(await metric('quire_failed_pages_total{path="batch",reason="refused"}')).toBe(0);
    provider.behaviour.fault = ({ pages }) => (pages[0]?.number === 1 ? 'refusal' : undefined);
    await quire.processPages(TEN_PAGES);
    expect(await metric('quire_failed_pages_total{path="batch",reason="refused"}')).toBe(1);
  });
});

describe('the log', () => {
  beforeEach(() => start());
  afterEach(stop);

  test('has one line a document: plan, calls, tokens, cost and milliseconds by stage, and nothing of its contents', async () => {
    const { id, headers } = await upload({ 'x-request-id': 'request-7' });
    expect(headers.get('x-request-id')).toBe('request-7');
    expect(log).toHaveLength(1);
    expect(log[0]).toMatchObject({
      request_id: 'request-7',
      document: id,
      plan: 'batch 2x3',
      reason: 'flag',
      pages: 10,
      calls: 5,
      salvage_calls: 0,
      prompt_tokens: 5_000,
      completion_tokens: 500,
      cost_usd: 0.0225,
      failed_pages: 0,
      msg: 'document read',
      llm_extraction_ms: expect.any(Number),
    });
    expect(JSON.stringify(log)).not.toMatch(SECRETS);
  });

  test.each(['req-1', 7])('names a request as the app does: %s', async (id) => {
    await stop();
    await start(undefined, (request, _response, next) => {
      Object.assign(request, { id });
      next();
    });
    const { headers } = await upload({ 'x-request-id': 'another' });
    expect(headers.get('x-request-id')).toBe(String(id));
    expect(log[0]).toMatchObject({ request_id: String(id) });
  });

  test('takes no request id that could forge a line', async () => {
    const { headers } = await upload({ 'x-request-id': 'a b{"level":60}' });
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(log[0]).toMatchObject({ request_id: headers.get('x-request-id') });
  });

  test('tells of a document that fails or is given up, without its contents', async () => {
    await expect(quire.processPdf(Buffer.from('%PDF-1.4 Confidential'))).rejects.toThrow();
    const stop = new AbortController();
    provider.behaviour.fault = () => 'silence';
    const aborted = quire.processPages(TEN_PAGES, { signal: stop.signal });
    while (provider.waiting === 0) await sleep(5);
    stop.abort();
    await expect(aborted).rejects.toThrow();
    expect(log.map(({ msg }) => msg)).toEqual(['document failed', 'document aborted']);
    expect(JSON.stringify(log)).not.toMatch(SECRETS);
    expect(await metric('quire_documents_total{path="batch",outcome="failed"}')).toBe(1);
    expect(await metric('quire_documents_total{path="batch",outcome="aborted"}')).toBe(1);
  });

  test('tells of a document of which no page was read with the reasons and what the service answered', async () => {
    provider.behaviour.fault = () => ({ status: 400, code: 'invalid_value' });
    await quire.processPages(TEN_PAGES);
    expect(log).toEqual([
      expect.objectContaining({
        level: 40,
        msg: 'document failed',
        plan: 'batch 2x3',
        seconds: expect.any(Number),
        failed_pages: 10,
        failed_by_reason: { bad_request: 10 },
        service: { status: 400, code: 'invalid_value', message: 'made to fail' },
      }),
    ]);
    const { ready, warnings, model } = (await (await fetch(`${base}/ops/readyz`)).json()) as Record<
      string,
      unknown
    >;
    expect({ ready, warnings, model }).toEqual({
      ready: true,
      warnings: ['model: bad_request'],
      model: {
        reason: 'bad_request',
        service: { status: 400, code: 'invalid_value', message: 'made to fail' },
      },
    });
    delete provider.behaviour.fault;
    await quire.processPages(TEN_PAGES);
    expect(log[1]).toMatchObject({ msg: 'document read' });
    expect((await (await fetch(`${base}/ops/readyz`)).json()) as object).toMatchObject({
      warnings: [],
      model: null,
    });
  });

  test('never repeats a code of the service that could quote a page', async () => {
    provider.behaviour.fault = () => ({ status: 400, code: 'the page says Confidential' });
    await quire.processPages(TEN_PAGES);
    expect(log[0]).toMatchObject({ msg: 'document failed', service: { status: 400 } });
    expect(JSON.stringify(log)).not.toMatch(SECRETS);
  });

  test('tells of pages that failed beside those that were read', async () => {
    provider.behaviour.fault = ({ pages }) =>
      pages.some(({ number }) => number === 10) ? { status: 400 } : undefined;
    await quire.processPages(TEN_PAGES);
    expect(log[0]).toMatchObject({
      level: 30,
      msg: 'document read',
      failed_pages: 1,
      failed_by_reason: { bad_request: 1 },
      service: { status: 400 },
    });
  });

  test('tells of lines that were left for objects', async () => {
    const state = async () => {
      const ready = (await (await fetch(`${base}/ops/readyz`)).json()) as {
        warnings: string[];
        answer_form: object;
      };
      const gauge = await metric('quire_answer_form_state{state="objects"}');
      return { warnings: ready.warnings, answer_form: ready.answer_form, gauge };
    };
    const nothing = { documents: 0, salvage_rate: null };
    const before = { state: 'lines', lines: nothing, objects: nothing };
    expect(await state()).toEqual({ warnings: [], answer_form: before, gauge: 0 });
    provider.behaviour.fault = ({ answerForm }) => (answerForm === 'lines' ? 'missing page' : undefined);
    for (let index = 0; index < 32; index++) await quire.processPages(TEN_PAGES);
    const after = { state: 'objects', lines: nothing, objects: { documents: 1, salvage_rate: 0 } };
    expect(await state()).toEqual({ warnings: ['answer_form: objects'], answer_form: after, gauge: 1 });
  });

  test('tells of a rollback and its cause', async () => {
    provider.behaviour.fault = ({ pages }) => (pages.length > 1 ? 'truncated json' : undefined);
    for (let index = 0; index < 12; index++) await quire.processPages(TEN_PAGES);
    const told = log.filter(({ to }) => to !== undefined);
    expect(told).toEqual([expect.objectContaining({ to: 'open', cause: 'batch_failures', failure_rate: 1 })]);
    expect(await metric('quire_rollback_state{state="open"}')).toBe(1);
    expect(await metric('quire_rollback_changes_total{to="open",cause="batch_failures"}')).toBe(1);
    const ready = (await (await fetch(`${base}/ops/readyz`)).json()) as {
      warnings: string[];
      rollback: object;
    };
    expect(ready.warnings).toEqual(['rollback: open']);
    expect(ready.rollback).toMatchObject({
      state: 'open',
      changes: [{ to: 'open', cause: 'batch_failures' }],
    });
  });
});

describe('a document is not lost', () => {
  afterEach(stop);

  test('when the logger or the Unleash client of the app fails', async () => {
    await start();
    const unleash = await flagClient({ name: BATCH_FLAG });
    unleash.impactMetrics.defineGauge = () => {
      throw new Error('no gauge');
    };
    const fails = () => {
      throw new Error('no log');
    };
    const logger = { info: fails, warn: fails, error: fails };
    const other = await createQuire({ openai: provider.client(), model: 'test-model', unleash, logger });
    expect((await other.processPages(TEN_PAGES)).failed_pages).toEqual([]);
    await other.close();
  });
});

describe('readiness', () => {
  test('ends when Quire is closed, and not before', async () => {
    await start();
    expect((await fetch(`${base}/ops/readyz`)).status).toBe(200);
    await quire.close();
    expect((await fetch(`${base}/ops/readyz`)).status).toBe(503);
    await stop();
  });
});

describe('an upload', () => {
  beforeEach(() => start({ path: 'single-page' }));
  afterEach(stop);

  test('is counted on the path of its plan', async () => {
    const { headers } = await upload();
    expect(headers.get('x-quire-plan')).toBe('single-page');
    expect(await metric('llm_calls_per_document{path="single-page"}')).toBe(10);
    expect(await metric('quire_plan_decisions_total{path="single-page",reason="fixed"}')).toBe(1);
  });
});

describe('the answer to an upload', () => {
  afterEach(stop);

  const answered = async (pdf: Uint8Array) => {
    const body = new FormData();
    body.set('file', new Blob([Uint8Array.from(pdf)]), 'a.pdf');
    const response = await fetch(`${base}/process`, { method: 'POST', body });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-quire-plan')).toBe('batch 2x3');
  };

  test('names the plan, also for a file that cannot be read', async () => {
    await start();
    await answered(Buffer.from('%PDF-1.4 nothing'));
  });

  test('names the plan and does not wait for the number of pages, when that takes long', async () => {
    await start();
    // Both turns of pdfium are taken by files that keep it busy.
    const busy = textBomb(3_000_000);
    const stopped = new AbortController();
    const ended: unknown[] = [];
    const reading = Array.from({ length: availableParallelism() }, () =>
      quire.processPdf(busy, { signal: stopped.signal }).catch((error: unknown) => ended.push(error)),
    );
    await answered(await makePdf([{ texts: lines('ACCOUNT NUMBER: 12345678', 'and more of it') }]));
    expect(ended).toEqual([]);
    stopped.abort();
    await Promise.all(reading);
  });
});

describe('who sends an upload', () => {
  afterEach(stop);

  test.each([
    ['the user, where the app has a login', 'user-', (id: string) => ({ user: { id }, sessionID: 's' })],
    ['the session otherwise', 'session-', (id: string) => ({ sessionID: id })],
  ])('is %s', async (_name, prefix, identity) => {
    const login: RequestHandler = (request: Request, _response, next) => {
      Object.assign(request, identity(request.get('x-test-id') ?? ''));
      next();
    };
    await start(undefined, login, 50);
    const ids = Array.from({ length: 8 }, (_, index) => `${prefix}${index}`);
    const key = prefix === 'user-' ? 'userId' : 'sessionId';
    const expected = await Promise.all(
      ids.map(async (id) => (await quire.processPages({ 1: '' }, { [key]: id })).plan.path),
    );
    expect(new Set(expected).size).toBe(2);
    const uploads = await Promise.all(ids.map((id) => upload({ 'x-test-id': id })));
    const plans = uploads.map(({ headers }) => headers.get('x-quire-plan')?.split(' ')[0]);
    expect(plans).toEqual(expected);
  });
});
