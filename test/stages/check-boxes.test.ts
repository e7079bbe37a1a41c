import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { layerOf, rawPdf, type RawPage } from '../pdf-fixtures.js';

async function linesOf(page: RawPage, objects: string[] = []): Promise<string[]> {
  const { text } = await layerOf(rawPdf([page], objects));
  return text
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .filter((line) => line !== '');
}

const at = (text: string, x: number, y: number): string => `BT /F1 11 Tf ${x} ${y} Td (${text}) Tj ET `;
const symbol = (code: string, x: number, y: number): string => `BT /F2 11 Tf ${x} ${y} Td <${code}> Tj ET `;
const box = (x: number, y: number, side = 10): string => `${x} ${y} ${side} ${side} re S `;
const cross = (x: number, y: number): string =>
  `${x + 1} ${y + 1} m ${x + 9} ${y + 9} l S ${x + 1} ${y + 9} m ${x + 9} ${y + 1} l S `;
const CHOICES = at('Checking', 80, 700) + at('Savings', 80, 680);
const SECOND_MARKED = ['[ ] Checking', '[x] Savings'];

function font(name: string): string {
  return `/F2 << /Type /Font /Subtype /TrueType /BaseFont /${name} /Encoding /WinAnsiEncoding >>`;
}

function toUnicode(map: string): string[] {
  const program =
    '/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF> endcodespacerange ' +
    `2 beginbfchar ${map} endbfchar endcmap`;
  return [
    '<< /Type /Font /Subtype /TrueType /BaseFont /Helvetica /ToUnicode 7 0 R >>',
    `<< /Length ${program.length} >>\nstream\n${program}\nendstream`,
  ];
}

describe('the boxes of form fields', () => {
  const look = (content: string): string =>
    `<< /Type /XObject /Subtype /Form /BBox [0 0 10 10] /Resources << /Font << /Za << /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >> >> >> /Length ${content.length} >>\nstream\n${content}\nendstream`;
  const field = (state: string, y: number, more = '', x = 60): string =>
    `<< /Type /Annot /Subtype /Widget /FT /Btn /T (f${y}) /F 4 /Rect [${x} ${y} ${x + 10} ${y + 10}] /AS /${state} /V /${state} /AP << /N << /On 8 0 R /Off 9 0 R >> >> ${more} >>`;
  const looks = [look('BT /Za 9 Tf 1 1 Td (4) Tj ET'), look('0 0 10 10 re S')];
  const extra = '/Annots [6 0 R 7 0 R]';

  test('stand beside their labels, marked or not', async () => {
    const pdf = readFileSync(new URL('../samples/reading/form-boxes-drawn.pdf', import.meta.url));
    const lines = (await layerOf(pdf)).text.split('\n').map((line) => line.trim().replace(/\s+/g, ' '));
    const wanted = JSON.parse(
      readFileSync(new URL('../samples/reading/form-boxes-drawn.json', import.meta.url), 'utf8'),
    ) as { lines: string[] };
    expect(lines).toEqual(expect.arrayContaining(wanted.lines));
  });

  test('do not show what they are drawn with', async () => {
    const fields = [field('Off', 699), field('On', 679), ...looks];
    expect(await linesOf({ content: CHOICES, extra }, fields)).toEqual(SECOND_MARKED);
  });

  test('on a page that is turned', async () => {
    const content =
      'BT /F1 11 Tf 0 1 -1 0 100 80 Tm (Checking) Tj ET BT /F1 11 Tf 0 1 -1 0 120 80 Tm (Savings) Tj ET';
    const fields = [field('Off', 60, '', 91), field('On', 60, '', 111).replace('(f60)', '(g)'), ...looks];
    expect(await linesOf({ content, extra: `${extra} /Rotate 90` }, fields)).toEqual(SECOND_MARKED);
  });

  test('of a radio group', async () => {
    const kid = (state: string, y: number): string =>
      `<< /Type /Annot /Subtype /Widget /Parent 10 0 R /F 4 /Rect [60 ${y} 70 ${y + 10}] /AS /${state} /AP << /N << /${y === 699 ? 'a' : 'b'} 8 0 R /Off 9 0 R >> >> >>`;
    const group = '<< /FT /Btn /Ff 49152 /T (group) /V /b /Kids [6 0 R 7 0 R] >>';
    expect(
      await linesOf({ content: CHOICES, extra }, [kid('Off', 699), kid('b', 679), ...looks, group]),
    ).toEqual(SECOND_MARKED);
  });

  test('that are hidden are none', async () => {
    const hidden = field('On', 679, '').replace('/F 4', '/F 2');
    expect(await linesOf({ content: CHOICES, extra }, [field('On', 699), hidden, ...looks])).toEqual([
      '[x] Checking',
      'Savings',
    ]);
  });
});

describe('the boxes of symbol fonts', () => {
  test.each([
    ['Wingdings', '6F', 'FE'],
    ['ABCDEF+Wingdings-Regular', 'A8', 'FD'],
    ['Wingdings2', 'A3', '52'],
    ['Wingdings#202', 'A3', '54'],
  ])('of %s', async (name, empty, marked) => {
    const content = CHOICES + symbol(empty, 60, 700) + symbol(marked, 60, 680);
    expect(await linesOf({ content, fonts: font(name) })).toEqual(SECOND_MARKED);
  });

  test('of ZapfDingbats, a tick on the second', async () => {
    const content = CHOICES + symbol('6F', 60, 700) + symbol('6F', 60, 680) + symbol('34', 60.5, 680);
    const fonts = '/F2 << /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>';
    expect(await linesOf({ content, fonts })).toEqual(SECOND_MARKED);
  });

  test.each([
    ['boxes', '<6F> <2610> <70> <2612>'],
    ['circles, one of them filled', '<6F> <25CB> <70> <25CF>'],
    ['circles, one of them marked', '<6F> <25CB> <70> <25C9>'],
  ])('of Unicode: %s', async (_, map) => {
    const content = CHOICES + symbol('6F', 60, 700) + symbol('70', 60, 680);
    expect(await linesOf({ content, fonts: '/F2 6 0 R' }, toUnicode(map))).toEqual(SECOND_MARKED);
  });

  test('under private codes', async () => {
    const content = CHOICES + symbol('6F', 60, 700) + symbol('70', 60, 680);
    const objects = toUnicode('<6F> <F06F> <70> <F0FE>').map((each) =>
      each.replace('Helvetica', 'Wingdings'),
    );
    expect(await linesOf({ content, fonts: '/F2 6 0 R' }, objects)).toEqual(SECOND_MARKED);
  });

  test.each([
    ['ticks of a list', '<6F> <2713> <70> <2713>', ['\u2713 Checking', '\u2713 Savings']],
    ['bullets', '<6F> <25CF> <70> <25CF>', ['\u25cf Checking', '\u25cf Savings']],
    ['squares of a list', '<6F> <25A0> <70> <25A0>', ['\u25a0 Checking', '\u25a0 Savings']],
  ])('are not %s', async (_, map, lines) => {
    const content = CHOICES + symbol('6F', 60, 700) + symbol('70', 60, 680);
    expect(await linesOf({ content, fonts: '/F2 6 0 R' }, toUnicode(map))).toEqual(lines);
  });
});

describe('drawn boxes', () => {
  const both = CHOICES + box(60, 699) + box(60, 679);

  test.each<[string, string]>([
    ['a cross', cross(60, 679)],
    ['a tick', '62 684 m 64 681 l 69 688 l S '],
    ['an X', at('X', 61, 680)],
    ['a filled square', '62 681 6 6 re f '],
    ['a thick cross in one line', '2 w 61 680 m 69 688 l 61 688 m 69 680 l S '],
  ])('hold a mark: %s', async (_, mark) => {
    expect(await linesOf({ content: both + mark })).toEqual(SECOND_MARKED);
  });

  test.each<[string, string]>([
    ['a line', '61 684 m 69 684 l S '],
    ['one slanted line', '61 680 m 69 688 l S '],
    ['a letter', at('B', 61, 680)],
    ['a number', at('2', 61, 680)],
    ['a picture', 'q 6 0 0 6 62 681 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x00 EI Q '],
  ])('are left alone with something else in them: %s', async (_, mark) => {
    const [first, second] = await linesOf({ content: both + mark });
    expect(first).toBe('[ ] Checking');
    expect(second).not.toContain('[');
  });

  test('in a form, and on a turned page', async () => {
    const drawing = `0 0 10 10 re S 1 1 m 9 9 l 1 9 m 9 1 l S`;
    const form = `<< /Type /XObject /Subtype /Form /BBox [-1 -1 11 11] /Length ${drawing.length} >>\nstream\n${drawing}\nendstream`;
    const content =
      'BT /F1 11 Tf 0 1 -1 0 100 80 Tm (Checking) Tj ET BT /F1 11 Tf 0 1 -1 0 120 80 Tm (Savings) Tj ET ' +
      `${box(91, 60)} q 1 0 0 1 111 60 cm /X Do Q`;
    const page = { content, resources: '/XObject << /X 6 0 R >>', extra: '/Rotate 90' };
    expect(await linesOf(page, [form])).toEqual(SECOND_MARKED);
  });

  test('are no cells for the digits of a number', async () => {
    const digits = [4, 0, 7, 1];
    const touching = digits.map(
      (digit, n) => box(100 + n * 14, 697, 14) + at(String(digit), 104 + n * 14, 700),
    );
    const empty = [0, 1, 2, 3].map((n) => box(100 + n * 18, 657, 14)).join('');
    const content = at('Number', 55, 700) + touching.join('') + at('Branch', 62, 660) + empty;
    expect(await linesOf({ content })).toEqual(['Number 4 0 7 1', 'Branch']);
  });

  test.each<[string, string]>([
    ['without a label', box(400, 400)],
    ['as large as pictures', box(40, 670, 40)],
    ['filled with a colour', 'q 1 0 0 rg 60 679 10 10 re B Q '],
    ['of a table', box(66, 676, 12) + box(66, 688, 12)],
  ])('are none %s', async (_, drawing) => {
    expect(await linesOf({ content: CHOICES + drawing })).toEqual(['Checking', 'Savings']);
  });
});
