import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from '@jest/globals';
import { layOutWords, type PlacedWord } from '../../src/stages/layout.js';
import { PageReader } from '../../src/stages/page-texts.js';
import type { PagesDone } from '../../src/stages/pages-read.js';
import {
  DRAWN,
  lines,
  makePdf,
  rawPdf,
  scanOf,
  textBomb,
  WHITE_PICTURE,
  type Placed,
  type RawPage,
} from '../pdf-fixtures.js';
import { OcrDouble } from '../ocr-double.js';

const sample = (name: string) => readFileSync(new URL(`../samples/${name}`, import.meta.url));
const PLAIN: RawPage = { content: 'BT /F1 12 Tf 50 700 Td (A sound page with text enough) Tj ET' };
/** Little text on a page with much else on it. */
const SCAN: RawPage = { content: `${DRAWN}BT /F1 30 Tf 50 700 Td (Jane Doe) Tj ET` };

const reader = new PageReader();
afterAll(() => reader.close());

async function textOf(pdf: Uint8Array, page = 1): Promise<string> {
  const { texts } = await reader.read(pdf);
  return texts.get(page) ?? '';
}

describe('the layout of a page', () => {
  test('a label and its value, far apart on one row, stay on one line', async () => {
    const text = await textOf(
      await makePdf([
        {
          texts: [
            { text: '123456789', x: 300, y: 100 },
            { text: 'Account Number', x: 60, y: 100 },
            { text: 'Branch of the bank', x: 60, y: 114 },
          ],
        },
      ]),
    );
    expect(text).toMatch(/^Account Number {3,}123456789\nBranch of the bank$/);
  });

  test('an amount is told to be a withdrawal or a deposit by its column', async () => {
    const row = (y: number, cells: [number, string][]): Placed[] =>
      cells.map(([x, text]) => ({ text, x, y }));
    const text = await textOf(
      await makePdf([
        {
          texts: [
            ...row(100, [
              [60, 'Date'],
              [150, 'Description'],
              [330, 'Withdrawals'],
              [430, 'Deposits'],
            ]),
            ...row(114, [
              [60, '01/02/2024'],
              [150, 'Coffee'],
              [330, '5.00'],
            ]),
            ...row(128, [
              [60, '01/03/2024'],
              [150, 'Salary of the month'],
              [430, '4,840.00'],
            ]),
          ],
        },
      ]),
    );
    const [header = '', coffee = '', salary = ''] = text.split('\n');
    expect(coffee.indexOf('5.00')).toBe(header.indexOf('Withdrawals'));
    expect(salary.indexOf('4,840.00')).toBe(header.indexOf('Deposits'));
  });

  test('words are neither glued together nor split', async () => {
    const sentence = 'Funds for the office of AVATAR Trust, LLC: 1,234.56 (waived) - effective today.';
    expect(await textOf(await makePdf([{ texts: lines(sentence) }]))).toBe(sentence);
  });

  test('a wide gap between rows becomes an empty line', async () => {
    const texts = [100, 113, 170].map((y) => ({ text: `A row at ${y} points`, x: 60, y }));
    expect(await textOf(await makePdf([{ texts }]))).toBe(
      'A row at 100 points\nA row at 113 points\n\nA row at 170 points',
    );
  });

  test.each([
    ['upright on a turned page', { rotate: 90 }, 0],
    ['upwards, to be read on a turned page', { rotate: 90 }, -90],
    ['upside down', {}, 180],
  ])('text written %s reads in order', async (_, page, turned) => {
    const along = (x: number, y: number): { x: number; y: number } => {
      if (turned === 0) return { x: 100 + x, y: 100 + y };
      return turned === -90 ? { x: 100 + y, y: 600 - x } : { x: 500 - x, y: 600 - y };
    };
    const texts: Placed[] = [
      { text: 'Account Title', ...along(0, 0), turned },
      { text: 'Jane Doe', ...along(200, 0), turned },
      { text: 'Opened', ...along(0, 14), turned },
      { text: '01/02/2024', ...along(200, 14), turned },
    ];
    expect(await textOf(await makePdf([{ ...page, texts }]))).toMatch(
      /^Account Title {3,}Jane Doe\nOpened {3,}01\/02\/2024$/,
    );
  });

  test('a diagonal stamp does not break into the rows it crosses', async () => {
    const stamp = { text: 'SPECIMEN COPY', x: 60, y: 50, size: 30, turned: 45 };
    const text = await textOf(
      await makePdf([{ texts: [...lines('Account Title: Jane Doe', 'Branch: Main'), stamp] }]),
    );
    expect(text).toBe('Account Title: Jane Doe\n\nBranch: Main\n\nSPECIMEN COPY');
  });

  test('what was typed into a form is text of the page', async () => {
    const look = 'BT /F1 12 Tf 2 4 Td (87654321) Tj ET';
    const fields = [
      '<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (87654321) /F 4 /Rect [260 696 400 712] /AP << /N 7 0 R >> >>',
      `<< /Type /XObject /Subtype /Form /BBox [0 0 140 16] /Resources << /Font << /F1 3 0 R >> >> /Length ${look.length} >>\nstream\n${look}\nendstream`,
      '<< /Type /Annot /Subtype /Widget /FT /Tx /T (b) /V (Jane Doe) /DA (/F1 12 Tf 0 g) /F 4 /Rect [260 676 400 692] >>',
    ];
    const text = await textOf(
      rawPdf(
        [
          {
            content: 'BT /F1 12 Tf 50 700 Td (Account Number) Tj 0 -20 Td (Account Holder) Tj ET',
            extra: '/Annots [6 0 R 8 0 R]',
          },
        ],
        fields,
      ),
    );
    expect(text).toMatch(/^Account Number {3,}87654321\nAccount Holder {3,}Jane Doe$/);
  });

  test('a hundred thousand words are laid out, and never with more spaces than words', () => {
    const words: PlacedWord[] = Array.from({ length: 100_000 }, (_, index) => ({
      text: 'word',
      start: (index % 7) * 90,
      end: (index % 7) * 90 + 20,
      baseline: -Math.floor(index / 7) * 12,
      size: 10,
    }));
    const { text } = layOutWords(words);
    expect(text.length).toBeLessThan(words.length * 8);
  });
});

describe('the sample bank statement', () => {
  test('its table header stands on one row, so that no label is followed by an account number', async () => {
    const { texts, totalPages, ocrPages, unreadablePages } = await reader.read(
      sample('bank-statement-multipage.pdf'),
    );
    expect({ totalPages, ocrPages, unreadablePages }).toEqual({
      totalPages: 5,
      ocrPages: [],
      unreadablePages: [],
    });
    expect([...texts.keys()]).toEqual([1, 2, 3, 4, 5]);
    expect(texts.get(1)).toMatch(/^ *ACCOUNT NAME {3,}ACCOUNT NUMBER {3,}BALANCE\(\$\) {3,}DETAILS ON$/m);
    expect(texts.get(1)).toMatch(/^ *CHECKING {3,}003525801543 {3,}5,657\.47 {3,}page 1$/m);
    expect(texts.get(2)).toMatch(
      /^ *2\/6\/2020 +Food Purchase - AnyCompany Restaurant - 1194089245 {3,}-171$/m,
    );
    expect([...texts.values()].join('\n')).not.toMatch(/ACCOUNT\s+NUMBER[:\s]*[0-9]{8,12}\b/i);
  });
});

describe('OCR', () => {
  const form = [
    ...lines('Account Number: 3525801543', 'Account Title: Jane Doe', 'Date Opened: 01/02/2024'),
    { text: 'Branch: Springfield', x: 380, y: 84, size: 12 },
  ];

  test('a scanned page gives its labelled values, in columns', async () => {
    const { texts, ocrPages } = await reader.read(await makePdf([{ scan: await scanOf(form) }]));
    expect(ocrPages).toEqual([1]);
    expect(texts.get(1)).toContain('Account Number: 3525801543');
    expect(texts.get(1)).toMatch(/^Account Title: Jane Doe {3,}Branch: Springfield$/m);
    expect(texts.get(1)).toContain('Date Opened: 01/02/2024');
  });

  test('a page under a trial watermark is read by OCR, whatever its text layer says', async () => {
    const watermark = [
      { text: 'Click to BUY NOW!', x: 480, y: 40, turned: 45, size: 8 },
      { text: 'PDF-XChange', x: 470, y: 60, turned: 45, size: 8 },
    ];
    const page = { scan: await scanOf(form), texts: watermark };
    const { texts, ocrPages } = await reader.read(
      await makePdf([{ texts: lines('Cover sheet with text') }, page]),
    );
    expect(ocrPages).toEqual([2]);
    expect(texts.get(2)).toContain('Account Number: 3525801543');
  });

  test('a page on which OCR finds nothing keeps its text', async () => {
    const { texts, ocrPages, unreadablePages } = await reader.read(
      rawPdf([{ content: `${WHITE_PICTURE}BT /F1 12 Tf 3 Tr 50 700 Td (hidden) Tj ET` }]),
    );
    expect(texts).toEqual(new Map([[1, 'hidden']]));
    expect({ ocrPages, unreadablePages }).toEqual({ ocrPages: [], unreadablePages: [] });
  });
});

test('a page on which OCR saw something and no print has no text, and is told from a blank one', async () => {
  // No worker is idle then.
  await reader.close();
  const readings = ['', 'il', 'ilwq vvyvu rnrnu'];
  for (const reading of readings) {
    const ocr = new OcrDouble(() => Promise.resolve(reading), 30);
    const told: PagesDone[] = [];
    const { texts, ocrPages } = await reader.read(rawPdf([{ content: DRAWN }]), {
      onPage: (done) => told.push(done),
    });
    expect([texts.get(1), ocrPages]).toEqual(['', []]);
    expect(told.at(-1)?.how?.meanConfidence).toBe(reading.length < 12 ? undefined : 30);
    await reader.close();
    ocr.restore();
  }
});

describe('a file that cannot be read is refused with the reason', () => {
  test.each([
    ['no bytes', Buffer.alloc(0), 'empty'],
    ['no PDF', Buffer.from('PK\u0003\u0004 a spreadsheet'), 'not_a_pdf'],
    ['a header behind the first 1,024 bytes', Buffer.from(`${' '.repeat(1_024)}%PDF-1.7`), 'not_a_pdf'],
    ['a header and nothing else', Buffer.from('%PDF-1.7\nnothing of a PDF'), 'damaged'],
    ['no pages', rawPdf([]), 'no_pages'],
  ])('%s', async (_, file, code) => {
    await expect(reader.read(file)).rejects.toMatchObject({ name: 'PdfError', code });
  });

  test('a password', async () => {
    const pdf = await makePdf([{ texts: lines('secret') }], { userPassword: 'open' });
    await expect(reader.read(pdf)).rejects.toMatchObject({ name: 'PdfError', code: 'encrypted' });
  });

  test('too many pages, before any is read', async () => {
    const pages: unknown[] = [];
    const short = new PageReader({ maxPages: 3 });
    await expect(
      short.read(rawPdf([PLAIN, PLAIN, PLAIN, PLAIN]), { onPage: (done) => pages.push(done) }),
    ).rejects.toMatchObject({ code: 'too_many_pages', message: 'The PDF has 4 pages; at most 3 are read.' });
    expect(pages).toEqual([]);
    expect((await short.read(rawPdf([PLAIN, PLAIN, PLAIN]))).totalPages).toBe(3);
  });
});

describe('hostile files', () => {
  test('a text bomb is ended at the time limit, and the next document is read', async () => {
    const hurried = new PageReader({ timeLimitMs: 1_000 });
    await expect(hurried.read(textBomb(3_000_000))).rejects.toMatchObject({ code: 'time_limit' });
    expect(await textOf(rawPdf([PLAIN]))).toBe('A sound page with text enough');
  });

  test('a damaged page is named and does not fail the others', async () => {
    const { texts, unreadablePages } = await reader.read(rawPdf([PLAIN, null, PLAIN]));
    expect(unreadablePages).toEqual([{ page: 2, reason: 'page_damaged' }]);
    expect([...texts]).toEqual([
      [1, 'A sound page with text enough'],
      [2, ''],
      [3, 'A sound page with text enough'],
    ]);
  });

  test('hundreds of missing pages are named', async () => {
    const missing = Array.from({ length: 400 }, (_, index) => index + 2);
    const { texts, unreadablePages } = await reader.read(rawPdf([PLAIN, ...missing.map(() => null)]));
    expect(texts.get(1)).toBe('A sound page with text enough');
    expect(unreadablePages).toEqual(missing.map((page) => ({ page, reason: 'page_damaged' })));
  });

  test('control characters and halves of surrogate pairs are dropped, whole pairs kept', async () => {
    const map =
      '/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF> endcodespacerange ' +
      '5 beginbfchar <41> <0000> <42> <0007> <43> <D83D> <44> <D83DDE00> <45> <FFFE> endbfchar endcmap';
    const text = await textOf(
      rawPdf(
        [
          {
            content: 'BT /F2 12 Tf 50 700 Td (from AtoB CtheD enEd of the page) Tj ET',
            fonts: '/F2 6 0 R',
          },
        ],
        [
          '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 7 0 R >>',
          `<< /Length ${map.length} >>\nstream\n${map}\nendstream`,
        ],
      ),
    );
    expect(text.replace(/ +/g, ' ')).toBe('from to the\u{1f600} end of the page');
  });
});

describe('abort and close', () => {
  test('an abort ends the reading with its reason', async () => {
    const stop = new AbortController();
    const reading = reader.read(textBomb(3_000_000), { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('no longer wanted')), 300);
    await expect(reading).rejects.toThrow('no longer wanted');
    await expect(reader.read(rawPdf([PLAIN]), { signal: stop.signal })).rejects.toThrow('no longer wanted');
  });

  test('an abort ends OCR with its reason', async () => {
    const stop = new AbortController();
    const reading = reader.read(rawPdf([SCAN, SCAN, SCAN]), {
      signal: stop.signal,
      onPage: ({ page }) => page !== undefined && stop.abort(new Error('enough')),
    });
    await expect(reading).rejects.toThrow('enough');
  });

  test('closing ends what is running; the reader can be used again', async () => {
    const closing = new PageReader();
    const reading = closing.read(textBomb(3_000_000));
    setTimeout(() => void closing.close(), 200);
    await expect(reading).rejects.toThrow('closed');
    expect((await closing.read(rawPdf([PLAIN]))).totalPages).toBe(1);
  });
});
