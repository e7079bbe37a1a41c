import { readFileSync } from 'node:fs';
import { goldenPdf, PRINTABLE } from './golden-pdf.js';
import { textBomb } from './pdf-fixtures.js';
import { seeded } from './random.js';

/** Damaged files, one after the other, the same each time: cut short, with bytes changed, and now and then a bomb. */
export async function damagedFiles(): Promise<() => Buffer> {
  const random = seeded(7);
  const sample = readFileSync(new URL('./samples/bank-statement-multipage.pdf', import.meta.url));
  const [document] = PRINTABLE;
  if (!document) throw new Error('No golden document can be printed');
  const small = await goldenPdf(document, 'damaged');
  let made = 0;
  return () => {
    const index = made++;
    if (index % 100 === 99) return textBomb(1_500_000);
    const bytes = Buffer.from(index % 10 === 0 ? sample : small);
    if (index % 3 === 0) return bytes.subarray(0, 10 + Math.floor(random() * (bytes.length - 10)));
    for (let flip = 0; flip < 1 + random() * 200; flip++) {
      bytes[8 + Math.floor(random() * (bytes.length - 8))] = Math.floor(random() * 256);
    }
    return bytes;
  };
}
