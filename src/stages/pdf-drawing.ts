import type { Pdfium } from './pdf-library.js';
import type { Picture } from './scan/picture.js';

/** 216 dpi, what OCR reads best for its time. */
const OCR_SCALE = 3;
/** A3 at 216 dpi is 9 million pixels. */
const MAX_PIXELS = 16_000_000;
/** Tesseract refuses longer sides. */
const MAX_SIDE = 32_000;

/** A page that is as wide as pictures come and twice as long as A4 is still drawn so wide. */
const MAX_PICTURE_PIXELS = 12_000_000;
/** Browsers show no longer ones for sure. */
const MAX_PICTURE_SIDE = 16_000;

const RENDER_ANNOTATIONS = 0x01;
const RENDER_GRAYSCALE = 0x08;
const BITMAP_GRAY = 1;
const BITMAP_BGRX = 3;

/**
 * Draws a page, large ones smaller.
 *
 * @param page - pdfium's handle of it
 * @param scale - pixels a point
 */
export function drawGray(pdfium: Pdfium, page: number, scale: number = OCR_SCALE): Picture {
  const { width: pageWidth, height: pageHeight } = pageSize(pdfium, page);
  const fitting = Math.min(
    scale,
    Math.sqrt(MAX_PIXELS / pageWidth / pageHeight),
    MAX_SIDE / Math.max(pageWidth, pageHeight),
  );
  const width = Math.max(Math.round(pageWidth * fitting), 1);
  const height = Math.max(Math.round(pageHeight * fitting), 1);
  const pixels = render(
    pdfium,
    page,
    { width, height, format: BITMAP_GRAY, bytes: 1 },
    (drawn) => new Uint8Array(drawn),
  );
  return { width, height, pixels };
}

/** A picture in colour. */
export interface ColourPicture {
  width: number;
  height: number;
  /** Red, green and blue of each pixel, rows from the top. */
  rgb: Buffer;
}

/** The size of the picture of a page that is to be so many pixels wide; less wide where the page is very long. */
export function pictureSize(pdfium: Pdfium, page: number, wanted: number): { width: number; height: number } {
  const { width: pageWidth, height: pageHeight } = pageSize(pdfium, page);
  const fitting = Math.min(
    wanted / pageWidth,
    Math.sqrt(MAX_PICTURE_PIXELS / pageWidth / pageHeight),
    MAX_PICTURE_SIDE / Math.max(pageWidth, pageHeight),
  );
  return {
    width: Math.max(Math.round(pageWidth * fitting), 1),
    height: Math.max(Math.round(pageHeight * fitting), 1),
  };
}

/** Draws a page in colour, in a size of `pictureSize`. */
export function drawColour(
  pdfium: Pdfium,
  page: number,
  { width, height }: { width: number; height: number },
): ColourPicture {
  const rgb = render(pdfium, page, { width, height, format: BITMAP_BGRX, bytes: 4 }, (bgrx) => {
    const turned = Buffer.allocUnsafe(width * height * 3);
    for (let from = 0, to = 0; from < bgrx.length; from += 4, to += 3) {
      turned[to] = bgrx[from + 2] ?? 0;
      turned[to + 1] = bgrx[from + 1] ?? 0;
      turned[to + 2] = bgrx[from] ?? 0;
    }
    return turned;
  });
  return { width, height, rgb };
}

function pageSize(pdfium: Pdfium, page: number): { width: number; height: number } {
  return {
    width: Math.max(pdfium._FPDF_GetPageWidthF(page), 1),
    height: Math.max(pdfium._FPDF_GetPageHeightF(page), 1),
  };
}

interface Bitmap {
  width: number;
  height: number;
  format: number;
  /** A pixel. */
  bytes: number;
}

/** @param use makes of the pixels what is kept of them: they are pdfium's */
function render<T>(
  pdfium: Pdfium,
  page: number,
  { width, height, format, bytes }: Bitmap,
  use: (pixels: Uint8Array) => T,
): T {
  const size = width * height * bytes;
  const pointer = pdfium.wasmExports.malloc(size);
  if (pointer === 0) throw new Error('no memory for the picture of the page');
  try {
    const bitmap = pdfium._FPDFBitmap_CreateEx(width, height, format, pointer, width * bytes);
    if (bitmap === 0) throw new Error('pdfium cannot make a bitmap');
    pdfium._FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xffffffff);
    const flags = RENDER_ANNOTATIONS | (format === BITMAP_GRAY ? RENDER_GRAYSCALE : 0);
    pdfium._FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, flags);
    pdfium._FPDFBitmap_Destroy(bitmap);
    return use(pdfium.HEAPU8.subarray(pointer, pointer + size));
  } finally {
    pdfium.wasmExports.free(pointer);
  }
}
