import type { Pdfium } from './pdf-library.js';
import type { Picture } from './scan/picture.js';

/** 216 dpi, what OCR reads best for its time. */
const OCR_SCALE = 3;
/** A3 at 216 dpi is 9 million pixels. */
const MAX_PIXELS = 16_000_000;
/** Tesseract refuses longer sides. */
const MAX_SIDE = 32_000;

const RENDER_ANNOTATIONS = 0x01;
const RENDER_GRAYSCALE = 0x08;
const BITMAP_GRAY = 1;

/**
 * Draws a page, large ones smaller.
 *
 * @param page - pdfium's handle of it
 * @param scale - pixels a point
 */
export function drawGray(pdfium: Pdfium, page: number, scale: number = OCR_SCALE): Picture {
  const pageWidth = Math.max(pdfium._FPDF_GetPageWidthF(page), 1);
  const pageHeight = Math.max(pdfium._FPDF_GetPageHeightF(page), 1);
  const fitting = Math.min(
    scale,
    Math.sqrt(MAX_PIXELS / pageWidth / pageHeight),
    MAX_SIDE / Math.max(pageWidth, pageHeight),
  );
  const width = Math.max(Math.round(pageWidth * fitting), 1);
  const height = Math.max(Math.round(pageHeight * fitting), 1);
  const pointer = pdfium.wasmExports.malloc(width * height);
  if (pointer === 0) throw new Error('no memory for the picture of the page');
  try {
    const bitmap = pdfium._FPDFBitmap_CreateEx(width, height, BITMAP_GRAY, pointer, width);
    if (bitmap === 0) throw new Error('pdfium cannot make a bitmap');
    pdfium._FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xffffffff);
    const flags = RENDER_ANNOTATIONS | RENDER_GRAYSCALE;
    pdfium._FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, flags);
    pdfium._FPDFBitmap_Destroy(bitmap);
    return {
      width,
      height,
      pixels: new Uint8Array(pdfium.HEAPU8.subarray(pointer, pointer + width * height)),
    };
  } finally {
    pdfium.wasmExports.free(pointer);
  }
}
