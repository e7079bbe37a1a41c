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

/** Whether a page's text only stands in for a form that the PDF holds as XML. */
export function isXfaNotice(pdfium: Pdfium, document: number, page: number, text: string): boolean {
  const count = pdfium._FPDF_GetXFAPacketCount(document);
  if (count <= 0 || text.length > LONGEST_NOTICE) return false;
  const isFirstOfMany = pdfium._FPDF_GetFormType(document) === XFA_FULL && page === 1;
  return isFirstOfMany || NOTICE.test(text.replace(/\s+/g, ' '));
}

/** The values of a form that the PDF holds as XML, one a line: "name: value". '' when there are none. */
export function xfaValues(pdfium: Pdfium, document: number): string {
  const count = Math.min(pdfium._FPDF_GetXFAPacketCount(document), MOST_PACKETS);
  for (let index = 0; index < count; index++) {
    // The whole form is one packet without a name, or has a packet for each part.
    if (!['', 'datasets'].includes(packetName(pdfium, document, index))) continue;
    const lines = valuesIn(packet(pdfium, document, index));
    if (lines.length > 0) return lines.join('\n');
  }
  return '';
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
  const isWide = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  const encoding = isWide ? (first === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}
