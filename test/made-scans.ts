import type { Picture } from '../src/stages/scan/picture.js';
import { blur, jpeg, noise, worn, type Step } from './bench/ocr/wears.js';
import { drawn, makePdf, scanPdf, type Placed } from './pdf-fixtures.js';
import { seeded } from './random.js';

// Looked up once: a global takes a hundred times as long inside Jest.
const { max, min } = Math;

const LETTER = { width: 612, height: 792 };
const SCANNER: Step[] = [blur(0.6), noise(4), jpeg(75)];

/** A scan at 200 dpi of a page with these texts, after what happened to it. */
export async function scanned(texts: Placed[], steps: Step[], seed = 1): Promise<Buffer> {
  const page = await drawn(await makePdf([{ texts }]), 1, 200);
  return scanPdf(worn(page, { steps: [...steps, ...SCANNER] }, seeded(seed)));
}

/** A scan of nothing but what is painted, by the place on the page from 0 to 1. */
export function painting(
  gray: (x: number, y: number, random: () => number) => number,
  seed = 1,
): Promise<Buffer> {
  const random = seeded(seed);
  const [width, height] = [LETTER.width * 2, LETTER.height * 2];
  const pixels = new Uint8Array(width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      pixels[at] = min(max(gray(x / width, y / height, random), 0), 255);
    }
  }
  return scanPdf({ width, height, pixels } satisfies Picture);
}
