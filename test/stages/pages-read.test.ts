import { expect, test } from '@jest/globals';
import { packWords } from '../../src/processor/words.js';
import { PagesRead } from '../../src/stages/pages-read.js';

const PAGE = 200_000;
const NO_WORDS = packWords([]);
const full = { text: 'x'.repeat(PAGE), words: NO_WORDS, cut: false };

test('a document keeps no more text than 20 of the longest pages hold; the pages beyond are named', () => {
  const pages = new PagesRead();
  pages.begin(30);
  for (let page = 1; page <= 30; page++) pages.keep(page, full);
  const { texts, unreadablePages } = pages.all();
  expect(pages.isFull).toBe(true);
  expect([...texts.values()].join('')).toHaveLength(20 * PAGE);
  expect(unreadablePages).toEqual(
    Array.from({ length: 10 }, (_, index) => ({ page: 21 + index, reason: 'document_too_long' })),
  );
});

const HOW = { turned: 0, skew: 0, meanConfidence: 90 } as const;

test('text that OCR reads takes the place of what was there, and counts with the rest', () => {
  const pages = new PagesRead();
  pages.begin(22);
  for (let page = 1; page <= 20; page++) pages.keep(page, { ...full, text: full.text.slice(1) });
  for (let page = 1; page <= 20; page++) pages.keepOcr(page, full, HOW);
  expect(pages.isFull).toBe(false);
  pages.keepOcr(22, { ...full, text: 'x' }, HOW);
  pages.keepOcr(21, { ...full, text: 'x' }, HOW);
  const { ocrPages, unreadablePages } = pages.all();
  expect(ocrPages).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  expect(unreadablePages.map(({ page }) => page)).toEqual([21, 22]);
});

test('places of words that are replaced count no more', () => {
  const pages = new PagesRead();
  pages.begin(20);
  const words = packWords(Array.from({ length: 20_000 }, () => ({ left: 0, top: 0, right: 1, bottom: 1 })));
  const page = { text: 'a word', words, cut: false };
  for (let number = 1; number <= 20; number++) pages.keep(number, page);
  for (let number = 1; number <= 20; number++) pages.keep(number, page);
  const kept = [...(pages.all().words ?? [])].map(([, { boxes }]) => boxes.length / 4);
  expect(kept).toEqual(new Array<number>(20).fill(20_000));
});

test('places of words are kept of the first 500,000', () => {
  const pages = new PagesRead();
  pages.begin(30);
  const words = packWords(Array.from({ length: 20_000 }, () => ({ left: 0, top: 0, right: 1, bottom: 1 })));
  for (let page = 1; page <= 30; page++) pages.keep(page, { text: 'a word', words, cut: false });
  const kept = [...(pages.all().words?.values() ?? [])].map(({ boxes }) => boxes.length / 4);
  expect(kept).toEqual([...new Array<number>(25).fill(20_000), ...new Array<number>(5).fill(0)]);
});
