import { describe, expect, test } from '@jest/globals';
import { planMemory } from '../../src/stages/memory-plan.js';

/** Megabytes: a thread without pdfium's memory, laying out the longest page, a worker of OCR with its picture. */
const THREAD = 32;
const LAYOUT = 96;
const OCR = 150;

const budgets = [320, 400, 512, 700, 1_024, 1_536, 2_048, 4_096, 6_026, 16_384, 1_000_000];

describe.each(budgets)('with %i MB', (budget) => {
  test.each([1, 2, 4, 16, 128])('and %i cores, what runs at once fits', (cores) => {
    const { threads, isOneForAll, text, drawing, ocrWorkers } = planMemory(budget, cores);
    const all = isOneForAll ? threads : 3 * threads;
    const sure = all * (THREAD + Math.max(text.usualMb, drawing.usualMb));
    const more = Math.max(text.moreMb + LAYOUT, drawing.moreMb);
    expect(sure + more + ocrWorkers * OCR).toBeLessThanOrEqual(budget);
    expect(threads).toBeGreaterThanOrEqual(1);
    expect(threads).toBeLessThanOrEqual(cores);
    expect(ocrWorkers).toBeGreaterThanOrEqual(1);
    expect(ocrWorkers).toBeLessThanOrEqual(Math.min(cores, 4));
  });
});

test('a large budget has room for the largest scans and every core', () => {
  expect(planMemory(4_096, 4)).toMatchObject({
    threads: 4,
    isOneForAll: false,
    drawing: { moreMb: 768 },
    ocrWorkers: 4,
  });
});
