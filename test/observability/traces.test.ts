import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { context, trace, type Span } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import express from 'express';
import OpenAI from 'openai';
import { noOutcome } from '../../src/documents/events.js';
import { createQuire, type ProcessingPlan, type Quire, type Store } from '../../src/index.js';
import { Traces } from '../../src/observability/traces.js';
import type { Decision } from '../../src/rollout/decision.js';
import { lines, makePdf } from '../pdf-fixtures.js';
import { Provider, type Behaviour } from '../provider.js';
import { newStore } from '../shared.js';
import { SILENT } from '../silent.js';

/** Spans as an app's OpenTelemetry SDK exports them. */

const exporter = new InMemorySpanExporter();
const tracing = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
let store: Store;
beforeAll(async () => {
  trace.setGlobalTracerProvider(tracing);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  store = await newStore();
});
afterAll(async () => {
  await tracing.shutdown();
  trace.disable();
  context.disable();
  await store.close();
});

const closing: (() => Promise<unknown>)[] = [];
beforeEach(() => exporter.reset());
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const SINGLE: ProcessingPlan = { path: 'single-page' };
const BATCH: ProcessingPlan = { path: 'batch', batchSize: 2, maxWorkers: 3 };
const STAGES = ['ocr_extraction', 'account_splitting', 'page_analysis', 'llm_extraction'];
/** Stands in a page, a field's name, a file's name and a user's id. */
const MARK = 'Marker4711';

async function start(plan: ProcessingPlan, behaviour: Partial<Behaviour> = {}) {
  const read = () => [{ name: `Name_${MARK}`, value: `value ${MARK}`, confidence: 90 }];
  const provider = await Provider.start({ read, ...behaviour });
  const openai = provider.client();
  const quire = await createQuire({ openai, model: 'test-model', plan, store, logger: SILENT });
  closing.push(
    () => provider.close(),
    () => quire.close(),
  );
  return { quire, provider };
}

/** Four pages of an account, each with the mark. */
function packageOf(pages = 4): Promise<Buffer> {
  const texts = Array.from({ length: pages }, (_, page) => ({
    texts: lines('ACCOUNT NUMBER: 12345678', `Name_${MARK}: value ${MARK} of page ${page + 1}`),
  }));
  return makePdf(texts);
}

/** In a span of the app's own. */
function within<T>(work: (request: Span) => Promise<T>): Promise<T> {
  return trace.getTracer('app').startActiveSpan('request', async (span) => {
    try {
      return await work(span);
    } finally {
      span.end();
    }
  });
}

const spansNamed = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);

function only(name: string): ReadableSpan {
  const [span, ...more] = spansNamed(name);
  if (!span || more.length > 0) throw new Error(`${more.length + (span ? 1 : 0)} spans are named ${name}`);
  return span;
}

function told(): string {
  return JSON.stringify(
    exporter
      .getFinishedSpans()
      .map(({ name, attributes, events, links, status, resource }) => [
        name,
        attributes,
        events,
        links,
        status,
        resource.attributes,
      ]),
  );
}

test.each([
  { plan: SINGLE, named: { 'quire.path': 'single-page' }, pagesOfCalls: [1, 1, 1, 1] },
  {
    plan: BATCH,
    named: { 'quire.path': 'batch', 'quire.batch_size': 2, 'quire.max_workers': 3 },
    pagesOfCalls: [2, 2],
  },
])(
  'a document is a span with its stages and calls in it: $plan.path',
  async ({ plan, named, pagesOfCalls }) => {
    const { quire, provider } = await start(plan);
    const pdf = await packageOf();
    const { failed_pages } = await within(() => quire.processPdf(pdf, { userId: `user-${MARK}` }));
    expect(failed_pages).toEqual([]);
    const document = only('quire.document');
    expect(document.parentSpanContext?.spanId).toBe(only('request').spanContext().spanId);
    expect(document.attributes).toEqual({
      ...named,
      'quire.pages': 4,
      'quire.calls': pagesOfCalls.length,
      'quire.failed_pages': 0,
      'quire.outcome': 'completed',
    });
    for (const stage of STAGES) {
      expect(only(`quire.${stage}`).parentSpanContext?.spanId).toBe(document.spanContext().spanId);
    }
    const calls = spansNamed('chat test-model');
    expect(calls.map(({ attributes }) => attributes['quire.pages'])).toEqual(pagesOfCalls);
    const { hostname, port } = new URL(provider.baseURL);
    for (const { parentSpanContext, attributes } of calls) {
      expect(parentSpanContext?.spanId).toBe(only('quire.llm_extraction').spanContext().spanId);
      expect(attributes).toMatchObject({
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'test-model',
        'gen_ai.request.max_tokens': 4_000 * Number(attributes['quire.pages']),
        'gen_ai.response.model': 'test-model-2026',
        'gen_ai.response.finish_reasons': ['stop'],
        'gen_ai.usage.input_tokens': 1_000,
        'gen_ai.usage.output_tokens': 100,
        'server.address': hostname,
        'server.port': Number(port),
        'quire.purpose': 'first',
      });
    }
    expect(provider.calls.every(({ pages }) => pages.every(({ text }) => text.includes(MARK)))).toBe(true);
    expect(told()).not.toMatch(/Marker4711|12345678/);
  },
);

test('a call that fails, and its document, name the reason and nothing the service said', async () => {
  const { quire } = await start(SINGLE, { fault: () => ({ status: 400, code: 'odd' }) });
  await quire.processPages({ 1: `a page that is not accepted ${MARK}` });
  for (const { attributes } of spansNamed('chat test-model')) {
    expect(attributes).toMatchObject({ 'error.type': 'bad_request' });
    expect(attributes).not.toHaveProperty('gen_ai.usage.input_tokens');
  }
  expect(only('quire.document').attributes).toMatchObject({
    'quire.outcome': 'failed',
    'error.type': 'model',
  });
  expect(told()).not.toMatch(/Marker4711|made to fail/);
});

test('a call that is broken off with its document is in it, and tells nothing of why', async () => {
  const { quire, provider } = await start(BATCH, { fault: () => 'silence' });
  const abort = new AbortController();
  const texts = { 1: 'a page of some text', 2: 'another page of text', 3: 'a third page of text' };
  const reading = quire.processPages(texts, { signal: abort.signal });
  await provider.called(2);
  abort.abort(new Error(`gone ${MARK}`));
  await expect(reading).rejects.toThrow();
  while (spansNamed('chat test-model').length < 2) await new Promise((resolve) => setImmediate(resolve));
  const { traceId } = only('quire.document').spanContext();
  for (const call of spansNamed('chat test-model')) {
    expect(call.spanContext().traceId).toBe(traceId);
    expect(call.attributes['error.type']).toBe('broken_off');
  }
  expect(told()).not.toContain(MARK);
});

test('a call that ends after its document is in it, not in one that never ends', () => {
  const { watch } = new Traces({ client: new OpenAI({ apiKey: 'test' }), name: 'test-model' });
  const decision: Decision = { plan: BATCH, reason: 'flag', admission: null, shadow: null };
  const source = { requestId: undefined, documentId: undefined, decision };
  watch({ type: 'stage_begun', stage: 'ocr_extraction' }, source);
  watch({ type: 'broken_off', ...noOutcome(BATCH) }, source);
  watch(
    {
      type: 'call_ended',
      unit: 'pages/1',
      pages: [1],
      purpose: 'first',
      ms: 5,
      outcome: 'broken_off',
      service: null,
      prompt_tokens: null,
      completion_tokens: null,
      max_tokens: 4_000,
      model: null,
      finish_reason: null,
      sent_bytes: 1,
      received_bytes: 0,
    },
    source,
  );
  const { traceId } = only('quire.document').spanContext();
  expect(only('chat test-model').spanContext().traceId).toBe(traceId);
});

test('an upload’s document is a trace of its own, linked to the request that brought it', async () => {
  const { quire } = await start(BATCH);
  const { base, request } = await mounted(quire);
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(await packageOf(2))]), `${MARK}.pdf`);
  const { job_id: id } = (await (await fetch(`${base}/process`, { method: 'POST', body })).json()) as {
    job_id: string;
  };
  while (spansNamed('quire.document').length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const document = only('quire.document');
  expect(document.attributes).toMatchObject({ 'quire.document.id': id, 'quire.outcome': 'completed' });
  expect(document.parentSpanContext).toBeUndefined();
  expect(document.links.map(({ context: linked }) => linked.spanId)).toEqual([
    request().spanContext().spanId,
  ]);
  expect(told()).not.toContain(MARK);
});

/** In an app that has a span for each request, as instrumentation makes them. */
async function mounted(quire: Quire) {
  let request: Span | undefined;
  const app = express();
  app.use((_request, response, next) => {
    const span = trace.getTracer('app').startSpan('request');
    request ??= span;
    response.once('finish', () => span.end());
    context.with(trace.setSpan(context.active(), span), next);
  });
  app.use(quire.router({ allowAnonymous: true }));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    request: () => {
      if (!request) throw new Error('No request came');
      return request;
    },
  };
}
