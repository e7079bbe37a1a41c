import { expect, test } from '@jest/globals';
import { chart } from '../../src/evaluation/tune/chart.js';
import type { Point, TuningReport } from '../../src/evaluation/tune/figures.js';

/** How the chart of `quire tune` names its marks. */

const USED = { salvage_calls: 0, failed_pages: 0, tokens: 0, cost_usd: null, unknown_usage_calls: 0 };

/** Each plan as `size x workers`, with its calls and seconds. */
function labelsOf(plans: readonly [size: number, workers: number, calls: number, seconds: number][]) {
  const points = plans.map(([size, workers, calls, seconds]): Point => ({
    ...USED,
    batch_size: size,
    max_workers: workers,
    calls,
    seconds,
    timing: 'measured',
    verdict: 'agrees',
    agreement: 1,
    test: { p_value: 1, informative_pages: 0 },
    ratio: { calls: null, seconds: null, cost_usd: null },
  }));
  const report: TuningReport = {
    created_at: '2026-01-01T00:00:00.000Z',
    model: 'test-model',
    pages: 20,
    documents: [{ file: 'a.pdf', pages: 20, unreadable_pages: 0 }],
    control: { ...USED, calls: 20, seconds: 40, agreement: 1 },
    points,
    cost_measure: 'calls',
    recommended: null,
  };
  return Array.from(chart(report).text.matchAll(/<text class="label"[^>]*>([^<]*)</g), ([, text]) => text);
}

test('sizes are named over the drawing, from the left, and workers beside the marks, from the top', () => {
  const plans = labelsOf([
    [2, 1, 10, 40],
    [2, 5, 10, 10],
    [5, 1, 4, 40],
    [5, 5, 4, 12],
  ]);
  expect(plans).toEqual(['5', 'x1', 'x5', '2', 'x1', 'x5']);
});

test('marks of a size at one place share a label', () => {
  const plans = labelsOf([
    [5, 1, 4, 40],
    [5, 3, 4, 12],
    [5, 5, 4, 12],
    [5, 10, 4, 12],
  ]);
  expect(plans).toEqual(['5', 'x1', 'x3–10']);
});

test('sizes too near to each other share a name, and their workers are not named', () => {
  const plans = labelsOf([
    [2, 1, 10, 40],
    [9, 1, 3, 40],
    [10, 1, 2, 40],
  ]);
  expect(plans).toEqual(['9–10', '2', 'x1']);
});
