import { PNG } from 'pngjs';
import type { ColourPicture } from './pdf-drawing.js';

const RGB = 2;
/** A page of print is no smaller with more, and takes twice as long. */
const LEVEL = 3;

/** A picture as PNG. */
export function pngOf({ width, height, rgb }: ColourPicture): Uint8Array<ArrayBuffer> {
  const image = Object.assign(new PNG(), { width, height, data: rgb });
  const options = {
    colorType: RGB,
    inputColorType: RGB,
    inputHasAlpha: false,
    filterType: 0,
    deflateLevel: LEVEL,
  };
  // Of its own memory, to be handed over.
  return new Uint8Array(PNG.sync.write(image, options as object));
}
