import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { FailureReason } from '../../src/llm/failure-reason.js';
import { ModelFailure } from '../../src/llm/failure.js';
import { withRetries, type Patience } from '../../src/llm/retry.js';
import { ManualClock } from '../manual-clock.js';

/** How often is asked again, and after how long. */

const never = new AbortController().signal;
const settle = () => new Promise((resolve) => setImmediate(resolve));

// Always the longest wait.
beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(1));
afterEach(() => void jest.restoreAllMocks());

/** Asks what always fails so, and gives the waits until it is given up. */
async function waitsFor(failures: FailureReason[], patience: Patience): Promise<number[]> {
  const clock = new ManualClock();
  const left = [...failures];
  const given = { up: false };
  const asking = withRetries(
    () => Promise.reject(new ModelFailure(left.shift() ?? 'server_error')),
    patience,
    never,
    clock,
  ).catch(() => (given.up = true));
  const waits: number[] = [];
  for (await settle(); !given.up; await settle()) {
    const wait = clock.nextIn ?? 0;
    waits.push(wait);
    clock.moveOn(wait);
  }
  await asking;
  return waits;
}

const PATIENCE: Patience = { failures: 8, unusable: 3, permanent: 2 };

describe('a call that fails', () => {
  test('for a transient reason is made again after waits that double, up to 8 s', async () => {
    expect(await waitsFor([], PATIENCE)).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 8_000]);
  });

  test('with an answer that cannot be used is made again at once, but not as often', async () => {
    expect(await waitsFor(['not_json', 'cut_off', 'not_json'], PATIENCE)).toEqual([]);
  });

  test('for a permanent reason is made again once', async () => {
    expect(await waitsFor(['refused', 'server_error', 'refused'], PATIENCE)).toEqual([500]);
  });

  test('is given up at once on abort, also while it waits', async () => {
    const stop = new AbortController();
    const fails = () => Promise.reject(new ModelFailure('server_error'));
    const asking = withRetries(fails, PATIENCE, stop.signal, new ManualClock());
    await settle();
    stop.abort(new Error('enough'));
    await expect(asking).rejects.toThrow('enough');
  });
});
