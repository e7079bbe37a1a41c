import { expect, test } from '@jest/globals';
import { packWords } from '../../src/processor/words.js';
import type { GrayImage } from '../../src/stages/pdf-worker.js';
import { hasStrayInk } from '../../src/stages/stray-ink.js';

const SIDE = 1_000;
/** A row of letters. */
const letters = (count: number, top: number) =>
  Array.from({ length: count }, (_, index) => ({
    left: 20 * index,
    right: 20 * index + 12,
    top,
    bottom: top + 18,
  }));
const image = (...rows: ReturnType<typeof letters>[]): GrayImage => ({
  width: SIDE,
  height: SIDE,
  pgm: new Uint8Array(),
  hash: '',
  lie: { turns: 0, skew: 0 },
  letters: rows.flat(),
  checkBoxes: [],
});
/** A row of words over the first row of letters. */
const words = packWords(
  Array.from({ length: 25 }, (_, index) => ({
    left: index / 25,
    right: (index + 1) / 25,
    top: 0.1,
    bottom: 0.12,
  })),
);
const one = packWords([{ left: 0, right: 1, top: 0.1, bottom: 0.12 }]);

test('letters beside the words of the text layer are told', () => {
  expect(hasStrayInk(image(letters(40, 100), letters(40, 500)), words)).toBe(true);
});

test('letters that the words cover, and a logo, are no reason to read a page', () => {
  expect(hasStrayInk(image(letters(40, 100), letters(10, 500)), words)).toBe(false);
});

test('a page without words is all ink', () => {
  expect(hasStrayInk(image(letters(40, 100)), packWords([]))).toBe(true);
});

test('beside a line of print, a word of a slip is one', () => {
  expect(hasStrayInk(image(letters(40, 100), letters(10, 500)), one)).toBe(true);
  expect(hasStrayInk(image(letters(40, 100), letters(4, 500)), one)).toBe(false);
});
