import { afterAll, describe, expect, test } from '@jest/globals';
import { PageReader } from '../../src/stages/page-texts.js';
import { blur, noise, skew, turned, type Step } from '../bench/ocr/wears.js';
import { painting, scanned } from '../made-scans.js';
import { widthOf, type Placed } from '../pdf-fixtures.js';
import { pick, seeded } from '../random.js';
import { misread, readingSample } from '../reading-samples.js';

// Looked up once: a global takes a hundred times as long inside Jest.
const { sin } = Math;

/** Scans that are read as a person reads them: samples, and others of their kinds that are made here. */

const reader = new PageReader();
afterAll(() => reader.close());

async function textOf(pdf: Uint8Array): Promise<string> {
  return (await reader.read(pdf)).texts.get(1) ?? '';
}

test.each(['scan-upright', 'scan-skewed-0', 'scan-skewed-1', 'scan-turned-90'])(
  '%s is read as a person reads it',
  async (name) => {
    const { pdf, expected } = readingSample(name);
    expect(misread(await textOf(pdf), expected)).toEqual([]);
  },
);

const NAMES = ['Rosalind Okonkwo', 'Gregory Lindqvist', 'Priscilla Burnham', 'Desmond Vandermeer'] as const;
const PURPOSES = [
  'Rent of the hall',
  'Dividend on savings',
  'Fee for the transfer',
  'Deposit at the branch',
] as const;

/** A statement, and its lines as they are read. */
function statement(seed: number): { texts: Placed[]; lines: string[] } {
  const random = seeded(seed);
  const amount = () =>
    `${1 + Math.floor(random() * 9)},${100 + Math.floor(random() * 899)}.${10 + Math.floor(random() * 89)}`;
  const rows: [string, string, string][] = Array.from({ length: 14 }, (_, row) => [
    `0${1 + (row % 9)}/1${row % 9}/2023`,
    pick(random, PURPOSES),
    amount(),
  ]);
  const heads: [string, string][] = [
    ['Account holder', pick(random, NAMES)],
    ['Account number', String(10_000_000 + Math.floor(random() * 89_999_999))],
  ];
  const texts = [
    ...heads.flatMap(([label, value], row) => [
      { text: label, x: 60, y: 60 + row * 24, size: 11 },
      { text: value, x: 240, y: 60 + row * 24, size: 11 },
    ]),
    ...rows.flatMap(([date, purpose, sum], row) => [
      { text: date, x: 60, y: 140 + row * 30, size: 10 },
      { text: purpose, x: 150, y: 140 + row * 30, size: 10 },
      { text: sum, x: 540 - widthOf(sum, 10), y: 140 + row * 30, size: 10 },
    ]),
  ];
  return { texts, lines: [...heads, ...rows].map((cells) => cells.join(' ')) };
}

describe('a statement', () => {
  test.each<[string, Step[]]>([
    ['askew by 2.6 degrees', [skew(2.6)]],
    ['askew by 1.4 degrees the other way', [skew(-1.4)]],
    ['upside down', [turned(2)]],
    ['sideways and askew', [skew(0.9), turned(1)]],
    ['on its other side, blurred', [blur(0.6), turned(3)]],
    ['askew and upside down, with noise', [skew(-0.8), turned(2), noise(8)]],
  ])('%s is read line by line', async (name, steps) => {
    const { texts, lines } = statement(name.length);
    expect(misread(await textOf(await scanned(texts, steps)), { lines })).toEqual([]);
  });
});

/** A table with one digit in each cell. */
function digits(
  seed: number,
  rows: number,
  columns: number,
  size: number,
): { texts: Placed[]; lines: string[] } {
  const random = seeded(seed);
  const cells = Array.from({ length: rows }, () =>
    Array.from({ length: columns }, () => String(Math.floor(random() * 10))),
  );
  const label = (row: number) => `Office number ${row + 11} of the region`;
  return {
    texts: cells.flatMap((row, index) => [
      { text: label(index), x: 60, y: 90 + index * 28, size },
      ...row.map((text, column) => ({ text, x: 300 + column * 48, y: 90 + index * 28, size })),
    ]),
    lines: cells.map((row, index) => [label(index), ...row].join(' ')),
  };
}

describe('a table of single digits', () => {
  test.each<[string, number, number, number, Step[]]>([
    ['of four columns', 14, 4, 11, []],
    ['in larger print', 10, 5, 13, [noise(6)]],
    ['upside down and askew', 12, 5, 11, [skew(0.7), turned(2)]],
  ])('%s keeps most of them, and each in its row', async (name, rows, columns, size, steps) => {
    const { texts, lines } = digits(name.length, rows, columns, size);
    const wrong = misread(await textOf(await scanned(texts, steps)), { lines });
    // Of fifty digits, two may come out as nothing.
    expect(wrong.length).toBeLessThanOrEqual(2);
  });
});

describe('a picture without print has no text', () => {
  test.each<[string, (x: number, y: number, random: () => number) => number]>([
    ['grain', (_x, _y, random) => 255 * random()],
    ['a landscape', (x, y, random) => 120 + 80 * sin(9 * x + 4 * sin(7 * y)) * y + 60 * (random() - 0.5)],
    ['leaves', (x, y, random) => (sin(90 * x) * sin(110 * y + 20 * x) > 0.3 ? 40 : 200) + 50 * random()],
    ['a page all black', () => 0],
  ])('%s', async (_, gray) => {
    expect((await textOf(await painting(gray))).length).toBeLessThanOrEqual(20);
  });
});

test.each(['VOID', 'Page intentionally left blank', 'Exhibit B'])(
  'a page with nothing but "%s" keeps it',
  async (text) => {
    expect(await textOf(await scanned([{ text, x: 220, y: 340, size: 16 }], []))).toBe(text);
  },
);
