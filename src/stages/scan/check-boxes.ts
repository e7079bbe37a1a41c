import { inkPieces } from './ink.js';
import { overlap } from './lost-cells.js';
import { INK, type Area, type Picture, type Pixels } from './picture.js';

/** A drawn box beside a label: empty, or crossed or ticked. */
export interface CheckBox {
  area: Area;
  isMarked: boolean;
}

/** Pixels at 216 dpi: 7 to 22 points. */
const LEAST_SIDE = 21;
const MOST_SIDE = 66;
/** Longer side to shorter. */
const MOST_OBLONG = 1.25;
/** The share of a side along which its line runs, corners included: round letters have none. */
const LEAST_LINE = 0.94;
/** A line and its slant take this share of the box's side at most. */
const LINE = 0.16;
/** The share of the inside that may be ink in an empty box. */
const MOST_DIRT = 0.015;
/** The share of the inside that a mark spans at least: the digits of a form stand in boxes, too, and are smaller. */
const LEAST_SPAN = 0.55;
/** Boxes closer together than this, to their side, are cells for letters of one word. */
const LEAST_APART = 1;

/**
 * Finds drawn check boxes that are surely empty or surely marked. What is unsure is none: a letter in a cell, a
 * box full of ink, a stroke that may be dirt.
 */
export function findCheckBoxes(picture: Picture): CheckBox[] {
  const boxes = inkPieces(picture, isBoxSized).filter((area) => isFrame(picture, area));
  return boxes
    .filter((area) => !boxes.some((other) => other !== area && isNextCell(area, other)))
    .flatMap((area) => {
      const isMarked = markIn(picture, area);
      return isMarked === undefined ? [] : { area, isMarked };
    });
}

/**
 * Takes the boxes away, so that they are not read as letters.
 *
 * @param into - holds the new pixels; not those of the picture
 */
export function withoutBoxes(boxes: readonly CheckBox[], picture: Picture, into: Pixels): Picture {
  if (boxes.length === 0) return picture;
  const { width, height, pixels } = picture;
  into.set(pixels);
  for (const { area } of boxes) {
    const [left, right] = [Math.max(area.left - 2, 0), Math.min(area.right + 2, width)];
    for (let y = Math.max(area.top - 2, 0); y < Math.min(area.bottom + 2, height); y++) {
      into.fill(255, y * width + left, y * width + right);
    }
  }
  return { width, height, pixels: into };
}

function isBoxSized({ left, top, right, bottom }: Area): boolean {
  const [width, height] = [right - left, bottom - top];
  const [shorter, longer] = [Math.min(width, height), Math.max(width, height)];
  return shorter >= LEAST_SIDE && longer <= MOST_SIDE && longer <= MOST_OBLONG * shorter;
}

function isNextCell(a: Area, b: Area): boolean {
  const side = Math.max(a.right - a.left, b.right - b.left);
  const wide = { ...a, left: a.left - LEAST_APART * side, right: a.right + LEAST_APART * side };
  return overlap(wide, b);
}

function isInk({ width, pixels }: Picture, x: number, y: number): boolean {
  return (pixels[y * width + x] ?? 255) < INK;
}

/** Whether a line runs along each side of the area. */
function isFrame(picture: Picture, { left, top, right, bottom }: Area): boolean {
  const depth = Math.ceil(LINE * Math.min(right - left, bottom - top));
  const isNear = (x: number, y: number, stepX: number, stepY: number): boolean => {
    for (let step = 0; step < depth; step++) {
      if (isInk(picture, x + step * stepX, y + step * stepY)) return true;
    }
    return false;
  };
  const share = (from: number, to: number, isOn: (at: number) => boolean): number => {
    let on = 0;
    for (let at = from; at < to; at++) if (isOn(at)) on++;
    return on / (to - from);
  };
  return (
    share(left, right, (x) => isNear(x, top, 0, 1)) >= LEAST_LINE &&
    share(left, right, (x) => isNear(x, bottom - 1, 0, -1)) >= LEAST_LINE &&
    share(top, bottom, (y) => isNear(left, y, 1, 0)) >= LEAST_LINE &&
    share(top, bottom, (y) => isNear(right - 1, y, -1, 0)) >= LEAST_LINE
  );
}

/** Whether a box is marked; undefined when that is not sure. */
function markIn(picture: Picture, area: Area): boolean | undefined {
  const line = lineOf(picture, area);
  if (line === undefined) return undefined;
  const inside = {
    left: area.left + line,
    top: area.top + line,
    right: area.right - line,
    bottom: area.bottom - line,
  };
  const mark = inkWithin(picture, inside);
  const size = (inside.right - inside.left) * (inside.bottom - inside.top);
  if (mark.count <= MOST_DIRT * size) return false;
  const isLarge =
    mark.right - mark.left >= LEAST_SPAN * (inside.right - inside.left) &&
    mark.bottom - mark.top >= LEAST_SPAN * (inside.bottom - inside.top);
  return isLarge && (isCross(picture, mark) || isTick(picture, mark)) ? true : undefined;
}

/** How thick the lines of a box are with their gray seams, in pixels; undefined when that is no line. */
function lineOf(picture: Picture, { left, top, right, bottom }: Area): number | undefined {
  const side = Math.min(right - left, bottom - top);
  const most = Math.ceil(LINE * side);
  const thickness = (x: number, y: number, stepX: number, stepY: number): number => {
    let size = 0;
    while (size <= 2 && !isInk(picture, x + size * stepX, y + size * stepY)) size++;
    while (size <= most && isInk(picture, x + size * stepX, y + size * stepY)) size++;
    return size;
  };
  const found: number[] = [];
  for (const place of [0.25, 0.4, 0.6, 0.75]) {
    const [x, y] = [Math.round(left + place * (right - left)), Math.round(top + place * (bottom - top))];
    found.push(thickness(x, top, 0, 1), thickness(x, bottom - 1, 0, -1));
    found.push(thickness(left, y, 1, 0), thickness(right - 1, y, -1, 0));
  }
  // Where a mark touches the line, that looks thicker.
  const line = found.toSorted((a, b) => a - b)[Math.floor(found.length * 0.6)] ?? 0;
  return line <= most ? line + 1 : undefined;
}

interface Mark extends Area {
  /** Of pixels. */
  count: number;
}

function inkWithin(picture: Picture, { left, top, right, bottom }: Area): Mark {
  const mark = { left: right, top: bottom, right: left, bottom: top, count: 0 };
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (!isInk(picture, x, y)) continue;
      mark.count++;
      mark.left = Math.min(mark.left, x);
      mark.top = Math.min(mark.top, y);
      mark.right = Math.max(mark.right, x + 1);
      mark.bottom = Math.max(mark.bottom, y + 1);
    }
  }
  return mark;
}

/** Ink along both diagonals, and none in the middle of any side. */
function isCross(picture: Picture, mark: Mark): boolean {
  const places = Array.from({ length: 15 }, (_, index) => (index + 1.5) / 17);
  const isOn = (across: number, down: number): boolean => hasInkRound(picture, mark, across, down, 0.09);
  const along = (down: (across: number) => number): number =>
    places.filter((across) => isOn(across, down(across))).length / places.length;
  const sides = [
    [0.5, 0.12],
    [0.5, 0.88],
    [0.12, 0.5],
    [0.88, 0.5],
  ] as const;
  return (
    along((across) => across) >= 0.9 &&
    along((across) => 1 - across) >= 0.9 &&
    sides.every(([across, down]) => !isOn(across, down))
  );
}

/** One stroke that goes down, and then up further than it came from. */
function isTick(picture: Picture, mark: Mark): boolean {
  const [width, height] = [mark.right - mark.left, mark.bottom - mark.top];
  const middles: number[] = [];
  for (let x = mark.left; x < mark.right; x++) {
    const { count, top, bottom } = inkWithin(picture, { ...mark, left: x, right: x + 1 });
    // One stroke, and a thin one.
    if (count === 0 || count < 0.8 * (bottom - top) || bottom - top > 0.7 * height) return false;
    middles.push(((top + bottom) / 2 - mark.top) / height);
  }
  const lowest = middles.indexOf(Math.max(...middles));
  const turn = lowest / width;
  const [first = 0, last = 0, low = 0] = [middles[0], middles.at(-1), middles[lowest]];
  const isFalling = middles.slice(0, lowest).every((middle, at) => middle <= (middles[at + 2] ?? 1) + 0.06);
  const isRising = middles
    .slice(lowest)
    .every((middle, at) => middle >= (middles[lowest + at + 2] ?? 0) - 0.06);
  return turn > 0.12 && turn < 0.55 && isFalling && isRising && low - first > 0.15 && first - last > 0.15;
}

/** Whether there is ink round a place of the area, in shares of its sides. */
function hasInkRound(picture: Picture, area: Area, across: number, down: number, reach: number): boolean {
  const [width, height] = [area.right - area.left, area.bottom - area.top];
  const at = {
    left: Math.round(area.left + (across - reach) * width),
    right: Math.round(area.left + (across + reach) * width) + 1,
    top: Math.round(area.top + (down - reach) * height),
    bottom: Math.round(area.top + (down + reach) * height) + 1,
  };
  return inkWithin(picture, at).count > 0;
}
