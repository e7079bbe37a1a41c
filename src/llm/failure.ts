import { z } from 'zod';
import { isHeaderSource, type HeaderSource } from './rate-limits.js';
import { readSaid, reasonOf, shownError, type Said, type ServiceError } from './service-error.js';
import { waitTold } from './wait-told.js';

/**
 * What went wrong with a call or with a page's part of an answer, and what asking again is worth:
 * - `transient`: the same call may well succeed in a moment;
 * - `unusable`: there was an answer, but not one to build a record on; another may be better;
 * - `permanent`: the cause will hardly go away by itself;
 * - `final`: the same call would end the same.
 */
const REASONS = {
  rate_limited: { worth: 'transient', says: 'the model service limited the rate of calls' },
  server_error: { worth: 'transient', says: 'the model service had an error of its own' },
  connection: { worth: 'transient', says: 'the connection to the model service failed' },
  timeout: { worth: 'transient', says: 'the model did not answer within the time limit' },
  broken_envelope: { worth: 'transient', says: 'what came back was not a chat completion' },
  cut_off: { worth: 'unusable', says: 'the answer broke off at the output limit' },
  incomplete: { worth: 'unusable', says: 'the service did not call the answer complete' },
  too_long: { worth: 'unusable', says: 'the answer was far longer than was asked for' },
  not_json: { worth: 'unusable', says: 'the answer was not a JSON object' },
  invalid_json: { worth: 'unusable', says: 'the model service found that the answer was not valid JSON' },
  page_missing: { worth: 'unusable', says: 'the answer left the page out' },
  page_malformed: { worth: 'unusable', says: 'the answer for the page was not in the agreed form' },
  page_mixed_up: { worth: 'unusable', says: 'the answer named another page' },
  reasoning_limit: { worth: 'final', says: 'the model thought until the output limit and did not answer' },
  prompt_cut: { worth: 'final', says: 'the model service read only a part of what was sent' },
  too_large: { worth: 'final', says: 'the call was too large for the model service' },
  refused: { worth: 'permanent', says: 'the model refused to answer' },
  content_filter: { worth: 'permanent', says: 'the content filter of the model service stopped the answer' },
  moderation: { worth: 'permanent', says: 'the moderation of the model service refused the page' },
  bad_request: { worth: 'permanent', says: 'the model service did not accept the request' },
  not_authorised: { worth: 'final', says: 'the model service refused the key' },
  model_not_found: { worth: 'final', says: 'the model service does not know the model or the address' },
  quota_exhausted: { worth: 'final', says: 'the quota or balance at the model service is used up' },
} as const;

export type FailureReason = keyof typeof REASONS;
export const FAILURE_REASONS = Object.keys(REASONS) as FailureReason[];

/** What a failure says to a person. */
export function sentenceOf(reason: FailureReason): string {
  return REASONS[reason].says;
}

const REFUSES_ALL: ReadonlySet<FailureReason> = new Set([
  'not_authorised',
  'model_not_found',
  'quota_exhausted',
]);

/** Whether the service refuses every call, whatever its pages. */
export function isRefusalOfService(reason: FailureReason): boolean {
  return REFUSES_ALL.has(reason);
}

/** What is known of a failure besides its reason. */
interface FailureDetails {
  /** How long the service asked to wait, in milliseconds, where it said so. */
  retryAfterMs?: number | undefined;
  /** Of the answer, where there was one. */
  headers?: HeaderSource | undefined;
  /** What the service answered, where it answered with an error. */
  service?: ServiceError | undefined;
}

/** A call that gave nothing usable. Carries no page text and nothing of the answer. */
export class ModelFailure extends Error {
  override readonly name = 'ModelFailure';
  readonly worth: (typeof REASONS)[FailureReason]['worth'];
  /** The queue found that the whole service is in trouble: it says nothing of the pages that were asked about. */
  isOfService = false;
  readonly retryAfterMs: number | undefined;
  readonly headers: HeaderSource | undefined;
  readonly service: ServiceError | undefined;

  constructor(
    readonly reason: FailureReason,
    { retryAfterMs, headers, service }: FailureDetails = {},
  ) {
    super(REASONS[reason].says);
    this.worth = REASONS[reason].worth;
    this.retryAfterMs = retryAfterMs;
    this.headers = headers;
    this.service = service;
  }
}

// `code` is a string at OpenAI, a number or missing elsewhere: it must not decide whether there is a status.
const answeredError = z.object({
  status: z.int(),
  error: z.unknown().optional(),
  code: z.unknown().optional(),
  message: z.string().catch(''),
  headers: z.custom<HeaderSource>(isHeaderSource).optional().catch(undefined),
});

/**
 * Names what the `openai` client threw. Anything that is not an answer with a status came from the
 * connection or from a body that broke off: a reset within the body is a bare `TypeError`, a cut
 * JSON body a `SyntaxError`. Told by shape and not by class, because the caller's client may come
 * from another copy of the `openai` package.
 *
 * @param sent texts of which nothing may be shown
 */
export function failureOf(
  error: unknown,
  sent: readonly string[],
): { failure: ModelFailure; said: Said | undefined } {
  if (error instanceof SyntaxError) return { failure: new ModelFailure('broken_envelope'), said: undefined };
  const answered = answeredError.safeParse(error);
  if (!answered.success) return { failure: new ModelFailure('connection'), said: undefined };
  const { status, error: inner, code, message, headers } = answered.data;
  // The client puts its status before what the service said.
  const body = inner ?? {
    code,
    message: message.replace(/^\d{3} /, '').replace(/^status code \(no body\)$/, ''),
  };
  const said = readSaid(body, status);
  return { failure: serviceFailure(said, { body, headers }, sent), said };
}

/** The failure of a call that was answered with an error, under whatever status. */
export function serviceFailure(
  said: Said,
  { body, headers }: { body: unknown; headers: HeaderSource | undefined },
  sent: readonly string[],
): ModelFailure {
  const wait = waitTold(headers, body);
  const reason = reasonOf(said, wait !== undefined);
  return new ModelFailure(reason, {
    retryAfterMs: MAY_ASK_TO_WAIT.has(reason) ? wait : undefined,
    headers: reason === 'rate_limited' ? headers : undefined,
    service: shownError(said, sent),
  });
}

const MAY_ASK_TO_WAIT: ReadonlySet<FailureReason> = new Set(['rate_limited', 'server_error']);
