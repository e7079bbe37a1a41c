import { describe, expect, test } from '@jest/globals';
import { failureOf } from '../../src/llm/failure.js';
import { LONGEST_WAIT_MS } from '../../src/llm/rate-limits.js';
import { waitTold } from '../../src/llm/wait-told.js';

/** Where a service that does not serve a call says when to come back, and how. */

const told = (headers: Record<string, string>, body?: unknown) => waitTold(new Headers(headers), body);
const sentence = (message: string) => told({}, { message });
const retryInfo = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '25s' };

test.each<[string, number | undefined]>([
  [
    'Rate limit reached for m on tokens per min (TPM): Limit 30000. Please try again in 7.2s. Visit x.',
    7_200,
  ],
  ['Rate limit reached. Please try again in 1m9.6s.', 69_600],
  ['Please try again in 850ms.', 850],
  ['Requests have exceeded the call rate limit. Please retry after 20 seconds.', 20_000],
  ['Please retry in 24.112837s.', 24_112.837],
  ['Try again in 2 minutes', 120_000],
  ['Too many requests, please wait about 1 minute and 30 seconds', 90_000],
  ['Rate limit exceeded, retry after 20', 20_000],
  ['Quota resets in 1 h', LONGEST_WAIT_MS],
  ['Try again with 20 messages', undefined],
  ['You may retry in 3 requests', undefined],
  ['Limit 30000, used 29 s', undefined],
  ['Too many requests', undefined],
])('the sentence "%s" tells %p ms', (message, ms) => {
  expect(sentence(message)).toBe(ms);
});

test.each<[string, unknown, number | undefined]>([
  ['in the details of an error', { message: 'Please retry in 24.1s.', details: [{}, retryInfo] }, 25_000],
  ['in a body that is an array', [{ error: { code: 429, details: [retryInfo] } }], 25_000],
  ['in a field as in the header', { error: { retry_after: 3 } }, 3_000],
  ['in a body that is text', '{"error": "try again in 3s"}', 3_000],
  ['in a field that is none', { retryDelay: 'soon', retry_after: -1 }, undefined],
  ['nowhere', undefined, undefined],
])('a wait is found %s', (_name, body, ms) => {
  expect(told({}, body)).toBe(ms);
});

test.each<[Record<string, string>, number | undefined]>([
  [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1m0s' }, 60_000],
  [{ 'x-ratelimit-reset-requests': '1s', 'x-ratelimit-reset-tokens': '6s' }, 6_000],
  [
    {
      'x-ratelimit-remaining-requests': '9',
      'x-ratelimit-reset-requests': '1m0s',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '2s',
    },
    2_000,
  ],
  [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '12' }, 12_000],
  [{ 'x-ratelimit-reset': String(Date.now() + 86_400_000) }, LONGEST_WAIT_MS],
  [{ 'x-ratelimit-reset': String(Math.floor(Date.now() / 1_000) - 60) }, undefined],
  [{ 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': '12' }, undefined],
])('limits that are used up tell when they come back: %j', (headers, ms) => {
  expect(told(headers)).toBe(ms);
});

test('Retry-After comes first, then the body, then the limits', () => {
  const limits = { 'x-ratelimit-reset': '3' };
  const body = { message: 'try again in 2s' };
  expect(told({ 'retry-after': '1', ...limits }, body)).toBe(1_000);
  expect(told({ 'retry-after': 'soon', ...limits }, body)).toBe(2_000);
  expect(told(limits, {})).toBe(3_000);
});

test('the client’s error is read where it keeps the body, and a request that is not accepted asks no wait', () => {
  const headers = new Headers();
  const error = { message: 'Please try again in 7.2s.' };
  expect(failureOf({ status: 429, headers, error, message: '429' }, []).failure.retryAfterMs).toBe(7_200);
  expect(failureOf({ status: 503, headers, message: '503 retry in 3s' }, []).failure.retryAfterMs).toBe(
    3_000,
  );
  expect(failureOf({ status: 400, headers, error, message: '400' }, []).failure.retryAfterMs).toBeUndefined();
});

describe('a hostile body does no harm:', () => {
  const deep: unknown[] = [];
  for (let level = 0, inner = deep; level < 100_000; level++) {
    const next: unknown[] = [];
    inner.push(next);
    inner = next;
  }
  const round: Record<string, unknown> = {};
  round.self = round;

  test.each<[string, unknown]>([
    ['nested deep', deep],
    ['that holds itself', round],
    ['of many values', Array.from({ length: 1_000_000 }, () => 'again ')],
    ['with a long sentence', { message: 'again in '.repeat(1_000_000) }],
    ['with a long number', { message: `again in ${'1'.repeat(1_000_000)}s` }],
    ['whose wait comes late', { message: `${'x '.repeat(2_000)} try again in 2s` }],
  ])('%s', (_name, body) => {
    expect(told({}, body)).toBeUndefined();
  });
});
