import { expect, test } from '@jest/globals';
import { reduced, type Picture } from '../../../src/stages/scan/picture.js';
import { findSkew, turnedBy } from '../../../src/stages/scan/skew.js';
import { seeded } from '../../random.js';
import { painted } from './pictures.js';

/** Lines of strokes of many lengths, as print has them, on half a page at 216 dpi. */
function page(): Picture {
  const random = seeded(5);
  const [width, height] = [1_836, 1_188];
  const pixels = new Uint8Array(width * height).fill(255);
  for (let line = 80; line < height - 80; line += 48) {
    for (let x = 120; x < width - 120; x += 6 + 20 * random()) {
      const top = line + (random() < 0.2 ? 0 : 8);
      for (let y = top; y < line + 24; y++) pixels.fill(0, y * width + x, y * width + x + 4);
    }
  }
  return { width, height, pixels };
}

const straight = page();

test.each([-4.7, -2, -1.3, -0.7, -0.3, 0, 0.4, 1, 1.8, 3.3, 4.9])(
  'a page %d degrees askew is found to be so within a tenth',
  (degrees) => {
    expect(Math.abs(findSkew(reduced(turnedBy(degrees, straight))).degrees - degrees)).toBeLessThan(0.15);
  },
);

test('lines of print are sharp, and print that stands on its end is not', () => {
  const sideways = painted(1_188, 1_836, (x, y) => straight.pixels[x * 1_836 + y] ?? 255);
  expect(findSkew(reduced(straight)).sharpness).toBeGreaterThan(2);
  expect(findSkew(reduced(sideways)).sharpness).toBeLessThan(1.5);
});

test.each([
  ['without ink', painted(400, 400, () => 255)],
  ['all black', painted(400, 400, () => 0)],
  ['of one pixel', painted(1, 1, () => 0)],
  ['three pixels high', painted(3_000, 3, (x) => (x % 2) * 255)],
  ['with one bar', painted(400, 400, (x, y) => (y > 190 && y < 200 && x > 150 && x < 200 ? 0 : 255))],
])('a picture %s is not askew', (_, blank) => {
  expect(findSkew(reduced(blank)).degrees).toBe(0);
});

test('what was askew is straight again, and white where the page was not', () => {
  const back = turnedBy(-2, turnedBy(2, straight));
  const wrong = back.pixels.filter((gray, at) => Math.abs(gray - (straight.pixels[at] ?? 0)) > 140).length;
  expect(wrong / back.pixels.length).toBeLessThan(0.02);
  expect(
    turnedBy(
      3,
      painted(200, 200, () => 0),
    ).pixels[0],
  ).toBe(255);
});

test('a turn is clockwise', () => {
  const dot = painted(201, 201, (x, y) => (x > 178 && x < 182 && y > 98 && y < 102 ? 0 : 255));
  const { pixels } = turnedBy(5, dot);
  const [x, y] = [100 + 80 * Math.cos(Math.PI / 36), 100 + 80 * Math.sin(Math.PI / 36)];
  expect(pixels[Math.round(y) * 201 + Math.round(x)]).toBeLessThan(60);
});
