import { isEmpty, round, type Area } from './areas.js';
import type { FieldBox } from './check-boxes.js';
import type { Pdfium } from './pdf-library.js';
import { Scratch } from './pdf-scratch.js';

/** What annotations say of a page, which is lost once they are part of it. */
export interface Annotations {
  boxes: FieldBox[];
  /** What is marked with a colour that lets it through. */
  highlights: Area[];
}

export const NOT_ANNOTATED: Annotations = { boxes: [], highlights: [] };

/** Of a page. */
const MOST_ANNOTATIONS = 5_000;
const MOST_FOUND = 1_000;
const RECTANGLE_BYTES = 16;
/** pdfium's kinds of annotations and fields. */
const MARKUP = [9, 10, 11, 12];
const WIDGET = 20;
const CHECK_BOX = 2;
const RADIO_BUTTON = 3;
/** Invisible, hidden, no view. */
const UNSEEN = 0x01 | 0x02 | 0x20;

/** @param form pdfium's form handle, or 0 */
export function annotationsOf(pdfium: Pdfium, page: number, form: number): Annotations {
  const found: Annotations = { boxes: [], highlights: [] };
  const count = Math.min(pdfium._FPDFPage_GetAnnotCount(page), MOST_ANNOTATIONS);
  for (let index = 0; index < count; index++) {
    const annotation = pdfium._FPDFPage_GetAnnot(page, index);
    if (annotation === 0) continue;
    const kind = pdfium._FPDFAnnot_GetSubtype(annotation);
    const area = (pdfium._FPDFAnnot_GetFlags(annotation) & UNSEEN) === 0 && areaOf(pdfium, annotation);
    if (area && MARKUP.includes(kind)) found.highlights.push(area);
    if (area && kind === WIDGET && isBox(pdfium, form, annotation)) {
      found.boxes.push({ area, isMarked: pdfium._FPDFAnnot_IsChecked(form, annotation) !== 0 });
    }
    pdfium._FPDFPage_CloseAnnot(annotation);
    if (found.boxes.length + found.highlights.length >= MOST_FOUND) break;
  }
  return found;
}

function isBox(pdfium: Pdfium, form: number, annotation: number): boolean {
  const type = form === 0 ? 0 : pdfium._FPDFAnnot_GetFormFieldType(form, annotation);
  return type === CHECK_BOX || type === RADIO_BUTTON;
}

function areaOf(pdfium: Pdfium, annotation: number): Area | undefined {
  const scratch = new Scratch(pdfium, RECTANGLE_BYTES);
  const isKnown = pdfium._FPDFAnnot_GetRect(annotation, scratch.at) !== 0;
  const [x, y, otherX, otherY] = [scratch.float(0), scratch.float(1), scratch.float(2), scratch.float(3)];
  scratch.free();
  const area = round([
    [x, y],
    [otherX, otherY],
  ]);
  return isKnown && !isEmpty(area) ? area : undefined;
}
