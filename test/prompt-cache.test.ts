import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createQuire } from '../src/index.js';
import { PromptCache } from '../src/llm/prompt-cache.js';
import { Provider, type Call } from './provider.js';

/** The first call of a prompt prefix goes alone where that makes the others cheaper, and may take the time. */

const never = new AbortController().signal;
/** Lets everything run that can. */
const settle = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

afterEach(() => {
  jest.restoreAllMocks();
});

/** Calls of one cache that end when told to. */
class Calls {
  readonly started: string[] = [];
  readonly #ends = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  readonly cache = new PromptCache();

  run(name: string, waitMs = 60_000, signal: AbortSignal = never, prefix = 'prefix'): Promise<string> {
    return this.cache.warmed(prefix, waitMs, signal, () => {
      this.started.push(name);
      return new Promise<string>((resolve, reject) => {
        this.#ends.set(name, { resolve: () => resolve(name), reject });
      });
    });
  }

  end(...names: string[]): void {
    for (const name of names) this.#ends.get(name)?.resolve();
  }

  fail(name: string): void {
    this.#ends.get(name)?.reject(new Error('made to fail'));
  }
}

describe('calls with one prefix', () => {
  test('start together when they may not wait', async () => {
    const calls = new Calls();
    const all = ['a', 'b', 'c'].map((name) => calls.run(name, 0));
    await settle();
    expect(calls.started).toEqual(['a', 'b', 'c']);
    calls.end('a', 'b', 'c');
    await Promise.all(all);
  });

  test('wait for the first, which goes alone, and start together after it', async () => {
    const calls = new Calls();
    const all = ['a', 'b', 'c'].map((name) => calls.run(name));
    await settle();
    expect(calls.started).toEqual(['a']);
    calls.end('a');
    await settle();
    expect(calls.started).toEqual(['a', 'b', 'c']);
    calls.end('b', 'c');
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c']);
  });

  test('do not wait for that of another prefix', async () => {
    const calls = new Calls();
    const all = ['a', 'b'].map((name) => calls.run(name, 60_000, never, name));
    await settle();
    expect(calls.started).toEqual(['a', 'b']);
    calls.end('a', 'b');
    await Promise.all(all);
  });

  test('are released by a first one that fails, which alone tells its error', async () => {
    const calls = new Calls();
    const [first, ...others] = ['a', 'b', 'c'].map((name) => calls.run(name));
    await settle();
    calls.fail('a');
    await expect(first).rejects.toThrow('made to fail');
    await settle();
    expect(calls.started).toEqual(['a', 'b', 'c']);
    calls.end('b', 'c');
    expect(await Promise.all(others)).toEqual(['b', 'c']);
  });

  test('wait no longer than they may', async () => {
    const calls = new Calls();
    const first = calls.run('a');
    const other = calls.run('b', 1);
    const patient = calls.run('c');
    while (calls.started.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(calls.started).toEqual(['a', 'b']);
    calls.end('a', 'b');
    await Promise.all([first, other]);
    await settle();
    calls.end('c');
    await patient;
  });

  test('that wait leave at once on abort, with the signal’s reason, and never start', async () => {
    const calls = new Calls();
    const leave = new AbortController();
    const first = calls.run('a');
    const other = calls.run('b', 60_000, leave.signal);
    await settle();
    leave.abort(new Error('the user left'));
    await expect(other).rejects.toThrow('the user left');
    calls.end('a');
    await first;
    await settle();
    expect(calls.started).toEqual(['a']);
  });

  test('wait again once nobody has sent the prefix for five minutes', async () => {
    const clock = jest.spyOn(performance, 'now').mockReturnValue(0);
    const calls = new Calls();
    const cold = calls.run('a');
    calls.end('a');
    await cold;
    clock.mockReturnValue(299_000);
    const warm = ['b', 'c'].map((name) => calls.run(name));
    await settle();
    expect(calls.started).toEqual(['a', 'b', 'c']);
    calls.end('b', 'c');
    await Promise.all(warm);
    clock.mockReturnValue(598_000);
    const kept = ['d', 'e'].map((name) => calls.run(name));
    await settle();
    expect(calls.started).toEqual(['a', 'b', 'c', 'd', 'e']);
    calls.end('d', 'e');
    await Promise.all(kept);
    clock.mockReturnValue(899_000);
    const forgotten = ['f', 'g'].map((name) => calls.run(name));
    await settle();
    expect(calls.started.slice(5)).toEqual(['f']);
    calls.end('f');
    await settle();
    calls.end('g');
    await Promise.all(forgotten);
  });
});

describe('a document whose prefix is cold', () => {
  let provider: Provider;
  /** Of the calls about two pages: how many had been answered when each started. */
  const answeredBefore: number[] = [];
  let answered = 0;
  let failsFirst = false;
  let singleMs = 0;

  beforeEach(async () => {
    answeredBefore.length = answered = 0;
    failsFirst = false;
    singleMs = 30;
    let isFirst = true;
    provider = await Provider.start({
      read: () => [],
      delay: (call) => {
        if (!isOfTwo(call)) return singleMs;
        answeredBefore.push(answered);
        return 30;
      },
      fault: (call) => {
        if (!isOfTwo(call)) return undefined;
        answered++;
        const fails = isFirst && failsFirst;
        isFirst = false;
        return fails ? { status: 400 } : undefined;
      },
    });
  });
  afterEach(() => provider.close());

  const isOfTwo = ({ pages }: Call) => pages.length === 2;
  const account = (pages: number) =>
    Object.fromEntries(
      Array.from({ length: pages }, (_, index) => [index + 1, `Sheet ${index} ACCOUNT NUMBER: 12345678`]),
    ) as Record<number, string>;
  const CHEAPER = { LLM_PRICES: '{"test-model": {"input": 1, "cached_input": 0.1, "output": 4}}' };
  const WAIT = { LLM_CACHE_WAIT_MS: '60000' };

  /** Reads 8 pages in 4 batches of 2, after 12 calls about single pages if it is to be measured. */
  async function read(settings: Record<string, string>, isMeasured = true): Promise<number[]> {
    const openai = provider.client();
    const before = { ...process.env };
    Object.assign(process.env, settings);
    const options = { openai, model: 'test-model' };
    const [single, pairs] = await Promise.all(
      [1, 2].map((batchSize) =>
        createQuire({ ...options, plan: { path: 'batch', batchSize, maxWorkers: 20 } }),
      ),
    );
    process.env = before;
    if (!single || !pairs) throw new Error('not started');
    if (isMeasured) await single.processPages(account(12));
    const record = await pairs.processPages(account(8));
    expect(record.failed_pages).toEqual([]);
    await Promise.all([single.close(), pairs.close()]);
    return answeredBefore;
  }

  test('has all its calls start together by default', async () => {
    expect(await read(CHEAPER)).toEqual([0, 0, 0, 0]);
  });

  test('has the others start after the first has ended, with LLM_CACHE_WAIT_MS', async () => {
    const order = await read({ ...CHEAPER, ...WAIT });
    expect(order).toHaveLength(4);
    expect(order[0]).toBe(0);
    expect(Math.min(...order.slice(1))).toBe(1);
  });

  test.each<[string, Record<string, string>, boolean]>([
    ['nothing was measured', { ...CHEAPER, ...WAIT }, false],
    ['the model has no price', WAIT, true],
    [
      'its price says nothing of cached tokens',
      { ...WAIT, LLM_PRICES: '{"test-model": {"input": 1, "output": 4}}' },
      true,
    ],
    [
      'cached tokens cost as much as others',
      { ...WAIT, LLM_PRICES: '{"test-model": {"input": 1, "cached_input": 1, "output": 4}}' },
      true,
    ],
  ])('has none wait where %s', async (_name, settings, isMeasured) => {
    expect(await read(settings, isMeasured)).toEqual([0, 0, 0, 0]);
  });

  test('has none wait where a call is expected to take longer than the setting', async () => {
    singleMs = 400;
    expect(await read({ ...CHEAPER, LLM_CACHE_WAIT_MS: '200' })).toEqual([0, 0, 0, 0]);
  });

  test('has the others start when the first has failed', async () => {
    failsFirst = true;
    const order = await read({ ...CHEAPER, ...WAIT });
    expect(order[0]).toBe(0);
    expect(order.slice(1, 4).every((count) => count >= 1)).toBe(true);
    expect(order.length).toBeGreaterThanOrEqual(4);
  });
});
