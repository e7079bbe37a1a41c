import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from '@jest/globals';
import { PageReader } from '../../src/stages/page-texts.js';
import { valuesIn } from '../../src/stages/xfa-form.js';
import { layerOf, rawPdf, type RawPage } from '../pdf-fixtures.js';

const reader = new PageReader();
afterAll(() => reader.close());

const data = (xml: string): string => `<xfa:datasets><xfa:data>${xml}</xfa:data></xfa:datasets>`;
const VALUES = data('<form><holder>Mira &amp; Jo</holder><account>40718826</account></form>');
const page = (text: string): RawPage => ({ content: `BT /F1 12 Tf 50 700 Td (${text}) Tj ET` });
const WAIT =
  'Please wait... If this message is not replaced, your PDF viewer may not be able to display this type of document.';

/** A PDF with a form in XML, in packets or as one. */
function xfaPdf(pages: RawPage[], packets: Record<string, string>, isDynamic = false): Buffer {
  const first = 4 + pages.length * 2;
  const streams = Object.values(packets).map(
    (xml) => `<< /Length ${xml.length} >>\nstream\n${xml}\nendstream`,
  );
  const names = Object.keys(packets);
  const xfa =
    names.length === 1 && names[0] === ''
      ? `${first} 0 R`
      : `[${names.map((name, n) => `(${name}) ${first + n} 0 R`).join(' ')}]`;
  const form = `/AcroForm << /Fields [] /XFA ${xfa} >> ${isDynamic ? '/NeedsRendering true' : ''}`;
  const pdf = rawPdf(pages, streams).toString('latin1');
  // What it is made longer by goes where readers look for objects anew.
  return Buffer.from(
    pdf.replace('/Type /Catalog', `/Type /Catalog ${form}`).replace(/startxref\n\d+/, 'startxref\n0'),
    'latin1',
  );
}

describe('the values of a form in XML are read in place of a notice', () => {
  test('of the sample', async () => {
    const pdf = readFileSync(new URL('../samples/reading/form-xfa-dynamic.pdf', import.meta.url));
    expect(await layerOf(pdf)).toMatchObject({
      text: 'holder: Mira Oakfield\naccount: 40718826',
      layer: 'sound',
    });
  });

  test.each<[string, Buffer]>([
    ['in one packet', xfaPdf([page(WAIT)], { '': `<xdp>${VALUES}</xdp>` })],
    [
      'in a packet of their own',
      xfaPdf([page(WAIT)], { template: '<template/>', datasets: VALUES, postamble: '</xdp>' }),
    ],
    [
      'of a form that is drawn anew',
      xfaPdf([page('Please open this elsewhere.')], { datasets: VALUES }, true),
    ],
  ])('%s', async (_, pdf) => {
    const { text, words } = await layerOf(pdf);
    expect(text).toBe('holder: Mira & Jo\naccount: 40718826');
    expect(words.boxes).toHaveLength(6 * 4);
  });

  test('but not of one whose pages are drawn', async () => {
    const pdf = xfaPdf([page('Account Number 123')], { datasets: VALUES });
    expect((await layerOf(pdf)).text).toBe('Account Number 123');
  });

  test('and a page without values is named', async () => {
    const { texts, unreadablePages } = await reader.read(
      xfaPdf([page(WAIT), page('A sound page with text enough')], {
        datasets: data('<form><holder/></form>'),
      }),
    );
    expect([...texts.values()]).toEqual(['', 'A sound page with text enough']);
    expect(unreadablePages).toEqual([{ page: 1, reason: 'xfa_form' }]);
  });
});

describe('values in XML', () => {
  test('are those of the innermost elements of the data', () => {
    const xml = `<xdp><template><field>no</field></template>${data('<a><b>1</b>\n<c:d xmlns:c="x">two\n words</c:d><e/><f><![CDATA[<3>]]></f></a>')}</xdp>`;
    expect(valuesIn(xml)).toEqual(['b: 1', 'd: two words', 'f: <3>']);
  });

  test('do not grow by what a file defines itself', () => {
    const bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>';
    expect(valuesIn(`${bomb}${data('<first>1</first><second>&b;</second>')}`)).toEqual(['first: 1']);
  });

  test('are bounded in number, length and depth', () => {
    expect(valuesIn(data('<v>1</v>'.repeat(20_000)))).toHaveLength(5_000);
    expect(valuesIn(data(`<v>${'x'.repeat(1_000_000)}</v>`))[0]).toHaveLength(2_003);
    expect(valuesIn(data(`<v>1</v>${'<d>'.repeat(100_000)}`))).toEqual(['v: 1']);
  });

  test('that break off are kept', () => {
    expect(valuesIn('<datasets><data><v>1</v><w')).toEqual(['v: 1']);
    expect(valuesIn('no XML')).toEqual([]);
  });
});
