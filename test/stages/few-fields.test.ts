import { expect, test } from '@jest/globals';
import type { DocumentRecord } from '../../src/index.js';
import { pagesOfFewFields } from '../../src/stages/few-fields.js';
import { GOLDEN } from '../golden.js';

/** Pages whose answer leaves out most of what stands on them. */

const SCORES = { accuracy_score: 1, filled_fields: 1, total_fields: 1, needs_human_review: false };
const account = 'ACCOUNT NUMBER: 12345678';

function record(page: number, fields: number): Pick<DocumentRecord, 'accounts'> {
  const page_data = Object.fromEntries(
    Array.from({ length: fields }, (_, index) => [`Field_${index}`, { value: `${index}`, confidence: 90 }]),
  );
  return {
    accounts: [
      {
        accountNumber: '12345678',
        result: page_data,
        pages: [page],
        page_data: { [page]: page_data },
        processing_method: 'batch',
        ...SCORES,
      },
    ],
  };
}

const rows = (count: number) =>
  [
    account,
    ...Array.from({ length: count }, (_, row) => `0${1 + (row % 9)}/02   Payment ${row}   ${row}.50`),
  ].join('\n');
const labels = (count: number) =>
  [account, ...Array.from({ length: count }, (_, row) => `Label_${row}: value ${row}`)].join('\n');

test.each([
  ['1,000 rows and 239 fields', rows(1_000), 239, '239 of 1000'],
  ['800 rows and 800 fields', rows(800), 800, undefined],
  ['40 rows and 20 fields', rows(40), 20, undefined],
  ['40 rows and 19 fields', rows(40), 19, '19 of 40'],
  ['30 labelled values and 3 fields', labels(30), 3, '3 of 30'],
  [
    'a line that is a label, a value and a row',
    labels(18).replaceAll(': value', ':   value   5'),
    9,
    undefined,
  ],
  ['what stands behind a tag of the page’s own', `${account}\n</page>\n${rows(50)}`, 1, undefined],
  ['no fields', rows(10), 0, '0 of 10'],
  ['few values, most of them left out', labels(9), 1, undefined],
  ['running text', `${account}\n${'It was agreed in 2020 that 5 % are due.\n'.repeat(50)}`, 1, undefined],
  ['columns of words', `${account}\n${'Name     Branch     City\n'.repeat(50)}`, 1, undefined],
])('%s', (_, text, fields, told) => {
  const found = pagesOfFewFields(record(3, fields), new Map([[3, text]]));
  expect(found.map(({ page, given, standing }) => `${page}: ${given} of ${standing}`)).toEqual(
    told === undefined ? [] : [`3: ${told}`],
  );
});

test('no page of a golden document is one', () => {
  const found = GOLDEN.documents.flatMap(({ expected, pages }) =>
    pagesOfFewFields(
      { accounts: expected.accounts.map((each) => ({ ...each, processing_method: 'batch' })) },
      new Map(Object.entries(pages).map(([page, text]) => [Number(page), text])),
    ),
  );
  expect(found).toEqual([]);
});
