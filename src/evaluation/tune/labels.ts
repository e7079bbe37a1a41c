import { markup, type Markup } from '../parity/markup.js';

/** A place in a drawing. */
export interface Place {
  x: number;
  y: number;
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

interface Label {
  box: Box;
  mark: Place;
  text: string;
  kind: 'plain' | 'chosen';
}

const LINE_HEIGHT = 16;
const MARK_RADIUS = 8;
/** How much wider bold text is. */
const BOLD = 1.2;
/** From a mark to its label. */
const GAP = 18;
/** How many lines up or down a label may be moved. */
const MOST_LINES = 12;

/** About how wide a text of 13 px is. */
export function textWidth(text: string): number {
  return text.length * 7;
}

/** Labels of marks, each at the nearest place where it covers no mark, no line and no other label. */
export class Labels {
  readonly #drawnBefore: readonly Box[];
  readonly #frame: Box;
  readonly #labels: Label[] = [];

  /**
   * @param lines by their corners; none slants
   * @param frame in which all labels stay
   */
  constructor(marks: readonly Place[], lines: readonly (readonly Place[])[], frame: Box) {
    this.#drawnBefore = [
      ...marks.map((mark) => around([mark], MARK_RADIUS)),
      ...lines.map((line) => around(line, 1)),
    ];
    this.#frame = frame;
  }

  /**
   * Places a label. Those placed first have the choice; when no place is free, the nearest is taken.
   */
  put(mark: Place, text: string, kind: Label['kind']): void {
    const boxes = nearestFirst(mark, textWidth(text) * (kind === 'chosen' ? BOLD : 1)).filter((box) =>
      within(box, this.#frame),
    );
    const taken = [...this.#drawnBefore, ...this.#labels.map(({ box }) => box)];
    const box = boxes.find((box) => !taken.some((other) => overlap(box, other))) ?? boxes[0];
    if (box) this.#labels.push({ box, mark, text, kind });
  }

  drawn(): Markup[] {
    return this.#labels.map(({ box, mark, text, kind }) => {
      const x = (box.left + box.right) / 2;
      const y = (box.top + box.bottom) / 2;
      const isNear = Math.hypot(nearest(box.left, mark.x, box.right) - mark.x, y - mark.y) <= GAP + 1;
      const edge = mark.x < box.left ? box.left - 2 : box.right + 2;
      const leader = markup`<line class="leader" x1="${mark.x.toFixed(1)}" y1="${mark.y.toFixed(1)}" x2="${edge.toFixed(1)}" y2="${y.toFixed(1)}"></line>`;
      return markup`${isNear ? '' : leader}<text class="label ${kind}" x="${x.toFixed(1)}" y="${(y + 4.5).toFixed(1)}" text-anchor="middle">${text}</text>`;
    });
  }
}

/** Right and left of a mark, under and over it, then right and left, moved up and down line by line. */
function nearestFirst({ x, y }: Place, width: number): Box[] {
  const at = (left: number, middle: number): Box => ({
    left,
    right: left + width,
    top: middle - LINE_HEIGHT / 2,
    bottom: middle + LINE_HEIGHT / 2,
  });
  const beside = (middle: number) => [at(x + GAP, middle), at(x - GAP - width, middle)];
  const lines = Array.from({ length: MOST_LINES }, (_, index) => index + 1);
  return [
    ...beside(y),
    ...[y + GAP, y - GAP].map((middle) => at(x - width / 2, middle)),
    ...lines.flatMap((line) => [-line, line]).flatMap((line) => beside(y + line * LINE_HEIGHT)),
  ];
}

function nearest(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

function around(places: readonly Place[], distance: number): Box {
  const across = places.map(({ x }) => x);
  const down = places.map(({ y }) => y);
  return {
    left: Math.min(...across) - distance,
    right: Math.max(...across) + distance,
    top: Math.min(...down) - distance,
    bottom: Math.max(...down) + distance,
  };
}

function overlap(one: Box, other: Box): boolean {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

function within(box: Box, frame: Box): boolean {
  return (
    box.left >= frame.left &&
    box.right <= frame.right &&
    box.top >= frame.top &&
    box.bottom <= frame.bottom + LINE_HEIGHT / 2
  );
}
