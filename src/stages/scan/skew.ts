import type { Picture, Pixels } from './picture.js';

/** Degrees to either side within which a page's skew is looked for. */
const MOST_DEGREES = 5;
const COARSE_DEGREES = 0.5;
const FINE_DEGREES = 0.1;
/** Gray levels from ink to the paper below it. */
const EDGE = 40;
/** A page is skewed only where its lines of print are so much sharper than as it lies. */
const SHARPER = 1.02;

export interface Skew {
  /** How far lines of print fall to the right: the page lies so many degrees clockwise. */
  degrees: number;
  /** How much better that angle is than a bad one, from 1: sideways print is next to 1. */
  sharpness: number;
}

/**
 * Finds the skew to a tenth of a degree, at which the lower edges of ink fall into the fewest rows.
 *
 * @param small - the page reduced, upright or upside down
 */
export function findSkew(small: Picture): Skew {
  const edges = lowerEdges(small);
  const rows = new Float64Array(2 * small.height + small.width);
  const score = (degrees: number): number => {
    rows.fill(0);
    const slope = Math.tan((degrees * Math.PI) / 180);
    const middle = small.width / 2;
    for (let index = 0; index < edges.count; index++) {
      // To the nearest, and never below 0.
      const row = ((edges.y[index] ?? 0) - slope * ((edges.x[index] ?? 0) - middle) + middle + 0.5) | 0;
      rows[row] = (rows[row] ?? 0) + 1;
    }
    return rows.reduce((sum, count) => sum + count * count, 0);
  };
  const asItLies = score(0);
  let best = { degrees: 0, score: SHARPER * asItLies };
  let worst = asItLies;
  const look = (degrees: number): void => {
    const found = score(degrees);
    if (found > best.score) best = { degrees, score: found };
    worst = Math.min(worst, found);
  };
  for (let step = COARSE_DEGREES; step <= MOST_DEGREES; step += COARSE_DEGREES) [step, -step].forEach(look);
  const { degrees } = best;
  for (let step = FINE_DEGREES; step < COARSE_DEGREES; step += FINE_DEGREES) {
    [degrees + step, degrees - step].forEach(look);
  }
  return {
    degrees: Math.round(best.degrees * 10) / 10,
    sharpness: edges.count === 0 ? 1 : Math.max(best.score / SHARPER, asItLies) / Math.max(worst, 1),
  };
}

/** Where ink has paper below it: that is where lines of print are, on any paper. */
function lowerEdges({ width, height, pixels }: Picture): { x: Uint16Array; y: Uint16Array; count: number } {
  const count = countEdges(width, height, pixels);
  const [x, y] = [new Uint16Array(count), new Uint16Array(count)];
  let index = 0;
  for (let row = 0; row < height - 1; row++) {
    for (let column = 0, at = row * width; column < width; column++, at++) {
      if ((pixels[at + width] ?? 0) - (pixels[at] ?? 0) <= EDGE) continue;
      x[index] = column;
      y[index++] = row;
    }
  }
  return { x, y, count };
}

function countEdges(width: number, height: number, pixels: Pixels): number {
  let count = 0;
  for (let at = 0; at < width * (height - 1); at++) {
    if ((pixels[at + width] ?? 0) - (pixels[at] ?? 0) > EDGE) count++;
  }
  return count;
}

/**
 * The picture turned clockwise about its middle by a few degrees, its size kept and what is laid bare white.
 *
 * @param into - holds the new pixels; not those of the picture
 */
export function turnedBy(
  degrees: number,
  { width, height, pixels }: Picture,
  into: Pixels = new Uint8Array(pixels.length),
): Picture {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  for (let y = 0, at = 0; y < height; y++) {
    let fromX = -(width / 2) * cos + (y - height / 2) * sin + width / 2;
    let fromY = (width / 2) * sin + (y - height / 2) * cos + height / 2;
    for (let x = 0; x < width; x++, at++, fromX += cos, fromY -= sin) {
      const left = fromX | 0;
      const top = fromY | 0;
      if (fromX < 0 || fromY < 0 || left + 1 >= width || top + 1 >= height) {
        into[at] = 255;
        continue;
      }
      // Between four pixels, in whole numbers.
      const across = ((fromX - left) * 64) | 0;
      const down = ((fromY - top) * 64) | 0;
      const from = top * width + left;
      const upper = (pixels[from] ?? 0) * (64 - across) + (pixels[from + 1] ?? 0) * across;
      const lower = (pixels[from + width] ?? 0) * (64 - across) + (pixels[from + width + 1] ?? 0) * across;
      into[at] = (upper * (64 - down) + lower * down) >> 12;
    }
  }
  return { width, height, pixels: into };
}
