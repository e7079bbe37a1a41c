import { describe, expect, test } from '@jest/globals';
import type { ProcessingPlan } from '../../src/index.js';
import type { ComparedField } from '../../src/comparison/compare.js';
import { RunningAgreement } from '../../src/comparison/running-agreement.js';
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

/** Takes the verdict after each of 200 documents, every fourth of which measures the noise. */
function fallsWithin(seed: number, noise: number, own: number, perDocument: number): boolean {
  const random = seeded(seed);
  const running = new RunningAgreement(FLOOR);
  for (let document = 0; document < 200; document++) {
    const rate = 1 - (1 - noise) * (1 - own);
    running.note('candidate', SMALL, compared(perDocument, drawn(random, perDocument, rate)));
    if (document % 4 === 0) {
      running.note('noise', SMALL, compared(perDocument, drawn(random, perDocument, noise)));
    }
    if (running.isLow(SMALL)) return true;
  }
  return false;
}

const RUNS = 40;
const runs = (noise: number, own: number, perDocument: number) =>
  Array.from({ length: RUNS }, (_, seed) => fallsWithin(seed, noise, own, perDocument)).filter(Boolean)
    .length;

describe('a verdict', () => {
  test.each([
    [0.02, 50],
    [0.05, 50],
    [0.1, 200],
  ])('is not passed on batches that change nothing, with noise of %d and %d fields', (noise, perDocument) => {
    expect(runs(noise, 0, perDocument)).toBeLessThanOrEqual(1);
  });

  test.each([
    [0, 0.05],
    [0.02, 0.05],
    [0.05, 0.1],
  ])('is passed on batches that, with noise of %d, change %d of the fields', (noise, own) => {
    expect(runs(noise, own, 50)).toBe(RUNS);
  });

  test('knows that fields of a document are wrong together', () => {
    // One document in ten is read quite differently, by either path.
    const falls = Array.from({ length: RUNS }, (_, seed) => {
      const random = seeded(seed);
      const running = new RunningAgreement(FLOOR);
      for (let document = 0; document < 200; document++) {
        running.note('candidate', SMALL, compared(50, random() < 0.1 ? 40 : 0));
        if (document % 4 === 0) running.note('noise', SMALL, compared(50, random() < 0.1 ? 40 : 0));
        if (running.isLow(SMALL)) return true;
      }
      return false;
    });
    expect(falls.filter(Boolean).length).toBeLessThanOrEqual(1);
  });

  test('is not passed on a handful of fields, however evenly they are spread', () => {
    const running = new RunningAgreement(FLOOR);
    for (let document = 0; document < 10; document++) {
      running.note('noise', SMALL, compared(50, 0));
      running.note('candidate', SMALL, compared(50, 1));
    }
    expect(running.isLow(SMALL)).toBe(false);
  });

  test('waits for ten documents and 200 fields, of the noise as well', () => {
    const running = new RunningAgreement(FLOOR);
    for (let document = 0; document < 30; document++) running.note('candidate', SMALL, compared(50, 50));
    expect(running.isLow(SMALL)).toBe(false);
    expect(running.needsNoise).toBe(true);
    for (let document = 0; document < 9; document++) running.note('noise', SMALL, compared(50, 0));
    expect(running.isLow(SMALL)).toBe(false);
    running.note('noise', SMALL, compared(50, 0));
    expect(running.needsNoise).toBe(false);
    expect(running.isLow(SMALL)).toBe(true);
    const few = new RunningAgreement(FLOOR);
    for (let document = 0; document < 15; document++) {
      few.note('candidate', SMALL, compared(10, 10));
      few.note('noise', SMALL, compared(10, 0));
    }
    expect(few.isLow(SMALL)).toBe(false);
  });

  test('is of one plan: a smaller one is judged by itself', () => {
    const running = new RunningAgreement(FLOOR);
    for (let document = 0; document < 20; document++) {
      running.note('noise', LARGE, compared(50, 0));
      running.note('candidate', LARGE, compared(50, 10));
    }
    expect(running.isLow(LARGE)).toBe(true);
    expect(running.isLow(SMALL)).toBe(false);
    for (let document = 0; document < 20; document++) running.note('candidate', SMALL, compared(50, 0));
    expect(running.isLow(SMALL)).toBe(false);
    expect(running.report).toMatchObject({ plan: 'batch 2x3', agreement: { candidate: { page: 1 } } });
  });
});
