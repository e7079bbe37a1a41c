import { findCheckBoxes, withoutBoxes, type CheckBox } from './check-boxes.js';
import { stretched } from './contrast.js';
import { inkPieces } from './ink.js';
import { isLetterSized } from './lost-cells.js';
import { reduced, type Area, type Picture, type Pixels } from './picture.js';
import { unruled } from './rules.js';
import { unshaded } from './shade.js';
import { findSkew, turnedBy } from './skew.js';
import { unspeckled } from './specks.js';
import { quarterTurned, type QuarterTurns } from './turns.js';

/** Less skew than this, in degrees, is none to Tesseract. */
const LEAST_SKEW = 0.3;
/** How much sharper lines of print must be on the turned page. */
const SIDEWAYS = 1.05;

/** How a page lies on its picture. */
export interface Lie {
  /** Quarter turns clockwise that make it upright. */
  turns: QuarterTurns;
  /** Degrees clockwise that its lines of print then stand askew. */
  skew: number;
}

/** A picture that is ready to be read. */
export interface Prepared {
  picture: Picture;
  /** How the page lay. Upside down is not told. */
  lie: Lie;
  /** Pieces of ink that may be letters. */
  letters: Area[];
  /** Boxes that were taken away from the picture. */
  checkBoxes: CheckBox[];
}

/**
 * Makes print on a page easy to read: black on white, upright or upside down, straight and without rules.
 *
 * @param drawn - its pixels are used up
 */
export function prepared(drawn: Picture): Prepared {
  const sheet = new Sheet(drawn);
  sheet.change(unshaded);
  sheet.change(stretched);
  sheet.change(unspeckled);
  // Rules of columns are sharper than any print, turned by a quarter.
  const lie = lieOf(sheet.look(unruled));
  if (lie.turns !== 0) sheet.change((picture, into) => quarterTurned(lie.turns, picture, into));
  if (lie.skew !== 0) sheet.change((picture, into) => turnedBy(-lie.skew, picture, into));
  const checkBoxes = findCheckBoxes(sheet.picture);
  sheet.change((picture, into) => withoutBoxes(checkBoxes, picture, into));
  sheet.change(unruled);
  return { picture: sheet.picture, lie, letters: inkPieces(sheet.picture, isLetterSized), checkBoxes };
}

/** Sideways or not, and how skewed. */
function lieOf(picture: Picture): Lie {
  const small = reduced(picture);
  const upright = findSkew(small);
  const turned = findSkew(quarterTurned(1, small));
  const isSideways = turned.sharpness > SIDEWAYS * upright.sharpness;
  const { degrees } = isSideways ? turned : upright;
  return { turns: isSideways ? 1 : 0, skew: Math.abs(degrees) < LEAST_SKEW ? 0 : degrees };
}

/** A picture that is changed step by step, in two buffers that take turns: pictures are large. */
class Sheet {
  picture: Picture;
  #spare: Pixels;

  constructor(picture: Picture) {
    this.picture = picture;
    this.#spare = new Uint8Array(picture.pixels.length);
  }

  /** The picture after a step that is not kept: until the next one. */
  look(step: (picture: Picture, into: Pixels) => Picture): Picture {
    return step(this.picture, this.#spare);
  }

  change(step: (picture: Picture, into: Pixels) => Picture): void {
    const next = step(this.picture, this.#spare);
    if (next.pixels === this.#spare) this.#spare = this.picture.pixels;
    this.picture = next;
  }
}
