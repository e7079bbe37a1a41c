import { around } from '../../processor/words.js';
import { INK, type Area, type Picture } from './picture.js';

/** Pieces of ink that are told apart; what has more is fine print, or noise. */
const MOST_PIECES = 65_536;

/**
 * The areas of the pieces of ink that hang together, corners included. Those at the top alone where a picture is made
 * of very many.
 *
 * @param fits - says which are wanted
 */
export function inkPieces(picture: Picture, fits: (area: Area) => boolean): Area[] {
  const { width, height, pixels } = picture;
  const pieces = new Pieces();
  // Of the row above: the piece of each pixel, 0 for paper.
  const above = new Int32Array(width + 2);
  for (let y = 0, at = 0; y < height; y++) {
    // Of the row above, at the pixel before.
    let before = 0;
    let piece = 0;
    for (let x = 1; x <= width; x++, at++) {
      const over = above[x] ?? 0;
      if ((pixels[at] ?? 255) >= INK) piece = 0;
      else {
        const next = above[x + 1] ?? 0;
        if (piece === 0) piece = before || over || next || pieces.begin();
        if (piece === 0) return pieces.areas().filter(fits);
        if (over !== 0) pieces.join(piece, over);
        else if (next !== 0) pieces.join(piece, next);
        pieces.add(piece, x - 1, y);
      }
      before = over;
      above[x] = piece;
    }
  }
  return pieces.areas().filter(fits);
}

/** Pieces by number from 1; those that turn out to hang together become one. */
class Pieces {
  #count = 0;
  readonly #parents = new Int32Array(MOST_PIECES + 1);
  readonly #lefts = new Int32Array(MOST_PIECES + 1);
  readonly #tops = new Int32Array(MOST_PIECES + 1);
  readonly #rights = new Int32Array(MOST_PIECES + 1);
  readonly #bottoms = new Int32Array(MOST_PIECES + 1);

  /** 0 when there are too many. */
  begin(): number {
    if (this.#count === MOST_PIECES) return 0;
    const piece = ++this.#count;
    this.#parents[piece] = piece;
    this.#lefts[piece] = this.#tops[piece] = 0x7fffffff;
    return piece;
  }

  add(piece: number, x: number, y: number): void {
    if (x < (this.#lefts[piece] ?? 0)) this.#lefts[piece] = x;
    if (y < (this.#tops[piece] ?? 0)) this.#tops[piece] = y;
    if (x >= (this.#rights[piece] ?? 0)) this.#rights[piece] = x + 1;
    if (y >= (this.#bottoms[piece] ?? 0)) this.#bottoms[piece] = y + 1;
  }

  join(one: number, other: number): void {
    if (one === other) return;
    const [a, b] = [this.#root(one), this.#root(other)];
    this.#parents[Math.max(a, b)] = Math.min(a, b);
  }

  areas(): Area[] {
    const whole = new Map<number, Area>();
    for (let piece = 1; piece <= this.#count; piece++) {
      const root = this.#root(piece);
      const part = this.#area(piece);
      const area = whole.get(root);
      whole.set(root, area ? around(area, part) : part);
    }
    return [...whole.values()];
  }

  #area(piece: number): Area {
    return {
      left: this.#lefts[piece] ?? 0,
      top: this.#tops[piece] ?? 0,
      right: this.#rights[piece] ?? 0,
      bottom: this.#bottoms[piece] ?? 0,
    };
  }

  #root(piece: number): number {
    let root = piece;
    for (let parent = this.#parents[root] ?? root; parent !== root; parent = this.#parents[root] ?? root) {
      // Halves the way for the next.
      this.#parents[root] = this.#parents[parent] ?? parent;
      root = parent;
    }
    return root;
  }
}
