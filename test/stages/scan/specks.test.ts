import { expect, test } from '@jest/globals';
import { unspeckled } from '../../../src/stages/scan/specks.js';
import { seeded } from '../../random.js';
import { painted } from './pictures.js';

const bars = (x: number, y: number) => (y % 12 < 4 && x % 20 < 16 ? 0 : 255);

/** Strokes with so large a share of the pixels made black or white. */
function speckled(share: number) {
  const random = seeded(3);
  return painted(200, 200, (x, y) => {
    const chance = random();
    if (chance >= share) return bars(x, y);
    return chance < share / 2 ? 0 : 255;
  });
}

test('single specks go, and strokes stay', () => {
  const wrong = (pixels: Uint8Array) =>
    pixels.filter((gray, at) => gray !== bars(at % 200, Math.floor(at / 200))).length;
  const before = speckled(0.02);
  expect(wrong(before.pixels)).toBeGreaterThan(250);
  // The corners of strokes are rounded.
  const cleaned = unspeckled(before);
  const strokes = 10 * 17 * 4;
  expect(wrong(cleaned.pixels)).toBeLessThan(strokes + 40);
  expect(cleaned.pixels.subarray(0)).not.toEqual(before.pixels);
});

test('the median is that of three by three pixels', () => {
  const before = speckled(0.02);
  const { width, pixels } = before;
  const after = unspeckled(before).pixels;
  for (const at of [201, 4_321, 20_020, 39_798]) {
    const round = [-1, 0, 1].flatMap((y) => [-1, 0, 1].map((x) => pixels[at + y * width + x] ?? NaN));
    expect(after[at]).toBe(round.toSorted((a, b) => a - b)[4]);
  }
});

test('a page with few specks keeps them, and its thin strokes', () => {
  const page = speckled(0.001);
  expect(unspeckled(page)).toBe(page);
});
