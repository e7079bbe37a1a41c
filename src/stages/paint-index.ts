import { holds, type Area } from './areas.js';
import type { Painted } from './page-objects.js';

const BANDS = 64;
/** What goes through more bands is kept apart. */
const TALL = 16;
/** Points: a shade can be made of many thin strips, but not of nothing. */
const THIN = 0.02;
/** Looks at things, for a whole page: crafted pages could take minutes. */
const MOST_LOOKS = 20_000_000;

/** Finds what is painted at a place of a page. */
export class PaintIndex {
  readonly #bands: Painted[][] = Array.from({ length: BANDS }, () => []);
  readonly #tall: Painted[] = [];
  readonly #bottom: number;
  readonly #bandHeight: number;
  /** The place of the last in the order of drawing. */
  readonly last: number;
  #looks = 0;

  /** @param painted - in the order of drawing */
  constructor(painted: readonly Painted[], page: Area) {
    this.#bottom = page.bottom;
    this.#bandHeight = Math.max((page.top - page.bottom) / BANDS, Number.MIN_VALUE);
    let last = 0;
    for (const each of painted) {
      const { left, bottom, right, top } = each.area;
      if (!(right - left >= THIN && top - bottom >= THIN)) continue;
      const [lowest, highest] = [this.#band(bottom), this.#band(top)];
      if (highest - lowest >= TALL) this.#tall.push(each);
      else for (let band = lowest; band <= highest; band++) this.#bands[band]?.push(each);
      last = each.order;
    }
    this.last = last;
  }

  /** What was painted over a place after something else was drawn, the last first. */
  *above(x: number, y: number, order: number): Generator<Painted> {
    for (const each of this.#at(x, y)) {
      if (each.order < order) return;
      yield each;
    }
  }

  /** What was painted there before, the last first. */
  *below(x: number, y: number, order: number): Generator<Painted> {
    for (const each of this.#at(x, y)) if (each.order < order) yield each;
  }

  /** Whether so much was looked for that nothing more is found. */
  get isSpent(): boolean {
    return this.#looks >= MOST_LOOKS;
  }

  /** The last first. */
  *#at(x: number, y: number): Generator<Painted> {
    const band = this.#bands[this.#band(y)] ?? [];
    let [low, tall] = [band.length - 1, this.#tall.length - 1];
    while ((low >= 0 || tall >= 0) && this.#looks++ < MOST_LOOKS) {
      const fromTall = (this.#tall[tall]?.order ?? -1) > (band[low]?.order ?? -1);
      const each = fromTall ? this.#tall[tall--] : band[low--];
      if (each && holds(each.area, x, y)) yield each;
    }
  }

  #band(y: number): number {
    const band = Math.floor((y - this.#bottom) / this.#bandHeight);
    return Math.min(Math.max(Number.isNaN(band) ? 0 : band, 0), BANDS - 1);
  }
}
