import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PageReader, type PageReaderSettings } from '../../src/stages/page-texts.js';
import { ManualClock } from '../manual-clock.js';
import { OcrDouble } from '../ocr-double.js';
import { DRAWN, memoryBomb, rawPdf, type RawPage } from '../pdf-fixtures.js';

/** What one document may take of OCR, of turns and of memory, whatever is in it. */

/** One page at a time: the least there may be. */
const LEAST_MB = 320;

const clock = new ManualClock();
const readers: PageReader[] = [];
const doubles: OcrDouble[] = [];

function newReader(settings: Partial<PageReaderSettings> = {}): PageReader {
  const reader = new PageReader({ memoryMb: LEAST_MB, ...settings }, clock);
  readers.push(reader);
  return reader;
}

function ocr(read: (picture: number) => Promise<string>): OcrDouble {
  const double = new OcrDouble(read);
  doubles.push(double);
  return double;
}

// No worker of another test is idle.
beforeEach(() => newReader().close());
afterEach(async () => {
  for (const double of doubles.splice(0)) double.restore();
  await Promise.all(readers.splice(0).map((reader) => reader.close()));
});

const scan = (name: string): RawPage => ({ content: `${DRAWN}BT /F1 30 Tf 50 700 Td (${name}) Tj ET` });
const scans = (count: number, name: (page: number) => string): Buffer =>
  rawPdf(Array.from({ length: count }, (_, index) => scan(name(index + 1))));
const PLAIN: RawPage = { content: 'BT /F1 12 Tf 50 700 Td (A sound page with text enough) Tj ET' };

describe('a picture that many pages show', () => {
  test('is read once, and its text and words stand on each of them', async () => {
    const double = ocr(() => Promise.resolve('Doe'));
    const { texts, words, ocrPages } = await newReader().read(scans(20, (page) => (page === 7 ? 'b' : 'a')));
    expect(double.pictures).toBe(2);
    // The digital letter of each page stays beside it.
    const read = [...texts].map(([page, text]) => [page, text.match(/\S+/g)?.sort()]);
    expect(read).toEqual(read.map(([page]) => [page, ['Doe', page === 7 ? 'b' : 'a']]));
    expect(ocrPages).toHaveLength(20);
    expect([...(words?.values() ?? [])].map(({ boxes }) => boxes.length)).toEqual(new Array(20).fill(8));
  });

  test('fails once, and that is the reason of each of them', async () => {
    const double = ocr((picture) =>
      picture === 1 ? Promise.reject(new Error('no')) : Promise.resolve('Doe'),
    );
    const { unreadablePages, texts } = await newReader().read(scans(9, (page) => (page === 9 ? 'b' : 'a')));
    expect(double.pictures).toBe(2);
    expect(unreadablePages).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((page) => ({ page, reason: 'ocr_failed' })));
    expect(texts.get(9)).toContain('Doe');
  });

  test('takes too long once', async () => {
    const double = ocr((picture) => {
      if (picture > 1) return Promise.resolve('Doe');
      setImmediate(() => clock.moveOn(60_000));
      return new Promise(() => undefined);
    });
    const { unreadablePages } = await newReader().read(scans(9, (page) => (page === 9 ? 'b' : 'a')));
    expect(double.pictures).toBe(2);
    expect(unreadablePages).toHaveLength(8);
    expect(unreadablePages[0]).toEqual({ page: 1, reason: 'ocr_timeout' });
  });

  test('is read again for another document', async () => {
    const double = ocr(() => Promise.resolve('Doe'));
    const reader = newReader();
    await reader.read(scans(2, () => 'a'));
    await reader.read(scans(2, () => 'a'));
    expect(double.pictures).toBe(2);
  });
});

describe('a document whose pictures are all different', () => {
  test('has its time at OCR, and the pages beyond are named', async () => {
    const double = ocr(async (picture) => {
      await sleep(0);
      clock.moveOn(40_000);
      return picture < 3 ? 'Doe' : new Promise(() => undefined);
    });
    const reader = newReader({ ocrDocumentTimeLimitMs: 100_000 });
    const pages = scans(40, (page) => `Page ${page}`);
    const { texts, ocrPages, unreadablePages } = await reader.read(pages);
    // The third has 20 s left of its own 60, and takes 40.
    expect(double.pictures).toBe(3);
    expect(ocrPages).toEqual([1, 2]);
    expect([...texts.values()].slice(0, 4).map((text) => text.includes('Doe'))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(texts.get(3)).toBe('Page 3');
    expect(unreadablePages).toEqual(
      Array.from({ length: 38 }, (_, index) => ({ page: index + 3, reason: 'ocr_document_timeout' })),
    );
  });

  test('is not charged for waiting, and another document has its own time', async () => {
    ocr(async () => {
      await sleep(0);
      clock.moveOn(40_000);
      return 'Doe';
    });
    const reader = newReader({ ocrDocumentTimeLimitMs: 100_000 });
    const read = await Promise.all([1, 2, 3].map((n) => reader.read(scans(2, (page) => `${n} and ${page}`))));
    expect(read.map(({ unreadablePages }) => unreadablePages)).toEqual([[], [], []]);
  });
});

describe('turns', () => {
  test('at pdfium are given round robin by owner, however many documents one has', async () => {
    const reader = newReader();
    const began: string[] = [];
    let go: () => void = () => undefined;
    const first = new Promise<void>((resolve) => (go = resolve));
    const read = (owner: string, document: string, until: Promise<void> = Promise.resolve()) =>
      reader.read(
        async () => {
          began.push(owner + document);
          await until;
          return rawPdf([PLAIN]);
        },
        { party: { owner, document } },
      );
    const readings = [read('A', '1', first), read('A', '2'), read('A', '3'), read('B', '1')];
    await sleep(0);
    go();
    await Promise.all(readings);
    expect(began).toEqual(['A1', 'B1', 'A2', 'A3']);
  });

  test('at OCR are given by owner too: a page does not wait for all of a long scan', async () => {
    const order: string[] = [];
    const reader = newReader({ memoryMb: 512 });
    await reader.close();
    let shortBegun: Promise<unknown> | undefined;
    ocr((picture) => {
      if (picture === 1) {
        shortBegun = reader.read(
          scans(1, () => 'short'),
          {
            party: { owner: 'B', document: '1' },
            onPage: ({ page }) => page && order.push('B'),
          },
        );
        clock.moveOn(10_000);
      }
      return Promise.resolve('Doe');
    });
    await reader.read(
      scans(30, (page) => `Page ${page}`),
      {
        party: { owner: 'A', document: '1' },
        onPage: ({ page }) => page && order.push('A'),
      },
    );
    await shortBegun;
    expect(order.indexOf('B')).toBeLessThan(20);
  });
});

describe('what comes after the text layer', () => {
  test('is done aside, once the text layer is read', async () => {
    ocr(() => Promise.resolve('Doe'));
    const log: string[] = [];
    const read = await newReader().read(rawPdf([PLAIN, scan('a'), PLAIN]), {
      onPage: ({ page, by }) => page && log.push(`${page} ${by}`),
      aside: async (work) => {
        log.push('aside');
        const done = await work();
        log.push('back');
        return done;
      },
    });
    expect(log).toEqual(['1 text', '3 text', 'aside', '2 ocr', 'back']);
    expect(read.texts.get(2)).toContain('Doe');
  });

  test('is nothing for a document without scans', async () => {
    const aside = () => Promise.reject(new Error('not asked'));
    expect((await newReader().read(rawPdf([PLAIN]), { aside })).totalPages).toBe(1);
  });
});

describe('memory', () => {
  test('eight files that take all of it are named, and another is read between them', async () => {
    const reader = newReader({ memoryMb: 512 });
    const bombs = Array.from({ length: 8 }, (_, index) =>
      reader.read(memoryBomb(), { party: { owner: 'A', document: String(index) } }),
    );
    const other = reader.read(rawPdf([PLAIN]), { party: { owner: 'B', document: '1' } });
    const first = await Promise.race([other.then(() => 'other'), Promise.all(bombs).then(() => 'bombs')]);
    expect(first).toBe('other');
    expect((await other).texts.get(1)).toBe('A sound page with text enough');
    for (const { unreadablePages } of await Promise.all(bombs)) {
      expect(unreadablePages).toEqual([{ page: 1, reason: 'page_damaged' }]);
    }
  });
});
