import type { Area } from './picture.js';

/** Pixels at 216 dpi: letters of 5 to 28 points. */
const LEAST_HEIGHT = 10;
const MOST_HEIGHT = 60;
const LEAST_WIDTH = 3;
const MOST_WIDTH = 60;
/** How high a letter or digit may be, to the height of a word in its row. */
const LEAST_OF_ROW = 0.6;
const MOST_OF_ROW = 1.25;
/** Words as sure as this tell where the rows are. */
const SURE = 70;
/** Fewer letters lost may be signs, specks and ends of rules. */
const LEAST_LOST = 4;
/** More than a page of cells has. */
const MOST_LOST = 2_000;
/** Pixels of one band of rows. */
const BAND = 32;

export interface ReadArea {
  area: Area;
  /** 0 to 100. */
  confidence: number;
}

/** Whether a piece of ink may be a letter or a digit. */
export function isLetterSized({ left, top, right, bottom }: Area): boolean {
  const [width, height] = [right - left, bottom - top];
  return (
    height >= LEAST_HEIGHT &&
    height <= MOST_HEIGHT &&
    width >= LEAST_WIDTH &&
    width <= MOST_WIDTH &&
    width <= 1.5 * height
  );
}

/**
 * The letters that no word covers although they stand in a row of sure words, and are as high: cells of a table
 * that came out empty. None where they are so few that they may be something else.
 *
 * @param letters - pieces of ink that may be letters
 */
export function lostLetters(letters: readonly Area[], words: readonly ReadArea[]): Area[] {
  const bands = new Map<number, ReadArea[]>();
  for (const word of words) {
    for (let band = bandOf(word.area.top); band <= bandOf(word.area.bottom); band++) {
      const inBand = bands.get(band);
      if (inBand) inBand.push(word);
      else bands.set(band, [word]);
    }
  }
  const lost = letters.filter((letter) => {
    const near = bands.get(bandOf((letter.top + letter.bottom) / 2)) ?? [];
    return near.some((word) => sharesRow(letter, word)) && !near.some(({ area }) => overlap(letter, area));
  });
  return lost.length < LEAST_LOST ? [] : lost.slice(0, MOST_LOST);
}

function bandOf(y: number): number {
  return Math.floor(y / BAND);
}

function sharesRow(letter: Area, { area, confidence }: ReadArea): boolean {
  if (confidence < SURE) return false;
  const middle = (letter.top + letter.bottom) / 2;
  const size = (letter.bottom - letter.top) / (area.bottom - area.top);
  return middle > area.top && middle < area.bottom && size >= LEAST_OF_ROW && size <= MOST_OF_ROW;
}

/** Whether two areas have a place in common. */
export function overlap(a: Area, b: Area): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
