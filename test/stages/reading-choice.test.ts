import { describe, expect, test } from '@jest/globals';
import { listWords, packWords, type Box } from '../../src/processor/words.js';
import type { OcrText } from '../../src/stages/ocr.js';
import type { PageText } from '../../src/stages/pdf-worker.js';
import { chosenText } from '../../src/stages/reading-choice.js';

/** What becomes of a page of which there is a text layer and a reading by OCR. */

const LETTER = 792 / 612;
/** A word of 12 points in the row and at the place across the page, as shares of it. */
const at = (left: number, row: number, width = 0.1): Box => ({
  left,
  right: left + width,
  top: row / 50,
  bottom: row / 50 + 0.014,
});

function ocr(text: string, boxes: readonly Box[], meanConfidence = 92): OcrText {
  const words = packWords(
    boxes,
    boxes.map(() => meanConfidence),
  );
  return { text, words, cut: false, how: { turned: 0, skew: 0, meanConfidence }, shape: LETTER };
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
});
