import { expect, test } from '@jest/globals';
import { mergeFields, mergePageResults, type FieldValue } from '../../src/processor/merge.js';

const sure = (value: string, confidence: number) => ({ value, confidence });

test.each<[string, FieldValue, FieldValue, 'kept' | 'replaced']>([
  ['a higher confidence', sure('a', 50), sure('b', 51), 'replaced'],
  ['a lower confidence', sure('a', 50), sure('longer', 49), 'kept'],
  ['the same confidence and a longer value', sure('a', 50), sure('bb', 50), 'replaced'],
  ['the same confidence and as long a value', sure('a', 50), sure('b', 50), 'kept'],
  ['a value longer in UTF-16 only', sure('ab', 50), sure('🏦', 50), 'kept'],
  ['a confidence object over plain text', 'plain text', sure('', 0), 'replaced'],
  ['longer plain text', 'ab', 'abc', 'replaced'],
  ['shorter plain text', 'ab', 'a', 'kept'],
  ['plain text over blank', ' \u0085 ', 'a', 'replaced'],
  ['plain text over "N/A"', 'N/A', 'a', 'replaced'],
  ['plain text over a confidence object', sure('a', 50), 'a longer text', 'kept'],
])('merge rule: %s', (_name, first, second, outcome) => {
  expect(
    mergeFields([
      ['Field', first],
      ['Field', second],
    ]),
  ).toEqual({ Field: outcome === 'kept' ? first : second });
});

test('pages merge in ascending order, in whatever order they are given', () => {
  const page = (number: number, value: string) => ({
    page_number: number,
    extracted_data: { Field: sure(value, 90) },
  });
  const record = mergePageResults('1', [page(10, 'c'), page(9, 'b'), page(2, 'a')], [2, 9, 10]);
  expect(record?.result).toEqual({ Field: sure('a', 90) });
  expect(Object.keys(record?.page_data ?? {})).toEqual(['2', '9', '10']);
});

test('accuracy is cut, not rounded, and blank, "N/A" and "unknown" are not filled', () => {
  const fields = {
    A: sure('x', 1),
    B: sure('y', 1),
    C: sure('Unknown', 1),
    D: sure('N/A', 1),
    E: sure('\u2003', 1),
    F: sure('n/a', 1),
  };
  const record = mergePageResults(
    '1',
    [{ page_number: 1, extracted_data: { ...fields, G: 'z', H: '' } }],
    [1],
  );
  expect(record).toMatchObject({
    filled_fields: 4,
    total_fields: 8,
    accuracy_score: 50,
    needs_human_review: true,
  });
  const third = mergePageResults('1', [{ page_number: 1, extracted_data: { A: 'x', B: 'y', C: '' } }], [1]);
  expect(third?.accuracy_score).toBe(66);
});

test('without fields on any page there is no record', () => {
  expect(mergePageResults('1', [{ page_number: 1, extracted_data: {} }], [1])).toBeNull();
});

test('a field may have any name', () => {
  const fields = mergeFields([
    ['__proto__', sure('a', 1)],
    ['constructor', sure('b', 1)],
  ]);
  expect(Object.keys(fields)).toEqual(['__proto__', 'constructor']);
  expect(JSON.parse(JSON.stringify(fields))).toEqual(fields);
});
