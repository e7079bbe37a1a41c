import { listWords, packWords, type Box, type PageWord, type PageWords } from '../processor/words.js';
import { layOutWords, type PlacedWord } from './layout.js';

/** What was read of a page, one way or another. */
interface Read {
  text: string;
  words: PageWords;
}

/** How a reader draws boxes: how high one is in ems of its font, and how much of it lies below the baseline. */
interface BoxForm {
  heightInEms: number;
  below: number;
}

/** pdfium's boxes reach from the font's ascent to its descent, OCR's round the ink. */
const FONT_BOX: BoxForm = { heightInEms: 1.15, below: 0.2 };
const INK_BOX: BoxForm = { heightInEms: 0.75, below: 0 };
/** A word of OCR is the digital one read once more, from this share of its area on. */
const SAME = 0.4;

/**
 * A page that was read by OCR and holds digital text, too: the digital words are kept, and those that OCR read
 * where none of them stands. Rows of both are put together, as they are on a form that was scanned and filled in.
 *
 * @param shape - the page's height by its width
 */
export function besideDigital(ocr: Read, digital: Read, shape: number): Read & { cut: boolean } {
  const given = listWords(digital.text, digital.words);
  const isGiven = standing(given);
  const read = listWords(ocr.text, ocr.words).filter(({ box }) => box && !isGiven(box));
  const { text, words, cut } = layOutWords([
    ...given.flatMap((word) => placed(word, FONT_BOX, shape)),
    ...read.flatMap((word) => placed(word, INK_BOX, shape)),
  ]);
  const boxes = words.map(({ box }) => box);
  return {
    text,
    words: packWords(
      boxes,
      words.map(({ confidence }) => confidence),
    ),
    cut,
  };
}

/** One text behind the other, where their rows are not the same. */
export function behind(first: Read, second: Read): Read {
  const words = [first, second].flatMap(({ text, words }) => listWords(text, words));
  const confidences = words.map(({ confidence = 100 }) => confidence);
  return {
    text: `${first.text}\n\n${second.text}`,
    words: packWords(
      words.map(({ box }) => box),
      confidences,
    ),
  };
}

/** Bands of a page in which its words are looked for. */
const BANDS = 200;

/** Tells whether one of these words stands where another was read. */
function standing(words: readonly PageWord[]): (box: Box) => boolean {
  const bands = Array.from({ length: BANDS }, (): Box[] => []);
  const bandOf = (y: number) => Math.min(Math.max(Math.floor(y * BANDS), 0), BANDS - 1);
  for (const { box } of words) {
    if (!box) continue;
    for (let band = bandOf(box.top); band <= bandOf(box.bottom); band++) bands[band]?.push(box);
  }
  return (box) =>
    bands
      .slice(bandOf(box.top), bandOf(box.bottom) + 1)
      .some((near) => near.some((other) => isSame(box, other)));
}

type Placed = PlacedWord & { box: Box; confidence: number };

/** In widths of the page. */
function placed(
  { text, box, confidence = 100 }: PageWord,
  { heightInEms, below }: BoxForm,
  shape: number,
): Placed[] {
  if (!box) return [];
  const height = (box.bottom - box.top) * shape;
  const baseline = -(box.bottom * shape - below * height);
  return [{ text, start: box.left, end: box.right, baseline, size: height / heightInEms, box, confidence }];
}

function isSame(word: Box, other: Box): boolean {
  const width = Math.min(word.right, other.right) - Math.max(word.left, other.left);
  const height = Math.min(word.bottom, other.bottom) - Math.max(word.top, other.top);
  if (width <= 0 || height <= 0) return false;
  return width * height >= SAME * (word.right - word.left) * (word.bottom - word.top);
}
