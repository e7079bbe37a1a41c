import { describe, expect, test } from '@jest/globals';
import { findCheckBoxes, withoutBoxes } from '../../../src/stages/scan/check-boxes.js';
import type { Picture } from '../../../src/stages/scan/picture.js';
import { drawn, rawPdf } from '../../pdf-fixtures.js';
import { seeded } from '../../random.js';
import { blur, noise, worn } from '../../bench/ocr/wears.js';

/** A page with these strokes on it, scanned. */
async function page(content: string): Promise<Picture> {
  const picture = await drawn(rawPdf([{ content, mediaBox: [0, 0, 200, 100] }]));
  return worn(picture, { steps: [blur(0.7), noise(6)] }, seeded(2));
}

async function found(content: string): Promise<boolean[]> {
  return findCheckBoxes(await page(content)).map(({ isMarked }) => isMarked);
}

const CROSS = '52 52 m 60 60 l S 52 60 m 60 52 l S';
const WIDE_CROSS = '1.5 w 50.5 50.5 m 61.5 61.5 l S 50.5 61.5 m 61.5 50.5 l S';
const TICK = '1.3 w 52 56 m 54.5 52.5 l 60.5 60.5 l S';

describe('a drawn box', () => {
  test.each([
    ['empty', '1 w 50 50 12 12 re S', false],
    ['of 8 points, empty', '0.7 w 50 50 8 8 re S', false],
    ['of 20 points, empty', '1.5 w 50 50 20 19 re S', false],
    ['crossed', `1 w 50 50 12 12 re S ${CROSS}`, true],
    ['crossed from corner to corner', `1 w 50 50 12 12 re S ${WIDE_CROSS}`, true],
    ['ticked', `1 w 50 50 12 12 re S ${TICK}`, true],
    ['with an X typed in it', '1 w 50 50 12 12 re S BT /F1 12 Tf 52 51.7 Td (X) Tj ET', true],
  ])('%s is told', async (_, content, isMarked) => {
    expect(await found(content)).toEqual([isMarked]);
  });

  test.each([
    ...Array.from(
      '0123456789ABDGHMNOQRW8',
      (sign) => [`with ${sign} in it`, `1 w 50 50 14 14 re S BT /F1 11 Tf 53 53 Td (${sign}) Tj ET`] as const,
    ),
    ['with 12 in it', '1 w 50 50 14 14 re S BT /F1 9 Tf 52 53 Td (12) Tj ET'],
    ['full of ink', '50 50 12 12 re f'],
    ['with a dash in it', '1 w 50 50 12 12 re S 53 56 m 59 56 l S'],
    ['with one stroke through it', '1 w 50 50 12 12 re S 51 51 m 61 61 l S'],
    ['among cells for letters', '1 w 50 50 12 12 re S 64 50 12 12 re S 78 50 12 12 re S'],
    ['that is a cell of a table', '1 w 20 50 12 12 re S 32 50 12 12 re S 44 50 100 12 re S'],
    ['too large for a mark', '1 w 50 20 40 40 re S'],
    ['long', '1 w 50 50 30 10 re S'],
  ] as const)('%s is left as it is', async (_, content) => {
    expect(await found(content)).toEqual([]);
  });

  test.each(Array.from('OQDB0@SCGU8%&'))('a letter %s of its size is none', async (sign) => {
    for (const font of ['/F1 14', '/F1 20', '/F2 16']) {
      const content = `BT ${font} Tf 50 50 Td (${sign}) Tj ET`;
      const picture = await drawn(
        rawPdf(
          [{ content, mediaBox: [0, 0, 200, 100], fonts: '/F2 6 0 R' }],
          ['<< /Type /Font /Subtype /Type1 /BaseFont /Courier-Bold >>'],
        ),
      );
      expect(findCheckBoxes(picture)).toEqual([]);
    }
  });

  test('is taken away, and nothing else', async () => {
    const picture = await page('1 w 50 50 12 12 re S BT /F1 12 Tf 70 52 Td (Yes) Tj ET');
    const boxes = findCheckBoxes(picture);
    const { width, pixels } = withoutBoxes(boxes, picture, new Uint8Array(picture.pixels.length));
    const inked = (from: number, to: number) =>
      pixels.some((gray, at) => gray < 100 && at % width >= from && at % width < to);
    expect(inked(0, 195)).toBe(false);
    expect(inked(205, width)).toBe(true);
  });
});
