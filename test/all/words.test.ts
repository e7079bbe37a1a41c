import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { afterAll, describe, expect, test } from '@jest/globals';
import {
  decodeWords,
  encodeWords,
  listWords,
  packWords,
  type Box,
  type PageWord,
} from '../../src/processor/words.js';
import { PageReader } from '../../src/stages/page-texts.js';
import { drawn, lines, makePdf, rawPdf, scanOf, widthOf, type Placed } from '../pdf-fixtures.js';
import { pick, seeded } from '../random.js';

const reader = new PageReader();
afterAll(() => reader.close());

async function wordsOf(pdf: Uint8Array, page = 1): Promise<PageWord[]> {
  const { texts, words } = await reader.read(pdf);
  const pageWords = words?.get(page);
  return pageWords ? listWords(texts.get(page) ?? '', pageWords) : [];
}

/** Round everything that is not white on a page of a PDF. */
async function inkOf(pdf: Uint8Array): Promise<Box> {
  const { width, height, pixels } = await drawn(pdf);
  const ink = { left: width, top: height, right: 0, bottom: 0 };
  for (const [at, gray] of pixels.entries()) {
    if (gray > 128) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    ink.left = Math.min(ink.left, x);
    ink.top = Math.min(ink.top, y);
    ink.right = Math.max(ink.right, x + 1);
    ink.bottom = Math.max(ink.bottom, y + 1);
  }
  return {
    left: ink.left / width,
    top: ink.top / height,
    right: ink.right / width,
    bottom: ink.bottom / height,
  };
}

/** That a box holds the ink, and no more than `room` beside it. */
function expectRound(box: Box | null | undefined, ink: Box, room: number): void {
  const { left = NaN, top = NaN, right = NaN, bottom = NaN } = box ?? {};
  for (const space of [ink.left - left, ink.top - top, right - ink.right, bottom - ink.bottom]) {
    expect(space).toBeGreaterThan(-0.002);
    expect(space).toBeLessThan(room);
  }
}

/** Long enough for a page that is no scan. */
const WORD = 'Quireabcdefghijklmnopqrst';

describe('a word stands where PDFium draws it', () => {
  const upright = `BT /F1 12 Tf 150 400 Td (${WORD}) Tj ET`;
  const sideways = `BT /F1 12 Tf 0 1 -1 0 300 300 Tm (${WORD}) Tj ET`;
  const rotations = [0, 90, 180, 270].map((turn) => `/Rotate ${turn}`);
  const crop = '/CropBox [100 250 500 700]';

  test.each([
    ...rotations.map((extra) => [extra, { content: upright, extra }] as const),
    ...rotations.map(
      (extra) => [`${extra} ${crop}`, { content: upright, extra: `${extra} ${crop}` }] as const,
    ),
    ...rotations.map(
      (extra) => [`${extra}, sideways`, { content: sideways, extra: `${extra} ${crop}` }] as const,
    ),
    ['an origin far away', { content: upright, mediaBox: [-200, -300, 500, 600] }],
    ['a crop box that reaches out of the page', { content: upright, extra: '/CropBox [-50 200 5000 650]' }],
    ['points of another size', { content: upright, extra: '/UserUnit 2 /Rotate 90' }],
  ] as const)('%s', async (_, page) => {
    const pdf = rawPdf([{ ...page, mediaBox: 'mediaBox' in page ? [...page.mediaBox] : [0, 0, 612, 792] }]);
    const [word] = await wordsOf(pdf);
    expect(word?.text).toBe(WORD);
    expectRound(word?.box, await inkOf(pdf), 0.02);
  });

  test('on a diagonal', async () => {
    const pdf = await makePdf([{ texts: [{ text: WORD, x: 100, y: 100, size: 20, turned: 45 }] }]);
    const [word] = await wordsOf(pdf);
    expectRound(word?.box, await inkOf(pdf), 0.05);
  });

  test('in a form field', async () => {
    const look = `BT /F1 12 Tf 2 4 Td (${WORD}) Tj ET`;
    const fields = [
      '<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (x) /F 4 /Rect [260 396 460 412] /AP << /N 7 0 R >> >>',
      `<< /Type /XObject /Subtype /Form /BBox [0 0 200 16] /Resources << /Font << /F1 3 0 R >> >> /Length ${look.length} >>\nstream\n${look}\nendstream`,
    ];
    const pdf = rawPdf([{ content: '', extra: `/Annots [6 0 R] /Rotate 90 ${crop}` }], fields);
    const [word] = await wordsOf(pdf);
    expect(word?.text).toBe(WORD);
    expectRound(word?.box, await inkOf(pdf), 0.02);
  });

  test('and is not read beyond the crop box', async () => {
    const content = `${upright} BT /F1 12 Tf 20 30 Td (hidden) Tj ET`;
    const words = await wordsOf(rawPdf([{ content, extra: crop }]));
    expect(words.map(({ text, box }) => [text, box !== null])).toEqual([[WORD, true]]);
  });
});

test('the words of a page are those of its text, in its order', async () => {
  const pdf = readFileSync(new URL('../samples/bank-statement-multipage.pdf', import.meta.url));
  const { texts, words } = await reader.read(pdf);
  expect([...(words?.keys() ?? [])]).toEqual([1, 2, 3, 4, 5]);
  for (const [page, text] of texts) {
    const pageWords = words?.get(page) ?? packWords([]);
    const listed = listWords(text, pageWords);
    expect(pageWords.boxes).toHaveLength(listed.length * 4);
    expect(listed.map(({ start, end }) => text.slice(start, end))).toEqual(text.match(/\S+/g));
    expect(listed.every(({ box, confidence }) => box !== null && confidence === undefined)).toBe(true);
  }
});

test('a page without text has no words', async () => {
  const { words } = await reader.read(rawPdf([{ content: '' }, null]));
  expect(words).toEqual(
    new Map([
      [1, packWords([])],
      [2, packWords([])],
    ]),
  );
});

test.each([0, 90])(
  'words that OCR read stand where they are drawn, with its confidence (scan, /Rotate %d)',
  async (rotate) => {
    const texts: Placed[] = [
      ...lines('Account Number: 3525801543', 'Account Title: Jane Doe'),
      { text: 'Springfield', x: 380, y: 84, size: 12 },
    ];
    // On a turned page the scan is laid sideways, so that it is drawn upright.
    const scan = await scanOf(texts);
    const pdf =
      rotate === 0
        ? await makePdf([{ scan }])
        : await makePdf([{ scan, scanTurned: -90, rotate }], { layout: 'landscape' });
    const words = await wordsOf(pdf);
    expect(words.map(({ text }) => text).join(' ')).toBe(
      'Account Number: 3525801543 Account Title: Jane Doe Springfield',
    );
    expect(words.every(({ confidence = 0 }) => confidence > 50 && confidence <= 100)).toBe(true);
    const springfield = words.at(-1)?.box;
    expectRound(
      springfield,
      { left: 380 / 612, top: 86 / 792, right: (380 + widthOf('Springfield', 12)) / 612, bottom: 95 / 792 },
      0.008,
    );
  },
);

describe('kept words', () => {
  const random = seeded(7);
  const WORD_LENGTHS = [2, 3, 4, 5, 6, 7, 8, 9] as const;
  const randomWord = (): string =>
    Array.from({ length: pick(random, WORD_LENGTHS) }, () => Math.floor(random() * 36).toString(36)).join('');
  const dense = Array.from({ length: 120 }, (_, row): Placed => {
    const text = Array.from({ length: 20 }, randomWord).join(' ');
    return { text, x: 30 + random() * 40, y: 20 + row * 6.2, size: 5 };
  });

  test('of a page of 2,400 words with sure and unsure ones take less than 40 kB with its text, compressed', async () => {
    const { texts, words } = await reader.read(await makePdf([{ texts: dense }]));
    const text = texts.get(1) ?? '';
    const { boxes } = words?.get(1) ?? packWords([]);
    // As uneven as OCR makes them.
    const uneven = boxes.map((side) => side + Math.floor(random() * 12));
    const confidences = Uint8Array.from({ length: 2_400 }, () => 60 + random() * 40);
    const encoded = encodeWords({ boxes: uneven, confidences });
    expect(boxes).toHaveLength(2_400 * 4);
    expect(deflateSync(text + encoded).length).toBeLessThan(40_000);
  });

  test('are read as they were', () => {
    const box = { left: 0.1, top: 0.2, right: 0.3, bottom: 0.4 };
    const words = packWords(
      [box, null, { ...box, left: 0, right: 1 }, { ...box, top: 0.05 }],
      [96.6, 0, 100, 50],
    );
    expect(decodeWords(encodeWords(words))).toEqual(words);
    expect(listWords('a b c d', decodeWords(encodeWords(words))).map(({ confidence }) => confidence)).toEqual(
      [97, 0, 100, 50],
    );
    const plain = packWords([box]);
    expect(decodeWords(encodeWords(plain))).toEqual(plain);
    expect(decodeWords(encodeWords(packWords([])))).toEqual(packWords([]));
  });

  test('lie on the page, and are not endless', () => {
    const text = 'a b';
    const words = packWords([
      { left: -0.5, top: 0.5, right: 2, bottom: 0.5 },
      { left: 1.2, top: 0, right: 1.3, bottom: 1 },
    ]);
    expect(listWords(text, words).map(({ box }) => box)).toEqual([
      { left: 0, top: 0.5, right: 1, bottom: 0.5001 },
      null,
    ]);
    expect(packWords(Array.from({ length: 100_000 }, () => null)).boxes).toHaveLength(80_000);
  });
});
