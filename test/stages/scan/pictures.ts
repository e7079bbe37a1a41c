import type { Picture } from '../../../src/stages/scan/picture.js';

/** A picture drawn in signs, a row a line: `#` is black, anything else white. */
export function picture(...rows: string[]): Picture {
  const width = rows[0]?.length ?? 0;
  const pixels = Uint8Array.from(rows.join(''), (sign) => (sign === '#' ? 0 : 255));
  return { width, height: rows.length, pixels };
}

/** The same in signs. */
export function signs({ width, height, pixels }: Picture): string[] {
  return Array.from({ length: height }, (_, y) =>
    Array.from(pixels.subarray(y * width, (y + 1) * width), (gray) => (gray < 128 ? '#' : '.')).join(''),
  );
}

/** A picture whose every pixel is told by its place. */
export function painted(width: number, height: number, gray: (x: number, y: number) => number): Picture {
  const pixels = new Uint8Array(width * height);
  for (let y = 0, at = 0; y < height; y++) for (let x = 0; x < width; x++, at++) pixels[at] = gray(x, y);
  return { width, height, pixels };
}
