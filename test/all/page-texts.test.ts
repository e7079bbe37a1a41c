import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, jest, test } from '@jest/globals';
import Tesseract from 'tesseract.js';
import { PageReader } from '../../src/stages/page-texts.js';
import { DRAWN, lines, makePdf, rawPdf, scanOf, type RawPage } from '../pdf-fixtures.js';

/** Pages that take long: scans of real paper, and files made to keep pdfium or OCR busy. */

const PLAIN: RawPage = { content: 'BT /F1 12 Tf 50 700 Td (A sound page with text enough) Tj ET' };
/** Little text on a page with much else on it. */
const SCAN: RawPage = { content: `${DRAWN}BT /F1 30 Tf 50 700 Td (Jane Doe) Tj ET` };
/** Its text is read in a moment, its drawing takes minutes. */
const ENDLESS: RawPage = {
  content: `BT /F1 30 Tf 50 700 Td (Draft) Tj ET [0.02 0.02] 0 d ${'0 0 m 612 792 l S '.repeat(20_000)}`,
};

const reader = new PageReader();
afterAll(() => reader.close());

const sample = readFileSync(new URL('../samples/lending_package.pdf', import.meta.url));

test('the sample lending package is read, with its page total before any page and progress for each', async () => {
  const progress: unknown[] = [];
  const { texts, ocrPages, unreadablePages } = await reader.read(sample, {
    onPage: (done) => progress.push(done),
  });
  expect(ocrPages).toEqual([1, 2, 3, 4, 5, 6]);
  expect([...texts.keys()]).toEqual([1, 2, 3, 4, 5, 6]);
  expect(unreadablePages).toEqual([]);
  expect(progress[0]).toEqual({ totalPages: 6 });
  expect(progress).toHaveLength(7);
  for (const page of [1, 2, 3, 4, 5, 6])
    expect(progress).toContainEqual(expect.objectContaining({ totalPages: 6, page, by: 'ocr' }));
  expect(texts.get(1)).toContain('Social Security Number: 987-65-4321');
  expect(texts.get(1)).toMatch(/Regular +10\.00 +32\.00 +320\.00 +16,640\.00/);
  expect(texts.get(3)).toMatch(/Payroll check number: +0{10}/);
  expect(texts.get(4)).toMatch(/Account Number {3,}333 008755555/);
  expect(texts.get(4)).toMatch(/opening account balance as at 1 MAY 2021 +\|? *\$50,000\.00/);
  expect(texts.get(5)).toContain('4963147952');
  expect(texts.get(6)).toContain('Ziggy Starpixel');
});

test('waiting for a turn does not count toward the time limit', async () => {
  const stop = new AbortController();
  const slow = { content: `BT /F1 8 Tf 50 50 Td ${'(Quire) Tj '.repeat(3_000)} ET` };
  const bomb = rawPdf(Array.from({ length: 500 }, () => slow));
  const bombs = Array.from({ length: availableParallelism() + 1 }, () =>
    reader.read(bomb, { signal: stop.signal }).catch((error: unknown) => error),
  );
  const patient = new PageReader({ timeLimitMs: 3_000 });
  const reading = patient.read(rawPdf([PLAIN]));
  await sleep(3_500);
  stop.abort();
  expect((await reading).texts.get(1)).toBe('A sound page with text enough');
  expect(await Promise.all(bombs)).toEqual(bombs.map(() => stop.signal.reason as unknown));
});

test('a page that takes too long to draw is named, and does not fail the other scans', async () => {
  const hurried = new PageReader({ timeLimitMs: 5_000 });
  const { texts, ocrPages, unreadablePages } = await hurried.read(rawPdf([SCAN, ENDLESS, SCAN]));
  expect([...texts]).toEqual([
    [1, 'Jane Doe'],
    [2, 'Draft'],
    [3, 'Jane Doe'],
  ]);
  expect(ocrPages).toEqual([1, 3]);
  expect(unreadablePages).toEqual([{ page: 2, reason: 'drawing_timeout' }]);
});

test('after three such pages the rest of the document is not drawn', async () => {
  const hurried = new PageReader({ timeLimitMs: 4_000 });
  const pagesRead: (number | undefined)[] = [];
  const { unreadablePages } = await hurried.read(rawPdf([PLAIN, ENDLESS, ENDLESS, ENDLESS, SCAN]), {
    onPage: ({ page }) => pagesRead.push(page),
  });
  expect(unreadablePages).toEqual([2, 3, 4, 5].map((page) => ({ page, reason: 'drawing_timeout' })));
  expect(pagesRead).toEqual([undefined, 1, 2, 3, 4, 5]);
});

test('a page that takes OCR too long is named, and the next document is read', async () => {
  const scan = await makePdf([
    { texts: lines('Cover sheet with text') },
    { scan: await scanOf(lines('Account Number: 3525801543')) },
  ]);
  const hurried = new PageReader({ ocrTimeLimitMs: 1 });
  const { texts, ocrPages, unreadablePages } = await hurried.read(scan);
  expect([...texts]).toEqual([
    [1, 'Cover sheet with text'],
    [2, ''],
  ]);
  expect(ocrPages).toEqual([]);
  expect(unreadablePages).toEqual([{ page: 2, reason: 'ocr_timeout' }]);
  expect((await reader.read(scan)).ocrPages).toEqual([2]);
});

test('a page of absurd size is drawn within bounds', async () => {
  const { ocrPages, unreadablePages } = await reader.read(
    rawPdf([
      {
        content: `${DRAWN}BT /F1 12000 Tf 9000 90000 Td (Jane Doe) Tj ET`,
        mediaBox: [0, 0, 200_000, 200_000],
      },
      { content: '', mediaBox: [0, 0, 200_000, 1] },
    ]),
  );
  expect({ ocrPages, unreadablePages }).toEqual({ ocrPages: [1], unreadablePages: [] });
});

test('a page with more text than a page can hold is cut and named', async () => {
  const { texts, unreadablePages } = await reader.read(
    rawPdf([
      { content: `BT /F1 1 Tf 1 TL 20 780 Td ${`(${'word '.repeat(300)}) Tj T* `.repeat(150)} ET` },
      PLAIN,
    ]),
  );
  expect(texts.get(1)?.length).toBeGreaterThan(100_000);
  expect(unreadablePages).toEqual([{ page: 1, reason: 'page_too_long' }]);
});

test('an abort while an OCR worker starts ends the worker before it has read a page', async () => {
  // No worker is idle then.
  await reader.close();
  const stop = new AbortController();
  const { createWorker } = Tesseract;
  let recognize: jest.SpiedFunction<Tesseract.Worker['recognize']> | undefined;
  let terminate: jest.SpiedFunction<Tesseract.Worker['terminate']> | undefined;
  const create = jest.spyOn(Tesseract, 'createWorker').mockImplementation(async (...settings) => {
    stop.abort(new Error('no longer wanted'));
    const worker = await createWorker(...settings);
    recognize = jest.spyOn(worker, 'recognize');
    terminate = jest.spyOn(worker, 'terminate');
    return worker;
  });
  await expect(reader.read(rawPdf([SCAN]), { signal: stop.signal })).rejects.toThrow('no longer wanted');
  await create.mock.results[0]?.value;
  await sleep(100);
  expect(terminate).toHaveBeenCalled();
  expect(recognize).not.toHaveBeenCalled();
  create.mockRestore();
  expect((await reader.read(rawPdf([SCAN]))).texts.get(1)).toBe('Jane Doe');
});
