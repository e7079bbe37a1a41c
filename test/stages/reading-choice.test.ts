import { describe, expect, test } from '@jest/globals';
import { listWords, packWords, type Box } from '../../src/processor/words.js';
import type { OcrText } from '../../src/stages/ocr.js';
import type { PageText } from '../../src/stages/pdf-worker.js';
import { chosenText } from '../../src/stages/reading-choice.js';

/** What becomes of a page of which there is a text layer and a reading by OCR. */

const HEIGHT = 792 / 612;
/** A word of 12 points in the row and at the place across the page, as shares of it. */
const at = (left: number, row: number, width = 0.1): Box => ({
  left,
  right: left + width,
  top: row / 50,
  bottom: row / 50 + 0.014,
});

/** OCR's words in these boxes, of a page that lay askew by so many degrees. */
function ocr(text: string, boxes: readonly Box[], meanConfidence = 92, skew = 0): OcrText {
  const words = packWords(
    boxes.map((box) => turned(box, skew)),
    boxes.map(() => meanConfidence),
  );
  const rows = boxes.flatMap(({ left, right, bottom }) => [left, right, -bottom * HEIGHT, 0.014 * HEIGHT]);
  const print = { rows: Float32Array.from(rows), height: HEIGHT };
  return { text, words, cut: false, how: { turned: 0, skew, meanConfidence }, print };
}

/** A box where it lies once the page is turned about its middle. */
function turned(box: Box, degrees: number): Box {
  const angle = (degrees * Math.PI) / 180;
  const [x, y] = [(box.left + box.right - 1) / 2, ((box.top + box.bottom - 1) / 2) * HEIGHT];
  const across = x * Math.cos(angle) - y * Math.sin(angle) + 1 / 2;
  const down = (x * Math.sin(angle) + y * Math.cos(angle)) / HEIGHT + 1 / 2;
  const [width, height] = [(box.right - box.left) / 2, (box.bottom - box.top) / 2];
  return { left: across - width, right: across + width, top: down - height, bottom: down + height };
}

function layer(text: string, boxes: readonly Box[], about: Partial<PageText> = {}): PageText {
  return {
    text,
    words: packWords(boxes),
    cut: false,
    layer: 'beside pictures',
    invisible: undefined,
    ...about,
  };
}

const spaced = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .filter((line) => line !== '');

const GOOD = 'Account holder Mira Oakfield\nOpening balance 2,915.40';
const BAD = 'Acc0unt h0Ider M1ra 0akf1eld\n0pen1ng baIance 2,9l5.4O';
const places = (text: string) =>
  text.split(/\s+/).map((_, index) => at((index % 5) / 6, Math.floor(index / 5)));
const beneath = (text: string) => ({ invisible: { text, words: packWords(places(text)) } });

describe('a layer that is not seen', () => {
  test('gives way where its words are worse formed', () => {
    const chosen = chosenText(layer('', [], beneath(BAD)), ocr(GOOD, places(GOOD)));
    expect(chosen).toMatchObject({ by: 'ocr', text: GOOD });
  });

  test('stays where OCR made worse of the page', () => {
    const chosen = chosenText(layer('', [], beneath(GOOD)), ocr(BAD, places(BAD), 60));
    expect(chosen).toMatchObject({ by: 'text', text: GOOD });
  });

  test('gives way where OCR is sure of another number', () => {
    const copy = GOOD.replace('2,915.40', '9,915.40 of the month before');
    expect(chosenText(layer('', [], beneath(copy)), ocr(GOOD, places(GOOD))).text).toBe(GOOD);
  });

  test('gives way where it is of another page', () => {
    const other = 'Minutes of the yearly meeting of the board of directors in the great hall';
    expect(chosenText(layer('', [], beneath(other)), ocr(GOOD, places(GOOD))).text).toBe(GOOD);
  });

  test('stays where OCR read half of it', () => {
    const half = 'Account holder Mira Oakfield';
    expect(chosenText(layer('', [], beneath(GOOD)), ocr(half, places(half))).text).toBe(GOOD);
  });

  test('gives way to one’s own reading that is as good', () => {
    expect(chosenText(layer('', [], beneath(GOOD)), ocr(GOOD, places(GOOD))).by).toBe('ocr');
  });
});

describe('digital words that are seen', () => {
  test('are kept beside what OCR read, in its rows, and are there once', () => {
    const chosen = chosenText(
      layer('40718826', [at(0.4, 5)]),
      ocr('Number\nHolder 4O7l88Z6', [at(0.1, 5), at(0.1, 10), at(0.41, 5, 0.08)]),
    );
    expect(chosen.text.split('\n').map((line) => line.split(/\s+/))).toEqual([
      ['Number', '40718826'],
      [''],
      ['Holder'],
    ]);
    expect(listWords(chosen.text, chosen.words).map(({ box }) => box?.left)).toEqual([0.1, 0.4, 0.1]);
  });

  test('follow the text of a page that was put in sideways', () => {
    const turned = {
      ...ocr('Holder', [at(0.1, 10)]),
      how: { turned: 90, skew: 0, meanConfidence: 92 },
    } as const;
    expect(chosenText(layer('Archived', [at(0.1, 49)]), turned)).toMatchObject({
      text: 'Holder\n\nArchived',
      by: 'ocr',
    });
  });

  test('are all there is of a page on which OCR finds nothing', () => {
    expect(chosenText(layer('Archived', [at(0.1, 49)]), ocr('', [], 0))).toMatchObject({
      text: 'Archived',
      by: 'text',
    });
  });

  test('change no row of a page that was scanned askew', () => {
    const rows = [10, 11, 12, 13];
    const text = rows.map((row) => `Label${row} ${row}00.00`).join('\n');
    const boxes = rows.flatMap((row) => [at(0.05, row), at(0.8, row)]);
    const footer = turned(at(0.45, 48), 2);
    const chosen = chosenText(layer('Archived', [footer]), ocr(text, boxes, 92, 2));
    expect(spaced(chosen.text)).toEqual([...text.split('\n'), 'Archived']);
  });

  test('that stand across the page take no word beneath them away', () => {
    const text = 'Fees 300.00';
    const mark = { left: 0.1, right: 0.9, top: 0.2, bottom: 0.8 };
    const chosen = chosenText(layer('CONFIDENTIAL', [mark]), ocr(text, [at(0.2, 25), at(0.6, 25)]));
    expect(spaced(chosen.text)).toContain('Fees 300.00');
    expect(chosen.text).toContain('CONFIDENTIAL');
  });

  test('leave signs in their rows', () => {
    const sign = { left: 0.45, right: 0.46, top: 0.506, bottom: 0.508 };
    const read = ocr('Fees - 250.00', [at(0.3, 25), sign, at(0.6, 25)]);
    // Of the sign, too, OCR knows on which line it stands.
    read.print.rows.set(read.print.rows.slice(2, 4), 6);
    const chosen = chosenText(layer('Archived', [at(0.1, 48)]), read);
    expect(spaced(chosen.text)[0]).toBe('Fees - 250.00');
  });
});
