import type { Picture, Pixels } from './picture.js';

/** The picture as a file: a header, then its pixels. */
export function pgmOf({ width, height, pixels }: Picture): Pixels {
  const header = Buffer.from(`P5 ${width} ${height} 255\n`);
  const pgm = new Uint8Array(header.length + pixels.length);
  pgm.set(header);
  pgm.set(pixels, header.length);
  return pgm;
}

/** The picture in such a file, whose pixels it shares. */
export function pictureIn(pgm: Pixels, width: number, height: number): Picture {
  return { width, height, pixels: pgm.subarray(-width * height) };
}
