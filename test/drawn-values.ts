import type { AccountRecord } from '../src/index.js';
import { mergePageResults } from '../src/processor/merge.js';
import { listWords, type PageWord } from '../src/processor/words.js';
import { evidenceOf, type AccountEvidence, type EvidencePlace } from '../src/stages/evidence.js';
import type { PageReader, PageTexts } from '../src/stages/page-texts.js';
import type { GoldenDocument } from './golden.js';
import { goldenSheets } from './golden-pdf.js';
import { makePdf, scanOf, widthOf, type Placed } from './pdf-fixtures.js';

/** What evidence said of the values of documents whose maker knows where he has drawn them. */
export interface Tally {
  /** Parts that stand on their page, once for each page; of scans only those whose words OCR read right. */
  standing: number;
  /** Of those, with a place where the maker drew them; and with that place before all others of the page. */
  located: number;
  first: number;
  /** Parts that stand on none of their pages, and those of them that are `not_found`. */
  absent: number;
  notFound: number;
  /** Places on pages whose answer did not have the value, and places on which other words stand. */
  onOtherPages: number;
  onOtherWords: number;
}

export function emptyTally(): Tally {
  return { standing: 0, located: 0, first: 0, absent: 0, notFound: 0, onOtherPages: 0, onOtherWords: 0 };
}

const LETTER = { width: 612, height: 792 };

/** A golden document as a PDF: of its fields, those whose line lost nothing on paper stand there. */
export async function tallyGolden(document: GoldenDocument, reader: PageReader, tally: Tally): Promise<void> {
  const sheets = goldenSheets(document, 'evidence');
  const read = await reader.read(await makePdf(sheets.map((texts) => ({ texts }))));
  const numbers = Object.keys(document.pages).map(Number);
  const drawnOn = new Map(numbers.map((number, index) => [number, sheets[index] ?? []]));
  const accounts = document.expected.accounts.map((account) => ({ ...account, processing_method: '' }));
  await count(accounts, read, drawnOn, tally);
}

/** The values of a golden document, printed large and scanned. */
export async function tallyScan(document: GoldenDocument, reader: PageReader, tally: Tally): Promise<void> {
  const pages = Object.entries(document.fields).filter(([, fields]) => Object.keys(fields).length > 0);
  const drawnOn = new Map<number, Placed[]>();
  const scans = [];
  for (const [index, [, fields]] of pages.entries()) {
    const texts = Object.entries(fields).map(([name, { value }], row) => ({
      text: `${name.replaceAll('_', ' ')}: ${printable(value)}`,
      x: 60,
      y: 60 + row * 24,
      size: 12,
    }));
    drawnOn.set(index + 1, texts);
    scans.push({ scan: await scanOf(texts) });
  }
  const results = pages.map(([, fields], index) => ({ page_number: index + 1, extracted_data: fields }));
  const account = mergePageResults('12345678', results, [...drawnOn.keys()]);
  if (account) await count([account], await reader.read(await makePdf(scans)), drawnOn, tally, true);
}

async function count(
  accounts: AccountRecord[],
  read: PageTexts,
  drawnOn: Map<number, Placed[]>,
  tally: Tally,
  scanned = false,
): Promise<void> {
  const wordsOn = new Map(
    [...read.texts].map(([page, text]) => {
      const words = read.words?.get(page);
      return [page, words ? listWords(text, words) : []];
    }),
  );
  const evidence = await evidenceOf({ accounts }, read);
  for (const [index, account] of accounts.entries()) {
    for (const { name, part, places } of parts(evidence[index])) {
      const { value } = account.result[name] as { value: string };
      const sources = account.pages.filter((page) => {
        const field = account.page_data[page]?.[name];
        return typeof field === 'object' && field.value === value;
      });
      let stands = false;
      for (const page of sources) {
        const drawn = drawnPlaces(name, part, value, drawnOn.get(page) ?? []);
        const words = wordsOn.get(page) ?? [];
        const readable = scanned
          ? drawn.filter((box) => simple(wordsIn(box, words)) === simple(part))
          : drawn;
        const onPage = places.filter((place) => place.page === page);
        stands ||=
          drawn.length > 0 ||
          simple((drawnOn.get(page) ?? []).map(({ text }) => text).join(' ')).includes(simple(part));
        if (readable.length === 0) continue;
        const hit = (place: EvidencePlace): boolean => readable.some((box) => covers(place, box));
        tally.standing++;
        if (onPage.some(hit)) tally.located++;
        if (onPage.slice(0, 1).some(hit)) tally.first++;
      }
      if (!stands) {
        tally.absent++;
        if (places.length === 0) tally.notFound++;
      }
      tally.onOtherPages += places.filter(({ page }) => !sources.includes(page)).length;
      tally.onOtherWords += places.filter(({ page, boxes }) => {
        const words = boxes.map(([left, top, right, bottom]) =>
          wordsIn({ left, top, right, bottom }, wordsOn.get(page) ?? []),
        );
        return !simple(words.join(' ')).includes(simple(part));
      }).length;
    }
  }
}

function parts(evidence: AccountEvidence | undefined) {
  return Object.entries(evidence?.fields ?? {}).flatMap(([name, found]) =>
    found.map((one) => ({ name, part: one.part, places: 'places' in one ? one.places : [] })),
  );
}

interface Drawn {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Where the maker drew a part of a value behind its label. */
function drawnPlaces(name: string, part: string, value: string, texts: readonly Placed[]): Drawn[] {
  return texts.flatMap(({ text, x, y, size = 10 }) => {
    const label = /^([^:]+): /.exec(text);
    if (label?.[1]?.replaceAll(' ', '_') !== name) return [];
    if (simple(text.slice(label[0].length)) !== simple(value)) return [];
    const letters = printable(part);
    const at = letters === '' ? -1 : text.indexOf(letters, label[0].length);
    if (at < 0) return [];
    const left = x + widthOf(text.slice(0, at), size);
    return {
      left: left / LETTER.width,
      top: y / LETTER.height,
      right: (left + widthOf(letters, size)) / LETTER.width,
      bottom: (y + size * 1.15) / LETTER.height,
    };
  });
}

/** Within a fiftieth of an inch, give or take. */
function covers({ boxes: [box] }: EvidencePlace, drawn: Drawn): boolean {
  if (!box) return false;
  const [left, top, right, bottom] = box;
  const near = (a: number, b: number): boolean => Math.abs(a - b) < 0.005;
  return (
    near(left, drawn.left) &&
    near(right, drawn.right) &&
    near((top + bottom) / 2, (drawn.top + drawn.bottom) / 2)
  );
}

function wordsIn({ left, top, right, bottom }: Drawn, words: readonly PageWord[]): string {
  return words
    .filter(({ box }) => {
      const [x, y] = box ? [(box.left + box.right) / 2, (box.top + box.bottom) / 2] : [-1, -1];
      return x > left && x < right && y > top && y < bottom;
    })
    .map(({ text }) => text)
    .join(' ');
}

/** Letters and digits alone; of signs alone, the signs. */
function simple(text: string): string {
  const words = text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  return words === '' ? text.trim() : words;
}

/** What the standard fonts have of a text. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '').trim();
}
