import { SaxesParser } from 'saxes';
import type { Pdfium } from './pdf-library.js';
import { Scratch } from './pdf-scratch.js';

/** pdfium's type of forms that are drawn anew from XML, whatever their pages show. */
const XFA_FULL = 2;
/** Bytes of a packet. */
const MOST_XML = 8_000_000;
const MOST_PACKETS = 64;
const NAME_BYTES = 64;
const DEEPEST = 200;
const MOST_LINES = 5_000;
/** UTF-16 units of a value, and of all lines. */
const LONGEST_VALUE = 2_000;
const MOST_TEXT = 150_000;
/** A page that says no more than that it is not the form is short. */
const LONGEST_NOTICE = 1_500;
const NOTICE =
  /please wait|one moment|(viewer|reader|browser|application|program)\b[^.]{0,80}\b(not|unable|cannot|can['’]t|doesn['’]t)\b[^.]{0,60}\b(display|show|open|support|render|view)/i;

/** A form that a PDF holds as XML. */
export class XfaForm {
  readonly #pdfium: Pdfium;
  readonly #document: number;
  /** The page in whose place its values stand. */
  #page: number | undefined;

  constructor(pdfium: Pdfium, document: number) {
    this.#pdfium = pdfium;
    this.#document = document;
  }

  /** Whether a page's text only stands in for the form. */
  isNotice(page: number, text: string): boolean {
    if (text.length > LONGEST_NOTICE) return false;
    const isFirst = page === 1 && this.#pdfium._FPDF_GetFormType(this.#document) === XFA_FULL;
    return isFirst || NOTICE.test(text.replace(/\s+/g, ' '));
  }

  /**
   * What a page that is such a notice holds: the values of the form, one a line ("name: value"), on the first
   * of them. undefined when the form has none.
   */
  valuesOn(page: number): string | undefined {
    this.#page ??= page;
    return this.#page === page ? this.#values() : '';
  }

  #values(): string | undefined {
    const count = Math.min(this.#pdfium._FPDF_GetXFAPacketCount(this.#document), MOST_PACKETS);
    for (let index = 0; index < count; index++) {
      // The whole form is one packet without a name, or has a packet for each part.
      if (!['', 'datasets'].includes(packetName(this.#pdfium, this.#document, index))) continue;
      const lines = valuesIn(packet(this.#pdfium, this.#document, index));
      if (lines.length > 0) return lines.join('\n');
    }
    return undefined;
  }
}

/** The values in a form's XML: those of the innermost elements of its data. */
export function valuesIn(xml: string): string[] {
  const form = new FormData();
  const parser = new SaxesParser();
  parser.on('opentagstart', ({ name }) => form.open(name));
  parser.on('text', (text) => form.text(text));
  parser.on('cdata', (text) => form.text(text));
  parser.on('closetag', () => form.close());
  try {
    // It throws at what is no XML, and at entities that a file defines itself.
    parser.write(xml).close();
  } catch {
    // What came before holds.
  }
  return form.lines;
}

class FormData {
  readonly lines: string[] = [];
  readonly #names: string[] = [];
  /** The text of the element that was opened last; undefined when it holds others. */
  #value: string | undefined;
  #length = 0;

  open(name: string): void {
    this.#names.push(name.replace(/^.*:/, ''));
    this.#value = '';
    if (this.#names.length > DEEPEST) throw new Error('The form is nested too deeply.');
  }

  text(text: string): void {
    if (this.#value !== undefined && this.#value.length < LONGEST_VALUE) {
      this.#value += text.slice(0, LONGEST_VALUE);
    }
  }

  close(): void {
    const isOfData = this.#names.some((name, at) => name === 'data' && this.#names[at - 1] === 'datasets');
    const value = this.#value?.replace(/\s+/g, ' ').trim().slice(0, LONGEST_VALUE);
    const name = this.#names.pop();
    this.#value = undefined;
    if (!isOfData || !value || name === undefined || name === 'data') return;
    const line = `${name}: ${value}`;
    this.#length += line.length;
    if (this.lines.length >= MOST_LINES || this.#length > MOST_TEXT) throw new Error('The form is too long.');
    this.lines.push(line);
  }
}

function packetName(pdfium: Pdfium, document: number, index: number): string {
  const scratch = new Scratch(pdfium, NAME_BYTES);
  const length = pdfium._FPDF_GetXFAPacketName(document, index, scratch.at, NAME_BYTES);
  const isWhole = length > 0 && length <= NAME_BYTES;
  const name = isWhole ? new TextDecoder().decode(scratch.bytes(length - 1)) : '';
  scratch.free();
  return isWhole ? name : '?';
}

function packet(pdfium: Pdfium, document: number, index: number): string {
  const length = packetLength(pdfium, document, index, 0, 0);
  if (length === 0 || length > MOST_XML) return '';
  const content = new Scratch(pdfium, length);
  const isRead = content.at !== 0 && packetLength(pdfium, document, index, content.at, length) === length;
  const xml = isRead ? decoded(content.bytes(length)) : '';
  content.free();
  return xml;
}

function packetLength(pdfium: Pdfium, document: number, index: number, at: number, size: number): number {
  const scratch = new Scratch(pdfium, 4);
  const isKnown = pdfium._FPDF_GetXFAPacketContent(document, index, at, size, scratch.at) !== 0;
  const length = isKnown ? scratch.whole(0) : 0;
  scratch.free();
  return length;
}

function decoded(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return new TextDecoder().decode(bytes);
}
