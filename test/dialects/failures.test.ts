import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createQuire, type AccountRecord, type Logger, type Quire } from '../../src/index.js';
import {
  allFailed,
  answer,
  BATCH,
  PLANS,
  read,
  rightRecord,
  SINGLE,
  start,
  type Call,
  type Reply,
} from './services.js';

/** Services that serve nothing: for good, which ends the document, or for a while, which costs no page. */

const quires: Quire[] = [];
afterEach(async () => {
  await Promise.all(quires.splice(0).map((quire) => quire.close()));
});

let right: AccountRecord | null;
beforeAll(async () => {
  right = await rightRecord();
});

interface Lasting {
  service: string;
  status: number;
  body: unknown;
  reason: string;
  /** A part of the service's sentence, which a person is shown. */
  says: string;
}

const LASTING: Lasting[] = [
  {
    service: '10 OpenAI: the key',
    status: 401,
    body: {
      error: {
        message: 'Incorrect API key provided: test. You can find your API key in your settings.',
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_api_key',
      },
    },
    reason: 'not_authorised',
    says: 'Incorrect API key provided',
  },
  {
    service: '10 Gemini: the key, as 400',
    status: 400,
    body: [
      {
        error: {
          code: 400,
          message: 'API key not valid. Please pass a valid API key.',
          status: 'INVALID_ARGUMENT',
          details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }],
        },
      },
    ],
    reason: 'not_authorised',
    says: 'API key not valid',
  },
  {
    service: 'OpenAI: the project may not use the model',
    status: 403,
    body: {
      error: {
        message: 'Project `p` does not have access to model `m`',
        type: 'invalid_request_error',
        param: null,
        code: 'model_not_found',
      },
    },
    reason: 'model_not_found',
    says: 'does not have access to model',
  },
  {
    service: 'OpenAI: the country',
    status: 403,
    body: {
      error: {
        message: 'Country, region, or territory not supported',
        type: 'request_forbidden',
        param: null,
        code: 'unsupported_country_region_territory',
      },
    },
    reason: 'not_authorised',
    says: 'Country, region, or territory not supported',
  },
  {
    service: '10 Azure: the deployment',
    status: 404,
    body: {
      error: { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' },
    },
    reason: 'model_not_found',
    says: 'deployment for this resource does not exist',
  },
  {
    service: 'vLLM: the model',
    status: 404,
    body: {
      object: 'error',
      message: 'The model `test-model` does not exist.',
      type: 'NotFoundError',
      param: null,
      code: 404,
    },
    reason: 'model_not_found',
    says: 'does not exist',
  },
  {
    service: 'Ollama: the model',
    status: 404,
    body: {
      error: {
        message: 'model "test-model" not found, try pulling it first',
        type: 'api_error',
        param: null,
        code: null,
      },
    },
    reason: 'model_not_found',
    says: 'try pulling it first',
  },
  {
    service: 'OpenRouter: no such model, as 400',
    status: 400,
    body: { error: { message: 'test-model is not a valid model ID', code: 400 }, user_id: 'u' },
    reason: 'model_not_found',
    says: 'is not a valid model ID',
  },
  {
    service: 'DeepSeek: no such model, as 400',
    status: 400,
    body: {
      error: {
        message: 'Model Not Exist',
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_request_error',
      },
    },
    reason: 'model_not_found',
    says: 'Model Not Exist',
  },
  {
    service: 'a proxy: no such path, as a page',
    status: 404,
    body: '<html><head><title>404 Not Found</title></head><body>nginx</body></html>',
    reason: 'model_not_found',
    says: '404',
  },
  {
    service: '09b LM Studio: the address, as 200',
    status: 200,
    body: { error: 'Unexpected endpoint or method. (POST /chat/completions)' },
    reason: 'model_not_found',
    says: 'Unexpected endpoint or method',
  },
  {
    service: '10 z.ai: the balance, as 429',
    status: 429,
    body: {
      error: { code: '1113', message: 'Insufficient balance or no resource package. Please recharge.' },
    },
    reason: 'quota_exhausted',
    says: 'Insufficient balance',
  },
  {
    service: '10 Kimi: the balance, as 429',
    status: 429,
    body: {
      error: {
        message: 'Your account o is suspended due to insufficient balance, please recharge your account',
        type: 'exceeded_current_quota_error',
      },
    },
    reason: 'quota_exhausted',
    says: 'insufficient balance',
  },
  {
    service: 'OpenAI: the quota, as 429',
    status: 429,
    body: {
      error: {
        message: 'You exceeded your current quota, please check your plan and billing details.',
        type: 'insufficient_quota',
        param: null,
        code: 'insufficient_quota',
      },
    },
    reason: 'quota_exhausted',
    says: 'exceeded your current quota',
  },
  {
    service: '10 DeepSeek: the balance',
    status: 402,
    body: {
      error: {
        message: 'Insufficient Balance',
        type: 'unknown_error',
        param: null,
        code: 'invalid_request_error',
      },
    },
    reason: 'quota_exhausted',
    says: 'Insufficient Balance',
  },
  {
    service: 'OpenRouter: the credits, as 200',
    status: 200,
    body: { error: { code: 402, message: 'Insufficient credits. Add more using your settings.' } },
    reason: 'quota_exhausted',
    says: 'Insufficient credits',
  },
  {
    service: 'LiteLLM: the budget, as 400',
    status: 400,
    body: {
      error: {
        message: 'Budget has been exceeded! Current cost: 10.01, Max budget: 10.0',
        type: 'budget_exceeded',
        param: null,
        code: '400',
      },
    },
    reason: 'quota_exhausted',
    says: 'Budget has been exceeded',
  },
];

describe.each(LASTING)('$service', ({ status, body, reason, says }) => {
  test.each(PLANS)('ends the document, and its words are told, $name', async ({ plan, workers }) => {
    const service = await start(() => ({ status, body }));
    const { record, failed, events } = await read(service, { plan });
    expect(failed).toEqual(allFailed(reason));
    expect(record).toBeNull();
    expect(service.calls.length).toBeLessThanOrEqual(workers + 1);
    expect(JSON.stringify(events)).toContain(says);
  });
});

describe('through createQuire', () => {
  const texts = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [
      index + 1,
      `ACCOUNT NUMBER: 12345678\nSheet: number ${index + 1}`,
    ]),
  );

  test.each([
    { name: 'page by page', plan: SINGLE },
    { name: 'in batches 2x3', plan: BATCH },
  ])(
    '10: a key that is refused ends 60 pages at once and the next document, too, $name',
    async ({ plan }) => {
      const lines: unknown[] = [];
      const log = (...line: unknown[]) => void lines.push(line);
      const logger: Logger = { info: () => undefined, warn: log, error: log };
      const service = await start(() => ({
        status: 401,
        body: { error: { message: 'Incorrect API key provided', code: 'invalid_api_key' } },
      }));
      const quire = await createQuire({ openai: service.client(), model: 'test-model', plan, logger });
      quires.push(quire);
      const { failed_pages: failed } = await quire.processPages(texts);
      expect(failed.map(({ reason }) => reason)).toEqual(Array(60).fill('not_authorised'));
      expect(service.calls.length).toBeLessThanOrEqual(3);
      const before = service.calls.length;
      const next = await quire.processPages(texts);
      expect(next.failed_pages).toHaveLength(60);
      expect(service.calls.length).toBeLessThanOrEqual(before + 1);
      const told = JSON.stringify(lines);
      for (const word of ['401', 'invalid_api_key', 'Incorrect API key provided'])
        expect(told).toContain(word);
    },
  );
});

const JSON_CHECK = {
  service: 'Groq: its own check of JSON',
  status: 400,
  body: {
    error: {
      message:
        "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.",
      type: 'invalid_request_error',
      code: 'json_validate_failed',
      failed_generation: '{"page_1": Opening Balance',
    },
  },
  reason: 'invalid_json',
};

/** What a page itself brings about: other pages are read all the same. */
const OF_A_PAGE: Omit<Lasting, 'says'>[] = [
  {
    service: 'Azure: the filter',
    status: 400,
    body: {
      error: {
        message:
          "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        type: null,
        param: 'prompt',
        code: 'content_filter',
        status: 400,
        innererror: { code: 'ResponsibleAIPolicyViolation' },
      },
    },
    reason: 'content_filter',
  },
  {
    service: 'OpenRouter: moderation',
    status: 403,
    body: {
      error: {
        code: 403,
        message: 'm requires moderation on P. Your input was flagged for "violence"',
        metadata: { reasons: ['violence'], flagged_input: 'Opening Balance', provider_name: 'P' },
      },
    },
    reason: 'moderation',
  },
  JSON_CHECK,
];

describe.each(OF_A_PAGE)('$service', ({ status, body, reason }) => {
  test.each(PLANS)('costs the page alone, and what it quotes is kept nowhere, $name', async ({ plan }) => {
    const service = await start(({ pages }) =>
      pages.some(({ number }) => number === 3) ? { status, body } : undefined,
    );
    const { record, failed, events } = await read(service, { plan });
    expect(failed).toEqual({ 3: reason });
    expect(Object.keys(record?.page_data ?? {})).toEqual(['1', '2', '4', '5', '6']);
    expect(JSON.stringify(events)).not.toContain('Opening Balance');
  });
});

test.each(PLANS)('Groq: a check of JSON that failed once is asked again, $name', async ({ plan }) => {
  const { status, body } = JSON_CHECK;
  const service = await start(({ index }) => (index === 0 ? { status, body } : undefined));
  const { record, failed } = await read(service, { plan });
  expect(failed).toEqual({});
  expect(record).toEqual(right);
});

/** As long as each answer says; the service counts from the first one it rejects. */
function rejecting(body: unknown, status = 429): (call: Call) => Reply | undefined {
  let until: number | undefined;
  return ({ index }) => {
    if (index < 2) return undefined;
    until ??= performance.now() + 300;
    return performance.now() < until ? { status, body } : undefined;
  };
}

const WAITS: { service: string; body: unknown }[] = [
  {
    service: '08 Gemini: retryDelay',
    body: [
      {
        error: {
          code: 429,
          message: 'You exceeded your current quota, please check your plan. Please retry in 0.3s.',
          status: 'RESOURCE_EXHAUSTED',
          details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '0.3s' }],
        },
      },
    ],
  },
  {
    service: '08 OpenAI: try again in seconds',
    body: {
      error: {
        message:
          'Rate limit reached for m on tokens per min (TPM): Limit 30000. Please try again in 0.3s. See limits.',
        type: 'tokens',
        param: null,
        code: 'rate_limit_exceeded',
      },
    },
  },
  {
    service: 'OpenAI: try again in milliseconds',
    body: {
      error: { message: 'Rate limit reached. Please try again in 300ms.', code: 'rate_limit_exceeded' },
    },
  },
  {
    service: 'Groq: minutes and seconds',
    body: {
      error: {
        message:
          'Rate limit reached for model m on tokens per minute (TPM): Limit 6000. Please try again in 0m0.3s.',
        type: 'tokens',
        code: 'rate_limit_exceeded',
      },
    },
  },
];

describe.each(WAITS)('$service', ({ body }) => {
  test.each(PLANS)('is waited for, and nobody asks meanwhile, $name', async ({ plan, calls, workers }) => {
    const service = await start(rejecting(body));
    const { record, failed } = await read(service, { plan, pageAttempts: 2 });
    expect(failed).toEqual({});
    expect(record).toEqual(right);
    expect(service.refused).toBeLessThanOrEqual(workers);
    expect(service.calls.length).toBe(calls + service.refused);
  });
});

const AWAY: { service: string; status: number; body: unknown }[] = [
  {
    service: '18 llama.cpp: Loading model',
    status: 503,
    body: { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } },
  },
  {
    service: '18 Anthropic: overloaded',
    status: 529,
    body: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
  },
  {
    service: '09a OpenRouter: 429 under 200, no wait told',
    status: 200,
    body: {
      error: {
        message: 'Provider returned error',
        code: 429,
        metadata: {
          raw: 'm is temporarily rate-limited upstream. Please retry shortly.',
          provider_name: 'P',
        },
      },
      user_id: 'u',
    },
  },
  {
    service: 'OpenRouter: 502 under 200',
    status: 200,
    body: { error: { message: 'Provider returned error', code: 502, metadata: { provider_name: 'P' } } },
  },
  {
    service: 'vLLM behind a proxy: a page of HTML',
    status: 502,
    body: '<html><body>502 Bad Gateway</body></html>',
  },
];

describe.each(AWAY)('$service', ({ status, body }) => {
  test.each(PLANS)('is the service’s trouble and costs no page, $name', async ({ plan, calls, workers }) => {
    // As many as it takes to see that it is not the page: of two pages, or of all that run at once.
    const first = Math.max(2, workers);
    const service = await start(({ index }) => (index < first ? { status, body } : undefined));
    const { record, failed } = await read(service, { plan, pageAttempts: 2 });
    expect(failed).toEqual({});
    expect(record).toEqual(right);
    expect(service.refused).toBe(first);
    expect(service.calls.length).toBe(calls + first);
  });
});

test.each(PLANS)(
  'an answer with an error beside good choices is an answer, $name',
  async ({ plan, calls }) => {
    const service = await start((call) => {
      const { status, body } = answer(call);
      return { status, body: { ...(body as object), error: null } };
    });
    const { record, failed } = await read(service, { plan });
    expect(failed).toEqual({});
    expect(record).toEqual(right);
    expect(service.calls.length).toBe(calls);
  },
);
