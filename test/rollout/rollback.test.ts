import { CircuitState, CountBreaker } from 'cockatiel';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ProcessingPlan } from '../../src/index.js';
import { Rollback, type RollbackChange, type RollbackSettings } from '../../src/rollout/rollback.js';
import { Clock } from '../clock.js';
import { seeded } from '../random.js';

/** Automatic rollback: what trips it, what does not, and how batches come back. */

const RETRY_MS = 300_000;
const WINDOW_MS = 600_000;
const SETTINGS: RollbackSettings = {
  enabled: true,
  batchFailures: 0.01,
  minCalls: 50,
  windowMs: WINDOW_MS,
  retryMs: RETRY_MS,
};

let clock: Clock;
beforeEach(() => {
  clock = new Clock();
});
afterEach(() => clock.restore());

/** Lets the breaker's promises settle. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

const PLAN: ProcessingPlan = { path: 'batch', batchSize: 2, maxWorkers: 3 };

function rollback(settings: Partial<RollbackSettings> = {}) {
  const changes: string[] = [];
  const agreement = { isLow: false };
  const onChange = ({ to, cause }: RollbackChange) => void changes.push(`${to}: ${cause}`);
  const breaker = new Rollback({ ...SETTINGS, ...settings }, () => agreement.isLow, onChange);
  return { breaker, changes, agreement };
}

async function call(breaker: Rollback, calls: number, fails: (index: number) => boolean): Promise<number> {
  const admission = breaker.admit(PLAN);
  for (let index = 0; index < calls; index++) {
    const failed = fails(index);
    admission?.onBatch(failed ? 'not_json' : null);
    if (failed) await settle();
    if (breaker.state !== 'closed') return index + 1;
  }
  return calls;
}

describe('batch failures', () => {
  test('at 3 % trip; at 0.5 % they do not, where a bare share of 1 % would every now and then', async () => {
    const runs = 200;
    const tripped = { bad: 0, good: 0, bare: 0 };
    for (let seed = 1; seed <= runs; seed++) {
      const random = seeded(seed);
      const bad = rollback();
      await call(bad.breaker, 2_000, () => random() < 0.03);
      if (bad.changes.join() === 'open: batch_failures') tripped.bad++;
      const fails = Array.from({ length: 2_000 }, () => random() < 0.005);
      const good = rollback();
      await call(good.breaker, fails.length, (index) => fails[index] === true);
      if (good.changes.length > 0) tripped.good++;
      const bare = new CountBreaker({ threshold: 0.01, size: 1_000, minimumNumberOfCalls: 50 });
      const trips = fails.map((failed) =>
        failed ? bare.failure(CircuitState.Closed) : bare.success(CircuitState.Closed),
      );
      if (trips.includes(true)) tripped.bare++;
    }
    expect(tripped.bad).toBe(runs);
    expect(tripped.good).toBeLessThan(runs * 0.01);
    expect(tripped.bare).toBeGreaterThan(runs / 3);
  });

  test('are held against chance of 1 in 1,000: of 60 calls four may fail, five may not', async () => {
    const four = rollback();
    await call(four.breaker, 60, (index) => index >= 56);
    expect(four.changes).toEqual([]);
    const five = rollback();
    await call(five.breaker, 60, (index) => index >= 55);
    expect(five.changes).toEqual(['open: batch_failures']);
  });

  test('wait for enough calls', async () => {
    const { breaker, changes } = rollback({ minCalls: 50 });
    expect(await call(breaker, 49, () => true)).toBe(49);
    expect(changes).toEqual([]);
    await call(breaker, 1, () => true);
    expect(changes).toEqual(['open: batch_failures']);
  });

  test('of the service and not of batches do not count', async () => {
    const { breaker } = rollback();
    const admission = breaker.admit(PLAN);
    for (let index = 0; index < 100; index++) {
      admission?.onBatch((['rate_limited', 'not_authorised', 'quota_exhausted'] as const)[index % 3] ?? null);
    }
    await settle();
    expect(breaker.state).toBe('closed');
    expect(breaker.failureRate).toBeNull();
  });

  test('older than the window are forgotten', async () => {
    const { breaker } = rollback({ minCalls: 20 });
    await call(breaker, 19, () => true);
    clock.moveOn(1.1 * WINDOW_MS);
    await call(breaker, 19, () => true);
    expect(breaker.state).toBe('closed');
    await call(breaker, 1, () => true);
    expect(breaker.state).toBe('open');
  });

  test('are counted and nothing more when the rollback is switched off', async () => {
    const { breaker } = rollback({ enabled: false });
    await call(breaker, 200, () => true);
    breaker.agreementFell();
    await settle();
    expect(breaker.state).toBe('closed');
    expect(breaker.failureRate).toBe(1);
  });
});

describe('after a rollback', () => {
  const tripped = async (settings: Partial<RollbackSettings> = {}) => {
    const tripped = rollback(settings);
    await call(tripped.breaker, 50, () => true);
    expect(tripped.breaker.state).toBe('open');
    return tripped;
  };

  test('nothing takes the batch path before the wait is over, then one document at a time', async () => {
    const { breaker } = await tripped();
    expect(breaker.admit(PLAN)).toBeNull();
    clock.moveOn(1.1 * RETRY_MS);
    const probe = breaker.admit(PLAN);
    expect(probe?.isProbe).toBe(true);
    expect(breaker.state).toBe('half_open');
    expect(breaker.admit(PLAN)).toBeNull();
    probe?.done();
    expect(breaker.admit(PLAN)?.isProbe).toBe(true);
  });

  test('twenty good calls bring it back, over as many documents as they take', async () => {
    const { breaker, changes } = await tripped();
    clock.moveOn(1.1 * RETRY_MS);
    for (let document = 0; document < 4; document++) {
      const probe = breaker.admit(PLAN);
      for (let index = 0; index < 5; index++) probe?.onBatch(null);
      probe?.done();
      await settle();
      expect(breaker.state).toBe(document < 3 ? 'half_open' : 'closed');
    }
    expect(breaker.admit(PLAN)?.isProbe).toBe(false);
    expect(changes).toEqual(['open: batch_failures', 'half_open: retry_due', 'closed: recovered']);
    // The failures of before are not held against it.
    expect(await call(breaker, 100, (index) => index === 60)).toBe(100);
  });

  test('one bad call ends the probe, and the next wait is twice as long', async () => {
    const { breaker, changes } = await tripped();
    clock.moveOn(1.1 * RETRY_MS);
    breaker.admit(PLAN)?.onBatch('cut_off');
    await settle();
    expect(changes.at(-1)).toBe('open: probe_failed');
    clock.moveOn(1.1 * RETRY_MS);
    expect(breaker.admit(PLAN)).toBeNull();
    clock.moveOn(1.1 * RETRY_MS);
    expect(breaker.admit(PLAN)?.isProbe).toBe(true);
  });

  test('calls of documents from before say nothing', async () => {
    const { breaker } = rollback();
    const before = breaker.admit(PLAN);
    await call(breaker, 50, () => true);
    clock.moveOn(1.1 * RETRY_MS);
    for (let index = 0; index < 30; index++) before?.onBatch(null);
    await settle();
    expect(breaker.state).toBe('open');
    breaker.admit(PLAN);
    for (let index = 0; index < 30; index++) before?.onBatch(null);
    await settle();
    expect(breaker.state).toBe('half_open');
  });

  test('low agreement rolls back at once, keeps probes away, and lets them come once it is better', async () => {
    const { breaker, changes, agreement } = rollback();
    agreement.isLow = true;
    breaker.agreementFell();
    await settle();
    expect(changes).toEqual(['open: agreement']);
    clock.moveOn(1.1 * RETRY_MS);
    expect(breaker.admit(PLAN)).toBeNull();
    agreement.isLow = false;
    const probe = breaker.admit(PLAN);
    expect(probe?.isProbe).toBe(true);
    breaker.agreementFell();
    await settle();
    expect(changes.at(-1)).toBe('open: agreement');
  });

  test('the call that decides a trial decides it alone', async () => {
    const { breaker, changes } = await tripped();
    clock.moveOn(1.1 * RETRY_MS);
    const probe = breaker.admit(PLAN);
    for (let index = 0; index < 20; index++) probe?.onBatch(null);
    probe?.onBatch('not_json');
    probe?.done();
    expect(breaker.admit(PLAN)).toBeNull();
    await settle();
    expect(changes.slice(1)).toEqual(['half_open: retry_due', 'closed: recovered']);
  });

  test('the wait grows to sixteen times the first and no further', async () => {
    const { breaker } = await tripped();
    for (const times of [1, 2, 4, 8, 16, 16, 16]) {
      clock.moveOn(0.9 * times * RETRY_MS);
      expect(breaker.admit(PLAN)).toBeNull();
      clock.moveOn(0.2 * times * RETRY_MS);
      breaker.admit(PLAN)?.onBatch('cut_off');
      await settle();
    }
  });
});
