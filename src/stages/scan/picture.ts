/** A gray picture: one byte a pixel, 0 is black, rows from the top. */
export interface Picture {
  width: number;
  height: number;
  pixels: Pixels;
}

export type Pixels = Uint8Array<ArrayBuffer>;

/** Pixels darker than this are ink. */
export const INK = 150;

/** In pixels of a picture, `right` and `bottom` behind the last. */
export interface Area {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** A quarter of the picture's width and height, by the mean of four by four pixels. */
export function reduced({ width, height, pixels }: Picture): Picture {
  const small = { width: width >> 2, height: height >> 2 };
  const means = new Uint8Array(small.width * small.height);
  for (let y = 0, at = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++, at++) {
      let sum = 0;
      for (let row = 0, from = 4 * (y * width + x); row < 4; row++, from += width) {
        sum +=
          (pixels[from] ?? 0) + (pixels[from + 1] ?? 0) + (pixels[from + 2] ?? 0) + (pixels[from + 3] ?? 0);
      }
      means[at] = sum >> 4;
    }
  }
  return { ...small, pixels: means };
}
