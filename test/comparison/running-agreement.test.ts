import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ProcessingPlan } from '../../src/index.js';
import type { ComparedField } from '../../src/comparison/compare.js';
import { RunningAgreement } from '../../src/comparison/running-agreement.js';
import { Clock } from '../clock.js';
import { seeded } from '../random.js';

/** When the agreement of shadows is too low, and when it only looks so. */

const LARGE: ProcessingPlan = { path: 'batch', batchSize: 10, maxWorkers: 20 };
const SMALL: ProcessingPlan = { path: 'batch', batchSize: 2, maxWorkers: 3 };
const FLOOR = 0.99;

const SAME: ComparedField = {
  scope: 'page',
  account: '1',
  page: 1,
  field: 'f',
  outcome: 'same',
  control: 'a',
  candidate: 'a',
};
const DIFFERENT: ComparedField = { ...SAME, outcome: 'different', candidate: 'b' };

/** A compared document of which so many of its fields differ. */
function compared(all: number, differing: number): ComparedField[] {
  return new Array<ComparedField>(all).fill(SAME).fill(DIFFERENT, 0, differing);
}

function drawn(random: () => number, all: number, rate: number): number {
  let differing = 0;
  for (let field = 0; field < all; field++) if (random() < rate) differing++;
  return differing;
}

/** Notes a document that was read three times, by how many of its fields differ. */
function noteThrice(
  running: RunningAgreement,
  plan: ProcessingPlan,
  all: number,
  differing: { candidate: number; noise: number },
): void {
  const candidate = compared(all, differing.candidate);
  running.note(plan, candidate);
  running.noteNoise(plan, candidate, compared(all, differing.noise));
}

/** Takes the verdict after each of so many documents that are read three times. */
function fallsWithin(documents: number, seed: number, noise: number, own: number, all: number): boolean {
  const random = seeded(seed);
  const running = new RunningAgreement(FLOOR);
  for (let document = 0; document < documents; document++) {
    const rate = 1 - (1 - noise) * (1 - own);
    const candidate = drawn(random, all, rate);
    noteThrice(running, SMALL, all, { candidate, noise: drawn(random, all, noise) });
    if (running.isLow(SMALL)) return true;
  }
  return false;
}

const RUNS = 20;
const runs = (documents: number, noise: number, own: number, all: number) =>
  Array.from({ length: RUNS }, (_, seed) => fallsWithin(documents, seed, noise, own, all)).filter(Boolean)
    .length;

let clock: Clock;
beforeEach(() => {
  clock = new Clock();
});
afterEach(() => clock.restore());

describe('a verdict', () => {
  test.each([
    [0.02, 50],
    [0.05, 50],
    [0.1, 200],
  ])('is not passed on batches that change nothing, with noise of %d and %d fields', (noise, all) => {
    expect(runs(200, noise, 0, all)).toBe(0);
  });

  test('is hardly passed on batches that change as much as they may', () => {
    expect(runs(200, 0.02, 0.01, 50)).toBeLessThanOrEqual(RUNS / 5);
  });

  test.each([
    [0, 0.05, 40],
    [0.02, 0.05, 60],
    [0.05, 0.1, 40],
    [0, 0.5, 15],
  ])('is passed on batches that, with noise of %d, change %d of the fields, in %d documents', (...of) => {
    const [noise, own, documents] = of;
    expect(runs(documents, noise, own, 50)).toBe(RUNS);
  });

  test('knows that fields of a document are wrong together', () => {
    // One document in ten is read quite differently, by either path.
    const falls = Array.from({ length: RUNS }, (_, seed) => {
      const random = seeded(seed);
      const running = new RunningAgreement(FLOOR);
      for (let document = 0; document < 200; document++) {
        const [candidate, noise] = [random() < 0.1 ? 40 : 0, random() < 0.1 ? 40 : 0];
        noteThrice(running, SMALL, 50, { candidate, noise });
        if (running.isLow(SMALL)) return true;
      }
      return false;
    });
    expect(falls.filter(Boolean).length).toBe(0);
  });

  test('takes documents that were read three times', () => {
    const running = new RunningAgreement(FLOOR);
    for (let document = 0; document < 100; document++) running.note(SMALL, compared(50, 50));
    expect(running.isLow(SMALL)).toBe(false);
    expect(running.needsNoise(SMALL)).toBe(true);
    for (let document = 0; document < 10; document++) {
      expect(running.needsNoise(SMALL)).toBe(true);
      noteThrice(running, SMALL, 50, { candidate: 0, noise: 0 });
    }
    expect(running.needsNoise(SMALL)).toBe(false);
    expect(running.needsNoise(LARGE)).toBe(true);
  });

  test('is taken back once documents agree again, and when it is a day old', () => {
    const low = () => {
      const running = new RunningAgreement(FLOOR);
      for (let document = 0; document < 100; document++)
        noteThrice(running, SMALL, 50, { candidate: 5, noise: 0 });
      expect(running.isLow(SMALL)).toBe(true);
      return running;
    };
    const better = low();
    for (let document = 0; document < 300; document++)
      noteThrice(better, SMALL, 50, { candidate: 0, noise: 0 });
    expect(better.isLow(SMALL)).toBe(false);
    const old = low();
    clock.moveOn(25 * 60 * 60 * 1_000);
    expect(old.isLow(SMALL)).toBe(false);
    noteThrice(old, SMALL, 50, { candidate: 0, noise: 0 });
    expect(old.isLow(SMALL)).toBe(false);
  });

  test('is of one plan: a smaller one is judged by itself', () => {
    const running = new RunningAgreement(FLOOR);
    for (let document = 0; document < 30; document++)
      noteThrice(running, LARGE, 50, { candidate: 10, noise: 0 });
    expect(running.isLow(LARGE)).toBe(true);
    expect(running.isLow(SMALL)).toBe(false);
  });
});

describe('the interval of what batches change', () => {
  test('is not known before a document was read three times', () => {
    const running = new RunningAgreement(FLOOR);
    running.note(SMALL, compared(50, 1));
    expect(running.report.beyond_noise_interval).toBeNull();
  });

  test.each([0, 0.01, 0.05, 0.3])('holds %d at every look, and grows narrow', (own) => {
    let missed = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const random = seeded(seed);
      const running = new RunningAgreement(FLOOR);
      let isMissed = false;
      for (let document = 0; document < 300; document++) {
        const candidate = drawn(random, 50, 1 - 0.98 * (1 - own));
        noteThrice(running, SMALL, 50, { candidate, noise: drawn(random, 50, 0.02) });
        if (document % 10 > 0) continue;
        const { low, high } = running.report.beyond_noise_interval ?? { low: 0, high: 1 };
        if (low > 0.98 * own || high < 0.98 * own) isMissed = true;
      }
      if (isMissed) missed++;
      const { low, high } = running.report.beyond_noise_interval ?? { low: 0, high: 1 };
      expect(high - low).toBeLessThan(0.05 + own);
    }
    expect(missed).toBeLessThanOrEqual(1);
  });
});
