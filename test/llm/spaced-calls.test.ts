import { describe, expect, test } from '@jest/globals';
import { CallQueue } from '../../src/llm/queue.js';
import { SpacedCalls, type RatesPerMinute } from '../../src/llm/spaced-calls.js';
import { UNLIMITED } from '../../src/llm/turns.js';
import { ManualClock } from '../manual-clock.js';

/** Limits a minute within one process. */

const never = new AbortController().signal;
const settle = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

interface Asked {
  count: number;
  tokens?: number;
  used?: number;
  /** How long a call takes, in milliseconds. */
  ms?: number;
  background?: boolean;
}

/** @returns when each call started, in milliseconds */
async function starts(rates: Partial<RatesPerMinute>, asked: Asked): Promise<number[]> {
  const { count, tokens = 0, used = tokens, ms = 0, background = false } = asked;
  const clock = new ManualClock();
  const queue = new CallQueue(clock);
  queue.share(new SpacedCalls({ requests: undefined, tokens: undefined, ...rates }, clock));
  const from = clock.now();
  const started: number[] = [];
  const room = { ...UNLIMITED, tokens, used: () => used };
  const calls = Array.from({ length: count }, () => {
    const waiting = background ? queue.background(1) : queue.document();
    const call = async () => {
      started.push(clock.now() - from);
      if (ms > 0) await clock.sleep(ms, never);
    };
    return waiting.run(call, never, room);
  });
  const done = Promise.all(calls);
  for (let step = 0; step < 10_000 && started.length < count; step++) {
    await settle();
    if (clock.nextIn !== undefined) clock.moveOn(clock.nextIn);
  }
  await settle();
  clock.moveOn(ms);
  await done;
  return started;
}

/** The most that started within any so many milliseconds. */
function mostWithin(starts: readonly number[], ms: number): number {
  return Math.max(...starts.map((from) => starts.filter((at) => at >= from && at < from + ms).length));
}

describe('calls of a process', () => {
  test.each([1, 10, 60, 600, 6_000])(
    'are spaced within %d a minute: in no 2 s more than their part, in no minute more than 97 %',
    async (requests) => {
      const started = await starts({ requests }, { count: Math.min(150, 2 * requests + 3) });
      expect(mostWithin(started, 2_000)).toBeLessThanOrEqual(Math.max(1, requests / 30));
      expect(mostWithin(started, 60_000)).toBeLessThanOrEqual(requests < 25 ? requests : 0.97 * requests);
      const [first = NaN, last = NaN] = [started[0], started.at(-1)];
      expect((60_000 * (started.length - 1)) / (last - first)).toBeGreaterThan(0.9 * requests);
    },
  );

  test('are spaced by the tokens that they use, once that is known, and not by those they announce', async () => {
    const started = await starts({ tokens: 60_000 }, { count: 40, tokens: 10_000, used: 1_000, ms: 2_000 });
    const rate = (60_000 * 20) / ((started.at(-1) ?? NaN) - (started.at(-21) ?? NaN));
    expect(rate).toBeGreaterThan(0.7 * 60);
    expect(rate).toBeLessThanOrEqual(60);
  });

  test('that use more than they announced hold back the others for it', async () => {
    // The second has its place by the time the first one ends.
    const [, , third] = await starts({ tokens: 60_000 }, { count: 3, tokens: 100, used: 9_300, ms: 50 });
    expect(third).toBeGreaterThan(9_000);
  });

  test('nobody waits for start with none ahead of them', async () => {
    const started = await starts({ requests: 60 }, { count: 3, background: true });
    expect(mostWithin(started, 1_000)).toBe(1);
  });
});
