import { describe, expect, test } from '@jest/globals';
import {
  beyondChance,
  beyondNoise,
  disagreement,
  disagreementsByPage,
  FEWEST_PAGES,
  informativePages,
  SIGNIFICANCE_LEVEL,
  tally,
  type PageDisagreement,
} from '../../src/comparison/agreement.js';
import type { ComparedField } from '../../src/comparison/compare.js';
import { seeded } from '../random.js';

function fields(...outcomes: ComparedField['outcome'][]): ComparedField[] {
  return outcomes.map((outcome, index) => ({
    scope: 'page',
    account: '1',
    page: 1,
    field: `f${index}`,
    outcome,
    control: 'x',
    candidate: 'y',
  }));
}

describe('disagreement', () => {
  test('is the share of fields that are not the same', () => {
    const counts = tally(fields('same', 'different', 'only_control', 'only_candidate', 'same'));
    expect(counts).toEqual({ same: 2, different: 1, only_control: 1, only_candidate: 1 });
    expect(disagreement(counts)).toBe(0.6);
    expect(disagreement(tally(fields('same')))).toBe(0);
  });

  test('is not told when nothing was compared', () => {
    expect(disagreement(tally([]))).toBeNull();
  });
});

describe('beyond noise', () => {
  test.each([
    [0.069, 0.02, 0.05],
    [0.3, 0, 0.3],
    [1, 0.4, 1],
    [0.02, 0.02, 0],
  ])('a disagreement of %d with noise of %d leaves %d', (candidate, noise, own) => {
    expect(beyondNoise(candidate, noise)).toBeCloseTo(own, 10);
  });

  test('there is never less than nothing', () => {
    expect(beyondNoise(0.01, 0.03)).toBe(0);
  });

  test('nothing is told where a part is not known, or the controls agree in nothing', () => {
    expect([beyondNoise(null, 0.1), beyondNoise(0.1, null), beyondNoise(1, 1)]).toEqual([null, null, null]);
  });
});

test('disagreements are counted by page, without the merged fields that repeat them', () => {
  const on = (page: number | null, ...outcomes: ComparedField['outcome'][]): ComparedField[] =>
    fields(...outcomes).map((field) => ({ ...field, page, scope: page === null ? 'merged' : 'page' }));
  const candidate = [...on(1, 'same'), ...on(4, 'different', 'only_control'), ...on(null, 'different')];
  const noise = [...on(1, 'only_candidate'), ...on(4, 'different', 'same'), ...on(6, 'same')];
  expect(disagreementsByPage(candidate, noise)).toEqual([
    { candidate: 0, noise: 1 },
    { candidate: 2, noise: 1 },
    { candidate: 0, noise: 0 },
  ]);
});

/** Pages with these differences between candidate and noise. */
function pages(...differences: number[]): PageDisagreement[] {
  return differences.map((difference) => ({
    candidate: Math.max(0, difference) + 1,
    noise: Math.max(0, -difference) + 1,
  }));
}

describe('the sign-flip test', () => {
  test.each([
    // Of the 8 sums of ±1 ±2 ±3, those of at least 6: 6. Of at least 4: 6, 4. Of at least 0: 6, 4, 2, 0, 0.
    [[1, 2, 3], 1 / 8],
    [[-1, 2, 3], 2 / 8],
    [[1, 2, -3], 5 / 8],
    [[-1, -2, -3], 1],
    [[2, 2, 2, 2, 2], 1 / 32],
  ])('counts the assignments of signs to %j', (differences, expected) => {
    expect(beyondChance(pages(...differences))).toBe(expected);
  });

  test('takes sums of fractions that differ in the last digits for equal', () => {
    expect(0.3 - 0.1).not.toBe(0.2);
    const units = [0.1, 0.2, -0.3].map((d) => ({ candidate: d, noise: 0 }));
    expect(beyondChance(units)).toBe(5 / 8);
  });

  test('leaves out pages on which both differ alike', () => {
    const units = [...pages(1, 1, 1, 1, 1), ...pages(...Array.from({ length: 40 }, () => 0))];
    expect(beyondChance(units)).toBe(1 / 32);
    expect(informativePages(units)).toBe(5);
  });

  test('finds nothing where there is nothing', () => {
    expect(beyondChance([])).toBe(1);
    expect(beyondChance(pages(0, 0))).toBe(1);
  });

  test('needs five pages at least', () => {
    const all = (length: number) => beyondChance(pages(...Array.from({ length }, () => 9)));
    expect(FEWEST_PAGES).toBe(5);
    expect(all(FEWEST_PAGES)).toBeLessThanOrEqual(SIGNIFICANCE_LEVEL);
    expect(all(FEWEST_PAGES - 1)).toBeGreaterThan(SIGNIFICANCE_LEVEL);
  });

  test('draws signs for many pages, close to the exact count and always the same', () => {
    // 20 pages, 14 of them for the candidate: P(B(20, 1/2) >= 14) = 60,460 / 2^20.
    const units = pages(...Array.from({ length: 20 }, (_, index) => (index < 14 ? 1 : -1)));
    const drawn = beyondChance(units);
    expect(Math.abs(drawn - 60_460 / 2 ** 20)).toBeLessThan(0.01);
    expect(beyondChance(units)).toBe(drawn);
    expect(Number.isInteger(Math.round(drawn * 10_001 * 1e6) / 1e6)).toBe(true);
  });

  test('never gives 0 to draws: the pages as they were found are one of them', () => {
    const units = pages(...Array.from({ length: 200 }, () => 1));
    expect(beyondChance(units)).toBe(1 / 10_001);
  });
});

// Looked up once: a global takes a hundred times as long inside Jest.
const { sqrt } = Math;

/** Chance that a run changes a field: two runs then differ in 1 - (1 - q)^2 of them. */
function perRun(noise: number): number {
  return 1 - sqrt(1 - noise);
}

interface Simulation {
  pages: number;
  fieldsAPage: number;
  /** The share of fields in which two controls differ, 0 to 1. */
  noise: number;
  /** The share of fields that the candidate changes besides, 0 to 1. */
  own: number;
}

/** Three runs over made-up pages: what differs of control and candidate, and of control and control again. */
function simulate(random: () => number, { pages, fieldsAPage, noise, own }: Simulation): PageDisagreement[] {
  const slips = perRun(noise);
  return Array.from({ length: pages }, () => {
    const unit = { candidate: 0, noise: 0 };
    for (let field = 0; field < fieldsAPage; field++) {
      const [control, again, candidate] = [random() < slips, random() < slips, random() < slips];
      const isChanged = random() < own;
      // Two slips on one field never come out alike.
      if (control || again) unit.noise++;
      if (control || candidate || isChanged) unit.candidate++;
    }
    return unit;
  });
}

function share(units: readonly PageDisagreement[], side: keyof PageDisagreement, fieldsAPage: number) {
  return units.reduce((sum, unit) => sum + unit[side], 0) / (units.length * fieldsAPage);
}

describe('in simulations', () => {
  test('5 % of the candidate beside 2 % of noise is measured within a point, and beyond chance', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const fieldsAPage = 50;
      const units = simulate(seeded(seed), { pages: 200, fieldsAPage, noise: 0.02, own: 0.05 });
      const candidate = share(units, 'candidate', fieldsAPage);
      const noise = share(units, 'noise', fieldsAPage);
      expect(Math.abs(noise - 0.02)).toBeLessThan(0.01);
      const own = beyondNoise(candidate, noise) ?? NaN;
      expect(Math.abs(own - 0.05)).toBeLessThan(0.01);
      expect(beyondChance(units)).toBeLessThanOrEqual(SIGNIFICANCE_LEVEL);
    }
  });

  test('much noise is taken out, where a difference of two shares would fall short', () => {
    const fieldsAPage = 50;
    const units = simulate(seeded(6), { pages: 400, fieldsAPage, noise: 0.4, own: 0.2 });
    const candidate = share(units, 'candidate', fieldsAPage);
    const noise = share(units, 'noise', fieldsAPage);
    expect(candidate - noise).toBeLessThan(0.14);
    expect(Math.abs((beyondNoise(candidate, noise) ?? NaN) - 0.2)).toBeLessThan(0.01);
  });

  test.each([
    ['few pages', { pages: 14, fieldsAPage: 50, noise: 0.04, own: 0 }, 1_000],
    ['many pages', { pages: 50, fieldsAPage: 50, noise: 0.02, own: 0 }, 250],
  ])('a candidate as noisy as the control is found wanting in 5 %% of cases: %s', (_, simulation, seeds) => {
    let found = 0;
    let upperHalf = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      const p = beyondChance(simulate(seeded(seed * 7919), simulation));
      if (p <= SIGNIFICANCE_LEVEL) found++;
      if (p <= 0.5) upperHalf++;
    }
    // Differences are whole numbers, so the test keeps a little under its level.
    expect(found / seeds).toBeLessThanOrEqual(0.07);
    expect(found / seeds).toBeGreaterThan(0.02);
    expect(Math.abs(upperHalf / seeds - 0.5)).toBeLessThan(0.1);
  });
});
