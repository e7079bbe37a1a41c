import { expect, test } from '@jest/globals';
import { recommend } from '../../src/evaluation/tune/recommendation.js';
import type { PlanFigures, Point } from '../../src/evaluation/tune/figures.js';

/** Which plan `npm run tune` recommends, once it is known how each did. */

const CONTROL: PlanFigures = {
  seconds: 10,
  calls: 12,
  salvage_calls: 0,
  failed_pages: 0,
  tokens: 12_000,
  cost_usd: 0.12,
  unknown_usage_calls: 0,
};

function point(size: number, workers: number, figures: Partial<Point>): Point {
  return {
    ...CONTROL,
    batch_size: size,
    max_workers: workers,
    timing: 'measured',
    verdict: 'agrees',
    agreement: 1,
    test: { p_value: 1, informative_pages: 0 },
    ratio: { seconds: null, calls: null, cost_usd: null },
    ...figures,
  };
}

/** The plans named `size x workers` with their seconds and calls. */
const chosen = (...points: Point[]) => {
  const plan = recommend(points, CONTROL, 'calls');
  return plan && `${plan.batch_size}x${plan.max_workers}`;
};

test('the cheapest of those within a tenth of the shortest time', () => {
  const quick = point(2, 4, { seconds: 3, calls: 6 });
  expect(chosen(quick, point(3, 4, { seconds: 3.29, calls: 4 }))).toBe('3x4');
  expect(chosen(quick, point(3, 4, { seconds: 3.31, calls: 4 }))).toBe('2x4');
});

test('of those as cheap, the one with the fewest workers', () => {
  const few = point(3, 2, { seconds: 3.2, calls: 4 });
  expect(chosen(point(3, 12, { seconds: 3, calls: 4 }), few)).toBe('3x2');
});

test('never one that agrees less or gave up more pages, however short and cheap', () => {
  const slow = point(2, 1, { seconds: 9, calls: 6 });
  const less = point(4, 12, { seconds: 1, calls: 3, verdict: 'agrees_less' });
  const lost = point(5, 12, { seconds: 1, calls: 2, failed_pages: 1 });
  expect(chosen(less, slow, lost)).toBe('2x1');
  expect(chosen(less, lost)).toBeUndefined();
});
