import type { Picture, Pixels } from './picture.js';

/** The share of the pixels that become all white. */
const LIGHT_CUT = 0.01;
/** The share that become all black: less, because a page may hold little ink, whose gray seams would become thick. */
const DARK_CUT = 0.002;
/** Fewer gray levels than this between both ends: next to nothing stands on the page, and noise is no print. */
const LEAST_RANGE = 32;
/** From so many on print is black enough: more would only make small bold letters run together. */
const ENOUGH_RANGE = 150;

/**
 * The gray levels of a pale picture spread over all from black to white.
 *
 * @param into - holds the new pixels; may be those of the picture
 */
export function stretched(picture: Picture, into: Pixels = new Uint8Array(picture.pixels.length)): Picture {
  const { width, height, pixels } = picture;
  const { low, high } = ends(pixels);
  if (high - low < LEAST_RANGE || high - low >= ENOUGH_RANGE) return picture;
  const levels = Uint8Array.from({ length: 256 }, (_, level) =>
    Math.min(Math.max(((level - low) * 255) / (high - low), 0), 255),
  );
  for (let at = 0; at < pixels.length; at++) into[at] = levels[pixels[at] ?? 0] ?? 0;
  return { width, height, pixels: into };
}

/** The gray levels below and above which so few pixels lie. */
function ends(pixels: Pixels): { low: number; high: number } {
  const counts = new Uint32Array(256);
  // Every other pixel tells the same.
  for (let at = 0; at < pixels.length; at += 2) {
    const level = pixels[at] ?? 0;
    counts[level] = (counts[level] ?? 0) + 1;
  }
  const dark = (pixels.length / 2) * DARK_CUT;
  const light = (pixels.length / 2) * LIGHT_CUT;
  let low = 0;
  for (let below = counts[0] ?? 0; low < 255 && below < dark; below += counts[low] ?? 0) low++;
  let high = 255;
  for (let above = counts[255] ?? 0; high > low && above < light; above += counts[high] ?? 0) high--;
  return { low, high };
}
