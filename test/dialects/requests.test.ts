import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createQuire, type AccountRecord } from '../../src/index.js';
import { SILENT } from '../silent.js';
import {
  allFailed,
  BATCH,
  DOCUMENT,
  PLANS,
  read,
  rightRecord,
  SINGLE,
  start,
  type Call,
  type Reply,
} from './services.js';

/** Services that refuse a part of the request: asked once without it, and never again with it. */

let right: AccountRecord | null;
beforeAll(async () => {
  right = await rightRecord();
});

/** What OpenAI's error looks like; `error` is all of it that matters here. */
const openAi = (message: string, error: object = {}) => ({
  error: { message, type: 'invalid_request_error', param: null, code: null, ...error },
});

const asksSchema = ({ format }: Call) => format === 'json_schema';
const asksAnyFormat = ({ format }: Call) => format !== 'none';
const has = (name: string) => (call: Call) => name in call.body;
const systemRole = ({ role }: Call) => role === 'system';

interface Refusal {
  service: string;
  refuses: (call: Call) => boolean;
  status: number;
  body: unknown;
  requestDefaults?: Record<string, unknown>;
  /** Requests refused one after the other until the right form is found. Default: 1. */
  steps?: number;
}

const REFUSALS: Refusal[] = [
  {
    service: '01 DeepSeek: json_schema',
    refuses: asksSchema,
    status: 400,
    body: openAi('This response_format type is unavailable now', { code: 'invalid_request_error' }),
  },
  {
    service: 'Groq: the allowed types',
    refuses: asksSchema,
    status: 400,
    body: {
      error: {
        message: "'response_format.type' : value is not one of the allowed values ['text','json_object']",
        type: 'invalid_request_error',
      },
    },
  },
  {
    service: 'Groq: the model has none',
    refuses: asksSchema,
    status: 400,
    body: openAi('This model does not support response format `json_schema`. See the docs.', {
      param: 'response_format',
    }),
  },
  {
    service: 'Azure, older version: json_schema',
    refuses: asksSchema,
    status: 400,
    body: openAi(
      'response_format value as json_schema is enabled only for api versions 2024-08-01-preview and later',
      { code: 'BadRequest', type: undefined },
    ),
  },
  {
    service: 'OpenAI, older model: named by its param alone',
    refuses: asksSchema,
    status: 400,
    body: openAi(
      "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
      { param: 'response_format' },
    ),
  },
  {
    service: 'xAI, older: an error that is text',
    refuses: asksAnyFormat,
    status: 400,
    body: {
      code: 'Client specified an invalid argument',
      error: 'The response_format parameter is unsupported at the moment. Leave it unset.',
    },
    steps: 2,
  },
  {
    service: 'LiteLLM: any response_format',
    refuses: asksAnyFormat,
    status: 400,
    body: openAi(
      "litellm.UnsupportedParamsError: m does not support parameters: ['response_format']. To drop these, set `litellm.drop_params=True`",
      { code: '400' },
    ),
    steps: 2,
  },
  {
    service: 'FastAPI in front of a model: a list of details',
    refuses: asksSchema,
    status: 422,
    body: {
      detail: [
        {
          type: 'literal_error',
          loc: ['body', 'response_format', 'type'],
          msg: "Input should be 'text' or 'json_object'",
          input: 'json_schema',
        },
      ],
    },
  },
  {
    service: '02 Mistral: max_completion_tokens',
    refuses: has('max_completion_tokens'),
    status: 422,
    body: {
      object: 'error',
      message: {
        detail: [
          {
            type: 'extra_forbidden',
            loc: ['body', 'max_completion_tokens'],
            msg: 'Extra inputs are not permitted',
            input: 4000,
          },
        ],
      },
      type: 'invalid_request_error',
      param: null,
      code: null,
    },
  },
  {
    service: '02 Azure, older version: max_completion_tokens',
    refuses: has('max_completion_tokens'),
    status: 400,
    body: openAi('Unrecognized request argument supplied: max_completion_tokens'),
  },
  {
    service: 'vLLM, older: max_completion_tokens',
    refuses: has('max_completion_tokens'),
    status: 400,
    body: {
      object: 'error',
      message:
        "[{'type': 'extra_forbidden', 'loc': ('body', 'max_completion_tokens'), 'msg': 'Extra inputs are not permitted', 'input': 4000}]",
      type: 'BadRequestError',
      param: null,
      code: 400,
    },
  },
  {
    service: '23 vLLM, Gemma: the system role',
    refuses: systemRole,
    status: 400,
    body: { object: 'error', message: 'System role not supported', type: 'BadRequestError', code: 400 },
  },
  {
    service: 'vLLM, Mistral Instruct: roles that must alternate',
    refuses: systemRole,
    status: 400,
    body: {
      object: 'error',
      message: 'Conversation roles must alternate user/assistant/user/assistant/...',
      type: 'invalid_request_error',
      param: null,
      code: null,
    },
  },
  {
    service: 'OpenAI o1-mini: the system role',
    refuses: systemRole,
    status: 400,
    body: openAi("Unsupported value: 'messages[0].role' does not support 'system' with this model.", {
      param: 'messages[0].role',
      code: 'unsupported_value',
    }),
  },
  {
    service: 'Gemini, Gemma models: the system role',
    refuses: systemRole,
    status: 400,
    body: [
      {
        error: {
          code: 400,
          message: 'Developer instruction is not enabled for models/gemma-3-27b-it',
          status: 'INVALID_ARGUMENT',
        },
      },
    ],
  },
  {
    service: 'OpenAI GPT-5: temperature',
    refuses: has('temperature'),
    status: 400,
    body: openAi(
      "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
      { param: 'temperature', code: 'unsupported_value' },
    ),
    requestDefaults: { temperature: 0 },
  },
];

describe.each(REFUSALS)('$service', ({ refuses, status, body, requestDefaults = {}, steps = 1 }) => {
  test.each(PLANS)('is read whole, $name', async ({ plan, calls, workers }) => {
    const service = await start((call) => (refuses(call) ? { status, body } : undefined));
    const { record, failed } = await read(service, { plan, requestDefaults });
    expect(failed).toEqual({});
    expect(record).toEqual(right);
    expect(service.refused).toBeLessThanOrEqual(steps * workers);
    expect(service.calls.length).toBe(calls + service.refused);
  });
});

test('several parts refused one after the other are each left out', async () => {
  const service = await start((call) => {
    const parts = [
      { isThere: systemRole(call), says: 'System role not supported' },
      { isThere: 'max_completion_tokens' in call.body, says: 'Unknown parameter: max_completion_tokens' },
      { isThere: asksAnyFormat(call), says: 'response_format is not supported' },
    ];
    const refused = parts.find(({ isThere }) => isThere);
    return refused && { status: 400, body: openAi(refused.says) };
  });
  const { record, failed } = await read(service, { plan: SINGLE });
  expect(failed).toEqual({});
  expect(record).toEqual(right);
  expect(service.calls.length).toBeLessThanOrEqual(6 + 4);
});

test('LM Studio: a schema is asked for where JSON without one is refused', async () => {
  const body = { error: "'response_format.type' must be 'json_schema' or 'text'" };
  const service = await start(({ format }) => (format === 'json_object' ? { status: 400, body } : undefined));
  const { record, failed } = await read(service, { plan: SINGLE, responseFormat: 'json_object' });
  expect(failed).toEqual({});
  expect(record).toEqual(right);
  expect(service.calls.map(({ format }) => format)).toEqual([
    'json_object',
    ...Array<string>(6).fill('json_schema'),
  ]);
});

test('what was learned holds for the next document and for another client of the same service', async () => {
  const body = openAi('response_format json_schema is not supported');
  const service = await start((call) => (asksSchema(call) ? { status: 400, body } : undefined));
  await read(service, { plan: SINGLE });
  const { refused } = service;
  await read(service, { plan: SINGLE });
  expect(refused).toBe(1);
  expect(service.refused).toBe(1);
});

test('of 200 pages asked about at once, those in flight at the first refusal are refused, and no other', async () => {
  const body = openAi('response_format json_schema is not supported');
  const service = await start((call) => (asksSchema(call) ? { status: 400, body } : undefined));
  const client = service.client();
  const texts = new Map(Array.from({ length: 20 }, (_, index) => [index + 1, `Sheet: number ${index + 1}`]));
  const plan = { path: 'batch', batchSize: 1, maxWorkers: 20 } as const;
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, () => read(service, { plan, texts, client })),
  );
  expect(outcomes.map(({ failed }) => failed)).toEqual(outcomes.map(() => ({})));
  // The queue lets 20 calls run at once.
  expect(service.refused).toBeLessThanOrEqual(20);
  expect(service.calls.length).toBe(200 + service.refused);
});

test.each(PLANS)(
  '23 DashScope: a part that nothing adapts is told in the service’s words, $name',
  async (row) => {
    const says = 'parameter.enable_thinking must be set to false for non-streaming calls';
    const service = await start(() => ({
      status: 400,
      body: { error: { code: 'invalid_parameter_error', message: says, type: 'invalid_request_error' } },
    }));
    const { failed, events } = await read(service, { plan: row.plan });
    expect(failed).toEqual(allFailed('bad_request'));
    expect(JSON.stringify(events)).toContain(says);
  },
);

describe('22: more tokens than the service takes in one call', () => {
  const groq = (call: Call): Reply | undefined => {
    const requested = call.promptTokens + call.cap;
    const message = `Request too large for model m in organization o service tier on_demand on tokens per minute (TPM): Limit 7500, Requested ${requested}, please reduce your message size and try again.`;
    if (requested <= 7_500) return undefined;
    return { status: 413, body: { error: { message, type: 'tokens', code: 'rate_limit_exceeded' } } };
  };
  const context =
    (size: number, says: (prompt: number, cap: number) => string) =>
    (call: Call): Reply | undefined => {
      if (call.promptTokens + call.cap <= size) return undefined;
      const message = `This model's maximum context length is ${size} tokens. ${says(call.promptTokens, call.cap)}`;
      return {
        status: 400,
        body: { object: 'error', message, type: 'BadRequestError', param: null, code: 400 },
      };
    };
  const older = (prompt: number, cap: number) =>
    `However, you requested ${prompt + cap} tokens (${prompt} in the messages, ${cap} in the completion). Please reduce the length of the messages or completion.`;
  const newer = (prompt: number, cap: number) =>
    `However, you requested ${cap} output tokens and your prompt contains at least ${prompt} input tokens, for a total of at least ${prompt + cap} tokens. Please reduce the length of the input prompt or the number of requested output tokens.`;

  test.each([
    { name: 'Groq’s tokens a minute', behave: groq },
    { name: 'vLLM’s context of 8192', behave: context(8_192, newer) },
  ])('one batch is refused, the others are smaller: $name', async ({ behave }) => {
    const service = await start(behave);
    const plan = { path: 'batch', batchSize: 2, maxWorkers: 1 } as const;
    const { record, failed } = await read(service, { plan });
    expect(failed).toEqual({});
    expect(record).toEqual(right);
    expect(service.refused).toBe(1);
    expect(service.calls.length).toBeLessThanOrEqual(1 + 6);
  });

  test.each(PLANS)('the cap is lowered to the room that is told, $name', async ({ plan, workers }) => {
    for (const says of [older, newer]) {
      const service = await start(context(4_096, says));
      const { record, failed } = await read(service, { plan });
      expect(failed).toEqual({});
      expect(record).toEqual(right);
      expect(service.refused).toBeLessThanOrEqual(2 * workers);
    }
  });

  test.each(PLANS)('a page that is too large alone fails as such, $name', async ({ plan }) => {
    const service = await start((call) => ({
      status: 400,
      body: {
        error: {
          code: 400,
          message: 'the request exceeds the available context size, try increasing it',
          type: 'exceed_context_size_error',
          n_prompt_tokens: call.promptTokens,
          n_ctx: 256,
        },
      },
    }));
    const { failed } = await read(service, { plan });
    expect(failed).toEqual(allFailed('too_large'));
    expect(service.calls.length).toBeLessThanOrEqual(9);
  });
});

describe('a setting is kept to from the first call', () => {
  const SETTINGS: { name: string; value: string; isKept: (call: Call) => boolean }[] = [
    { name: 'LLM_RESPONSE_FORMAT', value: 'json_object', isKept: ({ format }) => format === 'json_object' },
    { name: 'LLM_RESPONSE_FORMAT', value: 'none', isKept: ({ format }) => format === 'none' },
    { name: 'LLM_TOKEN_PARAMETER', value: 'max_tokens', isKept: ({ body }) => body.max_tokens === 4_000 },
    { name: 'LLM_OUTPUT_TOKENS_PER_PAGE', value: '6000', isKept: ({ cap }) => cap === 6_000 },
  ];

  test.each(SETTINGS)('$name=$value', async ({ name, value, isKept }) => {
    const service = await start();
    const before = { ...process.env };
    process.env[name] = value;
    const options = { openai: service.client(), model: 'test-model', plan: SINGLE, logger: SILENT };
    const quire = await createQuire(options).finally(() => (process.env = before));
    const { failed_pages: failed } = await quire.processPages(Object.fromEntries(DOCUMENT));
    await quire.close();
    expect(failed).toEqual([]);
    expect(service.calls).toHaveLength(6);
    expect(service.calls.every(isKept)).toBe(true);
  });
});

describe('a service without a dialect', () => {
  test.each(PLANS)('is asked not once more, $name', async ({ plan, calls }) => {
    const service = await start();
    const { record, failed } = await read(service, { plan });
    expect(failed).toEqual({});
    expect(record).toEqual(right);
    expect(service.calls.length).toBe(calls);
  });

  const FORMS: { name: string; rewrite: (call: Record<string, unknown>, texts: string[]) => object }[] = [
    { name: 'json_object', rewrite: () => ({ response_format: { type: 'json_object' } }) },
    { name: 'no response_format', rewrite: () => ({ response_format: undefined }) },
    {
      name: 'max_tokens',
      rewrite: (body) => ({ max_completion_tokens: undefined, max_tokens: body.max_completion_tokens }),
    },
    {
      name: 'the instruction in the user message',
      rewrite: (_body, texts) => ({ messages: [{ role: 'user', content: texts.join('\n\n') }] }),
    },
  ];

  test.each(FORMS)('answers as well when it is asked with $name', async ({ rewrite }) => {
    const service = await start();
    const client = service.client().withOptions({
      fetch: (url, init) => {
        const body = z
          .looseObject({ messages: z.array(z.looseObject({ content: z.string() })) })
          .parse(JSON.parse(z.string().parse(init?.body)));
        const texts = body.messages.map(({ content }) => content);
        const { 'content-length': _length, ...headers } = Object.fromEntries(new Headers(init?.headers));
        return fetch(url, { ...init, headers, body: JSON.stringify({ ...body, ...rewrite(body, texts) }) });
      },
    });
    const { record, failed } = await read(service, { plan: BATCH, client });
    expect(failed).toEqual({});
    expect(record).toEqual(right);
  });

  test('gets the page-by-page request of before, byte by byte', async () => {
    const kept = JSON.parse(readFileSync(new URL('page-requests.json', import.meta.url), 'utf8')) as Record<
      'loan' | 'licence',
      { text: string; sha256: string; body: unknown }
    >;
    for (const { text, sha256, body } of Object.values(kept)) {
      const service = await start();
      await read(service, { plan: SINGLE, texts: new Map([[7, text]]) });
      const [call] = service.calls;
      expect(call?.body).toEqual(body);
      expect(
        createHash('sha256')
          .update(call?.sent ?? '')
          .digest('hex'),
      ).toBe(sha256);
    }
  });
});
