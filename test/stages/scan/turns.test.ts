import { expect, test } from '@jest/globals';
import { quarterTurned, turnedArea, type QuarterTurns } from '../../../src/stages/scan/turns.js';
import { picture, signs } from './pictures.js';

const page = picture(
  '##...', //
  '#....',
  '....#',
);

test.each<[QuarterTurns, string[]]>([
  [0, ['##...', '#....', '....#']],
  [1, ['.##', '..#', '...', '...', '#..']],
  [2, ['#....', '....#', '...##']],
  [3, ['..#', '...', '...', '#..', '##.']],
])('%d quarter turns go clockwise', (turns, expected) => {
  expect(signs(quarterTurned(turns, page))).toEqual(expected);
});

test.each<QuarterTurns>([0, 1, 2, 3])('an area is turned with its picture (%d)', (turns) => {
  const { left, top, right, bottom } = turnedArea(turns, page, { left: 0, top: 0, right: 2, bottom: 1 });
  const rows = signs(quarterTurned(turns, page)).slice(top, bottom);
  expect(rows.map((row) => row.slice(left, right)).join('')).toBe('##');
  expect((right - left) * (bottom - top)).toBe(2);
});
