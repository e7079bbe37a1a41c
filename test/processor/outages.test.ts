import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import OpenAI from 'openai';
import type { Clock } from '../../src/clock.js';
import { CallQueue } from '../../src/llm/queue.js';
import type { WaitReason } from '../../src/llm/turns.js';
import { UsageLedger } from '../../src/llm/usage.js';
import type { ProcessingPlan } from '../../src/processor/plan.js';
import { PageProcessor } from '../../src/processor/processor.js';
import { beginAsking } from '../../src/stages/fields.js';
import { Provider, type Call, type Fault } from '../provider.js';

/** A service that is away or rejects all calls for a while loses no page: on real HTTP, with the real client. */

/** Goes on where somebody sleeps, and only there: a wait of minutes is over at once. */
class SleptClock implements Clock {
  #now = 0;

  now(): number {
    return this.#now;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    const until = this.#now + ms;
    await setImmediate();
    signal.throwIfAborted();
    this.#now = Math.max(this.#now, until);
  }
}

// What a page waits for by itself, beside the queue, is nothing.
beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(closing.splice(0).map((each) => each.close()));
});

const PLANS: ProcessingPlan[] = [
  { path: 'single-page' },
  { path: 'batch', batchSize: 3, maxWorkers: 1 },
  { path: 'batch', batchSize: 2, maxWorkers: 3 },
];

interface Asked {
  plan: ProcessingPlan;
  fault?: (ms: number, call: Call) => Fault | undefined;
  /** Nobody listens until then, in milliseconds. */
  refusedUntil?: number;
  patienceMs?: number;
  pages?: number;
}

/** Reads pages of one account. @returns which failed and why, what the calls waited for, and how long it took */
async function read({ plan, fault, refusedUntil = 0, patienceMs = 600_000, pages = 6 }: Asked) {
  const clock = new SleptClock();
  const provider = await Provider.start({
    read: () => [{ name: 'Name', value: 'Ada', confidence: 90 }],
    fault: (call) => fault?.(clock.now(), call),
  });
  closing.push(provider);
  const nobody = await unusedPort();
  let refused = 0;
  const client = new OpenAI({
    apiKey: 'key',
    baseURL: provider.baseURL,
    fetch: (url, init) => {
      if (clock.now() >= refusedUntil) return fetch(url, init);
      refused++;
      return fetch(`http://127.0.0.1:${nobody}/`, init);
    },
  });
  const budget = { input: 128_000, output: 40_000 };
  const limits = { timeoutMs: 60_000, outagePatienceMs: patienceMs, budget };
  const model = { client, name: 'test-model', requestDefaults: {}, ...limits };
  const waits: WaitReason[] = [];
  const numbers = Array.from({ length: pages }, (_, index) => index + 1);
  const reading = {
    plan,
    signal: new AbortController().signal,
    usage: new UsageLedger({}),
    queue: new CallQueue(clock).document((why) => waits.push(why)),
  };
  const asking = beginAsking(new PageProcessor({ model, pageAttempts: 6 }), reading, () => undefined);
  const [result] = await asking.finish(
    [{ accountNumber: '12345678', pages: numbers }],
    new Map(numbers.map((page) => [page, `Ada stands on sheet ${page}`])),
  );
  const failed = result?.failedPages.map(({ page, reason }) => [page, reason] as const);
  return { failed, waits, ms: clock.now(), calls: provider.calls, refused };
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.each(PLANS)('under %j', (plan) => {
  test.each<[string, number, Fault]>([
    ['loads its model', 45_000, { status: 503, body: { error: { code: 503, message: 'Loading model' } } }],
    ['is overloaded', 20_000, { status: 529, body: { type: 'error', error: { type: 'overloaded_error' } } }],
    ['drops connections', 30_000, 'reset'],
  ])('a service that %s loses no page, and its documents are told', async (_name, awayMs, fault) => {
    const { failed, waits, ms, calls } = await read({
      plan,
      fault: (ms) => (ms < awayMs ? fault : undefined),
    });
    expect(failed).toEqual([]);
    expect(new Set(waits)).toEqual(new Set(['outage']));
    expect(ms).toBeGreaterThanOrEqual(awayMs);
    expect(calls.length).toBeLessThan(20);
  });

  test('a service that refuses connections loses no page', async () => {
    const { failed, waits, refused } = await read({ plan, refusedUntil: 30_000 });
    expect(failed).toEqual([]);
    expect(waits).toContain('outage');
    expect(refused).toBeGreaterThan(1);
  });

  test('a service that rejects all calls and tells no wait loses no page', async () => {
    const fault = (ms: number, { pages }: Call) =>
      ms < 25_000 && (pages[0]?.number ?? 0) > 2 ? { status: 429 } : undefined;
    const { failed, ms } = await read({ plan, fault });
    expect(failed).toEqual([]);
    expect(ms).toBeGreaterThanOrEqual(25_000);
  });

  test('a wait that is told in a sentence alone is kept to', async () => {
    const message = 'Rate limit reached for m. Please try again in 24.1s. Visit https://example.com.';
    const rejected = { status: 429, code: 'rate_limit_exceeded', body: { error: { message } } };
    const { failed, calls } = await read({ plan, fault: (ms) => (ms < 24_100 ? rejected : undefined) });
    expect(failed).toEqual([]);
    const together = plan.path === 'batch' ? plan.maxWorkers : 1;
    expect(calls.length).toBeLessThanOrEqual(together + 6);
  });

  test('a service that does not come back loses all pages when there is no patience left, and not before', async () => {
    const { failed, ms } = await read({ plan, fault: () => ({ status: 503 }), patienceMs: 60_000 });
    expect(failed).toEqual([1, 2, 3, 4, 5, 6].map((page) => [page, 'server_error']));
    expect(ms).toBe(60_000);
  });

  test('without patience, a service that is away costs its pages at once', async () => {
    const { failed, ms } = await read({ plan, fault: () => ({ status: 503 }), patienceMs: 0 });
    expect(failed).toHaveLength(6);
    expect(ms).toBe(0);
  });

  test('a page that alone keeps failing is given up after six calls of its own, while the others are read', async () => {
    const isFourth = (call: Call) => call.pages.some(({ number }) => number === 4);
    const { failed, calls } = await read({
      plan,
      fault: (_ms, call) => (isFourth(call) ? { status: 500 } : undefined),
    });
    expect(failed).toEqual([[4, 'server_error']]);
    expect(calls.filter((call) => isFourth(call) && call.pages.length === 1)).toHaveLength(6);
  });
});

test('a document of one page is not waited for: nothing says that the service is away', async () => {
  const plan = { path: 'single-page' } as const;
  const { failed, calls, ms } = await read({ plan, fault: () => ({ status: 503 }), pages: 1 });
  expect(failed).toEqual([[1, 'server_error']]);
  expect(calls).toHaveLength(6);
  expect(ms).toBe(0);
});
