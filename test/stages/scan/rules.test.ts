import { expect, test } from '@jest/globals';
import { unruled } from '../../../src/stages/scan/rules.js';
import { painted } from './pictures.js';

const isBlack = ({ pixels, width }: ReturnType<typeof unruled>, x: number, y: number): boolean =>
  pixels[y * width + x] === 0;

test('a box loses its border, and keeps what stands in it', () => {
  const page = painted(300, 200, (x, y) => {
    const isBorder = x >= 20 && x < 280 && y >= 30 && y < 170 && (x < 23 || x >= 277 || y < 33 || y >= 167);
    const isStroke = x >= 100 && x < 104 && y >= 80 && y < 110;
    return isBorder || isStroke ? 0 : 255;
  });
  const cleared = unruled(page);
  expect([isBlack(cleared, 150, 31), isBlack(cleared, 21, 100)]).toEqual([false, false]);
  // Its corners are too thick for a rule.
  expect(cleared.pixels.filter((gray) => gray === 0).length).toBeLessThanOrEqual(4 * 30 + 4 * 3 * 3);
  expect(isBlack(cleared, 101, 81)).toBe(true);
});

test('a letter that crosses a rule stays', () => {
  const page = painted(300, 100, (x, y) => {
    const isRule = y >= 50 && y < 53;
    const isStroke = x >= 100 && x < 104 && y >= 35 && y < 65;
    return isRule || isStroke ? 0 : 255;
  });
  const cleared = unruled(page);
  expect(isBlack(cleared, 200, 51)).toBe(false);
  for (let y = 35; y < 65; y++) expect(isBlack(cleared, 101, y)).toBe(true);
});

test('the gray seam of a rule goes with it, and a worn rule is one', () => {
  const page = painted(300, 40, (x, y) => {
    if (y === 20 && x % 17 > 1) return 0;
    return y === 19 || y === 21 ? 180 : 255;
  });
  const cleared = unruled(page);
  expect(cleared.pixels.every((gray) => gray === 255)).toBe(true);
});

test.each([
  ['a short stroke', (x: number, y: number) => y >= 20 && y < 23 && x >= 50 && x < 120],
  ['a filled box', (x: number, y: number) => y >= 20 && y < 60 && x >= 50 && x < 250],
  [
    'small print run together',
    (x: number, y: number) => y >= 20 && y < (x % 8 < 4 ? 24 : 32) && x >= 20 && x < 280,
  ],
])('%s stays', (_, isInk) => {
  const page = painted(300, 100, (x, y) => (isInk(x, y) ? 0 : 255));
  expect(unruled(page).pixels).toEqual(page.pixels);
});

test('stems of large letters stay, and the sides of a box go', () => {
  const [width, height] = [300, 200];
  const pixels = new Uint8Array(width * height).fill(255);
  const bar = (left: number, top: number, right: number, bottom: number) => {
    for (let y = top; y < bottom; y++) pixels.fill(0, y * width + left, y * width + right);
  };
  bar(20, 20, 26, 72);
  bar(100, 120, 250, 123);
  bar(100, 177, 250, 180);
  bar(100, 120, 103, 180);
  const { pixels: left } = unruled({ width, height, pixels });
  expect(left[40 * width + 22]).toBe(0);
  expect(left[150 * width + 101]).toBe(255);
});
