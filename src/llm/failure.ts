import { z } from 'zod';
import { isHeaderSource, type HeaderSource } from './rate-limits.js';
import { waitTold } from './wait-told.js';

/**
 * What went wrong with a call or with a page's part of an answer, and what asking again is worth:
 * - `transient`: the same call may well succeed in a moment;
 * - `unusable`: there was an answer, but not one to build a record on; another may be better;
 * - `permanent`: the cause will not go away by itself.
 */
const REASONS = {
  rate_limited: { worth: 'transient', says: 'the model service limited the rate of calls' },
  server_error: { worth: 'transient', says: 'the model service had an error of its own' },
  connection: { worth: 'transient', says: 'the connection to the model service failed' },
  timeout: { worth: 'transient', says: 'the model did not answer within the time limit' },
  broken_envelope: { worth: 'transient', says: 'what came back was not a chat completion' },
  cut_off: { worth: 'unusable', says: 'the answer broke off at the output limit' },
  too_long: { worth: 'unusable', says: 'the answer was far longer than was asked for' },
  not_json: { worth: 'unusable', says: 'the answer was not a JSON object' },
  page_missing: { worth: 'unusable', says: 'the answer left the page out' },
  page_malformed: { worth: 'unusable', says: 'the answer for the page was not in the agreed form' },
  page_mixed_up: { worth: 'unusable', says: 'the answer named another page' },
  refused: { worth: 'permanent', says: 'the model refused to answer' },
  content_filter: { worth: 'permanent', says: 'the content filter of the model service stopped the answer' },
  bad_request: { worth: 'permanent', says: 'the model service did not accept the request' },
  not_authorised: { worth: 'permanent', says: 'the model service refused the credentials or the model' },
  quota_exhausted: { worth: 'permanent', says: 'the quota at the model service is used up' },
} as const;

export type FailureReason = keyof typeof REASONS;
export const FAILURE_REASONS = Object.keys(REASONS) as FailureReason[];

/** How the service answered a call that it did not serve: its HTTP status, and its own code where there is one. */
export interface ServiceError {
  status: number;
  code?: string;
}

/** A call that gave nothing usable. Carries no page text and nothing of the answer. */
export class ModelFailure extends Error {
  override readonly name = 'ModelFailure';
  readonly worth: (typeof REASONS)[FailureReason]['worth'];
  /** The queue found that the whole service is in trouble: it says nothing of the pages that were asked about. */
  isOfService = false;

  /**
   * @param retryAfterMs how long the service asked to wait, in milliseconds, where it said so
   * @param headers of the answer, where there was one
   * @param service what the service answered, where it answered with an error
   */
  constructor(
    readonly reason: FailureReason,
    readonly retryAfterMs?: number,
    readonly headers?: HeaderSource,
    readonly service?: ServiceError,
  ) {
    super(REASONS[reason].says);
    this.worth = REASONS[reason].worth;
  }
}

// `code` is a string at OpenAI, a number or missing elsewhere: it must not decide whether there is a status.
const answeredError = z.object({
  status: z.int(),
  code: z.unknown().optional(),
  // The client keeps what stands in `error` of the body, or else the whole as the message.
  error: z.unknown().optional(),
  message: z.unknown().optional(),
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
  const { status, code, headers, error: body, message } = answered.data;
  const reason = reasonOf(status, code);
  const wait = MAY_ASK_TO_WAIT.has(reason) ? waitTold(headers, [body, message]) : undefined;
  const service = { status, ...(isPlainCode(code) && { code }) };
  return new ModelFailure(reason, wait, reason === 'rate_limited' ? headers : undefined, service);
}

const MAY_ASK_TO_WAIT: ReadonlySet<FailureReason> = new Set(['rate_limited', 'server_error']);

function reasonOf(status: number, code: unknown): FailureReason {
  if (status === 429) return code === 'insufficient_quota' ? 'quota_exhausted' : 'rate_limited';
  if (status === 408 || status === 409 || status >= 500) return 'server_error';
  if (status === 401 || status === 403 || status === 404) return 'not_authorised';
  return code === 'content_filter' ? 'content_filter' : 'bad_request';
}

/** A code that can be logged: a word, and nothing that quotes a page. */
function isPlainCode(code: unknown): code is string {
  return typeof code === 'string' && /^[\w.-]{1,60}$/.test(code);
}
