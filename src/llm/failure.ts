import { z } from 'zod';
import { isHeaderSource, type HeaderSource } from './rate-limits.js';
import { REASONS, type FailureReason } from './failure-reason.js';
import { readSaid, reasonOf, shownError, type Said, type ServiceError } from './service-error.js';
import { waitTold } from './wait-told.js';

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
