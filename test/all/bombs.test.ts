import { afterAll, expect, jest, test } from '@jest/globals';
import Tesseract from 'tesseract.js';
import { PageReader } from '../../src/stages/page-texts.js';
import { noisyScans, rawPdf, type RawPage } from '../pdf-fixtures.js';

/** Small files made to take much of OCR and of text. */

const reader = new PageReader();
afterAll(() => reader.close());

test('a hundred pages that show one noisy picture take OCR once', async () => {
  const { createWorker } = Tesseract;
  const recognized: unknown[] = [];
  const create = jest.spyOn(Tesseract, 'createWorker').mockImplementation(async (...settings) => {
    const worker = await createWorker(...settings);
    const recognize = worker.recognize.bind(worker);
    jest.spyOn(worker, 'recognize').mockImplementation((...picture) => {
      recognized.push(picture);
      return recognize(...picture);
    });
    return worker;
  });
  const { texts, totalPages, unreadablePages } = await reader.read(noisyScans(100));
  create.mockRestore();
  // Put upright, upside down, and as it was drawn: fewer where time ran out.
  expect([1, 2, 3]).toContain(recognized.length);
  expect(totalPages).toBe(100);
  expect(new Set(texts.values()).size).toBe(1);
  expect([0, 100]).toContain(unreadablePages.length);
});

test('two hundred thousand characters strewn over a page come to no more text than that', async () => {
  const content = `BT /F1 .1 Tf 10 11000 Td ${'.05 -.05 Td(x)Tj '.repeat(199_000)} ET`;
  const page: RawPage = { content, mediaBox: [0, 0, 12_000, 12_000] };
  const { texts, unreadablePages } = await reader.read(rawPdf([page, page]));
  expect(unreadablePages).toEqual([1, 2].map((number) => ({ page: number, reason: 'page_too_long' })));
  for (const text of texts.values()) {
    expect(text.length).toBeGreaterThan(100_000);
    expect(text.length).toBeLessThanOrEqual(200_000);
  }
});

test('a document of pages as long as a page can be is read up to its bound; the rest is named, not read', async () => {
  const patient = new PageReader({ timeLimitMs: 600_000 });
  const content = `BT /F1 1 Tf 1 TL 20 780 Td ${`(${'word '.repeat(300)}) Tj T* `.repeat(132)} ET`;
  const { texts, unreadablePages } = await patient.read(
    rawPdf(Array.from({ length: 60 }, () => ({ content }))),
  );
  const lengths = [...texts.values()].map(({ length }) => length);
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(4_000_000);
  const read = lengths.filter((length) => length > 0).length;
  expect(read).toBeGreaterThanOrEqual(20);
  expect(unreadablePages).toEqual(
    Array.from({ length: 60 - read }, (_, index) => ({
      page: read + index + 1,
      reason: 'document_too_long',
    })),
  );
});
