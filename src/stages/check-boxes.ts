import { grown, holds, middle, round, type Area, type Point } from './areas.js';
import type { DrawnBox } from './drawn-boxes.js';
import { isBlank, type PlacedChar } from './placed-char.js';

/** A box of a form field, as the PDF says whether it is ticked. */
export interface FieldBox {
  area: Area;
  isMarked: boolean;
}

export interface Boxes {
  fields: readonly FieldBox[];
  drawn: readonly DrawnBox[];
}

/** A box to be written. */
interface Found {
  area: Area;
  isMarked: boolean;
  /** A character whose place it takes, or beside which it stands. */
  beside: PlacedChar | undefined;
}

/** In ems of the label. */
const LABEL_REACH = 2.2;
const OFF_ROW = 0.6;
/** Of a character's size. */
const SAME_PLACE = 0.4;
/** Characters that are looked at for one box, and points a side round it. */
const MOST_LOOKS = 2_000;
const MOST_POINTS = 300;
const CELL = 24;
/** What a drawn box holds that is no mark of its own. */
const MARK_LETTER = /^[xX×✓✔✕✖✗✘]$/u;

/**
 * Writes the boxes of a form as words between the page's characters: `[x]` where one is marked and `[ ]` where
 * it is not. A box that is not surely one stays what it is.
 *
 * @param chars - what is seen of the page's text
 */
export function withCheckBoxes(
  chars: readonly PlacedChar[],
  { fields, drawn }: Boxes,
): readonly PlacedChar[] {
  const marked = chars.filter(({ mark }) => mark !== undefined && mark !== 'tick');
  if (fields.length + drawn.length + marked.length === 0) return chars;
  const angle = readingAngle(chars);
  const near = new CharIndex(chars);
  const dropped = new Set<PlacedChar>();
  const found: Found[] = [];
  for (const { area, isMarked } of fields) {
    for (const char of look(near, area, dropped)) dropped.add(char);
    found.push({ area, isMarked, beside: label(area, near, dropped, angle) });
  }
  for (const box of drawn) {
    if (isTaken(box.area, found)) continue;
    const written = writtenIn(box, near, dropped);
    const beside = written && label(box.area, near, dropped, angle);
    if (!written || !beside) continue;
    for (const char of written.marks) dropped.add(char);
    found.push({ area: box.area, isMarked: written.isMarked, beside });
  }
  const replaced = new Map<PlacedChar, boolean>();
  for (const [char, isMarked] of symbolBoxes(marked.filter((each) => !dropped.has(each)))) {
    if (isTaken(char, found)) continue;
    const ticks = near.within(char).filter(({ mark }) => mark === 'tick');
    for (const tick of ticks) dropped.add(tick);
    replaced.set(char, isMarked || ticks.length > 0);
  }
  if (found.length + replaced.size + dropped.size === 0) return chars;
  const kept = chars.flatMap((char) => {
    if (dropped.has(char)) return [{ ...char, text: ' ' }];
    const isMarked = replaced.get(char);
    return isMarked === undefined ? [char] : boxChars({ area: char, isMarked, beside: char }, char.angle);
  });
  return [...kept, ...found.flatMap((box) => boxChars(box, angle))];
}

/** The look of a field is drawn on the page: a letter or two, never its label. */
function look(near: CharIndex, area: Area, dropped: ReadonlySet<PlacedChar>): PlacedChar[] {
  const inside = near.within(area).filter((char) => !dropped.has(char));
  return inside.length <= 2 ? inside : [];
}

function isTaken(area: Area, found: readonly Found[]): boolean {
  return found.some((other) => holds(grown(other.area, 2), ...middle(area)));
}

/** What stands in a drawn box; undefined when that is no mark. */
function writtenIn(
  { area, isMarked }: DrawnBox,
  near: CharIndex,
  dropped: ReadonlySet<PlacedChar>,
): { isMarked: boolean; marks: PlacedChar[] } | undefined {
  const marks = near.within(area).filter((char) => !dropped.has(char));
  const [first] = marks;
  if (!first) return isMarked === undefined ? undefined : { isMarked, marks };
  const isMark = first.mark === 'tick' || MARK_LETTER.test(first.text);
  const areAllIt = marks.length <= 2 && marks.every(({ text }) => text === first.text);
  return isMark && areAllIt ? { isMarked: true, marks } : undefined;
}

/** The nearest letter or digit beside a box, on its row. */
function label(
  area: Area,
  near: CharIndex,
  dropped: ReadonlySet<PlacedChar>,
  angle: number,
): PlacedChar | undefined {
  const box = turned(area, angle);
  const height = box.top - box.bottom;
  const around = grown(area, LABEL_REACH * Math.max(height, 12));
  let nearest: { char: PlacedChar; gap: number } | undefined;
  for (const char of near.within(around)) {
    if (dropped.has(char) || char.mark || !/[\p{L}\p{N}]/u.test(char.text)) continue;
    const place = turned(char, angle);
    const off = Math.abs(place.top + place.bottom - box.top - box.bottom) / 2;
    const gap = Math.max(place.left - box.right, box.left - place.right);
    if (off > OFF_ROW * Math.max(height, char.size) || gap < -0.2 * height) continue;
    if (gap > LABEL_REACH * char.size || (nearest && nearest.gap <= gap)) continue;
    nearest = { char, gap };
  }
  return nearest?.char;
}

/**
 * The boxes among symbols. Circles, and filled squares and dots, are used in lists as well: they are boxes where
 * empty and filled ones stand together, in a row or one below the other.
 */
function symbolBoxes(chars: readonly PlacedChar[]): Map<PlacedChar, boolean> {
  const boxes = new Map<PlacedChar, boolean>();
  const circles = chars.filter(({ mark }) => mark === 'circle' || mark === 'dot' || mark === 'marked circle');
  const squares = chars.filter(({ mark }) => mark === 'box' || mark === 'block' || mark === 'marked box');
  const rings = grouped(circles, (char) => char.mark === 'circle');
  const empty = grouped(squares, (char) => char.mark === 'box');
  for (const char of chars) {
    if (char.mark === 'marked box' || char.mark === 'marked circle') boxes.set(char, true);
    else if (char.mark === 'box') boxes.set(char, false);
    else if (char.mark === 'circle' && rings.has(char)) boxes.set(char, false);
    else if ((char.mark === 'dot' && rings.has(char)) || (char.mark === 'block' && empty.has(char))) {
      boxes.set(char, true);
    }
  }
  return boxes;
}

/** Symbols that stand in line with others, not all of them empty or all of them filled, or two in a row. */
function grouped(
  chars: readonly PlacedChar[],
  isEmptyOne: (char: PlacedChar) => boolean,
): ReadonlySet<PlacedChar> {
  const found = new Set<PlacedChar>();
  for (const [key, inRow] of [
    ['row', lines(chars, ({ originY }) => originY)],
    ['column', lines(chars, ({ originX }) => originX)],
  ] as const) {
    for (const line of inRow) {
      const empty = line.filter(isEmptyOne).length;
      const isGroup = empty > 0 && (empty < line.length || (key === 'row' && line.length > 1));
      if (isGroup) for (const char of line) found.add(char);
    }
  }
  return found;
}

function lines(chars: readonly PlacedChar[], place: (char: PlacedChar) => number): PlacedChar[][] {
  const found: PlacedChar[][] = [];
  let last: PlacedChar | undefined;
  for (const char of chars.toSorted((a, b) => place(a) - place(b))) {
    const isNext = last && place(char) - place(last) <= SAME_PLACE * Math.min(char.size, last.size);
    if (isNext) found.at(-1)?.push(char);
    else found.push([char]);
    last = char;
  }
  return found;
}

/** The characters of a written box, side by side on the row of what it stands beside. */
function boxChars({ area, isMarked, beside }: Found, angle: number): PlacedChar[] {
  const box = turned(area, angle);
  const height = box.top - box.bottom;
  const size = beside?.size ?? Math.min(Math.max(height, 6), 12);
  const baseline = beside
    ? beside.originY * Math.cos(angle) - beside.originX * Math.sin(angle)
    : (box.top + box.bottom) / 2 - 0.35 * size;
  const third = (box.right - box.left) / 3;
  return [' ', '[', isMarked ? 'x' : ' ', ']', ' '].map((text, index) => {
    const start = box.left + third * Math.min(Math.max(index - 1, 0), 2);
    const [originX, originY] = turnedPoint(start, baseline, -angle);
    const place = turned({ left: start, right: start + third, bottom: box.bottom, top: box.top }, -angle);
    return { text, originX, originY, ...place, size, angle };
  });
}

/** The direction most of a page's characters read in, to a quarter turn. */
export function readingAngle(chars: readonly PlacedChar[]): number {
  const counts = [0, 0, 0, 0];
  for (const { angle } of chars) {
    const quarter = (Math.round(angle / (Math.PI / 2)) + 4) % 4;
    counts[quarter] = (counts[quarter] ?? 0) + 1;
  }
  return counts.indexOf(Math.max(...counts)) * (Math.PI / 2);
}

/** A rectangle as it lies for who reads at an angle, a quarter turn or some of them. */
function turned({ left, bottom, right, top }: Area, angle: number): Area {
  return round([turnedPoint(left, bottom, angle), turnedPoint(right, top, angle)]);
}

function turnedPoint(x: number, y: number, angle: number): Point {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [x * cos + y * sin, y * cos - x * sin];
}

/** Finds the characters in a small part of a page. */
class CharIndex {
  readonly #cells = new Map<string, PlacedChar[]>();

  constructor(chars: readonly PlacedChar[]) {
    for (const char of chars) {
      if (isBlank(char.text)) continue;
      const key = cellOf(...middle(char));
      const cell = this.#cells.get(key);
      if (cell) cell.push(char);
      else this.#cells.set(key, [char]);
    }
  }

  /** Those whose middle lies within an area no larger than boxes and their labels are. */
  within(area: Area): PlacedChar[] {
    const found: PlacedChar[] = [];
    let looks = 0;
    const [columns, rows] = [area.right - area.left, area.top - area.bottom];
    if (!(columns <= MOST_POINTS && rows <= MOST_POINTS)) return found;
    for (let x = area.left; x < area.right + CELL; x += CELL) {
      for (let y = area.bottom; y < area.top + CELL; y += CELL) {
        for (const char of this.#cells.get(cellOf(x, y)) ?? []) {
          if (holds(area, ...middle(char))) found.push(char);
          if (++looks > MOST_LOOKS) return found;
        }
      }
    }
    return found;
  }
}

function cellOf(x: number, y: number): string {
  return `${Math.floor(x / CELL)} ${Math.floor(y / CELL)}`;
}
