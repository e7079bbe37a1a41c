import { INK, type Picture, type Pixels } from './picture.js';

/** Pixels at 216 dpi. What is shorter may be a stroke of a letter, what is thicker a filled box with print on it. */
const LEAST_ACROSS = 90;
const LEAST_DOWN = 48;
/** A run down that is shorter may be a letter of a heading: it is a rule where it ends at a rule across. */
const SURE_DOWN = 110;
const AT_END = 4;
const MOST_THICK = 8;
/** Worn rules have holes, of so many pixels at most. */
const HOLE = 2;
/** The share of a rule that is thin: blurred small print makes long runs too, but thick and thin ones. */
const THIN = 0.85;

/** A way through the pixels of a picture, line by line: rows, or columns. */
interface Lines {
  count: number;
  length: number;
  /** From a line to the next, and along a line. */
  across: number;
  along: number;
  /** Of a rule, and of what is one for sure. */
  least: number;
  sure: number;
}

/**
 * Takes rules and the borders of boxes away: Tesseract leaves out what stands in a box. Letters that cross a
 * rule stay.
 *
 * @param into - holds the new pixels; not those of the picture
 */
export function unruled(picture: Picture, into: Pixels = new Uint8Array(picture.pixels.length)): Picture {
  const { width, height, pixels } = picture;
  into.set(pixels);
  erase(pixels, into, {
    count: height,
    length: width,
    across: width,
    along: 1,
    least: LEAST_ACROSS,
    sure: LEAST_ACROSS,
  });
  erase(pixels, into, {
    count: width,
    length: height,
    across: 1,
    along: width,
    least: LEAST_DOWN,
    sure: SURE_DOWN,
  });
  return { width, height, pixels: into };
}

function erase(pixels: Pixels, into: Pixels, lines: Lines): void {
  const { count, length, across, along, least } = lines;
  for (let line = 0; line < count; line++) {
    let start = 0;
    let end = 0;
    for (let place = 0, at = line * across; place < length; place++, at += along) {
      if (!isInk(pixels, at)) continue;
      if (place - end > HOLE) {
        if (end - start >= least) eraseRule(pixels, into, lines, line, start, end);
        start = place;
      }
      end = place + 1;
    }
    if (end - start >= least) eraseRule(pixels, into, lines, line, start, end);
  }
}

function isInk(pixels: Pixels, at: number): boolean {
  return (pixels[at] ?? 255) < INK;
}

/** @param end - behind the last pixel */
function eraseRule(
  pixels: Pixels,
  into: Pixels,
  { count, across, along, sure }: Lines,
  line: number,
  start: number,
  end: number,
): void {
  /** Lines of ink from a pixel on, to one side. */
  const inked = (at: number, step: number, most: number): number => {
    let size = 0;
    while (size < most && isInk(pixels, at + (size + 1) * step)) size++;
    return size;
  };
  const before = Math.min(line, MOST_THICK);
  const behind = Math.min(count - 1 - line, MOST_THICK);
  let thin = 0;
  let seen = 0;
  for (let place = start, at = line * across + start * along; place < end; place += 2, at += 2 * along) {
    seen++;
    if (inked(at, -across, before) + 1 + inked(at, across, behind) <= MOST_THICK) thin++;
  }
  if (thin < THIN * seen) return;
  /** Whether a rule that was erased passes here: beside the run, as it stays where both cross. */
  const meetsRule = (place: number): boolean =>
    [line - MOST_THICK, line + MOST_THICK].some((beside) => {
      const at = beside * across + place * along;
      return beside >= 0 && beside < count && isInk(pixels, at) && into[at] === 255;
    });
  if (end - start < sure) {
    const ends = Array.from({ length: AT_END }, (_, step) => [start + step, end - 1 - step]).flat();
    if (!ends.some(meetsRule)) return;
  }
  for (let place = start, at = line * across + start * along; place < end; place++, at += along) {
    const [above, below] = [inked(at, -across, before), inked(at, across, behind)];
    if (above + 1 + below > MOST_THICK) continue;
    // With the gray seam to both sides.
    const [from, to] = [Math.max(-above - 1, -line), Math.min(below + 1, count - 1 - line)];
    for (let step = from; step <= to; step++) into[at + step * across] = 255;
  }
}
