import { z } from 'zod';
import { isHeaderSource, LONGEST_WAIT_MS, type HeaderSource } from './rate-limits.js';

/**
 * What went wrong with a call or with a page's part of an answer, and what asking again is worth:
 * - `passing`: the same call may well succeed in a moment;
 * - `unusable`: there was an answer, but not one to build a record on; another may be better;
 * - `lasting`: the cause will not go away by itself.
 */
const REASONS = {
  rate_limited: { worth: 'passing', says: 'the model service limited the rate of calls' },
  server_error: { worth: 'passing', says: 'the model service had an error of its own' },
  connection: { worth: 'passing', says: 'the connection to the model service failed' },
  timeout: { worth: 'passing', says: 'the model did not answer within the time limit' },
  broken_envelope: { worth: 'passing', says: 'what came back was not a chat completion' },
  cut_off: { worth: 'unusable', says: 'the answer broke off at the output limit' },
  too_long: { worth: 'unusable', says: 'the answer was far longer than was asked for' },
  not_json: { worth: 'unusable', says: 'the answer was not a JSON object' },
  page_missing: { worth: 'unusable', says: 'the answer left the page out' },
  page_malformed: { worth: 'unusable', says: 'the answer for the page was not in the agreed form' },
  page_mixed_up: { worth: 'unusable', says: 'the answer named another page' },
  refused: { worth: 'lasting', says: 'the model refused to answer' },
  content_filter: { worth: 'lasting', says: 'the content filter of the model service stopped the answer' },
  bad_request: { worth: 'lasting', says: 'the model service did not accept the request' },
  not_authorised: { worth: 'lasting', says: 'the model service refused the credentials or the model' },
  quota_exhausted: { worth: 'lasting', says: 'the quota at the model service is used up' },
} as const;

export type FailureReason = keyof typeof REASONS;
export const FAILURE_REASONS = Object.keys(REASONS) as FailureReason[];

/** A call that gave nothing usable. Carries no page text and nothing of the answer. */
export class ModelFailure extends Error {
  override readonly name = 'ModelFailure';
  readonly worth: (typeof REASONS)[FailureReason]['worth'];

  /**
   * @param retryAfterMs how long the service asked to wait, in milliseconds, where it said so
   * @param headers of the answer, where there was one
   */
  constructor(
    readonly reason: FailureReason,
    readonly retryAfterMs?: number,
    readonly headers?: HeaderSource,
  ) {
    super(REASONS[reason].says);
    this.worth = REASONS[reason].worth;
  }
}

// `code` is a string at OpenAI, a number or missing elsewhere: it must not decide whether there is a status.
const answeredError = z.object({
  status: z.int(),
  code: z.unknown().optional(),
  headers: z.custom<HeaderSource>(isHeaderSource).optional().catch(undefined),
});

/**
 * Names what the `openai` client threw. Anything that is not an answer with a status came from the
 * connection or from a body that broke off: a reset within the body is a bare `TypeError`, a cut
 * JSON body a `SyntaxError`. Told by shape and not by class, because the caller's client may come
 * from another copy of the `openai` package.
 */
export function failureOf(error: unknown): ModelFailure {
  if (error instanceof SyntaxError) return new ModelFailure('broken_envelope');
  const answered = answeredError.safeParse(error);
  if (!answered.success) return new ModelFailure('connection');
  const { status, code, headers } = answered.data;
  if (status === 429 && code === 'insufficient_quota') return new ModelFailure('quota_exhausted');
  if (status === 429) return new ModelFailure('rate_limited', retryAfter(headers), headers);
  if (status === 408 || status === 409 || status >= 500) {
    return new ModelFailure('server_error', retryAfter(headers));
  }
  if (status === 401 || status === 403 || status === 404) return new ModelFailure('not_authorised');
  return new ModelFailure(code === 'content_filter' ? 'content_filter' : 'bad_request');
}

function retryAfter(headers: HeaderSource | undefined): number | undefined {
  const milliseconds = headers?.get('retry-after-ms')?.trim();
  const said = headers?.get('retry-after')?.trim() ?? '';
  const waits = [
    milliseconds ? Number(milliseconds) : NaN,
    said === '' ? NaN : Number(said) * 1000,
    Date.parse(said) - Date.now(),
  ];
  const wait = waits.find((candidate) => candidate >= 0);
  return wait === undefined ? undefined : Math.min(wait, LONGEST_WAIT_MS);
}
