import { readFileSync } from 'node:fs';
import { mergePageResults, type Fields } from '../../../src/processor/merge.js';
import { indexPage, soughtFor, stands } from '../../../src/processor/locate.js';
import { Steps } from '../../../src/processor/steps.js';
import { listWords, type PageWords } from '../../../src/processor/words.js';
import { evidenceOf } from '../../../src/stages/evidence.js';
import type { PageReader, PageTexts } from '../../../src/stages/page-texts.js';
import { supportOf } from '../../../src/stages/support/support.js';
import type { Reason } from '../../../src/stages/support/table.js';
import { makePdf, drawn, scanPdf } from '../../pdf-fixtures.js';
import { seeded } from '../../random.js';
import { blur, jpeg, noise, worn } from '../ocr/wears.js';
import type { MadeField, MadePage } from './pen.js';
import { SAMPLES } from './sample-pages.js';
import type { FITTED, Wronged } from './errors.js';

/** A value with its support, and whether it is right. */
export interface Judged {
  support: number;
  reasons: Reason[];
  /** What the model says of itself. */
  confidence: number;
  isWrong: boolean;
  /** The kind of error that was made; none of a value that is right, or that OCR misread. */
  mistake: string | undefined;
}

export interface Making {
  pagesOf: (random: () => number, document: number) => MadePage[];
  mistakes: typeof FITTED;
  documents: number;
  /** Every so many documents, one is scanned. */
  scannedOf: number;
  /** Share of values that are given wrongly. */
  wrong: number;
  seed: number;
}

/** Scans, from hardly readable to good. */
const DPI = [90, 120, 150, 200];
const LETTER = { width: 612, height: 792 };
const STEPS = 1e9;
/** Share of the values that a model writes in its own way. */
const REWRITTEN = 0.08;

/** Reads made documents with a model that makes mistakes, and judges each value of their records. */
export async function judge(reader: PageReader, making: Making): Promise<Judged[]> {
  const random = seeded(making.seed);
  const judged: Judged[] = [];
  for (let document = 0; document < making.documents; document++) {
    const pages = making.pagesOf(random, document);
    const isScanned = document % making.scannedOf === making.scannedOf - 1;
    const read = await readPages(reader, pages, isScanned ? making.seed + document : undefined);
    const fields = new Map(pages.map((page, index) => [index + 1, page.fields]));
    judged.push(...(await judgeRecord(fields, read, making, random)));
  }
  return judged;
}

/** The same for the samples, each read so often. */
export async function judgeSamples(
  reader: PageReader,
  { rounds, ...making }: Pick<Making, 'mistakes' | 'wrong' | 'seed'> & { rounds: number },
): Promise<Judged[]> {
  const random = seeded(making.seed);
  const judged: Judged[] = [];
  for (const [file, fields] of Object.entries(SAMPLES)) {
    const read = await reader.read(readFileSync(new URL(`../../samples/${file}`, import.meta.url)));
    for (let round = 0; round < rounds; round++) {
      judged.push(...(await judgeRecord(fields, read, making, random)));
    }
  }
  return judged;
}

async function readPages(
  reader: PageReader,
  pages: MadePage[],
  scan: number | undefined,
): Promise<PageTexts> {
  const pdf = await makePdf(pages.map(({ texts }) => ({ texts })));
  if (scan === undefined) return reader.read(pdf);
  const all = {
    texts: new Map<number, string>(),
    words: new Map<number, PageWords>(),
    totalPages: pages.length,
    ocrPages: [] as number[],
    unreadablePages: [],
  };
  for (const number of pages.keys()) {
    const wear = { steps: [blur(0.5 + (scan % 4) * 0.2), noise(4 + (scan % 5) * 3), jpeg(70)] };
    const picture = worn(await drawn(pdf, number + 1, DPI[scan % DPI.length]), wear, seeded(scan));
    const { texts, words } = await reader.read(await scanPdf(picture));
    all.texts.set(number + 1, texts.get(1) ?? '');
    const ofPage = words?.get(1);
    if (ofPage) all.words.set(number + 1, ofPage);
    all.ocrPages.push(number + 1);
  }
  return all;
}

async function judgeRecord(
  drawn: ReadonlyMap<number, readonly MadeField[]>,
  read: PageTexts,
  { mistakes, wrong }: Pick<Making, 'mistakes' | 'wrong'>,
  random: () => number,
): Promise<Judged[]> {
  const given: {
    name: string;
    page: number;
    value: string;
    isWrong: boolean;
    mistake: string | undefined;
  }[] = [];
  const all = [...drawn.values()].flat();
  const results = Array.from(drawn, ([number, page]) => {
    const fields: Fields = {};
    for (const field of page) {
      const seen = asRead(field, read, number);
      if (seen === '') continue;
      const { mistake, made } = random() < wrong ? aMistake({ field, page, all, random }, mistakes) : {};
      const isMistaken = made !== undefined;
      const value = isMistaken ? made : (rewritten(seen, field.kind, random) ?? seen);
      const isWrong = isMistaken || !isSame(seen, field.value);
      given.push({ name: field.name, page: number, value, isWrong, mistake: isWrong ? mistake : undefined });
      // Much the same for right and wrong values, as models say it.
      fields[field.name] = { value, confidence: 100 - 5 * Math.floor(random() ** 2 * 6) };
    }
    return { page_number: number, extracted_data: fields };
  });
  const record = mergePageResults('12345678', results, [...drawn.keys()]);
  if (!record) return [];
  const evidence = await evidenceOf({ accounts: [record] }, read);
  const [supports = {}] = await supportOf({ accounts: [record] }, read, evidence);
  return Object.entries(record.result).flatMap(([name, field]) => {
    const { value, confidence } = typeof field === 'string' ? { value: field, confidence: 0 } : field;
    const sources = given.filter((each) => each.name === name && each.value === value);
    const { support = null, reasons = [] } = supports[name] ?? {};
    if (support === null) return [];
    const isWrong = sources.every((each) => each.isWrong);
    return [{ support, reasons, confidence, isWrong, mistake: isWrong ? sources[0]?.mistake : undefined }];
  });
}

/** One of the kinds that can be made of the field. */
function aMistake(wronged: Wronged, mistakes: Making['mistakes']): { mistake?: string; made?: string } {
  const kinds = Object.entries(mistakes);
  const first = Math.floor(wronged.random() * kinds.length);
  for (const [mistake, make] of [...kinds.slice(first), ...kinds.slice(0, first)]) {
    const made = make(wronged);
    if (made !== undefined && !isSame(made, wronged.field.value)) return { mistake, made };
  }
  return {};
}

/** Models write some values in their own way: right all the same. */
function rewritten(value: string, kind: MadeField['kind'], random: () => number): string | undefined {
  if (random() > REWRITTEN) return undefined;
  if (kind === 'amount') return value.replace(/[$,]/g, '');
  if (kind === 'phone' || kind === 'ssn') return value.replace(/\D/g, '');
  if (kind !== 'date') return value.toUpperCase();
  const [, month, day, year] = /^(\d\d)\/(\d\d)\/(\d{4})$/.exec(value) ?? [];
  return month === undefined ? undefined : `${year ?? ''}-${month}-${day ?? ''}`;
}

/** What a model can read of a value: what stands at its place, right or not. */
function asRead(field: MadeField, { texts, words }: PageTexts, page: number): string {
  const text = texts.get(page) ?? '';
  if (stands(soughtFor(field.value), indexPage(text), new Steps(STEPS))) return field.value;
  const ofPage = words?.get(page);
  if (!ofPage) return '';
  return listWords(text, ofPage)
    .filter(({ box }) => {
      if (!box) return false;
      const [x, y] = [
        ((box.left + box.right) / 2) * LETTER.width,
        ((box.top + box.bottom) / 2) * LETTER.height,
      ];
      const isBeside = x > field.x && x < field.x + field.width;
      return isBeside && y > field.y - 2 && y < field.y + field.size + 2;
    })
    .map((word) => word.text)
    .join(' ');
}

function isSame(a: string, b: string): boolean {
  const form = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim();
  return form(a) === form(b);
}
