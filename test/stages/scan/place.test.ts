import { expect, test } from '@jest/globals';
import { onPage } from '../../../src/stages/scan/place.js';
import { turnedBy } from '../../../src/stages/scan/skew.js';
import { quarterTurned, type QuarterTurns } from '../../../src/stages/scan/turns.js';
import type { Picture } from '../../../src/stages/scan/picture.js';
import { painted } from './pictures.js';

const [WIDTH, HEIGHT] = [400, 300];
const BOX = { left: 90, top: 40, right: 130, bottom: 52 };
const QUARTERS: QuarterTurns[] = [0, 1, 2, 3];

/** Round the ink of a picture. */
function inkOf({ width, height, pixels }: Picture) {
  const ink = { left: width, top: height, right: 0, bottom: 0 };
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if ((pixels[at] ?? 255) > 128) continue;
      ink.left = Math.min(ink.left, x);
      ink.top = Math.min(ink.top, y);
      ink.right = Math.max(ink.right, x + 1);
      ink.bottom = Math.max(ink.bottom, y + 1);
    }
  }
  return ink;
}

const cases = QUARTERS.flatMap((turned) =>
  [-4, 0, 2].flatMap((skew) => QUARTERS.map((turns) => [turned, skew, turns] as const)),
);

test.each(cases)(
  'a word of a page turned by %d quarters, straightened by %d degrees and turned by %d lies where it was drawn',
  (turned, skew, turns) => {
    const page = painted(WIDTH, HEIGHT, (x, y) => {
      return x >= BOX.left && x < BOX.right && y >= BOX.top && y < BOX.bottom ? 0 : 255;
    });
    const prepared = turnedBy(-skew, quarterTurned(turned, page));
    const read = quarterTurned(turns, prepared);
    const { left, top, right, bottom } = onPage(prepared, { turns: turned, skew }, turns)(inkOf(read));
    // Askew, there is room in the corners of the box.
    const room = 2 + 2 * 40 * Math.sin((Math.abs(skew) * Math.PI) / 180);
    const places = [left * WIDTH, top * HEIGHT, right * WIDTH, bottom * HEIGHT];
    for (const [index, side] of [BOX.left, BOX.top, BOX.right, BOX.bottom].entries()) {
      expect(Math.abs((places[index] ?? NaN) - side)).toBeLessThanOrEqual(room);
    }
  },
);
