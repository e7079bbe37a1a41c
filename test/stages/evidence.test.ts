import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from '@jest/globals';
import { mergePageResults, type PageResult } from '../../src/processor/merge.js';
import { evidenceOf, type PartEvidence } from '../../src/stages/evidence.js';
import { PageReader } from '../../src/stages/page-texts.js';
import { emptyTally, tallyGolden, tallyScan } from '../drawn-values.js';
import { PRINTABLE } from '../golden-pdf.js';
import { BANK_STATEMENT, misplaced } from '../sample-values.js';

const reader = new PageReader();
afterAll(() => reader.close());

type Values = Record<string, string>;

/** The record of one account, made from what each page's answer has. */
function recordOf(account: string | null, byPage: Record<number, Values>, pages = Object.keys(byPage)) {
  const results: PageResult[] = Object.entries(byPage).map(([page, values]) => ({
    page_number: Number(page),
    extracted_data: Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, { value, confidence: 90 }]),
    ),
  }));
  const record = mergePageResults(account, results, pages.map(Number));
  if (!record) throw new Error('no page has fields');
  return record;
}

/** What is said of one field, in short: "page:text at the place", or null for what is not found. */
async function saidOf(byPage: Record<number, Values>, texts: Record<number, string>, name: string) {
  const pages = new Map(Object.entries(texts).map(([page, text]) => [Number(page), text]));
  const record = recordOf('1', byPage, Object.keys(texts));
  const [account] = await evidenceOf({ accounts: [record] }, { texts: pages });
  const short = (part: PartEvidence) =>
    'places' in part
      ? part.places.map(({ page, start, end }) => `${page}:${start} ${texts[page]?.slice(start, end) ?? ''}`)
      : null;
  return account?.fields[name]?.map((part) => [part.part, short(part)]);
}

describe('the evidence of a value', () => {
  test('is on the pages whose answers have it, not on others on which it stands too', async () => {
    const texts = { 1: 'Branch: Main', 2: 'Main street', 3: 'The Main branch' };
    expect(
      await saidOf({ 1: { Branch: 'Main' }, 2: { Street: 'Main' }, 3: { Branch: 'Main' } }, texts, 'Branch'),
    ).toEqual([['Main', ['1:8 Main', '3:4 Main']]]);
  });

  test('is not found when it stands on other pages only', async () => {
    const texts = { 1: 'Opened on the first of May', 2: '05/01/2024' };
    expect(await saidOf({ 1: { Date_Opened: '05/01/2024' } }, texts, 'Date_Opened')).toEqual([
      ['05/01/2024', null],
    ]);
  });

  test('is told for each of its parts, once', async () => {
    const texts = { 1: 'Owners: John Smith and\nMary Smith' };
    const owners = { Owners: 'John Smith, Mary Smith; Ada\nJohn Smith' };
    expect(await saidOf({ 1: owners }, texts, 'Owners')).toEqual([
      ['John Smith', ['1:8 John Smith']],
      ['Mary Smith', ['1:23 Mary Smith']],
      ['Ada', null],
    ]);
  });

  test('is first where the whole value stands, then elsewhere', async () => {
    const texts = { 1: 'OH is a state. Home: 12 Oak St, Springfield, OH' };
    expect((await saidOf({ 1: { Address: '12 Oak St, Springfield, OH' } }, texts, 'Address'))?.[2]).toEqual([
      'OH',
      ['1:45 OH', '1:0 OH'],
    ]);
  });

  test('is not on a page whose answer has another value for the field', async () => {
    const texts = { 1: 'Branch: Main', 2: 'Branch: Elm, near Main' };
    expect(await saidOf({ 1: { Branch: 'Main' }, 2: { Branch: 'Elm' } }, texts, 'Branch')).toEqual([
      ['Main', ['1:8 Main']],
    ]);
  });

  test('is one place of every page before the second of any, 20 in all', async () => {
    const numbers = Array.from({ length: 12 }, (_, index) => index + 1);
    const byPage = Object.fromEntries(numbers.map((page) => [page, { Fee: '5.00' }]));
    const texts = Object.fromEntries(numbers.map((page) => [page, '5.00 5.00 Fee: 5.00']));
    const [[, places] = []] = (await saidOf(byPage, texts, 'Fee')) ?? [];
    expect(places).toEqual(
      numbers.flatMap((page) => [`${page}:15 5.00`, ...(page <= 8 ? [`${page}:0 5.00`] : [])]),
    );
  });

  test('is looked for only in the text that was sent', async () => {
    const texts = { 1: `${'filler '.repeat(2_000)} Fee: 5.00` };
    expect(await saidOf({ 1: { Fee: '5.00' } }, texts, 'Fee')).toEqual([['5.00', null]]);
  });

  test('is kept by account, that of a document without accounts too, whatever its fields are called', async () => {
    const accounts = [recordOf('1', { 1: { Fee: '5.00' } }), recordOf('2', { 2: { Fee: '5.00' } })];
    const document = recordOf(null, { 3: { ['__proto__']: '5.00', constructor: '6.00' } });
    const texts = new Map([1, 2, 3].map((page) => [page, '5.00']));
    const place = (page: number) => ({ page, start: 0, end: 4, boxes: [] });
    const evidence = await evidenceOf({ accounts, document }, { texts });
    expect(JSON.parse(JSON.stringify(evidence))).toEqual([
      { account: '1', fields: { Fee: [{ part: '5.00', places: [place(1)] }] } },
      { account: '2', fields: { Fee: [{ part: '5.00', places: [place(2)] }] } },
      {
        account: null,
        fields: JSON.parse(
          JSON.stringify({ constructor: [{ part: '6.00', not_found: true }] }).replace(
            '{',
            `{"__proto__":${JSON.stringify([{ part: '5.00', places: [place(3)] }])},`,
          ),
        ) as object,
      },
    ]);
  });
});

describe('values are located where they were drawn, and on no other page', () => {
  test('in golden documents as PDFs', async () => {
    const tally = emptyTally();
    for (const document of PRINTABLE.slice(0, 6)) await tallyGolden(document, reader, tally);
    expect(tally.standing).toBeGreaterThan(30);
    expect(tally).toEqual({
      ...tally,
      located: tally.standing,
      first: tally.standing,
      notFound: tally.absent,
      onOtherPages: 0,
      onOtherWords: 0,
    });
  });

  test('in a scan', async () => {
    const tally = emptyTally();
    for (const document of PRINTABLE.slice(0, 1)) await tallyScan(document, reader, tally);
    expect(tally.standing).toBeGreaterThan(3);
    expect(tally).toEqual({ ...tally, located: tally.standing, notFound: tally.absent, onOtherPages: 0 });
  });

  test('in the sample bank statement', async () => {
    const pdf = readFileSync(new URL('../samples/bank-statement-multipage.pdf', import.meta.url));
    expect(await misplaced(BANK_STATEMENT, await reader.read(pdf))).toEqual([]);
  });
});
