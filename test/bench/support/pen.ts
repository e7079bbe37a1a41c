import { createRequire } from 'node:module';
import type PdfKit from 'pdfkit';
import type { Placed } from '../../pdf-fixtures.js';
import { made, one, type Kind } from './values.js';

const PDFDocument = createRequire(import.meta.url)('pdfkit') as typeof PdfKit;
const measuring = new PDFDocument();
/** Share of the fields that have the same value on the next page. */
const SAME = 0.8;

/** A value as it is printed. Its place is in points from the page's top left. */
export interface MadeField {
  name: string;
  kind: Kind;
  value: string;
  label: string;
  x: number;
  y: number;
  width: number;
  size: number;
}

export interface MadePage {
  texts: Placed[];
  fields: MadeField[];
}

/** Writes on a page, and knows of each value where it stands and what it is. */
export class Pen implements MadePage {
  readonly texts: Placed[] = [];
  readonly fields: MadeField[] = [];

  /** @param known values of the document by the names of their fields: pages of one account say the same */
  constructor(
    readonly random: () => number,
    readonly known = new Map<string, string>(),
  ) {}

  /** @returns where the text ends */
  text(text: string, x: number, y: number, size = 10): number {
    this.texts.push({ text, x, y, size });
    return x + measuring.fontSize(size).widthOfString(text);
  }

  /** Ends at `x`. */
  rightText(text: string, x: number, y: number, size = 10): void {
    this.text(text, x - measuring.fontSize(size).widthOfString(text), y, size);
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  one<T>(from: readonly T[]): T {
    return one(this.random, from);
  }

  made(kind: Kind): string {
    return made(kind, this.random);
  }

  #valueOf(name: string, kind: Kind): string {
    const known = this.known.get(name);
    const value = known !== undefined && this.chance(SAME) ? known : this.made(kind);
    this.known.set(name, value);
    return value;
  }

  /** @returns where the value ends */
  value(
    field: { name: string; kind: Kind; label?: string; value?: string },
    x: number,
    y: number,
    { size = 10, isRight = false } = {},
  ): number {
    const { name, kind, label = '' } = field;
    const value = field.value ?? this.#valueOf(name, kind);
    const width = measuring.fontSize(size).widthOfString(value);
    const left = isRight ? x - width : x;
    this.texts.push({ text: value, x: left, y, size });
    this.fields.push({ name, kind, value, label, x: left, y, width, size });
    return left + width;
  }

  /** "Label: value", or with a gap between. @returns where the value ends */
  labelled(
    field: { name: string; kind: Kind; label: string; value?: string },
    x: number,
    y: number,
    { colon = ': ', gap = 0, size = 10 } = {},
  ): number {
    const end = this.text(field.label + colon, x, y, size);
    return this.value(field, gap > 0 ? Math.max(x + gap, end + 12) : end, y, { size });
  }
}

/** A document of two or three pages of one account, each written by what makes its kind of page. */
export function pagesBy(
  random: () => number,
  makerOf: (page: number) => ((pen: Pen) => void) | undefined,
): MadePage[] {
  const known = new Map<string, string>();
  return Array.from({ length: 2 + Math.floor(random() * 2) }, (_, page) => {
    const pen = new Pen(random, known);
    makerOf(page)?.(pen);
    return pen;
  });
}
