import { describe, expect, test } from '@jest/globals';
import { layOutChars, layOutWords, type PlacedChar, type PlacedWord } from '../../src/stages/layout.js';

/** Pages made to cost more than they hold. */
const STREWN: Record<
  string,
  (n: number, of: number) => { x: number; y: number; size?: number; angle?: number }
> = {
  'on a diagonal': (n, of) => ({ x: (n * 600) / of, y: (n * -700) / of, size: 0.001 }),
  'far below each other': (n) => ({ x: 0, y: n * -100 }),
  'far apart on one row': (n) => ({ x: n * 100, y: 0 }),
  'one below the other at the right edge': (n) => ({ x: n === 0 ? 0 : 6_000, y: n * -12 }),
  'without a size': (n, of) => ({ x: (n * 600) / of, y: n % 97, size: 0 }),
  'all in one place': () => ({ x: 100, y: 100 }),
  'in every direction': (n) => ({ x: n % 600, y: n % 700, angle: (n % 360) * (Math.PI / 180) }),
  'close together on one row': (n) => ({ x: n * 5, y: 0 }),
};

function strewn(kind: string, count: number): PlacedChar[] {
  return Array.from({ length: count }, (_, n) => {
    const { x, y, size = 10, angle = 0 } = STREWN[kind]?.(n, count) ?? { x: 0, y: 0 };
    const text = String.fromCodePoint(97 + (n % 26));
    return {
      text,
      originX: x,
      originY: y,
      left: x,
      right: x + size / 2,
      bottom: y,
      top: y + size,
      size,
      angle,
    };
  });
}

describe.each(Object.keys(STREWN))('characters %s', (kind) => {
  test('come to no more text than is kept of a page', () => {
    const { text, words } = layOutChars(strewn(kind, 4_000));
    expect(text.length).toBeLessThanOrEqual(200_000);
    expect(words.map((word) => word.text)).toEqual(text.match(/\S+/g));
  });

  test('twice as many are laid out in little more than twice the steps', () => {
    const steps = (count: number) => looks(strewn(kind, count), layOutChars);
    expect(steps(1_600) / steps(800)).toBeLessThan(3);
    // What is done with rows and columns, seen by the words in them.
    const stepsOfWords = (count: number) => looks(wordsOf(strewn(kind, count)), layOutWords);
    expect(stepsOfWords(1_600) / stepsOfWords(800)).toBeLessThan(3);
  });
});

test.each([
  ['on a diagonal', 6_000],
  ['far apart on one row', 52_000],
])('text of characters %s is cut between words, and that is told', (kind, count) => {
  const { text, words, cut } = layOutChars(strewn(kind, count));
  expect(cut).toBe(true);
  expect(text.length).toBeLessThanOrEqual(200_000);
  expect(words.map((word) => word.text)).toEqual(text.match(/\S+/g));
  expect(words.length).toBeGreaterThan(1_000);
});

test('text that fits is not cut', () => {
  expect(layOutChars(strewn('close together on one row', 4_000)).cut).toBe(false);
});

function wordsOf(chars: readonly PlacedChar[]): PlacedWord[] {
  return chars.map(({ text, left, right, originY, size }) => ({
    text,
    start: left,
    end: right,
    baseline: originY,
    size,
  }));
}

/** How often laying out looks at something of what it is given. */
function looks<T extends object>(given: readonly T[], layOut: (given: readonly T[]) => unknown): number {
  let count = 0;
  const watch = (target: T, name: string | symbol): unknown => {
    count++;
    return Reflect.get(target, name);
  };
  layOut(given.map((each) => new Proxy(each, { get: watch })));
  return count;
}

describe('texts drawn over each other', () => {
  const word = (text: string, start: number, object: number): PlacedWord => ({
    text,
    start,
    end: start + 7 * text.length,
    baseline: 700,
    size: 12,
    object,
  });

  test('follow each other whole', () => {
    const words = [word('one', 0, 1), word('AAA', 15, 2), word('two', 25, 1), word('BBB', 40, 2)];
    expect(layOutWords(words).text).toBe('one two AAA BBB');
  });

  test('stay between the labels of a line with dots to write on', () => {
    const dots = (start: number) => word('________', start, 1);
    const line = [word('Name:', 0, 1), dots(40), word('Date:', 105, 1), dots(145)];
    const { text } = layOutWords([...line, word('Smith-Johnson', 40, 2), word('1/2/2020', 146, 3)]);
    expect(text.indexOf('Smith-Johnson')).toBeLessThan(text.indexOf('Date:'));
    expect(text.indexOf('1/2/2020')).toBeGreaterThan(text.indexOf('Date:'));
  });

  test('stay in their columns: a label of another column may be drawn with the first', () => {
    const labels = [word('Name:', 0, 1), word('Date:', 200, 1), word('Amount:', 400, 1)];
    const { text } = layOutWords([...labels, word('Smith', 31, 2), word('5/6/2024', 232, 3)]);
    expect(text).toMatch(/^Name: Smith {3,}Date: 5\/6\/2024 {3,}Amount:$/);
  });
});
