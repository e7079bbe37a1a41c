import { expect, test } from '@jest/globals';
import { barsAsLetters } from '../../../src/stages/scan/bars.js';

/** A word from the top of its letters to `bottom`, on a line of print at 130. */
const word = (text: string, left: number, right: number, bottom = 130) => ({
  text,
  start: left,
  end: right,
  baseline: -130,
  size: 40,
  area: { left, top: 100, right, bottom },
});
const texts = (...words: ReturnType<typeof word>[]) => barsAsLetters(words).map(({ text }) => text);

test('a bar that stands on the line beside a word is a letter', () => {
  expect(texts(word('Branch', 20, 120), word('|', 130, 134), word('of', 144, 170))).toEqual([
    'Branch',
    'I',
    'of',
  ]);
});

test.each([
  ['reaches below the line', word('|', 130, 134, 139)],
  ['ends above it', word('|', 130, 134, 120)],
  ['stands far off', word('|', 200, 204)],
])('a bar that %s is one', (_, bar) => {
  expect(texts(word('Branch', 20, 120), bar)).toEqual(['Branch', '|']);
});

test('a bar among numbers is one', () => {
  expect(texts(word('1,204.50', 20, 120), word('|', 130, 134))).toEqual(['1,204.50', '|']);
});
