import {
  AS_IT_IS,
  both,
  isEmpty,
  moved,
  movedArea,
  round,
  shared,
  type Area,
  type Matrix,
  type Point,
} from './areas.js';
import type { Pdfium } from './pdf-library.js';
import { Scratch } from './pdf-scratch.js';

/** What is looked at of a page: files can hold millions of objects, and forms that hold forms. */
const MOST_OBJECTS = 50_000;
const DEEPEST_FORM = 12;
const MOST_CLIPS = 32;
const MOST_SEGMENTS = 400;

/** pdfium's kinds of objects, and of a path's segments. */
const TEXT = 1;
const PATH = 2;
const PICTURE = 3;
const SHADING = 4;
const FORM = 5;
const CURVE = 1;
const MOVE = 2;

const SCRATCH_BYTES = 24;
/** Points that a side may be off level. */
const LEVEL = 0.02;

/** What of an object is let through; `isExact` where that is a rectangle, and not only within one. */
export interface Clip {
  area: Area;
  isExact: boolean;
}

/** How a page holds the objects of one form. */
interface Within {
  matrix: Matrix;
  clip: Clip | undefined;
  isBlended: boolean;
}

/** A text on a page: what has a greater `order` is drawn on top of it. */
export interface DrawnText {
  order: number;
  within: Within;
}

/** A path, picture or shading on a page. */
export interface Painted extends DrawnText {
  handle: number;
  kind: 'path' | 'picture' | 'shading';
  /** The box round it in the page's points, also what is clipped of it. */
  area: Area;
}

/** A line without a break. */
export interface Stroke {
  points: Point[];
  isCurved: boolean;
}

/** Red, green, blue and alpha, each to 255. */
export type Colour = readonly [number, number, number, number];

/** What a page is drawn from, in the order of drawing, forms taken apart. */
export class PageObjects {
  /** By pdfium's handle. Texts beyond the objects that are looked at are missing. */
  readonly texts = new Map<number, DrawnText>();
  readonly painted: Painted[] = [];
  readonly #pdfium: Pdfium;
  readonly #scratch: Scratch;
  #count = 0;

  constructor(pdfium: Pdfium, page: number) {
    this.#pdfium = pdfium;
    this.#scratch = new Scratch(pdfium, SCRATCH_BYTES);
    const within = { matrix: AS_IT_IS, clip: undefined, isBlended: false };
    const count = pdfium._FPDFPage_CountObjects(page);
    this.#look(count, (index) => pdfium._FPDFPage_GetObject(page, index), within, 0);
  }

  free(): void {
    this.#scratch.free();
  }

  /** What of an object is let through; undefined when that is all. */
  clip(handle: number, { matrix, clip }: Within): Clip | undefined {
    const own = this.#ownClip(handle);
    if (!own) return clip;
    const isLevel = matrix[1] === 0 && matrix[2] === 0;
    const placed = { area: movedArea(own.area, matrix), isExact: own.isExact && isLevel };
    if (!clip) return placed;
    return { area: shared(placed.area, clip.area), isExact: placed.isExact && clip.isExact };
  }

  /** The lines of a path in the page's points; undefined when they are too many. */
  strokes({ handle, within }: Painted): Stroke[] | undefined {
    const pdfium = this.#pdfium;
    const count = pdfium._FPDFPath_CountSegments(handle);
    if (count > MOST_SEGMENTS) return undefined;
    const matrix = both(this.#matrix(handle), within.matrix);
    return this.#lines(count, (index) => pdfium._FPDFPath_GetPathSegment(handle, index), matrix);
  }

  segments(handle: number): number {
    return Math.max(this.#pdfium._FPDFPath_CountSegments(handle), 0);
  }

  /** Whether a path is filled, and whether its lines are drawn. */
  drawing(handle: number): { isFilled: boolean; isStroked: boolean } {
    const { at } = this.#scratch;
    const isKnown = this.#pdfium._FPDFPath_GetDrawMode(handle, at, at + 4) !== 0;
    return {
      isFilled: isKnown && this.#scratch.whole(0) !== 0,
      isStroked: isKnown && this.#scratch.whole(1) !== 0,
    };
  }

  /** undefined for a pattern. */
  fill(handle: number): Colour | undefined {
    const { at } = this.#scratch;
    const isKnown = this.#pdfium._FPDFPageObj_GetFillColor(handle, at, at + 4, at + 8, at + 12) !== 0;
    return isKnown ? this.#colour() : undefined;
  }

  lineColour(handle: number): Colour | undefined {
    const { at } = this.#scratch;
    const isKnown = this.#pdfium._FPDFPageObj_GetStrokeColor(handle, at, at + 4, at + 8, at + 12) !== 0;
    return isKnown ? this.#colour() : undefined;
  }

  /** Whether what lies beneath an object is to be seen through it. */
  isBlended({ handle, within }: Painted): boolean {
    return within.isBlended || this.#pdfium._FPDFPageObj_HasTransparency(handle) !== 0;
  }

  /** Maps the unit square to a picture's place on the page. */
  pictureMatrix({ handle, within }: Painted): Matrix {
    return both(this.#matrix(handle), within.matrix);
  }

  #look(count: number, object: (index: number) => number, within: Within, depth: number): void {
    for (let index = 0; index < count && this.#count < MOST_OBJECTS; index++) {
      this.#count++;
      const handle = object(index);
      const kind = handle === 0 ? 0 : this.#pdfium._FPDFPageObj_GetType(handle);
      if (kind === TEXT) this.texts.set(handle, { order: this.#count, within });
      else if (kind === PATH) this.#paint(handle, 'path', within);
      else if (kind === PICTURE) this.#paint(handle, 'picture', within);
      else if (kind === SHADING) this.#paint(handle, 'shading', within);
      else if (kind === FORM && depth < DEEPEST_FORM) this.#lookInside(handle, within, depth);
    }
  }

  #lookInside(form: number, around: Within, depth: number): void {
    const pdfium = this.#pdfium;
    const within = {
      matrix: both(this.#matrix(form), around.matrix),
      clip: this.clip(form, around),
      isBlended: around.isBlended || pdfium._FPDFPageObj_HasTransparency(form) !== 0,
    };
    const count = pdfium._FPDFFormObj_CountObjects(form);
    this.#look(count, (index) => pdfium._FPDFFormObj_GetObject(form, index), within, depth + 1);
  }

  #paint(handle: number, kind: Painted['kind'], within: Within): void {
    const { at } = this.#scratch;
    if (this.#pdfium._FPDFPageObj_GetBounds(handle, at, at + 4, at + 8, at + 12) === 0) return;
    const [left, bottom, right, top] = [0, 1, 2, 3].map((index) => this.#scratch.float(index));
    const area = movedArea({ left, bottom, right, top } as Area, within.matrix);
    this.painted.push({ handle, kind, area, order: this.#count, within });
  }

  #matrix(handle: number): Matrix {
    if (this.#pdfium._FPDFPageObj_GetMatrix(handle, this.#scratch.at) === 0) return AS_IT_IS;
    return [0, 1, 2, 3, 4, 5].map((index) => this.#scratch.float(index)) as unknown as Matrix;
  }

  #colour(): Colour {
    return [0, 1, 2, 3].map((index) => this.#scratch.whole(index)) as unknown as Colour;
  }

  #ownClip(handle: number): Clip | undefined {
    const pdfium = this.#pdfium;
    const clips = pdfium._FPDFPageObj_GetClipPath(handle);
    const count = clips === 0 ? 0 : pdfium._FPDFClipPath_CountPaths(clips);
    let found: Clip | undefined;
    for (let path = 0; path < Math.min(count, MOST_CLIPS); path++) {
      const segments = pdfium._FPDFClipPath_CountPathSegments(clips, path);
      if (segments <= 0 || segments > MOST_SEGMENTS) {
        if (found) found.isExact = false;
        continue;
      }
      const segment = (index: number): number => pdfium._FPDFClipPath_GetPathSegment(clips, path, index);
      const strokes = this.#lines(segments, segment, AS_IT_IS);
      const box = round(strokes.flatMap(({ points }) => points));
      const isExact = strokes.length === 1 && strokes.every((stroke) => rectangle(stroke) !== undefined);
      found = found
        ? { area: shared(found.area, box), isExact: found.isExact && isExact }
        : { area: box, isExact };
    }
    return found;
  }

  #lines(count: number, segmentAt: (index: number) => number, matrix: Matrix): Stroke[] {
    const pdfium = this.#pdfium;
    const { at } = this.#scratch;
    const strokes: Stroke[] = [];
    for (let index = 0; index < count; index++) {
      const segment = segmentAt(index);
      if (segment === 0 || pdfium._FPDFPathSegment_GetPoint(segment, at, at + 4) === 0) continue;
      const point = moved([this.#scratch.float(0), this.#scratch.float(1)], matrix);
      const kind = pdfium._FPDFPathSegment_GetType(segment);
      if (kind === MOVE || strokes.length === 0) strokes.push({ points: [], isCurved: false });
      const stroke = strokes.at(-1);
      stroke?.points.push(point);
      if (stroke && kind === CURVE) stroke.isCurved = true;
    }
    return strokes.filter(({ points }) => points.length > 1);
  }
}

/** The rectangle, level with the page, that a line goes round; undefined when it goes another way. */
export function rectangle({ points, isCurved }: Stroke): Area | undefined {
  const [first, last] = [points[0], points.at(-1)];
  if (isCurved || !first || !last) return undefined;
  const isClosed = points.length === 5 && isNear(first[0], last[0]) && isNear(first[1], last[1]);
  const corners = isClosed ? points.slice(0, 4) : points;
  if (corners.length !== 4) return undefined;
  const sides = corners.map((corner, index) => {
    const next = corners[(index + 1) % 4] ?? corner;
    if (isNear(corner[1], next[1])) return 'across';
    return isNear(corner[0], next[0]) ? 'up' : 'slanted';
  });
  const isRectangle = sides[0] !== 'slanted' && sides[0] === sides[2] && sides[1] === sides[3];
  if (!isRectangle || sides[0] === sides[1] || sides[1] === 'slanted') return undefined;
  const area = round(corners);
  return isEmpty(area) ? undefined : area;
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= LEVEL;
}

/** Looks like paper, or is not to be seen at all. */
export function isPaper([red, green, blue, alpha]: Colour): boolean {
  return alpha <= FAINT || Math.min(red, green, blue) >= WHITE;
}

/** Of 255. */
const FAINT = 8;
const WHITE = 247;

export function isUnseen([, , , alpha]: Colour): boolean {
  return alpha <= FAINT;
}
