import { BANK } from './people.js';
import {
  fill,
  frame,
  LETTER,
  line,
  MARGIN,
  RIGHT,
  RULE,
  sign,
  SOFT,
  TEAL,
  TINT,
  write,
  writeParagraph,
  writeValue,
  type Pen,
} from './pen.js';

/** A label as it is printed, the name that the embedded model gives it, and what stands behind it. */
export type Entry = [label: string, field: string, value: string];

const LABEL = { size: 8.5, colour: SOFT };
const ROW = 21;

/** The bank's head, the title of the form, and what is printed at its foot. */
export function letterhead(pen: Pen, title: string, form: string): void {
  leaf(pen, MARGIN + 15, 52);
  write(pen, BANK.name, MARGIN + 40, 52, { font: 'Times-Bold', size: 17, colour: TEAL });
  write(pen, BANK.motto, MARGIN + 40, 65, { font: 'Times-Italic', size: 9, colour: SOFT });
  atRight(pen, `${BANK.address} · ${BANK.phone}`, 65);
  line(pen, [MARGIN, 76, RIGHT, 76], TEAL, 1.4);
  write(pen, title, MARGIN, 106, { font: 'Times-Bold', size: 20 });
  line(pen, [MARGIN, 742, RIGHT, 742]);
  write(pen, form, MARGIN, 755, { size: 7.5, colour: SOFT });
}

function atRight({ document, ...pen }: Pen, text: string, y: number): void {
  const width = document.font('Helvetica').fontSize(8).widthOfString(text);
  write({ document, ...pen }, text, RIGHT - width, y, { size: 8, colour: SOFT });
}

function leaf({ document }: Pen, x: number, y: number): void {
  document.save().fillColor(TEAL);
  document.path(`M ${x - 14} ${y + 12} C ${x - 18} ${y - 14} ${x + 4} ${y - 22} ${x + 15} ${y - 22}`);
  document.path(
    `M ${x - 12} ${y + 10} C ${x - 18} ${y - 12} ${x} ${y - 22} ${x + 14} ${y - 20} ` +
      `C ${x + 16} ${y - 4} ${x + 6} ${y + 12} ${x - 12} ${y + 10} Z`,
  );
  document.fill().restore();
  document
    .moveTo(x - 14, y + 12)
    .quadraticCurveTo(x - 2, y - 2, x + 8, y - 14)
    .lineWidth(1.2)
    .strokeColor('#ffffff')
    .stroke();
}

/** The account's number in a band of its own, and another entry beside it. */
export function accountBand(pen: Pen, number: string, beside?: Entry): void {
  fill(pen, [MARGIN, 120, RIGHT, 148], TINT);
  write(pen, 'Account Number:', MARGIN + 10, 138, LABEL);
  writeValue(pen, 'Account_Number', number, MARGIN + 96, 138, { font: 'Helvetica-Bold', size: 12 });
  if (beside) entryAt(pen, beside, MARGIN + 290, 138, 90);
}

function entryAt(pen: Pen, [label, field, value]: Entry, x: number, y: number, indent: number): void {
  write(pen, `${label}:`, x, y, LABEL);
  writeValue(pen, field, value, x + indent, y);
}

/** A heading and its entries, two a row; one that stands alone in its row has the whole of it. */
export function section(pen: Pen, y: number, heading: string, rows: readonly (readonly Entry[])[]): number {
  write(pen, heading, MARGIN, y, { font: 'Times-Bold', size: 12, colour: TEAL });
  line(pen, [MARGIN, y + 6, RIGHT, y + 6], TEAL);
  let at = y + 22;
  for (const row of rows) {
    row.forEach((entry, column) => entryAt(pen, entry, MARGIN + 6 + column * 256, at, 104));
    line(pen, [MARGIN, at + 6, RIGHT, at + 6]);
    at += ROW;
  }
  return at + 16;
}

/** Boxes with their label above the value, as on a card that is filled in by hand. */
export function boxes(pen: Pen, y: number, entries: readonly Entry[]): number {
  const width = (RIGHT - MARGIN) / entries.length;
  entries.forEach(([label, field, value], column) => {
    const left = MARGIN + column * width;
    frame(pen, [left, y, left + width, y + 32]);
    write(pen, `${label}:`, left + 5, y + 10, { size: 7, colour: SOFT });
    writeValue(pen, field, value, left + 5, y + 25, { font: 'Courier', size: 10 });
  });
  return y + 32;
}

export function paragraphs(pen: Pen, y: number, texts: readonly string[], size = 9): number {
  return texts.reduce(
    (at, text) => writeParagraph(pen, text, MARGIN, at, { width: RIGHT - MARGIN, size }) + size * 0.7,
    y,
  );
}

/** A table with a head; columns of figures are set from the right. */
export function table(
  pen: Pen,
  y: number,
  columns: readonly { head: string; right: number; isFigure?: boolean }[],
  rows: readonly (readonly string[])[],
): number {
  fill(pen, [MARGIN, y - 12, RIGHT, y + 6], TEAL);
  const put = (
    texts: readonly string[],
    at: number,
    look: { size: number; font?: string; colour?: string },
  ) =>
    columns.forEach(({ right, isFigure }, column) => {
      const text = texts[column] ?? '';
      const left = column === 0 ? MARGIN + 6 : (columns[column - 1]?.right ?? 0) + 14;
      const width = pen.document
        .font(look.font ?? 'Helvetica')
        .fontSize(look.size)
        .widthOfString(text);
      write(pen, text, isFigure ? right - width : left, at, look);
    });
  put(
    columns.map(({ head }) => head),
    y,
    { font: 'Helvetica-Bold', size: 8.5, colour: '#ffffff' },
  );
  let at = y + 20;
  for (const row of rows) {
    put(row, at, { size: 9 });
    line(pen, [MARGIN, at + 6, RIGHT, at + 6], RULE, 0.4);
    at += 19;
  }
  return at + 14;
}

/** Where people sign, with what they are written under the line. */
export function signatures(pen: Pen, y: number, names: readonly string[], seed: number): void {
  const width = (RIGHT - MARGIN - 30) / Math.max(names.length, 2);
  names.forEach((name, index) => {
    const left = MARGIN + index * (width + 30);
    sign(pen, left + 18, y - 3, seed + index * 3);
    line(pen, [left, y, left + width, y], SOFT, 0.8);
    write(pen, name, left, y + 11, { size: 8, colour: SOFT });
  });
}

export function smallPrint(pen: Pen, text: string): void {
  writeParagraph(pen, text, MARGIN, 714, { width: LETTER.width - 2 * MARGIN, size: 6.8, colour: SOFT });
}
