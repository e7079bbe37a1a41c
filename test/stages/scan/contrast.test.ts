import { expect, test } from '@jest/globals';
import { stretched } from '../../../src/stages/scan/contrast.js';
import { painted } from './pictures.js';

test('pale print on gray paper becomes black on white', () => {
  const pale = painted(100, 100, (_, y) => (y % 10 === 0 ? 140 : 215));
  expect(new Set(stretched(pale).pixels)).toEqual(new Set([0, 255]));
});

test('a few pixels that are darker or lighter do not keep it from that', () => {
  const pale = painted(100, 100, (x, y) => {
    if (x + 100 * y < 15) return 0;
    if (y % 10 === 5) return 140;
    return y === 99 && x < 50 ? 255 : 215;
  });
  const { pixels } = stretched(pale);
  expect([pixels[5 * 100], pixels[6 * 100]]).toEqual([0, 255]);
});

test('levels between keep their order', () => {
  const steps = painted(100, 100, (x) => 60 + x);
  const row = [...stretched(steps).pixels.subarray(0, 100)];
  expect(row).toEqual(row.toSorted((a, b) => a - b));
  expect([row[0], row[50], row[99]]).toEqual([0, expect.closeTo(130, -1), 255]);
});

test.each([
  ['all white', () => 255],
  ['all black', () => 0],
  ['paper with the noise of a scanner', (x: number, y: number) => 200 + ((x * 7 + y * 13) % 20)],
])('a page that is %s stays as it is', (_, gray) => {
  const page = painted(50, 50, gray);
  expect(stretched(page).pixels).toEqual(page.pixels);
});

test('the new pixels may take the place of the old ones', () => {
  const pale = painted(100, 100, (_, y) => (y % 10 === 0 ? 140 : 215));
  const expected = stretched(pale).pixels;
  expect(stretched(pale, pale.pixels).pixels).toEqual(expected);
});
