import type { Box } from '../processor/words.js';
import { round, type Area, type Point } from './areas.js';
import type { Pdfium } from './pdf-library.js';
import { Scratch } from './pdf-scratch.js';

/** Pixels a side of the page that is drawn in thought; a round number of them loses nothing. */
const SIDE = 10_000;
/** Two doubles. */
const POINT_BYTES = 16;

/**
 * Maps boxes in a page's own points, the origin wherever its author put it, to fractions of the page as
 * PDFium draws it, crop box and rotation applied. null for a box or page without a size.
 */
export function drawnFrame(pdfium: Pdfium, page: number): (box: Area) => Box | null {
  const origin = pagePoint(pdfium, page, 0, 0);
  const across = minus(pagePoint(pdfium, page, SIDE, 0), origin);
  const down = minus(pagePoint(pdfium, page, 0, SIDE), origin);
  const area = cross(across, down);
  return ({ left, right, bottom, top }) => {
    const one = minus([left, bottom], origin);
    const other = minus([right, top], origin);
    const x = [cross(one, down) / area, cross(other, down) / area] as const;
    const y = [cross(across, one) / area, cross(across, other) / area] as const;
    const box = { left: Math.min(...x), top: Math.min(...y), right: Math.max(...x), bottom: Math.max(...y) };
    return Object.values(box).every(Number.isFinite) ? box : null;
  };
}

/** What is drawn of a page, in its own points. */
export function drawnArea(pdfium: Pdfium, page: number): Area {
  return round([pagePoint(pdfium, page, 0, 0), pagePoint(pdfium, page, SIDE, SIDE)]);
}

/** Where a pixel of the drawn page lies in the page's own points. */
function pagePoint(pdfium: Pdfium, page: number, x: number, y: number): Point {
  const scratch = new Scratch(pdfium, POINT_BYTES);
  pdfium._FPDF_DeviceToPage(page, 0, 0, SIDE, SIDE, 0, x, y, scratch.at, scratch.at + 8);
  const point = [scratch.double(0), scratch.double(1)] as const;
  scratch.free();
  return point;
}

function minus(a: Point, b: Point): Point {
  return [a[0] - b[0], a[1] - b[1]];
}

function cross(a: Point, b: Point): number {
  return a[0] * b[1] - a[1] * b[0];
}
