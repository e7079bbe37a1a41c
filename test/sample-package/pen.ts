import { createRequire } from 'node:module';
import type PdfKit from 'pdfkit';
import { seeded } from '../random.js';

// As CommonJS: the ES modules below pdfkit lie in a folder `src`, which jest.config.ts maps to the build.
const PDFDocument = createRequire(import.meta.url)('pdfkit') as typeof PdfKit;

export const LETTER = { width: 612, height: 792 };
export const MARGIN = 54;
export const RIGHT = LETTER.width - MARGIN;

export const INK = '#1b2430';
export const TEAL = '#0f4c5c';
export const SOFT = '#5b6675';
export const RULE = '#c3ccd6';
export const TINT = '#eef4f5';

/** Left, top, right and bottom, in points from the page's top left corner. */
export type Box = [left: number, top: number, right: number, bottom: number];

/** A value that was drawn on a page, under the name that the embedded model gives its label. */
export interface Written {
  field: string;
  value: string;
  box: Box;
}

/** How text looks: one of the fonts every PDF reader has. */
export interface Look {
  font?: string;
  size?: number;
  colour?: string;
}

/** Draws on the page at hand, and remembers where the values of the fields went. */
export interface Pen {
  document: PDFKit.PDFDocument;
  written: Written[];
}

/**
 * A document that comes out the same, byte by byte, whenever and wherever it is drawn: no date, no id of the moment,
 * and nothing compressed, as zlib's bytes differ from one build to the next.
 */
export function newDocument(title: string): PDFKit.PDFDocument {
  return new PDFDocument({
    autoFirstPage: false,
    size: 'LETTER',
    margin: 0,
    compress: false,
    info: { Title: title, CreationDate: new Date(Date.UTC(2025, 2, 14, 15)), Producer: '', Creator: '' },
  });
}

/** Writes a line whose baseline is at `y`. */
export function write(
  { document }: Pen,
  text: string,
  x: number,
  y: number,
  { font = 'Helvetica', size = 10, colour = INK }: Look = {},
): Box {
  document.font(font).fontSize(size).fillColor(colour);
  document.text(text, x, y, { lineBreak: false, baseline: 'alphabetic' });
  return [x, y - size * 0.72, x + document.widthOfString(text), y];
}

/** Writes a value of a field and remembers its place. */
export function writeValue(pen: Pen, field: string, value: string, x: number, y: number, look?: Look): void {
  pen.written.push({ field, value, box: write(pen, value, x, y, look) });
}

/** Writes lines that fill a width, and tells the baseline below them. */
export function writeParagraph(
  { document }: Pen,
  text: string,
  x: number,
  y: number,
  { width, font = 'Helvetica', size = 9, colour = INK }: Look & { width: number },
): number {
  document.font(font).fontSize(size).fillColor(colour);
  document.text(text, x, y - size * 0.72, { width, lineGap: size * 0.3 });
  return document.y + size * 0.72;
}

export function line(
  { document }: Pen,
  [left, top, right, bottom]: Box,
  colour: string = RULE,
  width = 0.7,
): void {
  document.moveTo(left, top).lineTo(right, bottom).lineWidth(width).strokeColor(colour).stroke();
}

export function frame({ document }: Pen, [left, top, right, bottom]: Box, colour: string = RULE): void {
  document
    .rect(left, top, right - left, bottom - top)
    .lineWidth(0.7)
    .strokeColor(colour)
    .stroke();
}

export function fill({ document }: Pen, [left, top, right, bottom]: Box, colour: string): void {
  document.rect(left, top, right - left, bottom - top).fill(colour);
}

/** A name signed by hand: strokes, not text. Each seed signs in a hand of its own. */
export function sign({ document }: Pen, x: number, y: number, seed: number): void {
  document.save().lineWidth(1.1).lineCap('round').strokeColor('#1d3a8a');
  const random = seeded(seed);
  document.moveTo(x, y + 2).bezierCurveTo(x + 2, y - 30, x + 16, y - 34, x + 13, y - 8);
  document.bezierCurveTo(x + 12, y + 6, x + 2, y, x + 16, y - 10);
  let at = x + 16;
  for (let stroke = 0; stroke < 11; stroke++) {
    const tall = random() < 0.25 ? 17 + random() * 6 : 4 + random() * 4;
    const wide = 5 + random() * 5;
    document.bezierCurveTo(at + 2, y - tall - 3, at + wide + 2, y - tall - 3, at + wide - 1, y - 3);
    document.bezierCurveTo(at + wide - 2, y + 2, at + wide + 2, y + 1, at + wide + 4, y - 6);
    at += wide + 3;
  }
  document
    .bezierCurveTo(at + 16, y - 16, at + 8, y + 8, at + 44, y - 8)
    .stroke()
    .restore();
}

export async function bytesOf(document: PDFKit.PDFDocument): Promise<Buffer> {
  const chunks: Buffer[] = [];
  document.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise((resolve) => document.once('end', resolve));
  document.end();
  await ended;
  return Buffer.concat(chunks);
}
