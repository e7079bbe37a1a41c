import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ProcessingPlan } from '../../src/index.js';
import { Rollback } from '../../src/rollout/rollback.js';
import type { RollbackChange, RollbackSettings } from '../../src/rollout/rollback-rules.js';
import { Clock } from '../clock.js';
import { seeded } from '../random.js';

/** Automatic rollback: what trips it, what does not, and how batches come back. */

const RETRY_MS = 300_000;
const SETTINGS: RollbackSettings = {
  enabled: true,
  batchFailures: 0.01,
  falseAlarmDocuments: 20_000,
  retryMs: RETRY_MS,
};
const PLAN: ProcessingPlan = { path: 'batch', batchSize: 2, maxWorkers: 3 };

let clock: Clock;
beforeEach(() => {
  clock = new Clock();
});
afterEach(() => clock.restore());

function rollback(settings: Partial<RollbackSettings> = {}) {
  const changes: string[] = [];
  const agreement = { isLow: false };
  const onChange = ({ to, cause }: RollbackChange) => void changes.push(`${to}: ${cause}`);
  const breaker = new Rollback({ ...SETTINGS, ...settings }, () => agreement.isLow, onChange);
  return { breaker, changes, agreement };
}

/** A document in batches, of so many calls, of which so many fail. */
function read(breaker: Rollback, failed: number, calls = 5): void {
  const admission = breaker.admit(PLAN);
  if (!admission) throw new Error('The document was not let in');
  for (let call = 0; call < calls; call++) admission.onBatch(call < failed ? 'not_json' : null);
  admission.done();
}

/** After how many documents of one call it trips, where so many fail. */
function tripsAfter(rate: number, most: number, seed: number, settings?: Partial<RollbackSettings>): number {
  const random = seeded(seed);
  const { breaker } = rollback(settings);
  for (let document = 1; document <= most; document++) {
    read(breaker, random() < rate ? 1 : 0, 1);
    if (breaker.state !== 'closed') return document;
  }
  return Infinity;
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
}

describe('batch failures', () => {
  test.each([
    [1, 4, 4],
    [0.2, 15, 30],
    [0.05, 120, 220],
    [0.02, 700, 1_400],
  ])('of %d of all calls trip after %d documents at the soonest and %d, in the median', (rate, from, to) => {
    const after = median(Array.from({ length: 41 }, (_, seed) => tripsAfter(rate, 20_000, seed + 1)));
    expect(after).toBeGreaterThanOrEqual(from);
    expect(after).toBeLessThanOrEqual(to);
  });

  test('of half the limit never trip in 6,000 documents', () => {
    const trips = Array.from({ length: 20 }, (_, seed) => tripsAfter(0.005, 6_000, seed + 1));
    expect(new Set(trips)).toEqual(new Set([Infinity]));
  });

  test('at the limit trip after so many documents as are promised, in the mean, or more', () => {
    const documents = 100;
    const after = Array.from({ length: 100 }, (_, seed) =>
      tripsAfter(0.01, 2_000, seed + 1, { falseAlarmDocuments: documents }),
    );
    expect(after.some(Number.isFinite)).toBe(true);
    const mean = after.reduce((sum, each) => sum + Math.min(each, 2_000), 0) / after.length;
    expect(mean).toBeGreaterThan(documents);
  });

  test('of one package count once, however many calls it takes', () => {
    const { breaker } = rollback();
    for (let document = 0; document < 3; document++) read(breaker, 500, 500);
    expect(breaker.state).toBe('closed');
    read(breaker, 1, 1);
    expect(breaker.state).toBe('open');
  });

  test('in a share of a document’s calls count by that share', () => {
    const { breaker } = rollback();
    for (let document = 0; document < 200; document++) read(breaker, 1, 200);
    expect(breaker.state).toBe('closed');
    for (let document = 0; document < 40; document++) if (breaker.state === 'closed') read(breaker, 1, 5);
    expect(breaker.state).toBe('open');
  });

  test('of the service and not of batches do not count', () => {
    const { breaker } = rollback();
    for (let document = 0; document < 30; document++) {
      const admission = breaker.admit(PLAN);
      for (const failure of ['rate_limited', 'not_authorised', 'quota_exhausted'] as const)
        admission?.onBatch(failure);
      admission?.done();
    }
    expect(breaker.state).toBe('closed');
    expect(breaker.failureRate).toBeNull();
    expect(breaker.evidence).toBe(0);
  });

  test('say how near an alarm is', () => {
    const { breaker } = rollback();
    const told = [1, 2, 3].map(() => {
      read(breaker, 1, 1);
      return breaker.evidence ?? NaN;
    });
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told[0]).toBeGreaterThan(0);
    expect(told[2]).toBeLessThan(1);
  });

  test('are told for ten minutes as a share of calls', () => {
    const { breaker } = rollback();
    read(breaker, 1, 4);
    expect(breaker.failureRate).toBe(0.25);
    clock.moveOn(11 * 60_000);
    expect(breaker.failureRate).toBeNull();
  });

  test('are counted and nothing more when the rollback is switched off', () => {
    const { breaker } = rollback({ enabled: false });
    for (let document = 0; document < 2_000; document++) read(breaker, 5);
    breaker.agreementFell();
    expect(breaker.state).toBe('closed');
    expect(breaker.failureRate).toBe(1);
    expect(breaker.evidence).toBeNull();
  });

  test('are never an alarm where all may fail', () => {
    const { breaker } = rollback({ batchFailures: 1, falseAlarmDocuments: 100 });
    for (let document = 0; document < 1_000; document++) read(breaker, 5);
    expect(breaker.state).toBe('closed');
  });

  test('are an alarm soon where none may fail, and a document that went well is none', () => {
    const { breaker } = rollback({ batchFailures: 0, falseAlarmDocuments: 100 });
    for (let document = 0; document < 5_000; document++) read(breaker, 0);
    expect(breaker.state).toBe('closed');
    for (let document = 0; document < 4; document++) if (breaker.state === 'closed') read(breaker, 5);
    expect(breaker.state).toBe('open');
  });

  test('of a plan that agrees too little are not asked for, whatever the state', () => {
    const { breaker, agreement } = rollback();
    agreement.isLow = true;
    expect(breaker.admit(PLAN)).toBeNull();
    agreement.isLow = false;
    expect(breaker.admit(PLAN)).not.toBeNull();
  });
});

describe('after a rollback', () => {
  /** After an outage, the wait over. */
  const tripped = (settings: Partial<RollbackSettings> = {}) => {
    const tripped = rollback(settings);
    while (tripped.breaker.state === 'closed') read(tripped.breaker, 5);
    return tripped;
  };

  test('nothing takes the batch path before the wait is over, then one document at first', () => {
    const { breaker } = tripped();
    expect(breaker.admit(PLAN)).toBeNull();
    clock.moveOn(1.1 * RETRY_MS);
    const probe = breaker.admit(PLAN);
    expect(probe?.isProbe).toBe(true);
    expect(breaker.state).toBe('half_open');
    expect(breaker.admit(PLAN)).toBeNull();
    probe?.done();
    expect(breaker.admit(PLAN)?.isProbe).toBe(true);
  });

  test('good documents bring it back, once the evidence is as strong as that of an alarm', () => {
    const { breaker, changes } = tripped();
    clock.moveOn(1.1 * RETRY_MS);
    let documents = 0;
    for (; breaker.state !== 'closed'; documents++) read(breaker, 0);
    // Each is worth 0.99 to 0.5.
    expect(documents).toBe(Math.ceil(Math.log(20_000) / Math.log(0.99 / 0.5)));
    expect(breaker.admit(PLAN)?.isProbe).toBe(false);
    expect(changes).toEqual(['open: batch_failures', 'half_open: retry_due', 'closed: recovered']);
    // The failures of before are not held against it.
    expect(breaker.evidence).toBe(0);
  });

  test('more documents probe at once as the evidence grows', () => {
    const { breaker } = tripped();
    clock.moveOn(1.1 * RETRY_MS);
    for (let document = 0; document < 3; document++) read(breaker, 0);
    const probes = [breaker.admit(PLAN), breaker.admit(PLAN), breaker.admit(PLAN)];
    expect(probes.map((probe) => probe?.isProbe)).toEqual([true, true, true]);
    expect(breaker.admit(PLAN)).toBeNull();
    probes[0]?.done();
    expect(breaker.admit(PLAN)?.isProbe).toBe(true);
  });

  test.each([0.1, 0.001, 0])(
    'batches that do not work come back soon, where %d may fail',
    (batchFailures) => {
      const { breaker } = rollback({ batchFailures });
      while (breaker.state === 'closed') read(breaker, 5);
      clock.moveOn(1.1 * RETRY_MS);
      let documents = 0;
      for (; (breaker.changes[0]?.to ?? '') !== 'closed'; documents++) read(breaker, 0);
      expect(documents).toBeLessThan(30);
    },
  );

  test('nobody is let in for good while a probe may still fail', () => {
    const { breaker, changes } = tripped();
    clock.moveOn(1.1 * RETRY_MS);
    for (let document = 0; document < 2; document++) read(breaker, 0);
    const slow = breaker.admit(PLAN);
    for (let document = 2; document < 15; document++) read(breaker, 0);
    expect(breaker.admit(PLAN)).toBeNull();
    for (let call = 0; call < 5; call++) slow?.onBatch('timeout');
    slow?.done();
    expect(changes.at(-1)).toBe('half_open: retry_due');
    expect(breaker.admit(PLAN)?.isProbe).toBe(true);
  });

  test('a probe that nothing is heard of is waited for ten minutes, and counts all the same when it ends', () => {
    const { breaker, changes } = tripped();
    clock.moveOn(1.1 * RETRY_MS);
    const slow = breaker.admit(PLAN);
    clock.moveOn(9 * 60_000);
    expect(breaker.admit(PLAN)).toBeNull();
    clock.moveOn(2 * 60_000);
    expect(breaker.admit(PLAN)?.isProbe).toBe(true);
    for (let call = 0; call < 5; call++) slow?.onBatch('not_json');
    slow?.done();
    expect(changes.at(-1)).toBe('open: probe_failed');
  });

  test('a probe that is given up makes room, and says nothing when it ends all the same', () => {
    const { breaker, changes } = tripped();
    clock.moveOn(1.1 * RETRY_MS);
    const probe = breaker.admit(PLAN);
    if (probe) breaker.giveUp(probe.admitted);
    expect(breaker.admit(PLAN)?.isProbe).toBe(true);
    for (let call = 0; call < 5; call++) probe?.onBatch('not_json');
    probe?.done();
    expect(changes.at(-1)).toBe('half_open: retry_due');
  });

  test('a bad document ends the trial, and the next wait is twice as long', () => {
    const { breaker, changes } = tripped();
    clock.moveOn(1.1 * RETRY_MS);
    read(breaker, 5);
    expect(changes.at(-1)).toBe('open: probe_failed');
    clock.moveOn(1.1 * RETRY_MS);
    expect(breaker.admit(PLAN)).toBeNull();
    clock.moveOn(1.1 * RETRY_MS);
    expect(breaker.admit(PLAN)?.isProbe).toBe(true);
  });

  test('a rate that was low takes longer to be told from a good one', () => {
    const documentsToRecover = (oneIn: number) => {
      const { breaker, changes } = rollback();
      for (let document = 1; breaker.state === 'closed'; document++)
        read(breaker, document % oneIn ? 0 : 1, 1);
      clock.moveOn(1.1 * RETRY_MS);
      let documents = 0;
      for (; changes.at(-1) !== 'closed: recovered'; documents++) read(breaker, 0);
      return documents;
    };
    expect(documentsToRecover(20)).toBeGreaterThan(5 * documentsToRecover(1));
  });

  test('documents from before say nothing', () => {
    const { breaker } = rollback();
    const before = [breaker.admit(PLAN), breaker.admit(PLAN)];
    while (breaker.state === 'closed') read(breaker, 5);
    clock.moveOn(1.1 * RETRY_MS);
    const end = (failure: 'not_json' | null, index: number) => {
      before[index]?.onBatch(failure);
      before[index]?.done();
    };
    end('not_json', 0);
    expect(breaker.state).toBe('open');
    breaker.admit(PLAN)?.done();
    end('not_json', 1);
    expect(breaker.state).toBe('half_open');
  });

  test('a document that is ended twice counts once', () => {
    const { breaker } = rollback();
    const admission = breaker.admit(PLAN);
    admission?.onBatch('not_json');
    for (let time = 0; time < 10; time++) admission?.done();
    expect(breaker.state).toBe('closed');
  });

  test('low agreement rolls back at once, keeps probes away, and lets them come once it is better', () => {
    const { breaker, changes, agreement } = rollback();
    agreement.isLow = true;
    breaker.agreementFell();
    expect(changes).toEqual(['open: agreement']);
    clock.moveOn(1.1 * RETRY_MS);
    expect(breaker.admit(PLAN)).toBeNull();
    agreement.isLow = false;
    expect(breaker.admit(PLAN)?.isProbe).toBe(true);
    breaker.agreementFell();
    expect(changes.at(-1)).toBe('open: agreement');
  });

  test('the wait grows to sixteen times the first and no further', () => {
    const { breaker } = tripped();
    for (const times of [1, 2, 4, 8, 16, 16, 16]) {
      clock.moveOn(0.9 * times * RETRY_MS);
      expect(breaker.admit(PLAN)).toBeNull();
      clock.moveOn(0.2 * times * RETRY_MS);
      read(breaker, 5);
    }
  });
});
