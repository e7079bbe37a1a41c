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
    [
      'confidences out of range',
      answer({ name: 'A', value: 'x', confidence: 101 }, { name: 'B', value: 'y', confidence: -1 }),
      {
        fields: [
          { name: 'A', value: 'x', confidence: 100 },
          { name: 'B', value: 'y', confidence: 0 },
        ],
      },
    ],
    [
      'a confidence in words',
      answer({ name: 'A', value: 'x', confidence: 'high' }),
      { fields: [{ name: 'A', value: 'x', confidence: 0 }] },
    ],
    [
      'a list of texts',
      answer({ name: 'A', value: ['x', 'y'], confidence: 9 }),
      { fields: [{ name: 'A', value: 'x, y', confidence: 9 }] },
    ],
    [
      'lines beside objects, bars and line breaks in a value',
      answer('A|x|y\n"z"||97', { name: 'B', value: 'w', confidence: 5 }),
      {
        fields: [
          { name: 'A', value: 'x|y\n"z"|', confidence: 97 },
          { name: 'B', value: 'w', confidence: 5 },
        ],
      },
    ],
    [
      'a line and a value that fit no form',
      answer('A|x', { name: 'B', value: { of: 1 }, confidence: 5 }, 'C|z|5'),
      { fields: [{ name: 'C', value: 'z', confidence: 5 }], misfits: 2 },
    ],
  ])('with %s is read', (_name, content, expected) => {
    expect(readAnswer(content, PAGE)).toEqual([expected]);
  });

  test.each<[string, string, unknown]>([
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

test.each([
  [
    'each under its key',
    '{"page_1": {"page_number": 7, "fields": ["A|x|1"]}}\n{"page_2": {"page_number": 8, "fields": []}}',
  ],
  ['each with its number', '[{"page_number": 7, "fields": ["A|x|1"]}, {"page_number": "8", "fields": []}]'],
  ['in a wrapping', '{"pages": [{"page_number": 8, "fields": []}, {"page_number": 7, "fields": ["A|x|1"]}]}'],
])('an object for each page, %s, is read as one for all', (_name, content) => {
  const pages = [...PAGE, { number: 8, text: '' }];
  expect(readAnswer(content, pages)).toEqual([
    { fields: [{ name: 'A', value: 'x', confidence: 1 }] },
    { fields: [] },
  ]);
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
  const prices = {
    m: { input: 3, output: 15 },
    'm/flex': { input: 1, cached_input: 0.1, output: 2 },
    'm/priority': { input: 6, output: 30 },
  };
  const MOST = { input: 1_000, output: 100 };
  const total = async (model: string, ...envelopes: object[]) => {
    const ledger = new UsageLedger(prices);
    for (const envelope of envelopes) (await ledger.sent('first', model, MOST)).answered(envelope);
    return ledger.total();
  };
  const usage = { prompt_tokens: 1_000, completion_tokens: 100, prompt_tokens_details: null };

  test.each<[string, string, object, number | null]>([
    ['at the model’s price', 'm', { usage }, 0.0045],
    ['at the price of the tier that is billed', 'm', { usage, service_tier: 'flex' }, 0.0012],
    ['at no price for a tier that is sold apart and has none', 'm', { usage, service_tier: 'batch' }, null],
    ['at the model’s price for any other tier', 'm', { usage, service_tier: 'standard' }, 0.0045],
    [
      'with reasoning that stands beside the completion tokens',
      'm',
      {
        usage: {
          ...usage,
          completion_tokens_details: { reasoning_tokens: 900 },
          total_tokens: 2_000,
        },
      },
      0.018,
    ],
    [
      'with reasoning once where it is among the completion tokens',
      'm',
      { usage: { ...usage, completion_tokens_details: { reasoning_tokens: 90 }, total_tokens: 1_100 } },
      0.0045,
    ],
    [
      'with no more beside them than the reasoning that is told',
      'm',
      { usage: { ...usage, completion_tokens_details: { reasoning_tokens: 0 }, total_tokens: 9_000 } },
      0.0045,
    ],
    [
      'with all of a total that tells nothing of reasoning',
      'm',
      { usage: { ...usage, total_tokens: 1_200 } },
      0.006,
    ],
    ['without what is odd about its details', 'm', { usage: { ...usage, total_tokens: 'many' } }, 0.0045],
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
  ])('is reckoned %s', async (_name, model, envelope, cost) => {
    expect((await total(model, envelope)).cost_usd).toBe(cost);
  });

  test('that is not told is unknown, never 0: beside the sum of the others, or with no sum at all', async () => {
    expect(await total('m')).toMatchObject({ calls: 0, cost_usd: 0, unknown_usage_calls: 0 });
    expect(await total('m', { usage: null })).toMatchObject({ cost_usd: null, unknown_usage_calls: 1 });
    expect(await total('m', { usage }, {})).toMatchObject({ cost_usd: 0.0045, unknown_usage_calls: 1 });
  });

  test('of a rejected call is nothing', async () => {
    const ledger = new UsageLedger(prices);
    (await ledger.sent('first', 'm', MOST)).unbilled();
    expect(ledger.total()).toMatchObject({ calls: 1, cost_usd: 0, unknown_usage_calls: 0 });
  });

  test('at a tier without a price is told by the name that the price table lacks', async () => {
    const lacking: string[] = [];
    const ledger = new UsageLedger(prices, undefined, (name) => lacking.push(name));
    (await ledger.sent('first', 'm', MOST)).answered({ usage, service_tier: 'scale' });
    (await ledger.sent('first', 'm', MOST)).answered({ usage, service_tier: 'flex' });
    expect(lacking).toEqual(['m/scale']);
  });

  test('is allowed for at the dearer of the model’s price and that of the tier that is asked for', async () => {
    const most = async (tier: string | undefined) => {
      let asked: bigint | undefined;
      const ledger = new UsageLedger(prices, (cost) => {
        asked = cost;
        return () => undefined;
      });
      await ledger.sent('first', 'm', { ...MOST, tier });
      return Number(asked) / 1e12;
    };
    expect(await Promise.all([undefined, 'flex', 'priority'].map(most))).toEqual([0.0045, 0.0045, 0.009]);
  });
});
