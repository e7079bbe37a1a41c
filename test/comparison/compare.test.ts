import { describe, expect, test } from '@jest/globals';
import type { AccountRecord, DocumentRecord, Fields } from '../../src/index.js';
import { mergePageResults } from '../../src/processor/merge.js';
import { compareRecords, type ComparedField } from '../../src/comparison/compare.js';

type Pages = Record<number, Record<string, string>>;

function fieldsOf(values: Record<string, string>, confidence: number): Fields {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value, confidence }]));
}

function account(accountNumber: string | null, pages: Pages, confidence: number): AccountRecord {
  const results = Object.entries(pages).map(([page, values]) => ({
    page_number: Number(page),
    extracted_data: fieldsOf(values, confidence),
  }));
  const record = mergePageResults(accountNumber, results, Object.keys(pages).map(Number));
  if (!record) throw new Error('A record needs fields');
  return record;
}

const REST: Omit<DocumentRecord, 'accounts'> = {
  page_mapping: {},
  unassigned_pages: [],
  blank_pages: [],
  ocr_pages: [],
  truncated_pages: [],
  failed_pages: [],
  plan: { path: 'single-page' },
  usage: {
    calls: 0,
    salvage_calls: 0,
    prompt_tokens: 0,
    cached_tokens: 0,
    completion_tokens: 0,
    cost_usd: null,
    unknown_usage_calls: 0,
  },
  timings: { ocr_extraction_ms: 0, account_splitting_ms: 0, llm_extraction_ms: 0, total_ms: 0 },
};

function record(accounts: Record<string, Pages>, confidence = 90): DocumentRecord {
  const all = Object.entries(accounts).map(([number, pages]) => account(number, pages, confidence));
  return { accounts: all, ...REST };
}

/** One line a field: place, name, outcome, values. */
function lines(fields: readonly ComparedField[]): string[] {
  return fields.map(({ scope, account, page, field, outcome, control, candidate }) =>
    [scope, account ?? 'none', page ?? '-', field, outcome, control ?? '-', candidate ?? '-'].join(' '),
  );
}

describe('fields are compared', () => {
  test('page by page and merged, with every outcome', () => {
    const control = record({ 11111111: { 1: { Branch: 'Main', Rate: '4' }, 2: { Branch: 'Harbor' } } });
    const candidate = record({ 11111111: { 1: { Branch: 'Main', Fee: '7' }, 2: { Branch: 'Harbour' } } });
    expect(lines(compareRecords(control, candidate))).toEqual([
      'page 11111111 1 Branch same Main Main',
      'page 11111111 1 Rate only_control 4 -',
      'page 11111111 1 Fee only_candidate - 7',
      'page 11111111 2 Branch different Harbor Harbour',
      'merged 11111111 - Branch different Harbor Harbour',
      'merged 11111111 - Rate only_control 4 -',
      'merged 11111111 - Fee only_candidate - 7',
    ]);
  });

  test('as exact text: case, spaces and the empty value count', () => {
    const control = record({ 1: { 1: { a: 'Main', b: 'x', c: '' } } });
    const candidate = record({ 1: { 1: { a: 'main', b: 'x ', c: '' } } });
    const pages = compareRecords(control, candidate).filter(({ scope }) => scope === 'page');
    expect(pages.map(({ outcome }) => outcome)).toEqual(['different', 'different', 'same']);
  });

  test('by their values and not by confidence', () => {
    const pages = { 1: { 1: { Branch: 'Main' } } };
    const fields = compareRecords(record(pages, 90), record(pages, 35));
    expect(fields.map(({ outcome }) => outcome)).toEqual(['same', 'same']);
  });

  test('with plain text taken for a value', () => {
    const control = record({ 1: { 1: { Branch: 'Main' } } });
    const candidate = structuredClone(control);
    for (const { result, page_data } of candidate.accounts) {
      result.Branch = 'Main';
      page_data['1'] = { Branch: 'Main Street' };
    }
    expect(lines(compareRecords(control, candidate))).toEqual([
      'page 1 1 Branch different Main Main Street',
      'merged 1 - Branch same Main Main',
    ]);
  });
});

describe('what one record lacks counts field by field', () => {
  test('a page', () => {
    const control = record({ 1: { 1: { a: 'x' }, 2: { b: 'y', c: 'z' } } });
    const candidate = record({ 1: { 1: { a: 'x' } } });
    const missing = ['page 1 2 b only_control y -', 'page 1 2 c only_control z -'];
    expect(lines(compareRecords(control, candidate))).toEqual(expect.arrayContaining(missing));
    const surplus = lines(compareRecords(candidate, control));
    expect(surplus).toContain('page 1 2 b only_candidate - y');
    expect(surplus).toHaveLength(6);
  });

  test('an account, and the order is by account and page', () => {
    const control = record({ 11111111: { 10: { a: '1' } } });
    const candidate = record({ 22222222: { 3: { b: '3' } }, 11111111: { 2: { a: '2' }, 10: { a: '1' } } });
    expect(lines(compareRecords(control, candidate))).toEqual([
      'page 11111111 2 a only_candidate - 2',
      'page 11111111 10 a same 1 1',
      'merged 11111111 - a different 1 2',
      'page 22222222 3 b only_candidate - 3',
      'merged 22222222 - b only_candidate - 3',
    ]);
  });

  test('the group of a document that names no account', () => {
    const control: DocumentRecord = { ...REST, accounts: [], document: account(null, { 1: { a: 'x' } }, 90) };
    expect(lines(compareRecords(control, control))).toEqual([
      'page none 1 a same x x',
      'merged none - a same x x',
    ]);
    expect(lines(compareRecords(control, { ...REST, accounts: [] }))).toEqual([
      'page none 1 a only_control x -',
      'merged none - a only_control x -',
    ]);
  });
});

test.each(['__proto__', 'constructor', 'toString', '7'])('a field may be named %s', (name) => {
  const having = (value: string) => record({ 1: { 1: Object.fromEntries([[name, value]]) } });
  const [page, merged] = compareRecords(having('x'), having('y'));
  expect(page).toMatchObject({ field: name, outcome: 'different', control: 'x', candidate: 'y' });
  expect(merged).toMatchObject({ scope: 'merged', field: name, outcome: 'different' });
  const lacking = compareRecords(record({ 1: { 1: { a: 'x' } } }), having('y'));
  expect(lines(lacking)).toContain(`page 1 1 ${name} only_candidate - y`);
});
