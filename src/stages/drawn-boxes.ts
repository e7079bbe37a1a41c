import { grown, holds, isEmpty, isWithin, middle, round, shared, type Area, type Point } from './areas.js';
import { isPaper, rectangle, type PageObjects, type Painted, type Stroke } from './page-objects.js';

/** A box drawn to be ticked, as far as lines and fillings tell. */
export interface DrawnBox {
  area: Area;
  /** undefined when something is in it that may or may not be a mark. */
  isMarked: boolean | undefined;
}

/** Points a side. */
const SMALLEST = 5;
const LARGEST = 20;
/** Of its longer side. */
const SQUARE = 0.2;
/** Points between boxes that touch each other. */
const TOUCH = 1;
/** Sides between the cells of one number. */
const CELLS_APART = 0.6;
/** Of a page: none has more that are to be ticked. */
const MOST_BOXES = 500;
const MOST_FRAMES = 5_000;
const MOST_SEGMENTS = 100_000;
/** Of a rectangle. */
const FEWEST_SEGMENTS = 4;
/** How far a mark may reach beyond its box, to the box's side. */
const AROUND = 0.4;
/** Points a side of what can be a mark in a box. */
const LARGEST_MARK = LARGEST * 2;

/**
 * Boxes that stand alone on a page: squares in a row are cells for the letters of a word.
 *
 * @param isSideways - whether rows of text run up or down the page
 */
export function drawnBoxes(objects: PageObjects, isSideways: () => boolean): DrawnBox[] {
  const squares = squaresOf(objects);
  if (squares.length === 0 || squares.length > MOST_BOXES) return [];
  const frames = framesOf(objects);
  if (frames.length > MOST_FRAMES) return [];
  const marks = objects.painted.filter(({ area }) => !isEmpty(grown(area, 0.1)) && isSmall(area));
  const turned = isSideways();
  const alone = squares.filter(
    (square) => ![...frames, ...squares].some((other) => touches(square, other, turned)),
  );
  return alone.map((area) => ({ area, isMarked: isMarked(area, marks, objects) }));
}

function isSmall({ left, bottom, right, top }: Area): boolean {
  return right - left <= LARGEST_MARK && top - bottom <= LARGEST_MARK;
}

function squaresOf(objects: PageObjects): Area[] {
  const found: Area[] = [];
  for (const frame of rectanglesOf(
    objects,
    ({ area }) => Math.min(area.right - area.left, area.top - area.bottom) >= SMALLEST,
  )) {
    const isKnown = found.some((other) => isSame(other, frame));
    if (isSquare(frame) && !isKnown) found.push(frame);
    if (found.length > MOST_BOXES) break;
  }
  return found;
}

function framesOf(objects: PageObjects): Area[] {
  return rectanglesOf(objects, () => true);
}

/** The rectangles drawn as lines. */
function rectanglesOf(objects: PageObjects, isLookedAt: (painted: Painted) => boolean): Area[] {
  const found: Area[] = [];
  let left = MOST_SEGMENTS;
  for (const painted of objects.painted) {
    if (painted.kind !== 'path' || !isLookedAt(painted)) continue;
    const segments = objects.segments(painted.handle);
    left -= segments;
    if (left < 0 || found.length > MOST_FRAMES) break;
    if (segments >= FEWEST_SEGMENTS && isFrame(painted, objects))
      found.push(...shownRectangles(painted, objects));
  }
  return found;
}

function shownRectangles(painted: Painted, objects: PageObjects): Area[] {
  const clip = objects.clip(painted.handle, painted.within);
  return (objects.strokes(painted) ?? []).flatMap((stroke) => {
    const area = rectangle(stroke);
    const isShown = area && (!clip || holds(clip.area, ...middle(area)));
    return isShown ? [area] : [];
  });
}

/** Drawn with lines that are seen, and empty or white within. */
function isFrame({ handle }: Painted, objects: PageObjects): boolean {
  const { isFilled, isStroked } = objects.drawing(handle);
  const line = isStroked ? objects.lineColour(handle) : undefined;
  if (!line || isPaper(line)) return false;
  const fill = isFilled ? objects.fill(handle) : undefined;
  return !isFilled || (fill !== undefined && isPaper(fill));
}

function isSquare({ left, bottom, right, top }: Area): boolean {
  const [width, height] = [right - left, top - bottom];
  const [longer, shorter] = [Math.max(width, height), Math.min(width, height)];
  return shorter >= SMALLEST && longer <= LARGEST && longer - shorter <= SQUARE * longer;
}

function isSame(a: Area, b: Area): boolean {
  const near = 0.15 * (a.right - a.left);
  return (
    Math.abs(a.left - b.left) <= near &&
    Math.abs(a.right - b.right) <= near &&
    Math.abs(a.bottom - b.bottom) <= near &&
    Math.abs(a.top - b.top) <= near
  );
}

/** Whether a rectangle stands beside another one, edge to edge, or is the next cell of a row. */
function touches(square: Area, other: Area, isSideways: boolean): boolean {
  if (isSame(square, other)) return false;
  const side = square.right - square.left;
  const across = gap(square.left, square.right, other.left, other.right);
  const up = gap(square.bottom, square.top, other.bottom, other.top);
  const [next, above] = [up <= -side / 2, across <= -side / 2];
  if (next && Math.abs(across) <= TOUCH) return true;
  if (above && Math.abs(up) <= TOUCH) return true;
  const [isInRow, along] = isSideways ? [above, up] : [next, across];
  return isSquare(other) && isInRow && along > 0 && along <= CELLS_APART * side;
}

/** Between two stretches; less than 0 when they share something. */
function gap(start: number, end: number, otherStart: number, otherEnd: number): number {
  return Math.max(otherStart - end, start - otherEnd);
}

function isMarked(box: Area, marks: readonly Painted[], objects: PageObjects): boolean | undefined {
  const side = box.right - box.left;
  const inner = grown(box, -0.15 * side);
  const lines: Stroke[] = [];
  let isFilled = false;
  for (const mark of marks) {
    if (isEmpty(shared(grown(mark.area, 0.1), inner))) continue;
    const found = markOf(mark, box, objects);
    if (found === 'unsure') return undefined;
    if (found === 'filling') isFilled = true;
    else lines.push(...found);
  }
  if (isFilled) return true;
  const segments = lines.flatMap(({ points }) =>
    points.slice(1).map((to, at) => [points[at] ?? to, to] as const),
  );
  const inside = segments.filter(([from, to]) => !isEmpty(shared(grown(round([from, to]), 0.1), inner)));
  if (inside.length === 0) return false;
  return isCrossOrTick(inside, box) ? true : undefined;
}

/** What something in a box is: lines that may be part of a mark, none when it is nothing. */
function markOf(mark: Painted, box: Area, objects: PageObjects): Stroke[] | 'filling' | 'unsure' {
  if (mark.kind !== 'path') return 'unsure';
  const { isFilled, isStroked } = objects.drawing(mark.handle);
  const fill = isFilled ? objects.fill(mark.handle) : undefined;
  const line = isStroked ? objects.lineColour(mark.handle) : undefined;
  const isInked = isFilled && !(fill && isPaper(fill));
  const around = grown(box, AROUND * (box.right - box.left));
  if (isInked && isFilling(mark.area, box)) return 'filling';
  if (isInked) return isWithin(mark.area, around) ? 'unsure' : [];
  if (!line || isPaper(line)) return [];
  const strokes = objects.strokes(mark);
  if (!strokes) return 'unsure';
  const others = strokes.filter((stroke) => {
    const area = rectangle(stroke);
    return !area || !isSame(area, box);
  });
  if (others.length === 0) return [];
  return isWithin(mark.area, around) ? others : 'unsure';
}

/** A dot or a square in the middle of a box, smaller than it. */
function isFilling(area: Area, box: Area): boolean {
  const side = box.right - box.left;
  const [width, height] = [area.right - area.left, area.top - area.bottom];
  return (
    holds(area, ...middle(box)) &&
    isWithin(area, grown(box, (AROUND * side) / 8)) &&
    Math.min(width, height) >= 0.3 * side &&
    Math.max(width, height) <= 0.95 * side
  );
}

/** Lines of a cross or a tick go through the middle, one up and one down. */
function isCrossOrTick(lines: readonly (readonly [Point, Point])[], box: Area): boolean {
  const side = box.right - box.left;
  const slopes = lines.map(([from, to]) => {
    const [across, up] = [to[0] - from[0], to[1] - from[1]];
    const isSlanted = Math.abs(across) >= 0.12 * side && Math.abs(up) >= 0.12 * side;
    return isSlanted ? Math.sign(across * up) : 0;
  });
  const isThroughMiddle = lines.some(
    ([from, to], index) => slopes[index] !== 0 && distance(middle(box), from, to) <= 0.2 * side,
  );
  return isThroughMiddle && slopes.includes(1) && slopes.includes(-1);
}

/** From a point to a line between two others. */
function distance([x, y]: Point, [fromX, fromY]: Point, [toX, toY]: Point): number {
  const [across, up] = [toX - fromX, toY - fromY];
  const length = across * across + up * up;
  const share = length === 0 ? 0 : ((x - fromX) * across + (y - fromY) * up) / length;
  const at = Math.min(Math.max(share, 0), 1);
  return Math.hypot(x - fromX - at * across, y - fromY - at * up);
}
