import { isBlank, type PlacedChar } from './placed-char.js';

/** Where a character stands along its line. */
export interface Extent {
  start: number;
  end: number;
}

/** In ems. */
const CLOSE = 0.1;
const WIDE = 3;
/** Letters further apart are columns of a table. */
const APART = 0.99;
/** A gap so much wider than the others parts words. */
const CLEARLY = 1.6;
const FEWEST = 4;
/** Fewer than so many letters, no further apart than words are, may be answers in a row: "Y N N Y". */
const FEW = 6;
const WORD_SPACE = 0.4;

interface Letter extends Extent {
  index: number;
  /** The gap to what stands before it on its line. */
  before: number;
  after: number;
}

/**
 * Joins words whose letters are set apart, as headings have them ("A C C O U N T   N U M B E R"): at least
 * four single letters with even gaps between them, and clearly wider ones round them. Digits stay apart:
 * each can have a cell of its own.
 *
 * @param run - characters in the order of the text, blanks between them
 */
export function joinSetApart(
  run: readonly PlacedChar[],
  extentOf: (char: PlacedChar) => Extent,
): readonly PlacedChar[] {
  if (!hasLoneLetters(run)) return run;
  const dropped = new Set<number>();
  const parted = new Set<number>();
  for (const letters of loneLetters(run, extentOf)) {
    const words = wordsOf(letters, run);
    for (const [index, letter] of letters.entries()) {
      const next = letters[index + 1];
      if (!words || !next) break;
      if (words[index] === words[index + 1]) {
        for (let blank = letter.index + 1; blank < next.index; blank++) dropped.add(blank);
      } else if (next.index === letter.index + 1) parted.add(next.index);
    }
  }
  if (dropped.size === 0) return run;
  return run.flatMap((char, index) => {
    if (dropped.has(index)) return [];
    return parted.has(index) ? [{ ...char, text: ' ' }, char] : [char];
  });
}

/** Whether a look is worth it: nearly no text has letters between blanks one after the other. */
function hasLoneLetters(run: readonly PlacedChar[]): boolean {
  let count = 0;
  for (let index = 0; index < run.length; index++) {
    if (!isInked(run[index])) continue;
    const isLone = !isInked(run[index - 1]) && !isInked(run[index + 1]) && isMember(run[index]);
    count = isLone ? count + 1 : 0;
    if (count === 2) return true;
  }
  return false;
}

/** Letters that follow each other on a line, none of them close to another character. */
function loneLetters(run: readonly PlacedChar[], extentOf: (char: PlacedChar) => Extent): Letter[][] {
  const found: Letter[][] = [];
  let before: { char: PlacedChar; end: number; letter: Letter | undefined } | undefined;
  let letters: Letter[] = [];
  for (const [index, char] of run.entries()) {
    if (!isInked(char)) continue;
    const { start, end } = extentOf(char);
    const gap = before && isOnLine(before.char, char) ? (start - before.end) / char.size : Infinity;
    if (before?.letter) before.letter.after = gap;
    const isApart = gap >= CLOSE && gap <= WIDE;
    const letter =
      isMember(char) && gap >= CLOSE ? { index, start, end, before: gap, after: Infinity } : undefined;
    if (!letter || !isApart) {
      found.push(letters);
      letters = [];
    }
    if (letter) letters.push(letter);
    before = { char, end, letter };
  }
  found.push(letters);
  // The last may have turned out to be the first letter of a word.
  return found.map((each) => ((each.at(-1)?.after ?? 0) < CLOSE ? each.slice(0, -1) : each));
}

/** For each letter the number of its word; undefined when they are no words. */
function wordsOf(letters: readonly Letter[], run: readonly PlacedChar[]): number[] | undefined {
  const count = letters.filter(({ index }) => /^\p{L}$/u.test(run[index]?.text ?? '')).length;
  if (count < FEWEST) return undefined;
  const size = run[letters[0]?.index ?? 0]?.size ?? 1;
  const gaps = letters.slice(1).map(({ before }) => before);
  const usualGap = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
  if (count < FEW && usualGap < WORD_SPACE) return undefined;
  const middles = letters.map(({ start, end }) => (start + end) / 2 / size);
  const steps = middles.slice(1).map((at, index) => at - (middles[index] ?? 0));
  const outside = Math.min(letters[0]?.before ?? 0, letters.at(-1)?.after ?? 0);
  if (outside < usualGap * CLEARLY) return undefined;
  return parted(gaps, gaps) ?? parted(steps, gaps);
}

/** Parts words where a distance is clearly wider than the others, which must be even. */
function parted(distances: readonly number[], gaps: readonly number[]): number[] | undefined {
  const usual = distances.toSorted((a, b) => a - b)[Math.floor(distances.length / 4)] ?? 0;
  let word = 0;
  let inside = 0;
  const words = [word];
  for (const [index, distance] of distances.entries()) {
    if (distance >= usual * CLEARLY) word++;
    else if (distance > usual * 1.3 || distance < usual / 1.3 || (gaps[index] ?? 0) > APART) return undefined;
    else inside++;
    words.push(word);
  }
  return inside >= FEWEST - 1 ? words : undefined;
}

function isOnLine(a: PlacedChar, b: PlacedChar): boolean {
  const [across, up] = [b.originX - a.originX, b.originY - a.originY];
  const off = Math.abs(up * Math.cos(b.angle) - across * Math.sin(b.angle));
  return off <= CLOSE * b.size && Math.abs(a.size - b.size) <= CLOSE * b.size;
}

function isInked(char: PlacedChar | undefined): char is PlacedChar {
  return char !== undefined && !isBlank(char.text);
}

function isMember(char: PlacedChar | undefined): boolean {
  return char !== undefined && !char.mark && /^[\p{L}&'’.,:/-]$/u.test(char.text);
}
