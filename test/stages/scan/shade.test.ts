import { expect, test } from '@jest/globals';
import { unshaded } from '../../../src/stages/scan/shade.js';
import { painted } from './pictures.js';

/** Strokes of print on half a page, the left half of which is shaded. */
const shaded = painted(640, 320, (x, y) => {
  if (y % 16 < 6 && x % 10 < 4) return 60;
  return x < 320 ? 200 : 250;
});

test('a shaded field becomes as white as the paper beside it, and print on it stays', () => {
  const { pixels, width } = unshaded(shaded);
  expect([pixels[10 * width + 105], pixels[10 * width + 505]]).toEqual([255, 255]);
  expect(pixels[2 * width + 101]).toBeLessThan(90);
  expect(pixels[2 * width + 501]).toBeLessThan(90);
});

test('a dark field with white print stays', () => {
  const header = painted(640, 320, (x, y) => (y % 16 < 6 && x % 10 < 3 ? 250 : 40));
  expect(unshaded(header).pixels).toEqual(header.pixels);
});

test.each([
  [1, 1],
  [31, 400],
  [33, 45],
])('a picture of %d by %d pixels is no matter', (width, height) => {
  expect(unshaded(painted(width, height, () => 200)).pixels).toHaveLength(width * height);
});
