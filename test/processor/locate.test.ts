import { describe, expect, test } from '@jest/globals';
import { doubtfulPages } from '../../src/processor/grounding.js';
import { Steps } from '../../src/processor/steps.js';
import { indexPage, locate, soughtFor, stands } from '../../src/processor/locate.js';
import { packWords, type PageWords } from '../../src/processor/words.js';
import { preparePage } from '../../src/processor/page.js';
import { pick, seeded } from '../random.js';

/** The texts at the places where a value stands. */
function found(value: string, text: string, label?: string): string[] {
  return locate(value, indexPage(text), label).map(({ start, end }) => text.slice(start, end));
}

/** Words on lines, as if each character were a hundredth of the page wide and each line a tenth high. */
function gridWords(text: string): PageWords {
  const boxes = text.split('\n').flatMap((line, row) =>
    Array.from(line.matchAll(/\S+/g), ({ 0: word, index }) => ({
      left: index / 100,
      top: row / 10,
      right: (index + word.length) / 100,
      bottom: row / 10 + 0.05,
    })),
  );
  return packWords(boxes);
}

describe('a value is located', () => {
  test.each([
    ['whatever its case', 'JANE DOE', 'Name: Jane Doe.', ['Jane Doe']],
    ['whatever the signs in it', '(555) 010-0199', 'Call 555-010.0199 now', ['555-010.0199']],
    ['over a line end', 'Jane Doe', 'Holder: Jane\n   Doe, Branch', ['Jane\n   Doe']],
    ['in words run together', 'Main Street', 'BranchMain Street', ['Main Street']],
    ['in a number run into its label', '12345678', 'Number12345678', ['12345678']],
    ['every time it stands there', '5.00', '5.00 6.00 5.00 5.00', ['5.00', '5.00', '5.00']],
    ['whole and run together', 'Main', 'Main BranchMain', ['Main', 'Main']],
    ['when it is signs alone', '-', 'a - b - c', ['-', '-']],
    ['apart from signs in a number, where there are both', '-', '20-6, Balance: -', ['-']],
    ['as a sign in a number, where there is no other', '-', '20-6', ['-']],
    ['behind letters that grow in lower case', 'Ankara', 'İİ İzmir Ankara', ['Ankara']],
    ['with such letters in it', 'İzmir Ankara', 'In İzmir, Ankara', ['İzmir, Ankara']],
    ['behind letters of two units', '渡辺', '🏦𠮷 渡辺', ['渡辺']],
    ['in no part of a word', 'John Smith', 'John Smithson, 1John Smith', []],
    ['nowhere when it is empty', '', 'text', []],
  ])('%s', (_, value, text, expected) => {
    expect(found(value, text)).toEqual(expected);
  });

  test('with the boxes of its whole words, one for each line', () => {
    const text = 'Holder: (Jane\n        Doe) of town';
    const [place] = locate('Jane Doe of', indexPage(text, gridWords(text)));
    expect(place?.boxes).toEqual([
      { left: 0.08, top: 0, right: 0.13, bottom: 0.05 },
      { left: 0.08, top: 0.1, right: 0.15, bottom: 0.15 },
    ]);
  });

  test('without boxes of words that are not drawn, or came without their page', () => {
    const text = 'Jane Doe';
    const words = packWords([{ left: 0.1, top: 0.1, right: 0.2, bottom: 0.2 }, null]);
    expect(locate('Doe', indexPage(text, words))).toEqual([{ start: 5, end: 8, boxes: [] }]);
    expect(locate('Jane Doe', indexPage(text, words))[0]?.boxes).toHaveLength(1);
    expect(locate('Doe', indexPage(text))).toEqual([{ start: 5, end: 8, boxes: [] }]);
  });
});

describe('the place beside its label comes first', () => {
  const statement = [
    'Fees 7.00   Interest 7.00   Total Fees: 7.00',
    '',
    'Date Opened     Opening Balance   Closing Balance',
    '7.00            7.00              7.00',
  ].join('\n');
  const column = (name: string, words?: PageWords): number => {
    const [first] = locate('7.00', indexPage(statement, words), name);
    return first?.start ?? -1;
  };

  test.each([
    ['words', gridWords(statement)],
    ['text alone', undefined],
  ])('by its %s', (_, words) => {
    expect(column('Interest', words)).toBe(statement.indexOf('7.00   Total'));
    expect(column('Total_Fees', words)).toBe(statement.indexOf('7.00\n'));
    expect(column('Opening_Balance', words)).toBe(statement.lastIndexOf('7.00  '));
    expect(column('Closing_Balance', words)).toBe(statement.lastIndexOf('7.00'));
    expect(column('Unknown', words)).toBe(statement.indexOf('7.00'));
  });

  test('"Label: value" before a closer place above or below', () => {
    const text = 'Balance   5.00\nBalance: 7.00   Fee 5.00\n5.00';
    expect(locate('5.00', indexPage(text), 'Balance')[0]?.start).toBe(10);
    expect(locate('5.00', indexPage(text), 'Fee')[0]?.start).toBe(text.indexOf('5.00\n5.00'));
  });

  test('when the page has only the end of the name', () => {
    const text = 'Name Ada SSN Ada';
    expect(locate('Ada', indexPage(text), 'Signer1_SSN_2')[0]?.start).toBe(13);
  });

  test('also when it stands behind hundreds of others', () => {
    const text = `${'0.00 '.repeat(500)} Closing Balance: 0.00 ${'0.00 '.repeat(500)}`;
    expect(locate('0.00', indexPage(text), 'Closing_Balance')[0]?.start).toBe(text.indexOf('e: 0.00') + 3);
  });
});

test('a page of one word a hundred thousand times is searched within bounds', () => {
  const text = 'a '.repeat(100_000);
  expect(locate('a', indexPage(text), 'a').length).toBeLessThanOrEqual(250);
});

describe('the slip check', () => {
  const PIECES = [
    ...[
      'Ada',
      'ada',
      'Lovelace',
      'LOVELACE',
      'Smith',
      'Smithson',
      'BranchMain',
      'Main',
      'Street',
      'ΣΑΣ',
      'ΣΑ',
    ],
    ...[
      'İstanbul',
      'istanbul',
      'i',
      '渡辺',
      '🏦',
      '𝐀',
      'ß',
      'ẞ',
      'K',
      '12',
      '1',
      '2',
      '112',
      'Number12',
      '12Oak',
    ],
    ...['-', '–', '.', ',', ';', ':', "'", '(', ')', '_', '\u0301', '\ud83c', '\u00a0', '\ufeff'],
    ...[' ', ' ', ' ', '  ', '\n', '\t', ''],
  ] as [string, ...string[]];
  const random = seeded(20_260_801);
  const textOf = (pieces: number): string =>
    Array.from({ length: Math.ceil(random() * pieces) }, () => pick(random, PIECES)).join('');

  test('finds a value on a page exactly where it was found before places were kept', () => {
    const wrong: unknown[] = [];
    let standing = 0;
    for (let round = 0; round < 20_000; round++) {
      const text = textOf(40);
      const cut = Math.floor(random() * text.length);
      const value = random() < 0.5 ? textOf(4) : text.slice(cut, cut + Math.ceil(random() * 12));
      if (value === '') continue;
      const before = stoodBefore(value, text);
      const page = indexPage(text);
      const places = locate(value, page).map(({ start, end }) => text.slice(start, end));
      const isSame =
        stands(soughtFor(value), page, new Steps(1_000_000)) === before && places.length > 0 === before;
      if (!isSame || !places.every((place) => stoodBefore(value, place))) wrong.push({ value, text, places });
      if (before) standing++;
    }
    expect(wrong).toEqual([]);
    expect(standing).toBeGreaterThan(3_000);
    expect(standing).toBeLessThan(18_000);
  });

  test('names both pages of a value that slipped, and those of two answers that were swapped', async () => {
    const pages = [preparePage(4, 'Branch: Main\n42 of it'), preparePage(7, 'Opening_Balance: 42\nAda')];
    const field = (name: string, value: string) => ({ fields: [{ name, value, confidence: 90 }] });
    const both = new Map([
      [4, 'value_slipped'],
      [7, 'value_slipped'],
    ]);
    expect(await doubtfulPages(pages, [field('Name', 'Ada'), field('Opening_Balance', '42')])).toEqual(both);
    expect(await doubtfulPages(pages, [field('Opening_Balance', '42'), field('Branch', '42')])).toEqual(both);
    expect(await doubtfulPages(pages, [field('Branch', 'Main'), field('Opening_Balance', '42')])).toEqual(
      new Map(),
    );
    expect(await doubtfulPages(pages, [field('Branch', 'Nowhere'), field('Note', '-')])).toEqual(new Map());
  });
});

/** The search as it was before it told places. */
function stoodBefore(value: string, text: string): boolean {
  const words = (from: string): string =>
    ` ${from.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ')} `.replace(/ {2,}/g, ' ');
  const parted = (from: string): string =>
    words(from.replace(/(?<=\p{Ll})(?=\p{Lu})|(?<=\p{L})(?=\p{N})/gu, ' '));
  if (words(value) === ' ') return text.includes(value);
  return words(text).includes(words(value)) || parted(text).includes(parted(value));
}
