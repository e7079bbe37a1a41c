import { layOutWords } from '../../../src/stages/layout.js';
import { drawn, scanPdf } from '../../pdf-fixtures.js';
import { seeded } from '../../random.js';
import { allSheets, type Sheet } from './sheets.js';
import { TURNED, WEARS, worn, type Wear } from './wears.js';

const WEARS_PER_SHEET = 3;

/** A worn page whose every word is known. */
export interface Scan {
  name: string;
  isTurned: boolean;
  pdf: Buffer;
  text: string;
  words: string[];
  values: string[];
}

/** Every sheet in three wears, each wear about as often, and every second sheet turned as well. */
export async function* allScans(seed: number): AsyncGenerator<Scan> {
  for (const [index, sheet] of (await allSheets(seed)).entries()) {
    const wears = Array.from({ length: WEARS_PER_SHEET }, (_, i) => {
      return WEARS[(index * WEARS_PER_SHEET + i) % WEARS.length] ?? WEARS[0];
    });
    const turned = index % 2 === 0 ? TURNED.slice((index / 2) % 3).slice(0, 1) : [];
    for (const [at, wear] of [...wears, ...turned].entries()) yield scanned(sheet, wear, index * 100 + at);
  }
}

async function scanned(sheet: Sheet, wear: Wear, seed: number): Promise<Scan> {
  const picture = worn(await drawn(sheet.pdf, 1, wear.dpi), wear, seeded(seed));
  return {
    name: `${sheet.name}.${wear.name}`,
    isTurned: TURNED.includes(wear),
    pdf: await scanPdf(picture),
    text: layOutWords(sheet.words).text,
    words: sheet.words.map(({ text }) => text),
    values: sheet.fields.map(({ value }) => value),
  };
}
