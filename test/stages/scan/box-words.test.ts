import { expect, test } from '@jest/globals';
import { layOutWords } from '../../../src/stages/layout.js';
import { boxWords } from '../../../src/stages/scan/box-words.js';
import type { ReadWord } from '../../../src/stages/scan/read-word.js';

function word(text: string, left: number, top: number): ReadWord {
  const area = { left, top, right: left + 18 * text.length, bottom: top + 30 };
  return { text, confidence: 95, area, start: left, end: area.right, baseline: -area.bottom, size: 40 };
}
const box = (left: number, top: number, isMarked: boolean) => ({
  area: { left, top, right: left + 30, bottom: top + 30 },
  isMarked,
});

test('marks stand before their labels, or behind them', () => {
  const words = [word('Checking', 200, 100), word('Savings', 200, 160), word('Joint', 600, 160)];
  const marks = boxWords([box(140, 102, true), box(125, 158, false), box(700, 160, true)], words);
  expect(
    layOutWords([...words, ...marks])
      .text.split('\n')
      .map((line) => line.trim().replace(/ {3,}/g, ' | ')),
  ).toEqual(['[x] Checking', '[ ] Savings | Joint [x]']);
});

test('a mark lies where its box does', () => {
  const marks = boxWords(
    [box(140, 102, true), box(140, 162, false)],
    [word('Checking', 200, 100), word('Savings', 200, 160)],
  );
  expect(marks.map(({ text, area }) => [text, area.left, area.right])).toEqual([
    ['[x]', 140, 170],
    ['[', 140, 155],
    [']', 155, 170],
  ]);
});

test('a box that stands alone is none', () => {
  expect(boxWords([box(140, 300, true), box(500, 100, false)], [word('Checking', 200, 100)])).toEqual([]);
});
