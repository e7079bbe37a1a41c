import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PageReader } from '../../src/stages/page-texts.js';
import { lines, makePdf, scanOf, type Placed } from '../pdf-fixtures.js';
import { misread, readingSample } from '../reading-samples.js';

/** Pages with a picture and digital text: what is read of each, and whether OCR is asked. */

const reader = new PageReader();
afterAll(() => reader.close());

async function read(pdf: Uint8Array) {
  const { texts, ocrPages, howRead } = await reader.read(pdf);
  return { text: texts.get(1) ?? '', isOcr: ocrPages.includes(1), how: howRead?.[0] };
}

test.each(['scan-with-footer', 'scan-with-bad-layer', 'font-without-unicode'])(
  '%s is read as a person reads it',
  async (name) => {
    const { pdf, expected } = readingSample(name);
    const { text, isOcr } = await read(pdf);
    expect(misread(text, expected)).toEqual([]);
    expect(isOcr).toBe(true);
  },
);

const row = (text: string, x: number, line: number): Placed => ({ text, x, y: 100 + line * 40, size: 12 });
const spaced = (text: string) => text.split('\n').map((line) => line.trim().replace(/\s+/g, ' '));

describe('a form that was scanned and filled in digitally', () => {
  const labels = ['Account holder', 'Account number', 'Opening balance'];
  const values = ['Mira Oakfield', '40718826', '2,915.40'];

  test('has labels and values in one row, the values as they were typed', async () => {
    const scan = await scanOf(labels.map((label, line) => row(label, 60, line)));
    const { text, isOcr, how } = await read(
      await makePdf([{ scan, texts: values.map((value, line) => row(value, 260, line)) }]),
    );
    expect(spaced(text).filter((line) => line !== '')).toEqual(
      labels.map((label, line) => `${label} ${values[line]}`),
    );
    expect(isOcr).toBe(true);
    expect(how).toMatchObject({ page: 1, turned: 0, skew: 0 });
  });
});

describe('a page of digital text over a picture', () => {
  let letterhead: Buffer;
  beforeAll(async () => {
    letterhead = await scanOf([{ text: 'Harbor Lane', x: 60, y: 30, size: 18 }]);
  });

  test('is not read by OCR where the picture shows hardly a letter', async () => {
    const texts = lines(
      'ACCOUNT NUMBER: 12345678',
      ...Array<string>(5).fill('The balance of the month of March is 2,915.40'),
    ).map((line) => ({
      ...line,
      y: line.y + 200,
    }));
    const { text, isOcr } = await read(await makePdf([{ scan: letterhead, texts }]));
    expect(spaced(text)).toContain('ACCOUNT NUMBER: 12345678');
    expect(isOcr).toBe(false);
  });
});
