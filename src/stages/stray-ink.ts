import { boxOf, type PageWords } from '../processor/words.js';
import type { GrayImage } from './pdf-worker.js';
import { onPage } from './scan/place.js';

/** Cells of a page from side to side, and from top to bottom. */
const CELLS = 400;
/** Cells round a word that are its own. */
const MARGIN = 2;
/** Fewer pieces of ink may be a logo's; beside a line of print, a word of a slip. */
const LEAST_LETTERS = 30;
const LEAST_BESIDE_LITTLE = 8;
const LITTLE = 20;

/** Whether a page shows more letters than its text layer has words for. */
export function hasStrayInk(image: GrayImage, words: PageWords): boolean {
  const covered = new Uint8Array(CELLS * CELLS);
  const count = words.boxes.length / 4;
  for (let index = 0; index < count; index++) {
    const box = boxOf(words, index);
    if (!box) continue;
    const [left, right] = [cell(box.left) - MARGIN, cell(box.right) + MARGIN + 1];
    const bottom = Math.min(cell(box.bottom) + MARGIN, CELLS - 1);
    for (let row = Math.max(cell(box.top) - MARGIN, 0); row <= bottom; row++) {
      covered.fill(1, row * CELLS + Math.max(left, 0), row * CELLS + Math.min(right, CELLS));
    }
  }
  const place = onPage(image, image.lie, 0);
  const stray = image.letters.filter((letter) => {
    const { left, top, right, bottom } = place(letter);
    return covered[cell((top + bottom) / 2) * CELLS + cell((left + right) / 2)] === 0;
  });
  return stray.length >= (count < LITTLE ? LEAST_BESIDE_LITTLE : LEAST_LETTERS);
}

function cell(share: number): number {
  return Math.min(Math.max(Math.floor(share * CELLS), 0), CELLS - 1);
}
