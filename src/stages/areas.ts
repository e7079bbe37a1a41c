/** A rectangle in a page's own points, level with it. */
export interface Area {
  left: number;
  bottom: number;
  right: number;
  top: number;
}

/** a, b, c, d, e, f as PDFs have them. */
export type Matrix = readonly [number, number, number, number, number, number];

export type Point = readonly [x: number, y: number];

export const AS_IT_IS: Matrix = [1, 0, 0, 1, 0, 0];

export function moved([x, y]: Point, [a, b, c, d, e, f]: Matrix): Point {
  return [a * x + c * y + e, b * x + d * y + f];
}

/** The matrix that does what `first` does, and then what `second` does. */
export function both(first: Matrix, second: Matrix): Matrix {
  const turn: Matrix = [second[0], second[1], second[2], second[3], 0, 0];
  const [a, b] = moved([first[0], first[1]], turn);
  const [c, d] = moved([first[2], first[3]], turn);
  const [e, f] = moved([first[4], first[5]], second);
  return [a, b, c, d, e, f];
}

/** Where a rectangle comes to lie; the box round it when it is turned. */
export function movedArea(area: Area, matrix: Matrix): Area {
  if (matrix === AS_IT_IS) return area;
  const { left, bottom, right, top } = area;
  return round([
    moved([left, bottom], matrix),
    moved([right, bottom], matrix),
    moved([left, top], matrix),
    moved([right, top], matrix),
  ]);
}

/** The box round points. */
export function round(points: readonly Point[]): Area {
  const area = { left: Infinity, bottom: Infinity, right: -Infinity, top: -Infinity };
  for (const [x, y] of points) {
    area.left = Math.min(area.left, x);
    area.right = Math.max(area.right, x);
    area.bottom = Math.min(area.bottom, y);
    area.top = Math.max(area.top, y);
  }
  return area;
}

/** What two rectangles share; turned inside out when that is nothing. */
export function shared(a: Area, b: Area): Area {
  return {
    left: Math.max(a.left, b.left),
    bottom: Math.max(a.bottom, b.bottom),
    right: Math.min(a.right, b.right),
    top: Math.min(a.top, b.top),
  };
}

export function grown(area: Area, by: number): Area {
  return { left: area.left - by, bottom: area.bottom - by, right: area.right + by, top: area.top + by };
}

export function isEmpty({ left, bottom, right, top }: Area): boolean {
  return !(left < right && bottom < top);
}

export function holds({ left, bottom, right, top }: Area, x: number, y: number): boolean {
  return x >= left && x <= right && y >= bottom && y <= top;
}

export function isWithin({ left, bottom, right, top }: Area, other: Area): boolean {
  return holds(other, left, bottom) && holds(other, right, top);
}

export function middle({ left, bottom, right, top }: Area): Point {
  return [(left + right) / 2, (bottom + top) / 2];
}
