import type { Area, Picture, Pixels } from './picture.js';

/** Quarter turns clockwise. */
export type QuarterTurns = 0 | 1 | 2 | 3;

/**
 * The picture turned clockwise by quarter turns.
 *
 * @param into - holds the new pixels; not those of the picture
 */
export function quarterTurned(
  turns: QuarterTurns,
  picture: Picture,
  into: Pixels = new Uint8Array(picture.pixels.length),
): Picture {
  const { width, height, pixels } = picture;
  if (turns === 0) return picture;
  const last = width * height - 1;
  // Where the first pixel comes to lie, and how far from it the next of its row and of its column.
  const steps = {
    1: [height - 1, height, -1],
    2: [last, -1, -width],
    3: [last + 1 - height, -height, 1],
  } as const;
  const [first, across, down] = steps[turns];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0, to = first + y * down; x < width; x++, at++, to += across) into[to] = pixels[at] ?? 0;
  }
  return { ...sizeAfter(turns, picture), pixels: into };
}

export function sizeAfter(turns: QuarterTurns, { width, height }: Pick<Picture, 'width' | 'height'>) {
  return turns % 2 === 0 ? { width, height } : { width: height, height: width };
}

/** An area of a picture of this size, turned with it. */
export function turnedArea(turns: QuarterTurns, size: { width: number; height: number }, area: Area): Area {
  const { width, height } = size;
  const { left, top, right, bottom } = area;
  if (turns === 1) return { left: height - bottom, top: left, right: height - top, bottom: right };
  if (turns === 2)
    return { left: width - right, top: height - bottom, right: width - left, bottom: height - top };
  if (turns === 3) return { left: top, top: width - right, right: bottom, bottom: width - left };
  return area;
}
