import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createQuire, type DocumentRecord, type ProcessingPlan } from '../../src/index.js';
import { GOLDEN, goldenPart, goldenReader, planName, PLANS } from '../golden.js';
import { Provider, type Behaviour, type Call, type Fault } from '../provider.js';
import { pick, seeded } from '../random.js';
import { SILENT } from '../silent.js';

// Retries wait a random time: here, no longer than they must.
beforeAll(() => {
  jest.spyOn(Math, 'random').mockReturnValue(0);
});
afterAll(() => {
  jest.restoreAllMocks();
});

const providers: Provider[] = [];
afterEach(async () => {
  await Promise.all(providers.splice(0).map((provider) => provider.close()));
});

async function start(behaviour: Partial<Behaviour>): Promise<Provider> {
  const read = ({ text }: { text: string }) => [
    { name: 'First_Word', value: text.split(' ')[0] ?? '', confidence: 90 },
  ];
  const provider = await Provider.start({ read, ...behaviour });
  providers.push(provider);
  return provider;
}

/** Settings are read when Quire is created. */
async function quireWith(provider: Provider, plan: ProcessingPlan, settings: Record<string, string> = {}) {
  const before = { ...process.env };
  Object.assign(process.env, settings);
  try {
    return await createQuire({ openai: provider.client(), model: 'test-model', plan, logger: SILENT });
  } finally {
    process.env = before;
  }
}

const SINGLE: ProcessingPlan = { path: 'single-page' };
const batch = (batchSize: number, maxWorkers: number): ProcessingPlan => ({
  path: 'batch',
  batchSize,
  maxWorkers,
});

/** `count` pages of one account, each with words of its own. */
function account(count: number): Record<number, string> {
  const words = (page: number) => `Word${page} stands on sheet ${page}`;
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      index + 1,
      index === 0 ? `${words(1)}\nACCOUNT NUMBER: 12345678` : words(index + 1),
    ]),
  );
}

const asksFor = (call: Call, number: number) => call.pages.some((page) => page.number === number);

describe('with 20 % of calls broken, the golden records are the same and no page fails', () => {
  const FAULTS: [Fault, ...Fault[]] = [
    { status: 429 },
    { status: 429, headers: { 'retry-after-ms': '20' } },
    { status: 500 },
    { status: 503 },
    { status: 408 },
    'reset',
    'reset in the body',
    'cut body',
    'html',
    'no choices',
    'empty content',
    'truncated json',
    'length',
    'prose',
    'wrong form',
    'swapped echo',
    'swapped fields',
    'missing page',
    'refusal',
  ];

  /** One in five calls, told by what is asked and how often it was, so that timing changes nothing. */
  function oneInFive(): (call: Call) => Fault | undefined {
    const times = new Map<string, number>();
    return ({ pages }) => {
      const asked = createHash('sha256').update(JSON.stringify(pages)).digest().readInt32LE();
      const time = (times.get(String(asked)) ?? 0) + 1;
      times.set(String(asked), time);
      const random = seeded(2 * asked + time);
      return random() < 0.2 ? pick(random, FAULTS) : undefined;
    };
  }

  test.each(PLANS.map((plan) => [planName(plan), plan] as const))('under %s', async (_name, plan) => {
    let broken = 0;
    const fault = oneInFive();
    const provider = await start({
      read: goldenReader(GOLDEN.documents),
      fault: (call) => {
        const chosen = fault(call);
        if (chosen) broken++;
        return chosen;
      },
    });
    const quire = await quireWith(provider, plan);
    const records = await Promise.all(
      GOLDEN.documents.map(async ({ pages, expected }) => {
        const record = await quire.processPages(pages);
        expect(record.failed_pages).toEqual([]);
        expect(goldenPart(record)).toBe(JSON.stringify(expected));
        return record;
      }),
    );
    const calls = records.reduce((sum, { usage }) => sum + usage.calls, 0);
    expect(calls).toBe(provider.calls.length);
    expect(broken / calls).toBeGreaterThan(0.15);
    await quire.close();
  });
});

describe('a page that always fails', () => {
  const rest = ({ accounts: [only] }: DocumentRecord) => Object.keys(only?.page_data ?? {});

  test.each<[string, Fault, string, number]>([
    [
      'by server errors, after 6 calls of its own',
      { status: 500, headers: { 'retry-after-ms': '1' } },
      'server_error',
      6,
    ],
    ['by unusable answers, after 6 calls of its own', 'prose', 'not_json', 6],
    ['by refusal, after 2', 'refusal', 'refused', 2],
    ['by the content filter, after 2', 'content filter', 'content_filter', 2],
    ['by a request not accepted, after 2', { status: 400, code: 400 }, 'bad_request', 2],
    ['by an answer without end, after 6', 'endless', 'too_long', 6],
  ])('%s, is the one failed page, under every plan', async (_name, fault, reason, ownCalls) => {
    for (const plan of [SINGLE, batch(3, 5)]) {
      const provider = await start({ fault: (call) => (asksFor(call, 4) ? fault : undefined) });
      const quire = await quireWith(provider, plan);
      const record = await quire.processPages(account(10));
      expect(record.failed_pages).toEqual([{ page: 4, account: '12345678', reason }]);
      expect(rest(record)).toEqual(['1', '2', '3', '5', '6', '7', '8', '9', '10']);
      const own = provider.calls.filter(({ pages }) => pages.length === 1 && pages[0]?.number === 4);
      expect(own).toHaveLength(ownCalls);
      await quire.close();
    }
  });

  test('by what no page can mend puts an end to the document, and the next one is not asked about', async () => {
    for (const plan of [SINGLE, batch(2, 3)]) {
      const provider = await start({ fault: () => ({ status: 429, code: 'insufficient_quota' }) });
      const quire = await quireWith(provider, plan);
      const reasons = async () =>
        (await quire.processPages(account(10))).failed_pages.map(({ reason }) => reason);
      expect(await reasons()).toEqual(Array(10).fill('quota_exhausted'));
      expect(provider.calls.length).toBeLessThanOrEqual(3);
      const calls = provider.calls.length;
      expect(await reasons()).toEqual(Array(10).fill('quota_exhausted'));
      expect(provider.calls.length).toBeLessThanOrEqual(calls + 1);
      await quire.close();
    }
  });

  test('is given up after as many answers as the setting says', async () => {
    const provider = await start({ fault: () => 'prose' });
    const quire = await quireWith(provider, SINGLE, { LLM_PAGE_ATTEMPTS: '3' });
    const record = await quire.processPages(account(1));
    expect(provider.calls).toHaveLength(3);
    expect(record.failed_pages).toHaveLength(1);
    await quire.close();
  });

  test('leaves the other accounts whole', async () => {
    const provider = await start({ fault: (call) => (asksFor(call, 1) ? 'refusal' : undefined) });
    const quire = await quireWith(provider, batch(2, 3));
    const record = await quire.processPages({ 1: 'ACCOUNT NUMBER: 11111111', 2: 'ACCOUNT NUMBER: 22222222' });
    expect(record.accounts.map(({ accountNumber }) => accountNumber)).toEqual(['22222222']);
    expect(record.failed_pages).toEqual([{ page: 1, account: '11111111', reason: 'refused' }]);
    await quire.close();
  });
});

test.each([
  [SINGLE, 10],
  [batch(2, 3), 5],
  [batch(3, 3), 4],
])('ten pages under %j take %i calls, the client’s own retries off', async (plan, calls) => {
  const provider = await start({});
  const quire = await quireWith(provider, plan);
  const record = await quire.processPages(account(10));
  expect(provider.calls).toHaveLength(calls);
  expect(record.usage.calls).toBe(calls);
  await quire.close();
});

const inTwoSeconds = () => new Date(Date.now() + 2_000).toUTCString();

test.each<[string, () => Record<string, string>]>([
  ['in seconds', () => ({ 'retry-after': '1' })],
  ['as a date', () => ({ 'retry-after': inTwoSeconds() })],
  ['in milliseconds', () => ({ 'retry-after-ms': '1000' })],
  ['beside milliseconds that are none', () => ({ 'retry-after-ms': 'soon', 'retry-after': '1' })],
])(
  'a Retry-After %s holds back every call of the process, of other documents too',
  async (_name, headers) => {
    const provider = await start({
      fault: (_call, index) => (index === 0 ? { status: 429, code: 429, headers: headers() } : undefined),
    });
    // Three more calls are under way when the first is told to wait, and until another one comes.
    provider.behaviour.delay = (_call, index) => (index < 4 ? provider.called(index === 0 ? 4 : 5) : 0);
    const quire = await quireWith(provider, batch(1, 2));
    await Promise.all([quire.processPages(account(3)), quire.processPages(account(3))]);
    const [first = 0, ...others] = provider.calls.map(({ startedAt }) => startedAt);
    const held = others.slice(3).map((startedAt) => startedAt - first);
    expect(held).toHaveLength(3);
    expect(Math.min(...held)).toBeGreaterThanOrEqual(1_000);
    await quire.close();
  },
);

test('a page is not given up because the service asked to wait, however often', async () => {
  const wait: Fault = { status: 429, headers: { 'retry-after-ms': '1' } };
  const provider = await start({ fault: (_call, index) => (index < 8 ? wait : undefined) });
  const quire = await quireWith(provider, SINGLE);
  const { failed_pages: failed, usage } = await quire.processPages(account(1));
  expect(failed).toEqual([]);
  expect(usage.calls).toBe(9);
  await quire.close();
});

test('a batch that fails for a transient reason is asked again as a batch', async () => {
  const provider = await start({ fault: (_call, index) => (index < 2 ? { status: 503 } : undefined) });
  const quire = await quireWith(provider, batch(3, 1));
  expect((await quire.processPages(account(3))).usage).toMatchObject({ calls: 3, salvage_calls: 0 });
  await quire.close();
});

test('what every request shall carry is passed through, and cannot replace what Quire sends', async () => {
  const provider = await start({});
  const defaults = { temperature: 0, model: 'another', messages: [], max_completion_tokens: 1 };
  const quire = await quireWith(provider, SINGLE, { LLM_REQUEST_DEFAULTS: JSON.stringify(defaults) });
  await quire.processPages(account(1));
  expect(provider.calls[0]?.body).toMatchObject({
    temperature: 0,
    model: 'test-model',
    max_completion_tokens: 4_000,
  });
  await quire.close();
});

test('closing stops documents under way, and later ones are refused', async () => {
  const provider = await start({ fault: () => 'silence' });
  const quire = await quireWith(provider, batch(1, 3));
  // With a signal of the caller's own, too.
  const reading = quire.processPages(account(10), { signal: new AbortController().signal });
  await provider.called(3);
  await quire.close();
  await expect(reading).rejects.toThrow('Quire was closed.');
  await expect(quire.processPages(account(1))).rejects.toThrow('Quire was closed.');
  expect(provider.calls).toHaveLength(3);
});

test('settings of the host’s own, under names the runnable host uses, are not minded', async () => {
  const quire = await quireWith(await start({}), SINGLE, { PORT: '/run/app.sock', LOG_LEVEL: 'verbose' });
  await quire.close();
});

test('a caller that fails at showing progress loses nothing', async () => {
  const provider = await start({});
  const quire = await quireWith(provider, SINGLE);
  const onProgress = () => {
    throw new Error('the screen is gone');
  };
  expect((await quire.processPages(account(2), { onProgress })).accounts[0]?.pages).toEqual([1, 2]);
  await quire.close();
});

test.each<[object, string]>([
  [{}, 'at least one page'],
  [{ 0: 'text' }, 'whole numbers from 1'],
  [{ '01': 'text' }, 'whole numbers from 1'],
  [{ 1: 7 }, 'Page 1: the text must be a string'],
])('pages %j are refused with a clear message', async (pages, message) => {
  const provider = await start({});
  const quire = await quireWith(provider, SINGLE);
  await expect(quire.processPages(pages as Record<number, string>)).rejects.toThrow(message);
  await quire.close();
});

test('calls under way never exceed LLM_MAX_CONCURRENCY, however many documents there are', async () => {
  const provider = await start({});
  provider.behaviour.delay = (_call, index) => (index < 4 ? provider.called(4) : 0);
  const quire = await quireWith(provider, batch(1, 20), { LLM_MAX_CONCURRENCY: '4' });
  await Promise.all([1, 2, 3].map(() => quire.processPages(account(10))));
  expect(Math.max(...provider.calls.map(({ concurrent }) => concurrent))).toBe(4);
  await quire.close();
});

test.each(['silence', 'silence in the body'] as const)(
  'a call that meets %s is broken off in time, asked again and counted as unknown usage',
  async (fault) => {
    const provider = await start({ fault: (_call, index) => (index === 0 ? fault : undefined) });
    const quire = await quireWith(provider, SINGLE, { LLM_TIMEOUT_MS: '1500' });
    const record = await quire.processPages(account(1));
    expect(record.failed_pages).toEqual([]);
    expect(record.usage).toMatchObject({ calls: 2, unknown_usage_calls: 1, prompt_tokens: 1_000 });
    await quire.close();
  },
);

test('an abort ends the document at once with its reason, and no further call is made', async () => {
  const provider = await start({ fault: () => 'silence' });
  const quire = await quireWith(provider, batch(1, 3));
  const abort = new AbortController();
  const reading = quire.processPages(account(10), { signal: abort.signal });
  await provider.called(3);
  const reason = new Error('the user went away');
  abort.abort(reason);
  await expect(reading).rejects.toBe(reason);
  expect(provider.calls).toHaveLength(3);
  await quire.close();
});

describe('usage', () => {
  test('is added up over all calls, and money follows the price table', async () => {
    const provider = await start({ fault: (_call, index) => (index === 0 ? 'prose' : undefined) });
    const quire = await quireWith(provider, batch(2, 1), {
      LLM_PRICES: JSON.stringify({ 'test-model': { input: 3, cached_input: 0.3, output: 15 } }),
    });
    const { usage } = await quire.processPages(account(2));
    // The batch's useless answer was billed as well: three calls of 800 + 200 cached + 100 tokens.
    expect(usage).toEqual({
      calls: 3,
      salvage_calls: 2,
      prompt_tokens: 3_000,
      cached_tokens: 600,
      completion_tokens: 300,
      cost_usd: 0.01188,
      unknown_usage_calls: 0,
    });
    await quire.close();
  });

  test.each<Fault>(['reset', 'reset in the body', 'cut body', 'html', 'no usage'])(
    'is unknown, not zero, for a call that ends in: %s',
    async (fault) => {
      const provider = await start({ fault: (_call, index) => (index === 0 ? fault : undefined) });
      const quire = await quireWith(provider, SINGLE);
      const { usage } = await quire.processPages(account(1));
      expect(usage.unknown_usage_calls).toBe(1);
      await quire.close();
    },
  );

  test('has no cost when the model has no price', async () => {
    const provider = await start({});
    const quire = await quireWith(provider, SINGLE, { LLM_PRICES: '{"another": {"input": 1, "output": 2}}' });
    expect((await quire.processPages(account(1))).usage.cost_usd).toBeNull();
    await quire.close();
  });
});

// The last one, because all calls of this process wait from then on.
test('an abort does not wait for a Retry-After', async () => {
  const provider = await start({ fault: () => ({ status: 429, headers: { 'retry-after': '600' } }) });
  const quire = await quireWith(provider, SINGLE);
  await expect(quire.processPages(account(1), { signal: AbortSignal.timeout(300) })).rejects.toThrow(
    /timeout/i,
  );
  await quire.close();
});
