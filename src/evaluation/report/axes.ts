import { scaleLinear, type ScaleLinear } from 'd3-scale';
import { markup, type Markup } from './markup.js';

/** The area of a drawing that values are drawn in, in its own units. */
export interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export type Scale = ScaleLinear<number, number>;

const TICKS = 6;

/**
 * Maps values to an axis with round ends. It begins at 0, unless all values are in its further half.
 *
 * @param range where on the drawing the axis begins and ends
 */
export function scaleOf(values: readonly number[], range: [begin: number, end: number]): Scale {
  const least = Math.min(...values);
  const most = Math.max(...values);
  const from = least > most / 2 && least < most ? least - (most - least) / 5 : 0;
  return scaleLinear([from, most > from ? most : from + 1], range).nice(TICKS);
}

/** An axis along the bottom of a frame. */
export function horizontalAxis(scale: Scale, { left, right, top, bottom }: Frame, name: string): Markup {
  const label = scale.tickFormat(TICKS);
  const ticks = scale.ticks(TICKS).map((tick) => {
    const x = fixed(scale(tick));
    return markup`<line class="grid" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"></line><text class="tick" x="${x}" y="${bottom + 20}" text-anchor="middle">${label(tick)}</text>`;
  });
  return markup`${ticks}
<text class="axis" x="${(left + right) / 2}" y="${bottom + 44}" text-anchor="middle">${name}</text>`;
}

/** An axis along the left of a frame. */
export function verticalAxis(scale: Scale, { left, right, top, bottom }: Frame, name: string): Markup {
  const label = scale.tickFormat(TICKS);
  const ticks = scale.ticks(TICKS).map((tick) => {
    const y = scale(tick);
    return markup`<line class="grid" x1="${left}" x2="${right}" y1="${fixed(y)}" y2="${fixed(y)}"></line><text class="tick" x="${left - 8}" y="${fixed(y + 4)}" text-anchor="end">${label(tick)}</text>`;
  });
  const middle = (top + bottom) / 2;
  return markup`${ticks}
<text class="axis" x="16" y="${middle}" text-anchor="middle" transform="rotate(-90 16 ${middle})">${name}</text>`;
}

/** A length for the drawing: a tenth of a unit is finer than anyone sees. */
export function fixed(length: number): string {
  return length.toFixed(1);
}
