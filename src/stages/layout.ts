import { joinSetApart, type Extent } from './letters-apart.js';
import { isBlank, type PlacedChar } from './placed-char.js';

export type { PlacedChar } from './placed-char.js';

/** A word where the reader sees it: lengths in any unit, the baseline growing upwards. */
export interface PlacedWord {
  text: string;
  start: number;
  end: number;
  baseline: number;
  /** Height of the font (its em). */
  size: number;
  /** The same for the words that a PDF draws as one text. */
  object?: number | undefined;
}

/** A word with the box round its characters, in the lengths of the characters. */
export interface BoxedWord extends PlacedWord {
  left: number;
  right: number;
  bottom: number;
  top: number;
}

/**
 * A page's text, and the words that stand in it: in its order, one for each run without white space. Words
 * that were printed twice are there once.
 */
export interface LaidOut<Word> {
  text: string;
  words: Word[];
  /** The page holds more text than is kept of one page. */
  cut: boolean;
}

interface GrowingWord extends BoxedWord {
  last: PlacedChar;
  /** Where its last character starts. */
  lastStart: number;
  isUnsound: boolean;
}

/** Words of one row with no column's gap between them. */
interface Piece<Word> {
  words: Word[];
  /** Of its text, in UTF-16 units. */
  length: number;
  start: number;
  end: number;
}

interface Row<Word> {
  words: Word[];
  /** Mean baseline of the words. */
  baseline: number;
  size: number;
}

/** Everything below is in ems of the font at hand, so it holds for fine print and headings alike. */
const COLUMN_GAP = 1;
const GLUE_GAP = 0.1;
const BACK_JUMP = 0.5;
const ROW_TOLERANCE = 0.45;
const RAISED_TOLERANCE = 0.6;
const PARAGRAPH_GAP = 1.8;
const OVERPRINT_SHIFT = 0.3;
const OVERPRINT_OF_LETTER = 0.1;
const OVERLAP = 0.2;
const OVERLAP_OF_LETTERS = 0.3;

/** Lines and dots to be written on. */
const LEADER = /[_.]{2}|^[-–—…·]+$/;

const COLUMN_SPACES = 3;
/** A page is laid out on at most this many character cells from left to right. */
const GRID_CELLS = 120;
/**
 * UTF-16 units of a page's text. A page full of fine print has some 20,000; but characters strewn over a page
 * would come to sixty times their number in spaces and line breaks.
 */
const MOST_TEXT = 200_000;
/** A model is sent a page's first 12,000 code points: words must not lose their place to spaces. */
const ROOMY_LENGTH = 11_000;
/** Text turned by up to this many degrees still belongs to the upright (or the sideways) text. */
const SKEW_DEGREES = 10;

/**
 * The text of a page with its rows and columns kept apart. Words of one visual row stand on one line, left to
 * right; a gap wider than a word space becomes at least three spaces, as many as keep table columns one
 * below the other; a wide gap between rows becomes an empty line. Text running in another direction (a
 * margin note, a diagonal stamp) follows after an empty line. Takes n log n time in the number of characters,
 * and ends where the page has more text than is kept of one.
 */
export function layOutChars(chars: readonly PlacedChar[]): LaidOut<BoxedWord> {
  return layOut(byDirection(chars).map(wordsAlong));
}

/** The same for words that all read in one direction, and must not hold white space. */
export function layOutWords<Word extends PlacedWord>(words: readonly Word[]): LaidOut<Word> {
  return layOut([words]);
}

function layOut<Word extends PlacedWord>(directions: readonly (readonly Word[])[]): LaidOut<Word> {
  const page = new Print<Word>();
  for (const words of directions) {
    if (!page.isFull) page.direction(gatherRows(words));
  }
  const { text, words, isFull } = page;
  return { text: narrow(text), words, cut: isFull };
}

/** Columns stand close together on a page so full that the spaces between them would cost it words. */
function narrow(text: string): string {
  return text.length > ROOMY_LENGTH ? text.replace(/(?<=\S) {4,}/g, ' '.repeat(COLUMN_SPACES)) : text;
}

interface Direction {
  angle: number;
  runs: PlacedChar[][];
  inked: number;
}

/** Parts the characters by reading direction, the one with the most characters first. */
function byDirection(chars: readonly PlacedChar[]): Direction[] {
  const directions = new Map<number, Direction & { turned: number }>();
  let current: number | undefined;
  for (const char of chars) {
    const blank = isBlank(char.text);
    const degrees = ((char.angle * 180) / Math.PI + 360) % 360;
    // A blank made up by the reader of the PDF has no direction of its own.
    const key = blank && current !== undefined ? current : directionKey(degrees);
    const direction = directions.get(key) ?? { angle: 0, runs: [], inked: 0, turned: 0 };
    directions.set(key, direction);
    if (key !== current) direction.runs.push([]);
    direction.runs.at(-1)?.push(char);
    if (!blank) {
      direction.inked++;
      direction.turned += ((degrees - key + 540) % 360) - 180;
    }
    current = key;
  }
  const found = [...directions].filter(([, direction]) => direction.inked > 0);
  for (const [key, direction] of found) {
    direction.angle = ((key + direction.turned / direction.inked) * Math.PI) / 180;
  }
  return found.sort(([a, x], [b, y]) => y.inked - x.inked || a - b).map(([, direction]) => direction);
}

function directionKey(degrees: number): number {
  const right = Math.round(degrees / 90) * 90;
  return (Math.abs(degrees - right) <= SKEW_DEGREES ? right : Math.round(degrees)) % 360;
}

function wordsAlong({ angle, runs }: Direction): BoxedWord[] {
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const upright = Math.abs(cos * sin) < 0.2;
  const extentOf = (char: PlacedChar): Extent => extent(char, cos, sin, upright);
  const words: GrowingWord[] = [];
  for (const run of runs) {
    let last: GrowingWord | undefined;
    let word: GrowingWord | undefined;
    let lineBroken = false;
    for (const char of joinSetApart(run, extentOf)) {
      if (isBlank(char.text)) {
        // pdfium makes up a line break wherever the pen jumps, even inside a word: the distance decides.
        if (char.text === '\n') lineBroken = true;
        else word = undefined;
        continue;
      }
      if (last && isPrintedAgain(last.last, char)) {
        word = last;
        lineBroken = false;
        continue;
      }
      const { start, end } = extentOf(char);
      const baseline = char.originY * cos - char.originX * sin;
      const reach = lineBroken ? GLUE_GAP : COLUMN_GAP;
      lineBroken = false;
      if (word && continues(word, start, baseline, char, reach)) {
        word.text += char.text;
        word.end = Math.max(word.end, end);
        word.size = Math.max(word.size, char.size);
        word.last = char;
        word.lastStart = start;
        word.isUnsound ||= char.isUnsound === true;
        stretch(word, char);
      } else {
        word = newWord(char, start, end, baseline);
        words.push(word);
      }
      last = word;
    }
  }
  return words.filter(({ isUnsound }) => !isUnsound);
}

function newWord(char: PlacedChar, start: number, end: number, baseline: number): GrowingWord {
  const { text, size, object, left, right, bottom, top, isUnsound = false } = char;
  const box = { left, right, bottom, top };
  return { text, start, end, baseline, size, object, last: char, lastStart: start, isUnsound, ...box };
}

/** Bold by printing each letter twice. The letters of a ligature stand in one place, and belong to one text. */
function isPrintedAgain(last: PlacedChar, char: PlacedChar): boolean {
  if (last.text !== char.text) return false;
  const [across, up] = [Math.abs(char.originX - last.originX), Math.abs(char.originY - last.originY)];
  const width = Math.min(char.right - char.left, char.top - char.bottom);
  const shift = Math.min(OVERPRINT_OF_LETTER * char.size, width * 0.4);
  if (across > shift || up > shift) return false;
  return char.object !== undefined && (char.object !== last.object || across + up > 0);
}

function stretch(word: BoxedWord, char: PlacedChar): void {
  word.left = Math.min(word.left, char.left);
  word.right = Math.max(word.right, char.right);
  word.bottom = Math.min(word.bottom, char.bottom);
  word.top = Math.max(word.top, char.top);
}

function extent(char: PlacedChar, cos: number, sin: number, upright: boolean): Extent {
  const origin = char.originX * cos + char.originY * sin;
  // The box is level with the page: of a diagonal character it says nothing about the width.
  if (!upright) return { start: origin, end: origin + char.size / 2 };
  const middle = ((char.left + char.right) * cos + (char.bottom + char.top) * sin) / 2;
  const half = (Math.abs(cos) > 0.5 ? char.right - char.left : char.top - char.bottom) / 2;
  return { start: middle - half, end: middle + half };
}

/** Whether a character goes on with the word before it: no jump up, down or back, nor one of `reach` ems on. */
function continues(
  word: GrowingWord,
  start: number,
  baseline: number,
  char: PlacedChar,
  reach: number,
): boolean {
  const em = Math.max(word.size, char.size);
  const gap = start - word.end;
  if (gap < -OVERLAP_OF_LETTERS * em && isOtherText(word.last, char) && start !== word.lastStart)
    return false;
  return (
    Math.abs(baseline - word.baseline) <= RAISED_TOLERANCE * em &&
    // The characters of a ligature share one box.
    (start === word.lastStart || (gap < reach * em && gap > -Math.min(reach, BACK_JUMP) * em))
  );
}

/** Letters of two texts, which can have been drawn over each other. Accents are set over letters on purpose. */
function isOtherText(last: PlacedChar, char: PlacedChar): boolean {
  return last.object !== char.object && /[\p{L}\p{N}]/u.test(last.text) && /[\p{L}\p{N}]/u.test(char.text);
}

function gatherRows<Word extends PlacedWord>(words: readonly Word[]): Row<Word>[] {
  const rows: Row<Word>[] = [];
  let row: Row<Word> | undefined;
  for (const word of words.toSorted((a, b) => b.baseline - a.baseline)) {
    if (row && row.baseline - word.baseline <= ROW_TOLERANCE * Math.min(row.size, word.size)) {
      row.baseline += (word.baseline - row.baseline) / (row.words.length + 1);
      row.size = Math.max(row.size, word.size);
      row.words.push(word);
    } else {
      row = { words: [word], baseline: word.baseline, size: word.size };
      rows.push(row);
    }
  }
  return rows;
}

/** The text of a page as it is printed, until it is full. */
class Print<Word extends PlacedWord> {
  text = '';
  readonly words: Word[] = [];
  isFull = false;

  direction(rows: readonly Row<Word>[]): void {
    const lines = rows.map((row) => pieces(row.words));
    const column = columns(lines.flat());
    let above: Row<Word> | undefined;
    for (const [index, row] of rows.entries()) {
      if (this.isFull) return;
      this.#line(this.#breakBefore(row, above), lines[index] ?? [], column);
      above = row;
    }
  }

  #breakBefore(row: Row<Word>, above: Row<Word> | undefined): string {
    if (!above) return this.text === '' ? '' : '\n\n';
    return above.baseline - row.baseline > PARAGRAPH_GAP * Math.max(above.size, row.size) ? '\n\n' : '\n';
  }

  #line(lineBreak: string, line: readonly Piece<Word>[], column: (start: number) => number): void {
    const begin = this.text.length + lineBreak.length;
    let before = lineBreak;
    for (const [index, { start, words }] of line.entries()) {
      const spaces = column(start) - Math.max(this.text.length - begin, 0);
      before += ' '.repeat(index === 0 ? spaces : Math.max(spaces, COLUMN_SPACES));
      for (const word of words) {
        if (this.text.length + before.length + word.text.length > MOST_TEXT) {
          this.isFull = true;
          return;
        }
        this.text += before + word.text;
        this.words.push(word);
        before = ' ';
      }
      before = '';
    }
  }
}

function pieces<Word extends PlacedWord>(words: Word[]): Piece<Word>[] {
  const found: Piece<Word>[] = [];
  let piece: Piece<Word> | undefined;
  let last: Word | undefined;
  for (const word of untangled(printedOnce(words.toSorted((a, b) => a.start - b.start)))) {
    const em = Math.min(word.size, last?.size ?? word.size);
    if (piece && word.start - piece.end < COLUMN_GAP * em) {
      piece.length += 1 + word.text.length;
      piece.words.push(word);
      piece.end = Math.max(piece.end, word.end);
    } else {
      piece = { words: [word], length: word.text.length, start: word.start, end: word.end };
      found.push(piece);
    }
    last = word;
  }
  return found;
}

/** Leaves out words that make others bold by being printed over them. */
function printedOnce<Word extends PlacedWord>(words: readonly Word[]): Word[] {
  const kept: Word[] = [];
  for (const word of words) {
    const last = kept.at(-1);
    const em = Math.min(word.size, last?.size ?? word.size);
    if (last?.text === word.text && word.start - last.start < OVERPRINT_SHIFT * em) continue;
    kept.push(word);
  }
  return kept;
}

/**
 * Words of two texts that were drawn over each other: one text follows the other whole.
 *
 * @param words - of one row, by where they start
 */
function untangled<Word extends PlacedWord>(words: Word[]): Word[] {
  const textOf = texts(words);
  const tangled = new Set<Text<Word>>();
  let furthest: Word | undefined;
  for (const word of words) {
    const text = textOf.get(word);
    if (!text) continue;
    const other = furthest && textOf.get(furthest);
    if (furthest && other && other !== text) {
      const overlap = furthest.end - word.start;
      if (overlap > OVERLAP * Math.min(furthest.size, word.size)) tangled.add(other).add(text);
    }
    if (!furthest || word.end > furthest.end) furthest = word;
  }
  if (tangled.size === 0) return words;
  return words.flatMap((word) => {
    const text = textOf.get(word);
    if (!text || !tangled.has(text)) return [word];
    return text[0] === word ? text : [];
  });
}

/**
 * Words of one object that no gutter parts, nor dots to write on: a label and the next column's may be drawn in one, and
 * what is typed into a form stands between them.
 */
type Text<Word> = Word[];

function texts<Word extends PlacedWord>(words: readonly Word[]): Map<Word, Text<Word>> {
  const textOf = new Map<Word, Text<Word>>();
  /** Of each object the word that reaches furthest. */
  const latest = new Map<number, Word>();
  for (const word of words) {
    if (word.object === undefined || LEADER.test(word.text)) continue;
    const last = latest.get(word.object);
    const isApart = !last || word.start - last.end >= COLUMN_GAP * Math.min(word.size, last.size);
    const text = (isApart ? undefined : textOf.get(last)) ?? [];
    text.push(word);
    textOf.set(word, text);
    if (isApart || word.end > last.end) latest.set(word.object, word);
  }
  return textOf;
}

/** Maps a place across the page to a character column; gutters that no row uses shrink to a few cells. */
function columns(all: Piece<unknown>[]): (start: number) => number {
  const left = all.reduce((least, piece) => Math.min(least, piece.start), Infinity);
  const right = all.reduce((most, piece) => Math.max(most, piece.end), -Infinity);
  const width = all.reduce((sum, piece) => sum + piece.end - piece.start, 0);
  const length = all.reduce((sum, piece) => sum + piece.length, 0);
  const cell = Math.max(width / length, (right - left) / GRID_CELLS, Number.MIN_VALUE);
  const cellOf = (x: number): number => Math.min(Math.max(Math.round((x - left) / cell), 0), GRID_CELLS);

  const used = new Array<boolean>(GRID_CELLS + 1).fill(false);
  for (const piece of all) used.fill(true, cellOf(piece.start), cellOf(piece.end) + 1);
  const columnOf: number[] = [];
  let column = 0;
  let empty = 0;
  for (const isUsed of used) {
    empty = isUsed ? 0 : empty + 1;
    columnOf.push(column);
    if (empty <= COLUMN_SPACES) column++;
  }
  return (start) => columnOf[cellOf(start)] ?? 0;
}
