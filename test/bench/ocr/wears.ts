import type { Picture } from '../../../src/stages/scan/picture.js';
import { turnedBy } from '../../../src/stages/scan/skew.js';
import { quarterTurned, type QuarterTurns } from '../../../src/stages/scan/turns.js';

// Looked up once: a global takes a hundred times as long inside Jest.
const { ceil, exp, floor, max, min, round } = Math;

/** What a scanner, a copier or a fax does to a page: the same for the same random numbers. */
export type Step = (picture: Picture, random: () => number) => Picture;

function mapped(
  { width, height, pixels }: Picture,
  gray: (old: number, x: number, y: number) => number,
): Picture {
  const changed = new Uint8Array(width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) changed[at] = min(max(gray(pixels[at] ?? 0, x, y), 0), 255);
  }
  return { width, height, pixels: changed };
}

/** Paper and ink of these gray levels; `fall` darkens the paper towards the right bottom corner. */
function paper(white: number, black: number, fall = 0): Step {
  return (picture) =>
    mapped(picture, (old, x, y) => {
      const shade = fall * (x / picture.width + y / picture.height) * 0.5;
      return black + ((white - black) * old) / 255 - shade;
    });
}

export function noise(sigma: number): Step {
  return (picture, random) =>
    mapped(picture, (old) => old + sigma * 1.732 * (random() + random() + random() + random() - 2));
}

function saltAndPepper(share: number): Step {
  return (picture, random) =>
    mapped(picture, (old) => {
      const chance = random();
      if (chance >= share) return old;
      return chance < share / 2 ? 0 : 255;
    });
}

function bilevel(threshold: number): Step {
  return (picture) => mapped(picture, (old) => (old < threshold ? 0 : 255));
}

export function blur(sigma: number): Step {
  const reach = ceil(sigma * 3);
  const bell = Array.from({ length: reach * 2 + 1 }, (_, i) => exp(-((i - reach) ** 2) / (2 * sigma ** 2)));
  const sum = bell.reduce((all, weight) => all + weight, 0);
  const weights = Float64Array.from(bell, (weight) => weight / sum);
  const along = (
    from: ArrayLike<number>,
    at: number,
    step: number,
    place: number,
    length: number,
  ): number => {
    let mean = 0;
    for (let i = 0; i < weights.length; i++) {
      const to = min(max(place + i - reach, 0), length - 1);
      mean += (weights[i] ?? 0) * (from[at + (to - place) * step] ?? 0);
    }
    return mean;
  };
  return ({ width, height, pixels }) => {
    const rows = new Float32Array(width * height);
    const both = new Uint8Array(width * height);
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) rows[at] = along(pixels, at, 1, x, width);
    }
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) both[at] = along(rows, at, width, y, height);
    }
    return { width, height, pixels: both };
  };
}

/** Laid down askew, by degrees clockwise. */
export function skew(degrees: number): Step {
  return (picture) => turnedBy(degrees, picture);
}

/** Put in the wrong way round, by quarter turns clockwise. */
export function turned(turns: QuarterTurns): Step {
  return (picture) => quarterTurned(turns, picture);
}

const SIDE = 8;
/** Of libjpeg, for lightness. */
const QUANTIZATION = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22,
  29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103,
  121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
const COSINES = Float64Array.from({ length: SIDE * SIDE }, (_, i) => {
  const [k, n] = [floor(i / SIDE), i % SIDE];
  return (k === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * n + 1) * k * Math.PI) / 16);
});

/** What JPEG of this quality loses. */
export function jpeg(quality: number): Step {
  const scale = quality < 50 ? 5_000 / quality : 200 - 2 * quality;
  const steps = QUANTIZATION.map((step) => min(max(floor((step * scale + 50) / 100), 1), 255));
  return ({ width, height, pixels }) => {
    const lossy = Uint8Array.from(pixels);
    const [block, waves] = [new Float64Array(SIDE * SIDE), new Float64Array(SIDE * SIDE)];
    for (let top = 0; top + SIDE <= height; top += SIDE) {
      for (let left = 0; left + SIDE <= width; left += SIDE) {
        const at = (i: number): number => (top + floor(i / SIDE)) * width + left + (i % SIDE);
        for (let i = 0; i < block.length; i++) block[i] = (pixels[at(i)] ?? 0) - 128;
        transform(block, waves, false);
        for (const [i, step] of steps.entries()) waves[i] = round((waves[i] ?? 0) / step) * step;
        transform(waves, block, true);
        for (const [i, gray] of block.entries()) lossy[at(i)] = min(max(gray + 128, 0), 255);
      }
    }
    return { width, height, pixels: lossy };
  };
}

const HALF_WAY = new Float64Array(SIDE * SIDE);
/** The cosine transform of a block, rows first, or back. */
function transform(from: Float64Array, to: Float64Array, isBack: boolean): void {
  alongRows(from, HALF_WAY, isBack);
  alongRows(HALF_WAY, to, isBack);
}

/** Turns the block over its diagonal on the way: twice is once for each direction. */
function alongRows(from: Float64Array, to: Float64Array, isBack: boolean): void {
  for (let row = 0; row < SIDE; row++) {
    for (let k = 0; k < SIDE; k++) {
      let sum = 0;
      for (let n = 0; n < SIDE; n++) {
        sum += (COSINES[isBack ? n * SIDE + k : k * SIDE + n] ?? 0) * (from[row * SIDE + n] ?? 0);
      }
      to[k * SIDE + row] = sum;
    }
  }
}

/** A scan: the resolution it is made at and what happens to it. */
export interface Wear {
  name: string;
  dpi: number;
  steps: Step[];
}

export const WEARS: readonly [Wear, ...Wear[]] = [
  { name: '300-clean', dpi: 300, steps: [blur(0.6), noise(4)] },
  { name: '200-fax', dpi: 200, steps: [blur(0.6), noise(18), bilevel(150)] },
  { name: '150-jpeg', dpi: 150, steps: [blur(0.5), noise(4), jpeg(35)] },
  { name: '200-skew2', dpi: 200, steps: [skew(2), blur(0.5), noise(4), jpeg(75)] },
  { name: '200-blur', dpi: 200, steps: [blur(1.3), noise(6), jpeg(70)] },
  { name: '200-speckle', dpi: 200, steps: [blur(0.5), saltAndPepper(0.006)] },
  { name: '200-pale', dpi: 200, steps: [blur(0.7), paper(215, 140), noise(6), jpeg(75)] },
  { name: '150-clean', dpi: 150, steps: [blur(0.4), noise(3)] },
  { name: '200-gray', dpi: 200, steps: [skew(-0.7), blur(0.7), paper(200, 40, 50), noise(7), jpeg(55)] },
  { name: '300-copy', dpi: 300, steps: [skew(1), blur(1.2), noise(20), bilevel(165)] },
];

/** Pages put into the scanner the wrong way round. */
export const TURNED: readonly Wear[] = ([1, 2, 3] as const).map((turns) => ({
  name: `200-turned${turns * 90}`,
  dpi: 200,
  steps: [skew(0.5), blur(0.6), noise(4), jpeg(75), turned(turns)],
}));

/** The picture as this wear leaves it. */
export function worn(picture: Picture, { steps }: Pick<Wear, 'steps'>, random: () => number): Picture {
  return steps.reduce((before, step) => step(before, random), picture);
}
