import { barsAsLetters } from './bars.js';
import { boxWords } from './box-words.js';
import { lostLetters, overlap } from './lost-cells.js';
import { pgmOf, pictureIn } from './pgm.js';
import type { Pixels } from './picture.js';
import type { Prepared } from './prepare.js';
import type { ReadWord } from './read-word.js';
import { quarterTurned, turnedArea, type QuarterTurns } from './turns.js';

/** How OCR looks for print: scattered, as on forms, or as one block of lines. */
export type PageMode = 'sparse' | 'block';

export interface Reading {
  words: ReadWord[];
  /** Clockwise, by which the picture was turned to be read. */
  turns: QuarterTurns;
  /** Of the words, long ones weighing more, of those too that were not taken for print; 0 when there were none. */
  meanConfidence: number;
}

/** A reading less sure than this is of a page upside down, or of no print at all: upright ones have 72 and more. */
const UNSURE = 60;
/** Good words, which print has and noise has not: at least as sure and as long, in Unicode code units. */
const GOOD_CONFIDENCE = 80;
const GOOD_LENGTH = 3;
/** A page that is unsure every way round has print only with as many good words, and such a share of them. */
const LEAST_GOOD = 3;
const LEAST_GOOD_SHARE = 0.1;
/** Or with one, where that is so much of all there is. */
const MUCH = 0.3;
/** Specks, and what shows through from the other side, make fewer letters than that. */
const LEAST_LETTERS = 12;
/** Words of the second look are taken from this confidence on. */
const SURE = 70;

/**
 * Reads a page: turned where it is upside down, with a second look at cells of tables that came out empty. No
 * words when there is no print on it.
 *
 * @param look - reads a picture
 */
export async function readPicture(
  image: { width: number; height: number; pgm: Pixels } & Pick<Prepared, 'letters' | 'checkBoxes' | 'lie'>,
  look: (pgm: Pixels, mode: PageMode) => Promise<ReadWord[]>,
): Promise<Reading> {
  const upright = await readTurned(0);
  if (upright.words.length === 0 && image.letters.length === 0) return upright;
  if (upright.meanConfidence >= UNSURE) return completed(upright);
  let best = better(await readTurned(2), upright);
  // It was put upright for nothing, perhaps.
  if (best.meanConfidence < UNSURE && image.lie.turns !== 0) best = better(await readTurned(3), best);
  if (best.meanConfidence < UNSURE && !hasPrint(best)) return unread(best);
  return completed(best);

  async function readTurned(turns: QuarterTurns): Promise<Reading> {
    return readingOf(await look(pgmTurned(turns), 'sparse'), turns);
  }

  function pgmTurned(turns: QuarterTurns): Pixels {
    if (turns === 0) return image.pgm;
    return pgmOf(quarterTurned(turns, pictureIn(image.pgm, image.width, image.height)));
  }

  /** With what the first look leaves out. */
  async function completed(reading: Reading): Promise<Reading> {
    const { turns, meanConfidence } = reading;
    const words = [...reading.words, ...(await lostCells(reading))];
    const boxes = image.checkBoxes.map((box) => ({ ...box, area: turnedArea(turns, image, box.area) }));
    return { words: [...words, ...boxWords(boxes, words)], turns, meanConfidence };
  }

  async function lostCells({ words, turns }: Reading): Promise<ReadWord[]> {
    const letters = image.letters.map((letter) => turnedArea(turns, image, letter));
    const lost = lostLetters(letters, words);
    if (lost.length === 0) return [];
    const found = await look(pgmTurned(turns), 'block');
    return found.filter(
      ({ area, confidence }) =>
        confidence >= SURE &&
        lost.some((letter) => overlap(letter, area)) &&
        !words.some((word) => overlap(word.area, area)),
    );
  }
}

function readingOf(read: ReadWord[], turns: QuarterTurns): Reading {
  const words = barsAsLetters(read);
  const letters = lettersIn(words);
  const sure = words.reduce((sum, { text, confidence }) => sum + text.length * confidence, 0);
  return { words, turns, meanConfidence: letters === 0 ? 0 : sure / letters };
}

/** A page on which nothing was taken for print: blank, or with something that a person may be able to read. */
function unread({ words, meanConfidence }: Reading): Reading {
  return { words: [], turns: 0, meanConfidence: lettersIn(words) < LEAST_LETTERS ? 0 : meanConfidence };
}

function lettersIn(words: readonly ReadWord[]): number {
  return words.reduce((sum, { text }) => sum + text.length, 0);
}

function goodWords({ words }: Reading): ReadWord[] {
  return words.filter(
    ({ text, confidence }) =>
      confidence >= GOOD_CONFIDENCE && /[\p{L}\p{N}]{3}/u.test(text) && text.length >= GOOD_LENGTH,
  );
}

function better(reading: Reading, known: Reading): Reading {
  return lettersIn(goodWords(reading)) > lettersIn(goodWords(known)) ? reading : known;
}

function hasPrint(reading: Reading): boolean {
  const good = goodWords(reading).length;
  const share = good / Math.max(reading.words.length, 1);
  return (good >= LEAST_GOOD && share >= LEAST_GOOD_SHARE) || (good > 0 && share >= MUCH);
}
