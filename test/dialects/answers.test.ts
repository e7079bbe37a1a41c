import { beforeAll, describe, expect, test } from '@jest/globals';
import type { AccountRecord } from '../../src/index.js';
import type { ReceivedPage } from '../provider.js';
import {
  allFailed,
  answer,
  contentOf,
  DOCUMENT,
  PLANS,
  read,
  rightRecord,
  SINGLE,
  start,
  valuesOn,
  type Call,
  type Reply,
  type WrittenField,
} from './services.js';

/** Services that answer in a form of their own: read where nothing is lost, and never taken for whole where it is. */

let right: AccountRecord | null;
beforeAll(async () => {
  right = await rightRecord();
});

const EMPTY = '{"page_1":{"page_number":1,"fields":[]}}';
const toolCall = (json: string) => ({
  content: null,
  tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'page_fields', arguments: json } }],
});

/** Where the answer stands, and what stands around it. */
const ENVELOPES: { name: string; reply: (call: Call, json: string) => Reply }[] = [
  {
    name: '04 LM Studio: in reasoning_content, content empty',
    reply: (call, json) =>
      answer(call, { message: { content: '', reasoning_content: json, tool_calls: [] } }),
  },
  {
    name: '04 vLLM: in reasoning_content, content null',
    reply: (call, json) => answer(call, { message: { content: null, reasoning_content: json } }),
  },
  {
    name: '04 vLLM, newer: in reasoning, content null',
    reply: (call, json) => answer(call, { message: { content: null, reasoning: json } }),
  },
  {
    name: 'OpenRouter: thinking in reasoning, the answer in content',
    reply: (call, json) => answer(call, { message: { content: json, reasoning: `Maybe ${EMPTY}?` } }),
  },
  {
    name: '05 Mistral: parts, thinking first',
    reply: (call, json) =>
      answer(call, {
        message: {
          content: [
            { type: 'thinking', thinking: [{ type: 'text', text: `It could be ${EMPTY}.` }] },
            { type: 'text', text: json },
          ],
        },
      }),
  },
  {
    name: '05 Databricks: parts, a summary of the reasoning first',
    reply: (call, json) =>
      answer(call, {
        message: {
          content: [
            { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Six pages.' }] },
            { type: 'text', text: json },
          ],
        },
      }),
  },
  {
    name: 'parts: the text cut into two',
    reply: (call, json) =>
      answer(call, {
        message: {
          content: [json.slice(0, 30), json.slice(30)].map((text) => ({ type: 'text', text })),
        },
      }),
  },
  {
    name: 'a tool call that nobody asked for',
    reply: (call, json) => answer(call, { message: toolCall(json), finish: 'tool_calls' }),
  },
  {
    name: 'LiteLLM, Anthropic: finish_reason end_turn',
    reply: (call) => answer(call, { finish: 'end_turn' }),
  },
  { name: 'TGI: finish_reason eos', reply: (call) => answer(call, { finish: 'eos' }) },
  { name: 'no finish_reason', reply: (call) => answer(call, { finish: null }) },
  {
    name: '11: <think> with braces',
    reply: (call, json) =>
      answer(call, {
        content: `<think>\nThe answer must look like {"page_1": {...}}.\n</think>\n\n${json}`,
      }),
  },
  {
    name: '11: <think> with a whole answer, a wrong one',
    reply: (call, json) => answer(call, { content: `<think>First try: ${EMPTY}</think>${json}` }),
  },
  {
    name: 'DeepSeek R1 on vLLM: </think> without <think>',
    reply: (call, json) => answer(call, { content: `It must be {like this}.\n</think>\n${json}` }),
  },
  { name: '11: the object twice', reply: (call, json) => answer(call, { content: `${json}\n${json}` }) },
  {
    name: 'a fence, and a sentence with braces after it',
    reply: (call, json) => answer(call, { content: `\`\`\`json\n${json}\n\`\`\`\nFilled in {all}.` }),
  },
  { name: 'the object in a list', reply: (call, json) => answer(call, { content: `[${json}]` }) },
  {
    name: 'the object under a key',
    reply: (call, json) => answer(call, { content: `{"page_fields":${json}}` }),
  },
  {
    name: 'the object under the name of the tool',
    reply: (call, json) => answer(call, { content: `{"name":"page_fields","arguments":${json}}` }),
  },
  {
    name: '14: a raw line break in a value',
    reply: (call, json) => answer(call, { content: json.replaceAll('\\n', '\n') }),
  },
];

describe.each(ENVELOPES)('$name', ({ reply }) => {
  test.each(PLANS)('is read at once, $name', async ({ plan, calls }) => {
    const service = await start((call) => reply(call, contentOf(call)));
    const { record, failed } = await read(service, { plan });
    expect(failed).toEqual({});
    expect(record).toEqual(right);
    expect(service.calls.length).toBe(calls);
  });
});

test('14: a value of two lines keeps its line break', () => {
  expect(right?.result.Mailing_Address).toEqual({ value: '12 Quay Lane\nFerrow Point', confidence: 97 });
});

test('04: thinking without an answer in it is no answer', async () => {
  const message = { content: null, reasoning_content: 'The page shows a branch and a number.' };
  const service = await start((call) => answer(call, { message }));
  const { record } = await read(service, { plan: SINGLE, pageAttempts: 2 });
  expect(record).toBeNull();
});

describe('what does not end well is not whole', () => {
  const partial = (page: ReceivedPage) => valuesOn(page).slice(0, -1);
  const ENDS = [
    {
      name: '06 OpenRouter: error',
      finish: 'error',
      choice: { error: { code: 502, message: 'Upstream provider disconnected' } },
    },
    {
      name: '06 OpenRouter: stop, with an error beside it',
      finish: 'stop',
      choice: { error: { code: 502, message: 'Upstream provider disconnected' } },
    },
    { name: '06 DeepSeek: insufficient_system_resource', finish: 'insufficient_system_resource' },
    { name: '06 Anthropic: model_context_window_exceeded', finish: 'model_context_window_exceeded' },
    { name: '06 max_tokens', finish: 'max_tokens' },
    { name: '06 Gemini: MALFORMED_RESPONSE', finish: 'MALFORMED_RESPONSE' },
    { name: '06 vLLM: abort', finish: 'abort' },
  ];

  describe.each(ENDS)('$name', ({ finish, choice = {} }) => {
    test.each(PLANS)('is asked again, $name', async ({ plan, calls }) => {
      const service = await start((call) =>
        call.index < 2 ? answer(call, { content: contentOf(call, partial), finish, choice }) : undefined,
      );
      const { record, failed } = await read(service, { plan });
      expect(failed).toEqual({});
      expect(record).toEqual(right);
      // Each of the two again, or each page of the two.
      expect(service.calls.length).toBeLessThanOrEqual(calls + 4);
    });
  });

  test.each(PLANS)('and fails where it never does, $name', async ({ plan }) => {
    const service = await start((call) => answer(call, { finish: 'insufficient_system_resource' }));
    const { record, failed } = await read(service, { plan, pageAttempts: 2 });
    expect(failed).toEqual(allFailed('incomplete'));
    expect(record).toBeNull();
  });
});

describe('03: a model that thinks until the output limit', () => {
  const thinker = (enough: number) => (call: Call) =>
    call.cap >= enough
      ? undefined
      : answer(call, {
          content: '',
          finish: 'length',
          usage: {
            completion_tokens: call.cap,
            completion_tokens_details: { reasoning_tokens: call.cap },
          },
        });

  test.each(PLANS)('is given twice as much, $name', async ({ plan, calls }) => {
    const service = await start(thinker(8_000));
    const { record, failed } = await read(service, { plan });
    expect(failed).toEqual({});
    expect(record).toEqual(right);
    expect(service.calls.length).toBeLessThanOrEqual(2 * calls);
    expect(Math.max(...service.calls.map(({ cap }) => cap))).toBeLessThanOrEqual(16_000);
  });

  test.each(PLANS)('is given up where that is not enough, $name', async ({ plan, workers }) => {
    const service = await start(thinker(1_000_000));
    const { failed } = await read(service, { plan });
    expect(failed).toEqual(allFailed('reasoning_limit'));
    expect(service.calls.length).toBeLessThanOrEqual(workers === 1 ? 2 * 6 : 3 * 6);
    expect(Math.max(...service.calls.map(({ cap }) => cap))).toBeLessThanOrEqual(40_000);
  });
});

describe('07: a confidence on another scale', () => {
  const scaled = (change: (confidence: number) => number) => (page: ReceivedPage) =>
    valuesOn(page).map((field) => ({ ...field, confidence: change(Number(field.confidence)) }));
  const fractions = scaled((confidence) => confidence / 100);

  test.each(PLANS)(
    'is read as percent where pages 1 and 2 have fractions, $name',
    async ({ plan, calls }) => {
      const service = await start((call) => {
        const isFraction = call.pages.every(({ number }) => number <= 2);
        return isFraction ? answer(call, { content: contentOf(call, fractions) }) : undefined;
      });
      const { record, failed } = await read(service, { plan });
      expect(failed).toEqual({});
      expect(record).toEqual(right);
      expect(record?.result.Account_Holders).toEqual({ value: 'Ada Marlow', confidence: 97 });
      expect(service.calls.length).toBe(calls);
    },
  );

  test.each(PLANS)('is read as percent where all are fractions, $name', async ({ plan }) => {
    const service = await start((call) => answer(call, { content: contentOf(call, fractions) }));
    expect((await read(service, { plan })).record).toEqual(right);
  });

  test.each(PLANS)('is 100 at most and 0 at least, $name', async ({ plan, calls }) => {
    const service = await start((call) => {
      const change = scaled((confidence) => (confidence === 20 ? -0.95 : 970));
      return answer(call, { content: contentOf(call, change) });
    });
    const { record, failed } = await read(service, { plan });
    expect(failed).toEqual({});
    expect(record?.page_data['1']?.Account_Holders).toEqual({ value: 'Ada Marlow', confidence: 100 });
    expect(record?.page_data['5']?.Account_Holders).toEqual({ value: 'T. Okafor', confidence: 0 });
    expect(service.calls.length).toBe(calls);
  });
});

describe('16: values of other types', () => {
  const PRINTED: Record<string, unknown> = {
    true: true,
    '1,204.50': 1204.5,
    'Passport, Utility bill': ['Passport', 'Utility bill'],
  };
  const typed = (page: ReceivedPage): WrittenField[] =>
    valuesOn(page).map((field) => ({ ...field, value: PRINTED[String(field.value)] ?? field.value }));
  const withOdd = (page: ReceivedPage) => [
    ...valuesOn(page),
    { name: 'Boxes', value: { left: true }, confidence: 90 },
  ];
  const VARIANTS: { name: string; content: (call: Call) => string }[] = [
    { name: 'true, a list and an amount as a number', content: (call) => contentOf(call, typed) },
    {
      name: 'a page number in quotes',
      content: (call) => contentOf(call).replace(/"page_number":(\d+)/g, '"page_number":"$1"'),
    },
    {
      name: 'a confidence in quotes',
      content: (call) => contentOf(call, valuesOn).replace(/"confidence":(\d+)/g, '"confidence":"$1"'),
    },
  ];

  describe.each(VARIANTS)('$name', ({ content }) => {
    test.each(PLANS)('is read at once, $name', async ({ plan, calls }) => {
      const service = await start((call) => answer(call, { content: content(call) }));
      const { record, failed } = await read(service, { plan });
      expect(failed).toEqual({});
      expect(record).toEqual(right);
      expect(service.calls.length).toBe(calls);
    });
  });

  test.each(PLANS)('a confidence that is missing is 0, $name', async ({ plan, calls }) => {
    const without = (page: ReceivedPage) => valuesOn(page).map(({ name, value }) => ({ name, value }));
    const service = await start((call) => answer(call, { content: contentOf(call, without) }));
    const { record, failed } = await read(service, { plan });
    expect(failed).toEqual({});
    expect(record?.result.Branch).toEqual({ value: 'Harbor Street', confidence: 0 });
    expect(Object.keys(record?.result ?? {})).toEqual(Object.keys(right?.result ?? {}));
    expect(service.calls.length).toBe(calls);
  });

  test.each(PLANS)('a field that stays odd is left out, and costs no page, $name', async ({ plan }) => {
    const service = await start((call) => answer(call, { content: contentOf(call, withOdd) }));
    const { record, failed } = await read(service, { plan });
    expect(failed).toEqual({});
    expect(record).toEqual(right);
    expect(service.calls.length).toBeLessThanOrEqual(12);
  });

  test('a number of which no printed form stands on the page is left out, with its page kept', async () => {
    const wrong = (page: ReceivedPage) =>
      valuesOn(page).map((field) => ({ ...field, value: field.value === '1,204.50' ? 99.5 : field.value }));
    const service = await start((call) => answer(call, { content: contentOf(call, wrong) }));
    const { record, failed } = await read(service, { plan: SINGLE });
    expect(failed).toEqual({});
    expect(record?.result).not.toHaveProperty('Opening_Balance');
    expect(record?.result).toHaveProperty('Interest_Rate');
  });
});

describe('17: a server that cuts the prompt without a word', () => {
  const filler = 'The terms of this agreement are told in the booklet that comes with it.\n'.repeat(165);
  const texts = new Map([...DOCUMENT].map(([page, text]) => [page, `${text}\n${filler}`.slice(0, 12_000)]));

  test.each(PLANS)('fails each page as such, and none is short, $name', async ({ plan }) => {
    const service = await start((call) => {
      const seen = (page: ReceivedPage) => valuesOn({ ...page, text: page.text.slice(-8_000) });
      return answer(call, { content: contentOf(call, seen), usage: { prompt_tokens: 2_050 } });
    });
    const { record, failed } = await read(service, { plan, texts });
    expect(failed).toEqual(allFailed('prompt_cut'));
    expect(record).toBeNull();
    expect(service.calls.length).toBeLessThanOrEqual(15);
  });

  test.each(PLANS)('a service that counts few tokens a page is believed, $name', async ({ plan, calls }) => {
    // Ordinary text has four to five bytes a token.
    const service = await start((call) =>
      answer(call, { usage: { prompt_tokens: Math.ceil((call.promptTokens * 4) / 5.5) } }),
    );
    const { failed } = await read(service, { plan, texts });
    expect(failed).toEqual({});
    expect(service.calls.length).toBe(calls);
  });

  test.each(PLANS)('a service that counts nothing is believed, $name', async ({ plan, calls }) => {
    const service = await start((call) =>
      answer(call, { usage: { prompt_tokens: 0, completion_tokens: 0 } }),
    );
    const { failed } = await read(service, { plan, texts });
    expect(failed).toEqual({});
    expect(service.calls.length).toBe(calls);
  });
});
