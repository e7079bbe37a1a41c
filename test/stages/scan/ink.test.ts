import { expect, test } from '@jest/globals';
import { inkPieces } from '../../../src/stages/scan/ink.js';
import { painted, picture } from './pictures.js';

const all = () => true;

test('pieces of ink hang together over corners too', () => {
  const page = picture(
    '##....#.', //
    '..#..#..',
    '........',
    '###...##',
    '#.#...##',
    '###.....',
  );
  expect(inkPieces(page, all)).toEqual([
    { left: 0, top: 0, right: 3, bottom: 2 },
    { left: 5, top: 0, right: 7, bottom: 2 },
    { left: 0, top: 3, right: 3, bottom: 6 },
    { left: 6, top: 3, right: 8, bottom: 5 },
  ]);
});

test('arms that meet further down are one piece', () => {
  const page = picture(
    '#.#.#.#.#', //
    '#.#.#.#.#',
    '#.#.#.###',
    '#.#.###..',
    '#.###....',
    '###......',
  );
  expect(inkPieces(page, all)).toEqual([{ left: 0, top: 0, right: 9, bottom: 6 }]);
});

test('the edges of the picture do not touch', () => {
  expect(inkPieces(picture('..#', '#..'), all)).toHaveLength(2);
});

test('only those that fit are told', () => {
  expect(inkPieces(picture('#.##'), ({ left, right }) => right - left > 1)).toEqual([
    { left: 2, top: 0, right: 4, bottom: 1 },
  ]);
});

test('of a picture of very many pieces, those at its top are told', () => {
  const dots = painted(1_000, 400, (x, y) => (x % 2 === 0 && y % 2 === 0 ? 0 : 255));
  const pieces = inkPieces(dots, all);
  expect(pieces).toHaveLength(65_536);
  expect(pieces[0]).toEqual({ left: 0, right: 1, top: 0, bottom: 1 });
});
