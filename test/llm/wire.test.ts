import { describe, expect, test } from '@jest/globals';
import { UsageLedger } from '../../src/index.js';
import { readAnswer } from '../../src/llm/answer.js';

const PAGE = [{ number: 7, text: '' }];
const answer = (...fields: unknown[]) => JSON.stringify({ page_1: { page_number: 7, fields } });

describe('an answer of a server that ignores the schema', () => {
  test.each<[string, string, unknown]>([
    ['a code fence', `Here you are:\n\`\`\`json\n${answer()}\n\`\`\`\nAnything else?`, { fields: [] }],
    [
      'a confidence in quotes',
      answer({ name: 'A', value: '42', confidence: '95' }),
      { fields: [{ name: 'A', value: '42', confidence: 95 }] },
    ],
    [
      'fields without a name or with null',
      answer({ name: '', value: 'x', confidence: 1 }, { name: 'A', value: null }),
      { fields: [] },
    ],
    [
      'keys nobody asked for',
      answer({ name: 'A', value: 'x', confidence: 1, why: 'y' }),
      { fields: [{ name: 'A', value: 'x', confidence: 1 }] },
    ],
  ])('with %s is read', (_name, content, expected) => {
    expect(readAnswer(content, PAGE)).toEqual([expected]);
  });

  test.each<[string, string, unknown]>([
    [
      'a confidence over 100',
      answer({ name: 'A', value: 'x', confidence: 101 }),
      { fault: 'page_malformed' },
    ],
    ['a confidence under 0', answer({ name: 'A', value: 'x', confidence: -1 }), { fault: 'page_malformed' }],
    [
      'a confidence in words',
      answer({ name: 'A', value: 'x', confidence: 'high' }),
      { fault: 'page_malformed' },
    ],
    [
      'a value that is a list',
      answer({ name: 'A', value: ['x'], confidence: 1 }),
      { fault: 'page_malformed' },
    ],
    ['fields that are no list', '{"page_1": {"page_number": 7, "fields": {}}}', { fault: 'page_malformed' }],
    ['no page number', '{"page_1": {"fields": []}}', { fault: 'page_malformed' }],
    [
      'another page number',
      '{"page_1": {"page_number": 8, "fields": []}}',
      { fault: 'page_mixed_up', claimed: 8 },
    ],
    ['another key', '{"page_7": {"page_number": 7, "fields": []}}', { fault: 'page_missing' }],
  ])('with %s is not', (_name, content, expected) => {
    expect(readAnswer(content, PAGE)).toEqual([expected]);
  });
});

test('an answer nested deeper than any answer is refused before it is parsed; brackets in a value are text', () => {
  const deep = `{"page_1": {"page_number": 7, "fields": ${'['.repeat(50)}${']'.repeat(50)}}}`;
  expect(() => readAnswer(deep, PAGE)).toThrow(expect.objectContaining({ reason: 'not_json' }));
  const value = '[{"'.repeat(50);
  expect(readAnswer(answer({ name: 'A', value, confidence: 1 }), PAGE)).toEqual([
    { fields: [{ name: 'A', value, confidence: 1 }] },
  ]);
});

describe('the bill of a call', () => {
  const prices = { m: { input: 3, output: 15 }, 'm/flex': { input: 1, cached_input: 0.1, output: 2 } };
  const total = (model: string, envelope: object) => {
    const ledger = new UsageLedger(prices);
    ledger.sent('first', model, { input: 1_000, output: 100 }).answered(envelope);
    return ledger.total();
  };
  const usage = { prompt_tokens: 1_000, completion_tokens: 100, prompt_tokens_details: null };

  test.each<[string, string, object, number | null]>([
    ['at the model’s price', 'm', { usage }, 0.0045],
    ['at the price of the tier that is billed', 'm', { usage, service_tier: 'flex' }, 0.0012],
    ['at no price for a tier that has none', 'm', { usage, service_tier: 'priority' }, null],
    [
      'with cached tokens at the full price where there is no other',
      'm',
      { usage: { ...usage, prompt_tokens_details: { cached_tokens: 500 } } },
      0.0045,
    ],
    [
      'with no more cached tokens than tokens',
      'm',
      { usage: { ...usage, prompt_tokens_details: { cached_tokens: 5_000 } }, service_tier: 'flex' },
      0.0003,
    ],
    ['at no price for a model named like a property', 'constructor', { usage }, null],
  ])('is reckoned %s', (_name, model, envelope, cost) => {
    expect(total(model, envelope).cost_usd).toBe(cost);
  });
});
