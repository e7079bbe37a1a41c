import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { layerOf, rawPdf, WHITE_PICTURE, type RawPage } from '../pdf-fixtures.js';

const PLAIN = 'BT /F1 12 Tf 50 700 Td (A sound page with text enough) Tj ET ';
const SOUND = 'A sound page with text enough';

async function textOf(page: RawPage, objects: string[] = []): Promise<string> {
  return (await layerOf(rawPdf([page], objects))).text.replace(/ {2,}/g, '  ');
}

/** A form object that draws something. */
function form(content: string, extra = ''): string {
  const resources = '/Resources << /Font << /F1 3 0 R >> >>';
  const dictionary = `/Type /XObject /Subtype /Form /BBox [0 0 612 792] ${resources} ${extra}`;
  return `<< ${dictionary} /Length ${content.length} >>\nstream\n${content}\nendstream`;
}

const WITH_FORM = '/XObject << /X 6 0 R >>';
const at = (text: string, x: number, y: number): string => `BT /F1 12 Tf ${x} ${y} Td (${text}) Tj ET `;
const bar = (color: string, x: number, y: number, width: number, height: number): string =>
  `q ${color} ${x} ${y} ${width} ${height} re f Q `;

test('the cells of a ledger hold what is seen in them', async () => {
  const pdf = readFileSync(new URL('../samples/reading/ledger-clipped-cells.pdf', import.meta.url));
  const lines = (await layerOf(pdf)).text.split('\n').map((line) => line.trim().replace(/\s+/g, ' '));
  expect(lines).toContain('12 Mar Rent of the hall 620.00 8,390.00');
  expect(lines.join('\n')).toContain('1,480.00 7,770.00');
  expect(lines.join('\n')).not.toContain('spring');
});

describe('what is hidden is left out:', () => {
  test.each<[string, string]>([
    ['what is clipped', `q 50 590 40 30 re W n ${at('seen', 52, 600)}${at('clipped', 200, 600)} Q`],
    [
      'what two clips leave nothing of',
      `q 0 590 60 30 re W n 300 590 60 30 re W n ${at('clipped', 310, 600)} Q`,
    ],
    ['white on paper', `q 1 g ${at('white', 50, 600)} Q`],
    ['white within a border', `q 0.5 w 20 20 572 752 re S Q q 1 g ${at('white', 50, 600)} Q`],
    ['white on white', `${bar('1 g', 40, 590, 200, 30)} q 0.99 g ${at('white', 50, 600)} Q`],
    [
      'white over a bar that ends before it',
      `${bar('0 g', 200, 590, 100, 30)} q 1 g ${at('white', 50, 600)} Q`,
    ],
    ['what stands beyond the page', at('beyond', 700, 600) + at('beyond', 50, 900)],
    ['what lies beneath a bar', `${at('secret', 50, 600)}${bar('0 g', 45, 595, 100, 20)}`],
    ['what lies beneath white', `${at('secret', 50, 600)}${bar('1 g', 45, 595, 100, 20)}`],
    [
      'what lies beneath one of several bars',
      `${at('secret', 50, 600)} 0 g 45 595 100 20 re 45 500 100 20 re f `,
    ],
    ['mirrored text', 'BT /F1 12 Tf -1 0 0 1 200 600 Tm (mirrored) Tj ET'],
    [
      'what lies beneath a small picture',
      `${at('secret', 50, 600)}q 100 0 0 30 45 590 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x40 EI Q `,
    ],
  ])('%s', async (_, content) => {
    const text = await textOf({ content: PLAIN + content });
    expect(text.replace(/\s*seen$/, '')).toBe(SOUND);
  });

  test('on a page that is turned and cropped', async () => {
    const content = `${PLAIN}${at('beyond', 50, 100)} q 1 g ${at('white', 50, 600)} Q`;
    const text = await textOf({ content, extra: '/Rotate 90 /CropBox [0 400 612 792]' });
    expect(text).toBe(SOUND);
  });

  test('what a form clips, where the page puts it', async () => {
    const content = `${PLAIN}q 1 0 0 1 0 -100 cm /X Do Q`;
    const objects = [
      form(`${at('inside', 50, 700)}${at('outside', 400, 700)}`, '').replace(
        '[0 0 612 792]',
        '[0 600 200 792]',
      ),
    ];
    expect(await textOf({ content, resources: WITH_FORM }, objects)).toBe(`${SOUND}\n\ninside`);
  });

  test('what lies beneath a bar in a form, where the page puts it', async () => {
    const content = `${PLAIN}${at('secret', 50, 600)}${at('open', 300, 600)}q 1 0 0 1 0 100 cm /X Do Q`;
    const objects = [form(bar('0 g', 45, 495, 100, 20))];
    expect(await textOf({ content, resources: WITH_FORM }, objects)).toBe(`${SOUND}\n\n  open`);
  });

  test('text without opacity', async () => {
    const content = `${PLAIN}q /G gs ${at('unseen', 50, 600)} Q`;
    expect(await textOf({ content, resources: '/ExtGState << /G << /ca 0 >> >>' })).toBe(SOUND);
  });
});

describe('what is seen is read:', () => {
  const header = 'Account Statement';
  test.each<[string, string]>([
    ['white in a dark header', `${bar('0 0 0.5 rg', 40, 590, 400, 30)}q 1 g ${at(header, 50, 600)} Q`],
    ['white on a thick line', `q 30 w 40 604 m 440 604 l S Q q 1 g ${at(header, 50, 600)} Q`],
    [
      'white on a picture',
      `q 400 0 0 30 40 590 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x40 EI Q q 1 g ${at(header, 50, 600)} Q`,
    ],
    ['struck out with a thin bar', `${at(header, 50, 600)}${bar('0 g', 45, 603, 200, 1.5)}`],
    ['underlined', `${at(header, 50, 600)}${bar('0 g', 45, 596, 200, 2)}`],
    ['in a frame that was filled later', `${at(header, 50, 600)} 0 g 0 560 600 80 re 30 570 500 60 re f* `],
    ['beneath a slanted shape', `${at(header, 50, 600)} 0 g 30 560 m 500 640 l 500 630 l h f `],
    [
      'beneath a bar that is clipped away',
      `${at(header, 50, 600)}q 400 400 20 20 re W n ${bar('0 g', 45, 595, 200, 20)} Q`,
    ],
    ['in a clip that is no rectangle', `q 30 560 m 500 560 l 300 680 l h W n ${at(header, 200, 600)} Q`],
    ['upside down twice', `q 1 0 0 -1 0 792 cm BT /F1 12 Tf 1 0 0 -1 50 192 Tm (${header}) Tj ET Q`],
    [
      'beneath a mask with holes',
      `${at(header, 50, 600)}q 400 0 0 30 40 590 cm BI /IM true /W 8 /H 1 /BPC 1 /D [1 0] ID \x00 EI Q `,
    ],
  ])('%s', async (_, content) => {
    expect(await textOf({ content: PLAIN + content })).toMatch(new RegExp(`${SOUND}\\s+${header}$`));
  });

  test.each([
    ['a highlight that darkens', '/BM /Multiply'],
    ['a veil', '/ca 0.4'],
  ])('beneath %s', async (_, state) => {
    const content = `${PLAIN}${at(header, 50, 600)} q /G gs ${bar('1 1 0 rg', 45, 595, 200, 20)} Q`;
    expect(await textOf({ content, resources: `/ExtGState << /G << ${state} >> >>` })).toContain(header);
  });

  test('beneath a highlight that is an annotation', async () => {
    const look = bar('1 1 0 rg', 0, 0, 200, 20);
    const text = await textOf({ content: PLAIN + at(header, 50, 600), extra: '/Annots [6 0 R]' }, [
      '<< /Type /Annot /Subtype /Highlight /F 4 /Rect [45 595 245 615] /QuadPoints [45 615 245 615 45 595 245 595] /C [1 1 0] /AP << /N 7 0 R >> >>',
      form(look).replace('[0 0 612 792]', '[0 0 200 20]'),
    ]);
    expect(text).toContain(header);
  });
});

describe('what goes with a picture is told apart', () => {
  test('text without ink on a scan', async () => {
    const content = `${WHITE_PICTURE}BT 3 Tr /F1 12 Tf 50 700 Td (Account Number 123) Tj ET`;
    const { text, layer, invisible } = await layerOf(rawPdf([{ content }]));
    expect({ text, layer, invisible: invisible?.text }).toEqual({
      text: '',
      layer: 'scan',
      invisible: 'Account Number 123',
    });
    expect(invisible?.words.boxes).toHaveLength(12);
  });

  test('text beneath a scan, beside a line that is seen', async () => {
    const content = `${at('Account Number 123', 50, 600)}${WHITE_PICTURE}${PLAIN}`;
    const { text, layer, invisible } = await layerOf(rawPdf([{ content }]));
    expect({ text, layer, invisible: invisible?.text }).toEqual({
      text: SOUND,
      layer: 'beside pictures',
      invisible: 'Account Number 123',
    });
  });

  test('text without ink on a page without pictures is nothing', async () => {
    const { text, layer, invisible } = await layerOf(
      rawPdf([{ content: `${PLAIN}BT 3 Tr /F1 12 Tf 50 600 Td (hidden) Tj ET` }]),
    );
    expect({ text, layer, invisible }).toEqual({ text: SOUND, layer: 'sound', invisible: undefined });
  });
});

describe('text that is drawn over text', () => {
  test.each<[string, string]>([
    [
      'letter by letter',
      Array.from(
        'Account 4071',
        (letter, n) => at(letter, 50 + n * 9, 600) + at(letter, 50.6 + n * 9, 600),
      ).join(''),
    ],
    ['word by word', at('Account 4071', 50, 600) + at('Account 4071', 50.8, 600.3)],
    ['four times', [0, 0.4, 0.8, 1.2].map((shift) => at('Account 4071', 50 + shift, 600)).join('')],
  ])('is bold, and read once: %s', async (_, content) => {
    expect((await textOf({ content: PLAIN + content })).split('\n').at(-1)?.replace(/ /g, '')).toBe(
      'Account4071',
    );
  });

  test('is never mixed with it', async () => {
    const long = 'Payment of the bills 17, 18, 21, 25, 26, 31, 33, 38, 40, 44 of the spring';
    const content = at(long, 50, 600) + at('1,480.00', 250, 600) + at('7,770.00', 520, 600);
    expect(await textOf({ content })).toMatch(new RegExp(`^${long} 1,480\\.00 +7,770\\.00$`));
  });

  test('stands in its place on dots and lines to be written on', async () => {
    const content =
      at('Name ____________ Date ____________', 50, 600) + at('Mira', 100, 601) + at('3 May', 230, 601);
    expect(await textOf({ content })).toBe('Name ____________ Mira Date ____________ 3 May');
  });
});

describe('letters that are set apart', () => {
  test.each<[string, string, string]>([
    ['by blanks', at('A C C O U N T   N U M B E R', 50, 600), 'ACCOUNT NUMBER'],
    ['by spacing', `BT 8 Tc /F1 12 Tf 50 600 Td (ACCOUNT NUMBER) Tj ET`, 'ACCOUNT NUMBER'],
    ['one by one', Array.from('BALANCE', (letter, n) => at(letter, 50 + n * 16, 600)).join(''), 'BALANCE'],
  ])('are words again: %s', async (_, content, heading) => {
    const row = (await textOf({ content: PLAIN + content })).split('\n').at(-1);
    expect(row?.replace(/ +/g, ' ')).toBe(heading);
  });

  test.each<[string, string, RegExp]>([
    [
      'digits in their cells',
      [1, 4, 7, 0, 3].map((digit, n) => at(String(digit), 50 + n * 20, 600)).join(''),
      /^1 +4 +7 +0 +3$/,
    ],
    [
      'letters that head columns',
      ['A', 'B', 'C', 'D', 'E'].map((letter, n) => at(letter, 50 + n * 40, 600)).join(''),
      /^A +B +C +D +E$/,
    ],
    ['letters of a sentence', at('Series A B C D of shares', 50, 600), /^Series A B C D of shares$/],
  ])('stay apart: %s', async (_, content, row) => {
    expect((await textOf({ content: PLAIN + content })).split('\n').at(-1)).toMatch(row);
  });
});
