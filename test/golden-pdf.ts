import type { DocumentRecord } from '../src/index.js';
import { GOLDEN, goldenPart, type GoldenDocument } from './golden.js';
import { makePdf, type Placed } from './pdf-fixtures.js';
import type { Field, ReceivedPage } from './provider.js';

/**
 * Golden documents as PDFs. Every page says which sheet it is ("Sheet 12-3"), by which the model knows
 * what stands on it, however the text looks once it has been through a PDF. What the standard fonts do
 * not have is left out of the text; the fields are the golden ones.
 */
export async function goldenPdf(document: GoldenDocument, copy: string): Promise<Buffer> {
  return makePdf(goldenSheets(document, copy).map((texts) => ({ texts })));
}

/** The lines of each page of such a PDF, where they are drawn. */
export function goldenSheets({ pages }: GoldenDocument, copy: string): Placed[][] {
  return Object.values(pages).map((text) =>
    [...wrapped(text), `Copy ${copy}`].map((line, row) => ({ text: line, x: 20, y: 5 + row * 6, size: 4 })),
  );
}

function wrapped(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const printable = line.replace(/[^\x20-\x7e]/g, '').slice(0, 1_500);
    return printable.match(/.{1,240}(?:\s|$)/g) ?? [];
  });
}

const SHEET = /Sheet (\d+-\d+)/;

const sheets = new Map<string, Field[]>();
for (const { pages, fields } of GOLDEN.documents) {
  for (const [number, text] of Object.entries(pages)) {
    const sheet = SHEET.exec(text)?.[1];
    const read = Object.entries(fields[number] ?? {}).map(([name, field]) => ({ name, ...field }));
    if (sheet) sheets.set(sheet, read);
  }
}

/** The golden model, for pages that came through a PDF. */
export function readSheet({ text }: ReceivedPage): Field[] {
  const fields = sheets.get(SHEET.exec(text)?.[1] ?? '');
  if (!fields) throw new Error('A page arrived that is no sheet of a golden document');
  return fields;
}

/** Golden documents that a PDF can hold: with a sheet number on every page, and accounts named in plain letters. */
export const PRINTABLE = GOLDEN.documents.filter(({ pages }) =>
  Object.values(pages).every((text) => SHEET.test(text) && Array.from(text).length < 6_000),
);

const TEN_PAGES = PRINTABLE.filter(({ pages }) => Object.keys(pages).length === 10);

/** One of those with ten pages, the next for each number. */
export function tenPageDocument(number: number): GoldenDocument {
  const document = TEN_PAGES[number % TEN_PAGES.length];
  if (!document) throw new Error('No golden document has ten pages');
  return document;
}

export function isGolden(record: DocumentRecord | undefined, { expected }: GoldenDocument): boolean {
  return record !== undefined && goldenPart(record) === JSON.stringify(expected);
}
