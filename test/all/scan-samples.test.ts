import { afterAll, describe, expect, test } from '@jest/globals';
import { listWords } from '../../src/processor/words.js';
import { PageReader } from '../../src/stages/page-texts.js';
import { skew, turned } from '../bench/ocr/wears.js';
import { scanned } from '../made-scans.js';
import { widthOf, type Placed } from '../pdf-fixtures.js';
import { misread, readingSample } from '../reading-samples.js';

/** Scans that are read as a person reads them; test/all/scans.test.ts has more. */

const reader = new PageReader();
afterAll(() => reader.close());

test.each(['scan-skewed-2', 'scan-turned-270', 'scan-single-digits', 'photo-no-text'])(
  '%s is read as a person reads it',
  async (name) => {
    const { pdf, expected } = readingSample(name);
    const { texts } = await reader.read(pdf);
    expect(misread(texts.get(1) ?? '', expected)).toEqual([]);
  },
);

describe('the words of a scan laid down upside down and askew', () => {
  const SIZE = 12;
  const texts: Placed[] = [
    { text: 'Harbor Savings Bank', x: 60, y: 60, size: SIZE },
    { text: 'Account holder', x: 60, y: 110, size: SIZE },
    { text: 'Wilhelmina Fairweather', x: 260, y: 110, size: SIZE },
    { text: 'Account number', x: 60, y: 140, size: SIZE },
    { text: '93846107', x: 260, y: 140, size: SIZE },
    { text: 'Closing balance', x: 60, y: 700, size: SIZE },
    { text: '8,140.55', x: 480, y: 700, size: SIZE },
  ];
  const degrees = 1.5;

  test('lie where they were drawn', async () => {
    const { texts: read, words } = await reader.read(await scanned(texts, [skew(degrees), turned(2)]));
    const page = words?.get(1);
    const listed = page ? listWords(read.get(1) ?? '', page) : [];
    for (const { text, x, y } of texts.filter(({ text }) => /\d/.test(text))) {
      const box = listed.find((word) => word.text === text)?.box;
      // The middle of its letters, as the page lies in the scanner.
      const [right, down] = [x + widthOf(text, SIZE) / 2 - 306, y + SIZE * 0.36 - 396];
      const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
      const [across, along] = [306 - (right * cos - down * sin), 396 - (right * sin + down * cos)];
      expect(Math.abs(((box?.left ?? NaN) + (box?.right ?? NaN)) * 306 - across)).toBeLessThan(2);
      expect(Math.abs(((box?.top ?? NaN) + (box?.bottom ?? NaN)) * 396 - along)).toBeLessThan(2);
      expect(((box?.right ?? NaN) - (box?.left ?? NaN)) * 612).toBeLessThan(widthOf(text, SIZE) + 4);
    }
  });
});
