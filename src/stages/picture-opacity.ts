import type { Matrix } from './areas.js';
import type { Painted } from './page-objects.js';
import type { Pdfium } from './pdf-library.js';
import { Scratch } from './pdf-scratch.js';

/** Whether a picture hides what lies beneath a place. */
export type Opacity = (x: number, y: number) => boolean;

/** Pixels, decoded or drawn, of the pictures of one document that are looked into: some seconds' worth. */
const MOST_PIXELS = 60_000_000;
/** Points a side, and of the area, that a picture is laid down with. */
const MOST_SIDE = 5_000;
const MOST_AREA = 4_000_000;
/** pdfium's format with an alpha channel. */
const BGRA = 4;
const OPAQUE = 250;

/** Looks into pictures that lie on text: many are masks, through which it is seen. */
export class PictureOpacity {
  readonly #pdfium: Pdfium;
  readonly #document: number;
  #pixelsLeft = MOST_PIXELS;
  #page = 0;

  constructor(pdfium: Pdfium, document: number) {
    this.#pdfium = pdfium;
    this.#document = document;
  }

  turnTo(page: number): void {
    this.#page = page;
  }

  /** @returns undefined when it is not known, as of a picture that is turned */
  of({ handle }: Painted, [a, b, c, d, e, f]: Matrix): Opacity | undefined {
    const isUpright = Math.abs(b) < 0.01 && Math.abs(c) < 0.01 && a >= 1 && d >= 1;
    if (!isUpright || Math.max(a, d) > MOST_SIDE || a * d > MOST_AREA) return undefined;
    if (!this.#mayLook(handle, a * d)) return undefined;
    const alphas = this.#alphas(handle);
    if (!alphas) return undefined;
    const { width, height, values } = alphas;
    if (values.every((alpha) => alpha >= OPAQUE)) return () => true;
    return (x, y) => {
      const column = Math.min(Math.max(Math.floor(((x - e) / a) * width), 0), width - 1);
      const row = Math.min(Math.max(Math.floor((1 - (y - f) / d) * height), 0), height - 1);
      return (values[row * width + column] ?? 0) >= OPAQUE;
    };
  }

  #mayLook(handle: number, drawnPixels: number): boolean {
    const scratch = new Scratch(this.#pdfium, 8);
    const isKnown = this.#pdfium._FPDFImageObj_GetImagePixelSize(handle, scratch.at, scratch.at + 4) !== 0;
    const pixels = isKnown ? Math.max(scratch.whole(0) * scratch.whole(1), drawnPixels) : Infinity;
    scratch.free();
    if (pixels > this.#pixelsLeft) return false;
    this.#pixelsLeft -= pixels;
    return true;
  }

  #alphas(handle: number): { width: number; height: number; values: Uint8Array } | undefined {
    const pdfium = this.#pdfium;
    const bitmap = pdfium._FPDFImageObj_GetRenderedBitmap(this.#document, this.#page, handle);
    if (bitmap === 0) return undefined;
    const width = pdfium._FPDFBitmap_GetWidth(bitmap);
    const height = pdfium._FPDFBitmap_GetHeight(bitmap);
    const stride = pdfium._FPDFBitmap_GetStride(bitmap);
    const start = pdfium._FPDFBitmap_GetBuffer(bitmap);
    const hasAlpha = pdfium._FPDFBitmap_GetFormat(bitmap) === BGRA;
    const values = new Uint8Array(width * height).fill(255);
    for (let row = 0; hasAlpha && row < height; row++) {
      for (let column = 0; column < width; column++) {
        values[row * width + column] = pdfium.HEAPU8[start + row * stride + column * 4 + 3] ?? 0;
      }
    }
    pdfium._FPDFBitmap_Destroy(bitmap);
    return { width, height, values };
  }
}
