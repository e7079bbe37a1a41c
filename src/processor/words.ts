/**
 * A place on a page as PDFium draws it, crop box and rotation applied: fractions of the page's width and
 * height, the origin at its top left.
 */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/**
 * Where a page's words stand. Its n-th word is the n-th run of its text without white space: offsets and
 * letters are the text's own, and are not kept twice. A page may have fewer entries than words
 * (MAX_WORDS).
 */
export interface PageWords {
  /** Left, top, right and bottom of each word in 1/10,000 of the page; four zeros where it is not drawn. */
  readonly boxes: Uint16Array;
  /** Of words that OCR read: how sure it was of each, 0 to 100. */
  readonly confidences?: Uint8Array;
}

/** A word of a page. */
export interface PageWord {
  text: string;
  /** UTF-16 units of the page's text, `end` behind the last. */
  start: number;
  end: number;
  /** null for text that has no place on the page, as the values of a form in XML. */
  box: Box | null;
  /** How sure OCR was, 0 to 100; only of words that OCR read. */
  confidence?: number;
}

/** A place in a page's text, in UTF-16 units, `end` behind the last. */
export interface Span {
  start: number;
  end: number;
}

/** Where a value stands on its page. */
export interface Place extends Span {
  /**
   * Whole words, one box for each line the value runs over. None when the page came without its words, or
   * does not show the value.
   */
  boxes: Box[];
}

/** The box round two boxes. */
export function around(a: Box, b: Box): Box {
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

const SCALE = 10_000;
/** A page full of fine print holds some 4,000 words; boxes beyond this are those of no page that a person made. */
const MAX_WORDS = 20_000;

/** The runs of a text without white space. */
const WORD = /\S+/g;

/**
 * Packs boxes in the order of the words they belong to. What lies beyond the page is cut off; a box with
 * nothing on the page, and null, become "not drawn".
 *
 * @param confidences 0 to 100, one a word, where OCR read them
 */
export function packWords(boxes: readonly (Box | null)[], confidences?: readonly number[]): PageWords {
  const count = Math.min(boxes.length, MAX_WORDS);
  const packed = new Uint16Array(count * 4);
  for (let index = 0; index < count; index++) {
    const box = boxes[index];
    if (box) packed.set(onPage(box), index * 4);
  }
  if (!confidences) return { boxes: packed };
  const sure = confidences.slice(0, count).map((confidence) => clamp(Math.round(confidence), 100));
  return { boxes: packed, confidences: Uint8Array.from(sure) };
}

function onPage({ left, top, right, bottom }: Box): number[] {
  if (!(left < 1 && top < 1 && right > 0 && bottom > 0)) return [0, 0, 0, 0];
  const [x, y] = [clamp(Math.round(left * SCALE), SCALE - 1), clamp(Math.round(top * SCALE), SCALE - 1)];
  // At least one unit wide and high, to be told from four zeros.
  return [
    x,
    y,
    Math.max(clamp(Math.round(right * SCALE), SCALE), x + 1),
    Math.max(clamp(Math.round(bottom * SCALE), SCALE), y + 1),
  ];
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}

/** The box of a page's n-th word, from 0; null where it is not drawn or none was kept. */
export function boxOf({ boxes }: PageWords, index: number): Box | null {
  const [left = 0, top = 0, right = 0, bottom = 0] = boxes.subarray(index * 4, index * 4 + 4);
  if (right === 0) return null;
  return { left: left / SCALE, top: top / SCALE, right: right / SCALE, bottom: bottom / SCALE };
}

/** A page's words one by one, in the order of its text. */
export function listWords(text: string, words: PageWords): PageWord[] {
  return Array.from(text.matchAll(WORD), ({ 0: word, index: start }, number) => {
    const confidence = words.confidences?.[number];
    const listed = { text: word, start, end: start + word.length, box: boxOf(words, number) };
    return confidence === undefined ? listed : { ...listed, confidence };
  });
}

/** Where the words of a text begin and end: two numbers a word. */
export function wordOffsets(text: string): Uint32Array {
  const offsets: number[] = [];
  for (const { 0: word, index } of text.matchAll(WORD)) offsets.push(index, index + word.length);
  return Uint32Array.from(offsets);
}

/** Columns of small numbers, most of them alike, which compress well: each word is told by the one before it. */
interface EncodedWords {
  /** From the right end of the word before. */
  left: number[];
  /** From the top of the word before. */
  top: number[];
  width: number[];
  /** More than the word before is high. */
  height: number[];
  confidence?: number[];
}

/** Words as text to be kept beside the page's own text; `decodeWords` reads it. */
export function encodeWords({ boxes, confidences }: PageWords): string {
  const encoded: EncodedWords = { left: [], top: [], width: [], height: [] };
  let [lastRight, lastTop, lastHeight] = [0, 0, 0];
  for (let at = 0; at < boxes.length; at += 4) {
    const [left = 0, top = 0, right = 0, bottom = 0] = boxes.subarray(at, at + 4);
    encoded.left.push(left - lastRight);
    encoded.top.push(top - lastTop);
    encoded.width.push(right - left);
    encoded.height.push(bottom - top - lastHeight);
    [lastRight, lastTop, lastHeight] = [right, top, bottom - top];
  }
  if (confidences) encoded.confidence = [...confidences];
  return JSON.stringify(encoded);
}

/** Reads what `encodeWords` has written. */
export function decodeWords(encoded: string): PageWords {
  const columns = JSON.parse(encoded) as EncodedWords;
  const boxes = new Uint16Array(columns.left.length * 4);
  let [right, top, height] = [0, 0, 0];
  for (const [index, gap] of columns.left.entries()) {
    const left = right + gap;
    right = left + (columns.width[index] ?? 0);
    top += columns.top[index] ?? 0;
    height += columns.height[index] ?? 0;
    boxes.set([left, top, right, top + height], index * 4);
  }
  if (!columns.confidence) return { boxes };
  return { boxes, confidences: Uint8Array.from(columns.confidence) };
}
