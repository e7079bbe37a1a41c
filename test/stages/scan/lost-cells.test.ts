import { expect, test } from '@jest/globals';
import { isLetterSized, lostLetters } from '../../../src/stages/scan/lost-cells.js';
import type { Area } from '../../../src/stages/scan/picture.js';

const ROWS = [100, 160, 220, 280, 340];
/** A label of each row. */
const words = ROWS.map((top) => ({ area: { left: 50, top, right: 400, bottom: top + 30 }, confidence: 95 }));
/** A digit of each row, in a column. */
const digits = ROWS.map((top): Area => ({ left: 600, top: top + 4, right: 614, bottom: top + 28 }));

test('digits that no word covers in rows of sure words are lost', () => {
  expect(lostLetters(digits, words)).toEqual(digits);
});

test('those that words cover are not', () => {
  const read = digits.slice(0, 1).map((area) => ({ area, confidence: 30 }));
  expect(lostLetters(digits, [...words, ...read])).toEqual(digits.slice(1));
});

test.each([
  ['so few that they may be specks', digits.slice(0, 3), words],
  [
    'that stand in no row',
    digits.map((digit) => ({ ...digit, top: digit.top + 30, bottom: digit.bottom + 30 })),
    words,
  ],
  ['in rows of unsure words', digits, words.map((word) => ({ ...word, confidence: 50 }))],
  ['much smaller than the row', digits.map((digit) => ({ ...digit, top: digit.top + 14 })), words],
  [
    'much larger than the row',
    digits.map((digit) => ({ ...digit, top: digit.top - 12, bottom: digit.bottom + 12 })),
    words,
  ],
  ['on a page without words', digits, []],
])('pieces of ink %s are not', (_, letters, read) => {
  expect(lostLetters(letters, read)).toEqual([]);
});

test('a letter is neither a speck nor a rule nor a picture', () => {
  const sized = (width: number, height: number) =>
    isLetterSized({ left: 0, top: 0, right: width, bottom: height });
  expect([sized(14, 24), sized(4, 24), sized(25, 24)]).toEqual([true, true, true]);
  expect([sized(4, 4), sized(80, 10), sized(2, 40), sized(100, 100)]).toEqual([false, false, false, false]);
});

test('twenty thousand words and letters are no matter', () => {
  const many = Array.from({ length: 20_000 }, (_, index): Area => {
    const [x, y] = [(index % 100) * 40, Math.floor(index / 100) * 40];
    return { left: x, top: y, right: x + 15, bottom: y + 25 };
  });
  expect(
    lostLetters(
      many,
      many.map((area) => ({ area, confidence: 95 })),
    ),
  ).toEqual([]);
});
