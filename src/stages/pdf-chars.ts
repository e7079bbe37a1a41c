import type { PlacedChar } from './layout.js';
import type { Pdfium } from './pdf-library.js';

/** Two doubles (the origin), four floats (the box), six floats (the matrix). */
const SCRATCH_BYTES = 56;

/** The first `count` characters of a page, in the order of its content, and in points of its own. */
export function placedChars(pdfium: Pdfium, textPage: number, count: number): PlacedChar[] {
  const scratch = pdfium.wasmExports.malloc(SCRATCH_BYTES);
  const chars: PlacedChar[] = [];
  let view = new DataView(pdfium.HEAPU8.buffer, scratch, SCRATCH_BYTES);
  let size = 1;
  let angle = 0;
  let textObject = 0;
  for (let index = 0; index < count; index++) {
    const text = charText(pdfium, textPage, index);
    if (text === '') continue;
    const ofObject = pdfium._FPDFText_GetTextObject(textPage, index);
    pdfium._FPDFText_GetCharOrigin(textPage, index, scratch, scratch + 8);
    pdfium._FPDFText_GetLooseCharBox(textPage, index, scratch + 16);
    const isNewObject = ofObject !== 0 && ofObject !== textObject;
    if (isNewObject) pdfium._FPDFText_GetMatrix(textPage, index, scratch + 32);
    // The memory is replaced when it grows.
    if (view.buffer !== pdfium.HEAPU8.buffer)
      view = new DataView(pdfium.HEAPU8.buffer, scratch, SCRATCH_BYTES);
    if (isNewObject) {
      textObject = ofObject;
      // The font's own size is often 1, the matrix (a, b, c, d, ...) holding the rest.
      const scale = Math.hypot(view.getFloat32(40, true), view.getFloat32(44, true));
      size = Math.abs(pdfium._FPDFText_GetFontSize(textPage, index)) * scale;
      angle = Math.atan2(view.getFloat32(36, true), view.getFloat32(32, true));
    }
    const char = {
      text,
      originX: view.getFloat64(0, true),
      originY: view.getFloat64(8, true),
      left: view.getFloat32(16, true),
      top: view.getFloat32(20, true),
      right: view.getFloat32(24, true),
      bottom: view.getFloat32(28, true),
      size,
      angle,
    };
    const sum = char.originX + char.originY + char.left + char.top + char.right + char.bottom + size + angle;
    if (Number.isFinite(sum)) chars.push(char);
  }
  pdfium.wasmExports.free(scratch);
  return chars;
}

/** The character to keep, '' for what is no text: controls, halves of surrogate pairs, invisible marks. */
function charText(pdfium: Pdfium, textPage: number, index: number): string {
  const unit = pdfium._FPDFText_GetUnicode(textPage, index);
  if (pdfium._FPDFText_IsGenerated(textPage, index) === 1)
    return unit === 0x0a ? '\n' : unit === 0x0d ? '' : ' ';
  if (pdfium._FPDFText_IsHyphen(textPage, index) === 1) return '-';
  if (unit >= 0xdc00 && unit <= 0xdfff) return '';
  if (unit >= 0xd800 && unit <= 0xdbff) {
    const low = pdfium._FPDFText_GetUnicode(textPage, index + 1);
    return low >= 0xdc00 && low <= 0xdfff ? String.fromCharCode(unit, low) : '';
  }
  if (unit > 0x10ffff) return '';
  const text = String.fromCodePoint(unit);
  if (/^[\t\n\v\f\r\u0085]$/.test(text)) return ' ';
  return /^[\p{Cc}\p{Cf}\p{Cn}]$/u.test(text) ? '' : text;
}
