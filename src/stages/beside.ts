import { listWords, packWords, type Box, type PageWord, type PageWords } from '../processor/words.js';
import { layOutWords, type PlacedWord } from './layout.js';
import type { Print } from './ocr.js';

/** What was read of a page, one way or another. */
interface Read {
  text: string;
  words: PageWords;
}

/** How a page lies that was read by OCR, and was not turned. */
interface Straightened {
  /** Degrees clockwise that it lay askew. */
  skew: number;
  /** In its widths. */
  height: number;
}

/** pdfium's boxes reach from the font's ascent to its descent: so many ems are one high, so much lies below. */
const BOX_HEIGHT = 1.15;
const BELOW_BASELINE = 0.2;
/** A word of OCR is the digital one read once more, from this share of its area on, */
const SAME = 0.4;
/** and where neither is so much higher: a mark across the page is no word of its rows. */
const MOST_HIGHER = 3;
/** Bands of a page in which its words are looked for. */
const BANDS = 200;
const MOST_BANDS = 20;

/**
 * A page that was read by OCR and holds digital text, too: the digital words are kept, and those that OCR read
 * where none of them stands. Rows of both are put together, as they are on a form that was scanned and filled in.
 */
export function besideDigital(
  ocr: Read & { print: Print },
  skew: number,
  digital: Read,
): Read & { cut: boolean } {
  const given = listWords(digital.text, digital.words);
  const isGiven = standing(given);
  const { rows, height } = ocr.print;
  const read = listWords(ocr.text, ocr.words).map((word, index) => {
    const [start = 0, end = 0, baseline = 0, size = 0] = rows.subarray(4 * index, 4 * index + 4);
    return { ...word, start, end, baseline, size };
  });
  return laidOut([
    ...given.flatMap((word) => straightened(word, { skew, height })),
    ...read.filter(({ box }) => box && !isGiven(box)),
  ]);
}

/** The same for two layers of text on a page that was read by OCR. */
export function bothLayers(beneath: Read, page: Straightened, digital: Read): Read & { cut: boolean } {
  const given = listWords(digital.text, digital.words);
  const isGiven = standing(given);
  const rest = listWords(beneath.text, beneath.words).filter(({ box }) => box && !isGiven(box));
  return laidOut([...given, ...rest].flatMap((word) => straightened(word, page)));
}

/** One text behind the other, where their rows are not the same. */
export function behind(first: Read, second: Read): Read {
  const words = [first, second].flatMap(({ text, words }) => listWords(text, words));
  return { text: `${first.text}\n\n${second.text}`, words: packed(words) };
}

type Placed = PlacedWord & Pick<PageWord, 'box' | 'confidence'>;

function laidOut(placed: readonly Placed[]): Read & { cut: boolean } {
  const { text, words, cut } = layOutWords(placed);
  return { text, words: packed(words), cut };
}

function packed(words: readonly Pick<PageWord, 'box' | 'confidence'>[]): PageWords {
  return packWords(
    words.map(({ box }) => box),
    words.map(({ confidence = 100 }) => confidence),
  );
}

/** Where a digital word stands once the page is straight. */
function straightened(word: PageWord, { skew, height: pageHeight }: Straightened): Placed[] {
  const { box } = word;
  if (!box) return [];
  const angle = (-skew * Math.PI) / 180;
  const [x, y] = [(box.left + box.right - 1) / 2, ((box.top + box.bottom - 1) / 2) * pageHeight];
  const middle = x * Math.cos(angle) - y * Math.sin(angle) + 1 / 2;
  const down = x * Math.sin(angle) + y * Math.cos(angle) + pageHeight / 2;
  const width = box.right - box.left;
  const size = ((box.bottom - box.top) * pageHeight) / BOX_HEIGHT;
  const baseline = -(down + (BOX_HEIGHT / 2 - BELOW_BASELINE) * size);
  return [{ ...word, start: middle - width / 2, end: middle + width / 2, baseline, size }];
}

/** Tells whether one of these words stands where another was read. */
function standing(words: readonly PageWord[]): (box: Box) => boolean {
  const bands = Array.from({ length: BANDS }, (): Box[] => []);
  const bandOf = (y: number) => Math.min(Math.max(Math.floor(y * BANDS), 0), BANDS - 1);
  const between = ({ top, bottom }: Box) => bands.slice(bandOf(top), bandOf(bottom) + 1);
  for (const { box } of words) {
    if (box && (box.bottom - box.top) * BANDS < MOST_BANDS) for (const band of between(box)) band.push(box);
  }
  return (box) => between(box).some((near) => near.some((other) => isSame(box, other)));
}

function isSame(word: Box, other: Box): boolean {
  const [height, otherHeight] = [word.bottom - word.top, other.bottom - other.top];
  if (Math.max(height, otherHeight) > MOST_HIGHER * Math.min(height, otherHeight)) return false;
  const width = Math.min(word.right, other.right) - Math.max(word.left, other.left);
  const shared = Math.min(word.bottom, other.bottom) - Math.max(word.top, other.top);
  return width > 0 && shared > 0 && width * shared >= SAME * (word.right - word.left) * height;
}
