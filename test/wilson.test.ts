import { expect, test } from '@jest/globals';
import { wilsonInterval } from '../src/wilson.js';

/** Against values that are known: Newcombe, Statistics in Medicine 17 (1998), table I, method 3. */

test.each([
  { hits: 81, trials: 263, least: 0.2553, most: 0.3662 },
  { hits: 15, trials: 148, least: 0.0624, most: 0.1605 },
  { hits: 0, trials: 20, least: 0, most: 0.1611 },
  { hits: 1, trials: 29, least: 0.0061, most: 0.1718 },
])('$hits of $trials are between $least and $most', ({ hits, trials, least, most }) => {
  const interval = wilsonInterval(hits, trials);
  expect(interval.least).toBeCloseTo(least, 4);
  expect(interval.most).toBeCloseTo(most, 4);
});

test('none and all are within their interval, and the other side mirrors this one', () => {
  for (const trials of [1, 2, 3, 7, 49, 1_000_003]) {
    expect(wilsonInterval(0, trials).least).toBe(0);
    expect(wilsonInterval(trials, trials).most).toBe(1);
    expect(wilsonInterval(trials, trials).least).toBeCloseTo(1 - wilsonInterval(0, trials).most, 12);
  }
});
