import { expect, test } from '@jest/globals';
import { longestFirst, planBatches } from '../../src/processor/batches.js';
import { preparePage, type Page } from '../../src/processor/page.js';
import { seeded } from '../random.js';

const ROOMY = { input: 1_000_000, output: 1_000_000 };

function loanPages(count: number, text = 'Branch: Main Street'): Page[] {
  return Array.from({ length: count }, (_, index) => preparePage(index + 1, text));
}

const numbers = (batches: { pages: readonly Page[] }[]) =>
  batches.map(({ pages }) => pages.map(({ number }) => number));

test('ten pages by 3 are 3+3+2+2', () => {
  expect(numbers(planBatches(loanPages(10), 3, ROOMY))).toEqual([
    [1, 2, 3],
    [4, 5, 6],
    [7, 8],
    [9, 10],
  ]);
});

test('batches are consecutive, of one kind, as even as can be and never more than the rule allows', () => {
  const random = seeded(7);
  for (let round = 0; round < 500; round++) {
    const size = 1 + Math.floor(random() * 10);
    const pages = Array.from({ length: Math.floor(random() * 60) }, (_, index) =>
      preparePage(index * 3 + 1, random() < 0.3 ? 'DRIVER LICENSE' : 'Signature card'),
    );
    const batches = planBatches(pages, size, ROOMY);
    for (const kind of ['loan', 'licence'] as const) {
      const ofKind = pages.filter((page) => page.kind === kind);
      const planned = batches.filter((batch) => batch.kind === kind);
      expect(planned).toHaveLength(Math.ceil(ofKind.length / size));
      expect(planned.flatMap((batch) => batch.pages)).toEqual(ofKind);
      const sizes = planned.map((batch) => batch.pages.length);
      if (sizes.length > 0) expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  }
});

test('a batch that would exceed the input or the output budget is divided, a single page is not', () => {
  const pages = loanPages(8, 'x'.repeat(2_000));
  expect(numbers(planBatches(pages, 8, { input: 6_500, output: 1_000_000 }))).toEqual([
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
  ]);
  expect(numbers(planBatches(pages, 8, { input: 1_000_000, output: 16_000 }))).toEqual([
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ]);
  expect(planBatches(pages, 8, { input: 10, output: 10 })).toHaveLength(8);
});

test('the batch with the most values comes first, then the longest, and equal ones stay in order', () => {
  const texts = [
    'short text',
    'short text',
    'x'.repeat(500),
    'Branch: Main',
    'Branch: Main\nOpened By  J. Cole',
  ];
  const pages = texts.map((text, index) => preparePage(index + 1, text));
  expect(numbers(longestFirst(planBatches(pages, 1, ROOMY)))).toEqual([[5], [4], [3], [1], [2]]);
});
