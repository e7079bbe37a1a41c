import { expect, test } from '@jest/globals';
import { pgmOf } from '../../../src/stages/scan/pgm.js';
import type { Area } from '../../../src/stages/scan/picture.js';
import type { ReadWord } from '../../../src/stages/scan/read-word.js';
import { readPicture, type PageMode } from '../../../src/stages/scan/reading.js';
import type { QuarterTurns } from '../../../src/stages/scan/turns.js';
import { painted } from './pictures.js';

const WIDTH = 1_000;
const HEIGHT = 600;
/** Its first pixel tells how it lies. */
const page = {
  width: WIDTH,
  height: HEIGHT,
  pgm: pgmOf(painted(WIDTH, HEIGHT, (x, y) => (x + y === 0 ? 0 : 255))),
};

function word(text: string, confidence: number, left: number, top: number): ReadWord {
  const area = { left, top, right: left + 20 * text.length, bottom: top + 30 };
  return { text, confidence, area, start: left, end: area.right, baseline: -area.bottom, size: 40 };
}

const print = (confidence: number): ReadWord[] =>
  [100, 160, 220, 280, 340].map((top) => word('Branch', confidence, 50, top));
const cells = [100, 160, 220, 280, 340].map((top): Area => ({
  left: 600,
  top: top + 3,
  right: 614,
  bottom: top + 28,
}));

/** Reads a page with looks that are given, and tells which were taken. */
async function read(
  letters: Area[],
  looks: Partial<Record<`${'upright' | 'turned' | 'drawn'} ${PageMode}`, ReadWord[]>>,
  turns: QuarterTurns = 0,
) {
  const taken: string[] = [];
  const reading = await readPicture(
    { ...page, letters, checkBoxes: [], lie: { turns, skew: 0 } },
    (pgm, mode) => {
      const isUpright = pgm.at(-WIDTH * HEIGHT) === 0;
      const isDrawn = Buffer.from(pgm).toString('latin1').startsWith(`P5 ${HEIGHT} `);
      const lies = isUpright ? 'upright' : 'turned';
      const look = `${isDrawn ? 'drawn' : lies} ${mode}` as const;
      taken.push(look);
      return Promise.resolve(looks[look] ?? []);
    },
  );
  return { ...reading, texts: reading.words.map(({ text }) => text), taken };
}

test('a sure reading is the only one', async () => {
  const { taken, turns, meanConfidence, texts } = await read([], { 'upright sparse': print(95) });
  expect({ taken, turns, meanConfidence }).toEqual({
    taken: ['upright sparse'],
    turns: 0,
    meanConfidence: 95,
  });
  expect(texts).toHaveLength(5);
});

test('long words weigh more than short ones', async () => {
  const words = [word('Springfield', 90, 50, 100), word('a', 2, 50, 160)];
  expect((await read([], { 'upright sparse': words })).meanConfidence).toBeCloseTo((11 * 90 + 2) / 12);
});

test('an unsure page is read upside down, and the better reading kept', async () => {
  const { taken, turns, texts } = await read([], {
    'upright sparse': [word('qwu', 30, 50, 100)],
    'turned sparse': print(95),
  });
  expect(taken).toEqual(['upright sparse', 'turned sparse']);
  expect(turns).toBe(2);
  expect(texts).toHaveLength(5);
});

test('an unsure page that lies upright stays so', async () => {
  const bad = [...print(85), ...[400, 430, 460, 490, 520, 550].map((top) => word('qwuzzz', 20, 50, top))];
  const { turns, texts } = await read([], {
    'upright sparse': bad,
    'turned sparse': [word('qwu', 70, 50, 100)],
  });
  expect(turns).toBe(0);
  expect(texts).toHaveLength(11);
});

test('a picture on which every reading is junk has no words', async () => {
  const junk = (confidence: number) =>
    Array.from({ length: 40 }, (_, index) => word('il', confidence, 20 * index, 100));
  const { texts, meanConfidence } = await read(cells, {
    'upright sparse': [...junk(30), word('the', 85, 50, 200)],
    'turned sparse': junk(40),
  });
  expect(texts).toEqual([]);
  // So that the page is not taken for a blank one.
  expect(meanConfidence).toBeGreaterThan(0);
});

test('one sure word is a page of few words', async () => {
  const { texts } = await read([], { 'upright sparse': [word('VOID', 88, 50, 100)] });
  expect(texts).toEqual(['VOID']);
});

test('a blank page is looked at once', async () => {
  expect((await read([], {})).taken).toEqual(['upright sparse']);
});

test('cells that came out empty are looked for again, and their sure words added', async () => {
  const found = [
    word('7', 92, 598, 100),
    word('3', 92, 598, 160),
    word('1', 40, 598, 220),
    word('Brunch', 99, 60, 100),
  ];
  const { taken, texts } = await read(cells, { 'upright sparse': print(95), 'upright block': found });
  expect(taken).toEqual(['upright sparse', 'upright block']);
  expect(texts.slice(5)).toEqual(['7', '3']);
});

test('words of the second look where no ink was lost are not added', async () => {
  const { texts } = await read(cells, {
    'upright sparse': print(95),
    'upright block': [word('|', 99, 800, 100)],
  });
  expect(texts).toHaveLength(5);
});

test('on a page upside down too', async () => {
  const upsideDown = cells.map(({ left, top, right, bottom }) => ({
    left: WIDTH - right,
    top: HEIGHT - bottom,
    right: WIDTH - left,
    bottom: HEIGHT - top,
  }));
  const { taken, texts } = await read(upsideDown, {
    'upright sparse': [word('qwu', 30, 50, 100)],
    'turned sparse': print(95),
    'turned block': [word('7', 92, 598, 100)],
  });
  expect(taken).toEqual(['upright sparse', 'turned sparse', 'turned block']);
  expect(texts.at(-1)).toBe('7');
});

test('a page put upright for nothing is read as it was drawn, cells that came out empty with it', async () => {
  // As they lie in the picture that was turned a quarter clockwise.
  const turned = cells.map(({ left, top, right, bottom }) => ({
    left: WIDTH - bottom,
    top: left,
    right: WIDTH - top,
    bottom: right,
  }));
  const { taken, turns, texts } = await read(
    turned,
    {
      'upright sparse': [word('qwu', 30, 50, 100)],
      'turned sparse': [word('qwu', 30, 50, 100)],
      'drawn sparse': print(95),
      'drawn block': [word('7', 92, 598, 100)],
    },
    1,
  );
  expect(taken).toEqual(['upright sparse', 'turned sparse', 'drawn sparse', 'drawn block']);
  expect(turns).toBe(3);
  expect(texts).toEqual([...print(95).map(({ text }) => text), '7']);
});
