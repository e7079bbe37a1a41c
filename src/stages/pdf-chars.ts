import { Buffer } from 'node:buffer';
import type { Sight, TextSight, TextSights } from './hidden-text.js';
import { isBlank, type PlacedChar } from './placed-char.js';
import type { Pdfium } from './pdf-library.js';
import { Scratch } from './pdf-scratch.js';
import { markOf, symbolsOf, type Mark } from './symbol-fonts.js';

/** Two doubles (the origin), four floats (the box). */
const SCRATCH_BYTES = 32;
const MATRIX_BYTES = 24;
const NAME_BYTES = 128;

/** What a page shows of its text. */
export interface PageChars {
  seen: PlacedChar[];
  /** What goes with a picture, over or under it, and is not seen. */
  beneath: PlacedChar[];
  /** Of the characters seen, without blanks: how many there are, and for how many the PDF does not say which they are. */
  inked: number;
  unsound: number;
}

/** What is the same for all characters of a text object. */
interface CharSource {
  object: number;
  size: number;
  angle: number;
  sight: TextSight | undefined;
  symbols: ReadonlyMap<string, Mark> | undefined;
}

interface Font {
  isPlain: boolean;
  symbols: ReadonlyMap<string, Mark> | undefined;
}

/** The first `count` characters of a page, in the order of its content, and in points of its own. */
export function placedChars(pdfium: Pdfium, textPage: number, count: number, sights: TextSights): PageChars {
  const scratch = new Scratch(pdfium, SCRATCH_BYTES);
  const sources = new CharSources(pdfium, textPage, sights);
  const sorted = new SortedChars();
  for (let index = 0; index < count; index++) {
    const text = charText(pdfium, textPage, index);
    const ofObject = pdfium._FPDFText_GetTextObject(textPage, index);
    if (text === '') {
      if (isControl(pdfium, textPage, index)) sorted.unreadable();
      continue;
    }
    const source = sources.at(index, ofObject);
    pdfium._FPDFText_GetCharOrigin(textPage, index, scratch.at, scratch.at + 8);
    pdfium._FPDFText_GetLooseCharBox(textPage, index, scratch.at + 16);
    const { object, size, angle, sight, symbols } = source;
    const char: PlacedChar = {
      text,
      originX: scratch.double(0),
      originY: scratch.double(1),
      left: scratch.float(4),
      top: scratch.float(5),
      right: scratch.float(6),
      bottom: scratch.float(7),
      size,
      angle,
      object,
    };
    const sum = char.originX + char.originY + char.left + char.top + char.right + char.bottom + size + angle;
    if (!Number.isFinite(sum)) continue;
    if (isBlank(text)) {
      sorted.blank(char);
      continue;
    }
    const mark = markOf(text, symbols);
    if (mark) char.mark = mark;
    if (!symbols && isUnsound(pdfium, textPage, index, text)) char.isUnsound = true;
    sorted.inked(char, sight ? sights.see(sight, char) : 'seen');
  }
  scratch.free();
  return sorted.all();
}

/** Looks up what is the same for the characters of a text object, once for those that follow each other. */
class CharSources {
  readonly #pdfium: Pdfium;
  readonly #textPage: number;
  readonly #sights: TextSights;
  readonly #fonts = new Map<number, Font>();
  #current: CharSource = { object: 0, size: 1, angle: 0, sight: undefined, symbols: undefined };

  constructor(pdfium: Pdfium, textPage: number, sights: TextSights) {
    this.#pdfium = pdfium;
    this.#textPage = textPage;
    this.#sights = sights;
  }

  at(index: number, object: number): CharSource {
    if (object === 0 || object === this.#current.object) return this.#current;
    const pdfium = this.#pdfium;
    const scratch = new Scratch(pdfium, MATRIX_BYTES);
    pdfium._FPDFText_GetMatrix(this.#textPage, index, scratch.at);
    const [a, b, c, d] = [scratch.float(0), scratch.float(1), scratch.float(2), scratch.float(3)];
    scratch.free();
    const { isPlain, symbols } = this.#font(pdfium._FPDFTextObj_GetFont(object));
    this.#current = {
      object,
      // The font's own size is often 1, the matrix holding the rest.
      size: Math.abs(pdfium._FPDFText_GetFontSize(this.#textPage, index)) * Math.hypot(c, d),
      angle: Math.atan2(b, a),
      sight: this.#sights.of(object, a * d - b * c < 0, isPlain),
      symbols,
    };
    return this.#current;
  }

  #font(handle: number): Font {
    const known = this.#fonts.get(handle);
    if (known) return known;
    const name = handle === 0 ? '' : fontName(this.#pdfium, handle);
    // Fonts whose letters are drawings of the PDF have no name: they can be upside down, and coloured.
    const font = { isPlain: name !== '', symbols: symbolsOf(name) };
    this.#fonts.set(handle, font);
    return font;
  }
}

function fontName(pdfium: Pdfium, font: number): string {
  const scratch = new Scratch(pdfium, NAME_BYTES);
  const length = pdfium._FPDFFont_GetBaseFontName(font, scratch.at, NAME_BYTES);
  const name =
    length > NAME_BYTES ? '' : Buffer.from(scratch.bytes(Math.max(length - 1, 0))).toString('latin1');
  scratch.free();
  return name;
}

/** Characters by what is seen of them. What is left out parts the words beside it. */
class SortedChars {
  readonly #chars: Record<Sight, PlacedChar[]> = { seen: [], beneath: [], hidden: [] };
  #current: Sight = 'seen';
  #inked = 0;
  #unsound = 0;

  blank(char: PlacedChar): void {
    if (this.#current !== 'hidden') this.#chars[this.#current].push(char);
  }

  inked(char: PlacedChar, sight: Sight): void {
    if (sight !== this.#current && sight !== 'hidden') this.#chars[sight].push({ ...char, text: ' ' });
    this.#current = sight;
    if (sight !== 'hidden') this.#chars[sight].push(char);
    if (sight !== 'seen') return;
    this.#inked++;
    if (char.isUnsound) this.#unsound++;
  }

  /** A character came that is none. */
  unreadable(): void {
    if (this.#current !== 'seen') return;
    this.#inked++;
    this.#unsound++;
  }

  all(): PageChars {
    const { seen, beneath } = this.#chars;
    return { seen, beneath, inked: this.#inked, unsound: this.#unsound };
  }
}

function isControl(pdfium: Pdfium, textPage: number, index: number): boolean {
  if (pdfium._FPDFText_IsGenerated(textPage, index) === 1) return false;
  const unit = pdfium._FPDFText_GetUnicode(textPage, index);
  return unit < 0x20 || (unit >= 0x7f && unit < 0xa0);
}

/** Whether the PDF does not say which character this is. */
function isUnsound(pdfium: Pdfium, textPage: number, index: number, text: string): boolean {
  return pdfium._FPDFText_HasUnicodeMapError(textPage, index) === 1 || /^\p{Co}$/u.test(text);
}

/** What stands for the characters that PDFium puts between words and lines by itself; a blank for any other. */
const GENERATED: ReadonlyMap<number, string> = new Map([
  [0x0a, '\n'],
  [0x0d, ''],
]);

/** The character to keep, '' for what is no text: controls, halves of surrogate pairs, invisible marks. */
function charText(pdfium: Pdfium, textPage: number, index: number): string {
  const unit = pdfium._FPDFText_GetUnicode(textPage, index);
  if (pdfium._FPDFText_IsGenerated(textPage, index) === 1) return GENERATED.get(unit) ?? ' ';
  if (pdfium._FPDFText_IsHyphen(textPage, index) === 1) return '-';
  if (unit >= 0xdc00 && unit <= 0xdfff) return '';
  if (unit >= 0xd800 && unit <= 0xdbff) {
    const low = pdfium._FPDFText_GetUnicode(textPage, index + 1);
    return low >= 0xdc00 && low <= 0xdfff ? String.fromCharCode(unit, low) : '';
  }
  if (unit > 0x10ffff) return '';
  const text = String.fromCodePoint(unit);
  if (/^[\t\n\v\f\r\u0085]$/.test(text)) return ' ';
  return /^[\p{Cc}\p{Cf}\p{Cn}]$/u.test(text) ? '' : text;
}
