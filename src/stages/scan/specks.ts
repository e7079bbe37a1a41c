import type { Picture, Pixels } from './picture.js';

/**
 * Above this share of specks the median takes more noise than print away: pages with specks have twice as many,
 * others half as many.
 */
const SPECKLED = 0.0025;
/** Gray levels by which a speck stands out. */
const STANDS_OUT = 60;
/** Specks are counted in every fourth row. */
const ROWS_APART = 4;

/**
 * Takes single specks away, where there are many: the median takes thin strokes of small print with them.
 *
 * @param into - holds the new pixels; not those of the picture
 */
export function unspeckled(picture: Picture, into: Pixels = new Uint8Array(picture.pixels.length)): Picture {
  return speckShare(picture) > SPECKLED ? median(picture, into) : picture;
}

/** The share of pixels that stand out from all that is two pixels away: dots of print are larger. */
function speckShare({ width, height, pixels }: Picture): number {
  const ring = [-2, 0, 2].flatMap((y) => [-2, 0, 2].map((x) => y * width + x)).filter((step) => step !== 0);
  let specks = 0;
  let seen = 0;
  for (let y = 2; y < height - 2; y += ROWS_APART) {
    for (let x = 2; x < width - 2; x++, seen++) {
      if (standsOut(pixels, y * width + x, ring)) specks++;
    }
  }
  return specks / Math.max(seen, 1);
}

function standsOut(pixels: Pixels, at: number, ring: readonly number[]): boolean {
  const level = pixels[at] ?? 0;
  let isDarker = true;
  let isLighter = true;
  for (let index = 0; index < ring.length && (isDarker || isLighter); index++) {
    const other = pixels[at + (ring[index] ?? 0)] ?? 0;
    if (level > other - STANDS_OUT) isDarker = false;
    if (level < other + STANDS_OUT) isLighter = false;
  }
  return isDarker || isLighter;
}

/** Every pixel takes the median of the three by three round it. Columns are sorted once, and used three times. */
function median({ width, height, pixels }: Picture, into: Pixels): Picture {
  into.set(pixels);
  const [least, middle, most] = [new Uint8Array(width), new Uint8Array(width), new Uint8Array(width)];
  for (let y = 1; y < height - 1; y++) {
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const above = pixels[at - width] ?? 0;
      const here = pixels[at] ?? 0;
      const below = pixels[at + width] ?? 0;
      const low = Math.min(above, here);
      const high = Math.max(above, here);
      least[x] = Math.min(low, below);
      most[x] = Math.max(high, below);
      middle[x] = Math.max(low, Math.min(high, below));
    }
    for (let x = 1, at = y * width + 1; x < width - 1; x++, at++) {
      const low = Math.max(least[x - 1] ?? 0, least[x] ?? 0, least[x + 1] ?? 0);
      const high = Math.min(most[x - 1] ?? 0, most[x] ?? 0, most[x + 1] ?? 0);
      into[at] = middleOf(low, middleOf(middle[x - 1] ?? 0, middle[x] ?? 0, middle[x + 1] ?? 0), high);
    }
  }
  return { width, height, pixels: into };
}

function middleOf(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
