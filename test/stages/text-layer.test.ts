import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { textLayer } from '../../src/stages/text-layer.js';
import { layerOf, rawPdf, WHITE_PICTURE, type RawPage } from '../pdf-fixtures.js';

const sample = (name: string): Buffer => readFileSync(new URL(`../samples/${name}.pdf`, import.meta.url));
const write = (text: string): string => `BT /F1 12 Tf 50 700 Td (${text}) Tj ET `;
const picture = (width: number, height: number): string =>
  `q ${width} 0 0 ${height} 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \xff EI Q `;
/** What a letter drawn as a path takes. */
const GLYPH = `100 100 m ${'110 120 l 120 100 l '.repeat(12)} f `;

const layer = async (page: RawPage, objects: string[] = []): Promise<string> =>
  (await layerOf(rawPdf([page], objects))).layer;

describe('a text layer', () => {
  test.each<[string, string]>([
    ['font-without-unicode', 'scan'],
    ['scan-with-bad-layer', 'scan'],
    ['scan-with-footer', 'beside pictures'],
    ['form-boxes-drawn', 'sound'],
  ])('of the sample %s: %s', async (name, expected) => {
    expect((await layerOf(sample(`reading/${name}`))).layer).toBe(expected);
  });

  test('of a picture with a bad reading beneath it is told apart', async () => {
    const { text, invisible } = await layerOf(sample('reading/scan-with-bad-layer'));
    expect(text).toBe('');
    expect(invisible?.text).toContain('4O7lBB2G');
  });

  test.each<[string, string, string]>([
    ['short', write('Jane Doe'), 'sound'],
    ['short, with a few rules', `${write('Jane Doe')}0 600 m 612 600 l S `.repeat(1), 'sound'],
    ['empty', '', 'sound'],
    ['of blanks', write('   '), 'sound'],
    ['missing on a picture', WHITE_PICTURE, 'scan'],
    ['missing on a page of letters drawn as paths', GLYPH.repeat(20), 'scan'],
    ['short on such a page', write('page 1') + GLYPH.repeat(20), 'scan'],
    ['a line on such a page', write('Archived by the Records Desk') + GLYPH.repeat(500), 'beside pictures'],
    [
      'on half a page of picture',
      picture(612, 410) + write('Account Statement of the branch'),
      'beside pictures',
    ],
    [
      'on strips of a picture',
      [0, 1, 2, 3, 4, 5].map((n) => `q 1 0 0 1 0 ${n * 100} cm ${picture(612, 100)} Q `).join('') +
        write('Account Statement of the branch'),
      'beside pictures',
    ],
    ['beside a logo', picture(150, 60) + write('Account Statement of the branch'), 'sound'],
    ['under a trial mark', write('Account Statement of the branch. Click to BUY NOW!'), 'scan'],
  ])('that is %s', async (_, content, expected) => {
    expect(await layer({ content })).toBe(expected);
  });

  const mapped = (map: string): string[] => {
    const program =
      '/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF> endcodespacerange ' +
      `1 beginbfrange ${map} endbfrange endcmap`;
    return [
      '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 7 0 R >>',
      `<< /Length ${program.length} >>\nstream\n${program}\nendstream`,
    ];
  };
  const inFont = (text: string, y: number): string => `BT /F2 12 Tf 50 ${y} Td (${text}) Tj ET `;

  test.each<[string, string, string]>([
    ['private characters', '<20> <7E> <E020>', 'scan'],
    ['control characters', '<41> <5A> <0001>', 'scan'],
    ['letters', '<20> <7E> <0020>', 'sound'],
  ])('of a font that maps to %s', async (_, map, expected) => {
    const content = `${write('Statement')}${inFont('ACCOUNT NUMBER AND NAME', 600)}`;
    const read = await layerOf(rawPdf([{ content, fonts: '/F2 6 0 R' }], mapped(map)));
    expect(read.layer).toBe(expected);
    expect(read.text).toContain('Statement');
    expect(read.text).not.toMatch(/\p{Co}/u);
  });

  test('keeps the rest where a few words are not sound', async () => {
    const content = write('A page of sound text with a mark: ') + inFont('A', 600);
    const read = await layerOf(rawPdf([{ content, fonts: '/F2 6 0 R' }], mapped('<20> <7E> <E020>')));
    expect(read).toMatchObject({ layer: 'sound', text: 'A page of sound text with a mark:' });
  });

  test('takes the symbols of symbol fonts for what they are', async () => {
    const content = write('Terms') + inFont('lll', 600);
    const objects = mapped('<20> <7E> <F020>').map((each) => each.replace('Helvetica', 'Symbol'));
    expect(await layerOf(rawPdf([{ content, fonts: '/F2 6 0 R' }], objects))).toMatchObject({
      layer: 'sound',
    });
  });
});

test('a fifth of unsound characters is a scan', () => {
  const facts = { text: 'A sound page with text enough', lost: 1, pictures: 0, paths: 0, segments: 0 };
  expect(textLayer({ ...facts, unsound: 0.19 })).toBe('sound');
  expect(textLayer({ ...facts, unsound: 0.2 })).toBe('scan');
  expect(textLayer({ ...facts, unsound: 0.05, lost: 3 })).toBe('beside pictures');
});
