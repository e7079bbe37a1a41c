import { z } from 'zod';
import { ModelFailure, failureOf, type FailureReason, type ServiceError } from './failure.js';
import type { Pacing } from './pacing.js';
import { withHeaders, type ChatClient, type ChatRequest } from './client.js';
import type { HeaderSource, Ticket } from './rate-limits.js';
import { serviceOf } from './service.js';
import type { UsageLedger } from './usage.js';
import { answerFormat, readAnswer, userMessage, type PageAnswer, type SentPage } from './wire.js';

/** The most a page's answer may take, in tokens (CURRENT_SYSTEM, One page through the model). */
export const OUTPUT_TOKENS_PER_PAGE = 4_000;

/** The model that is asked, and how. */
export interface Model {
  client: ChatClient;
  name: string;
  /** Time limit of one call, in milliseconds, from its start to the end of its body. */
  timeoutMs: number;
  /** Passed through with every request, for example `{ temperature: 0 }` where the model takes it. */
  requestDefaults: Readonly<Record<string, unknown>>;
  budget: TokenBudget;
}

/** The most tokens the model takes and gives in one call. */
export interface TokenBudget {
  input: number;
  output: number;
}

/** What one call is made for. */
export interface Asking {
  pacer: Pacing;
  usage: UsageLedger;
  purpose: 'first' | 'salvage';
  signal: AbortSignal;
  /** Told about every request when it has ended. */
  onCall: ((call: CallReport) => void) | undefined;
}

/** One request to the model as it went. */
export interface CallReport {
  purpose: 'first' | 'salvage';
  /** Milliseconds from its start to the end of its body, without the wait for its turn. */
  ms: number;
  /** Bytes of the JSON bodies, without headers and before any compression. */
  sentBytes: number;
  receivedBytes: number;
  /** Why there was no completion; null when there was one. */
  failure: FailureReason | null;
  /** What the service answered instead of a completion; null where it answered with none, or not at all. */
  service: ServiceError | null;
}

const completion = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
      }),
    )
    .min(1),
});

/**
 * Asks the model once about pages of one kind: one request, no retries.
 *
 * @param instruction how pages of their kind are read, the same bytes in every call
 * @returns an answer for each of `pages`, in their order
 * @throws {ModelFailure} when the whole call gave nothing usable; the signal's reason on abort
 */
export async function askModel(
  model: Model,
  instruction: string,
  pages: readonly SentPage[],
  asking: Asking,
): Promise<PageAnswer[]> {
  const service = serviceOf(model);
  const body = requestBody(model, instruction, pages);
  const sentBytes = jsonBytes(body);
  const most = { input: Math.ceil(sentBytes / BYTES_A_TOKEN), output: body.max_completion_tokens };
  const announced = { requests: 1, tokens: most.input + most.output };
  let ticket: Ticket | undefined;
  const onEnd = ({ headers, ms, envelope, failure }: Ending) => {
    const isTurnedDown = failure?.reason === 'rate_limited';
    if (ticket && headers) service.limits.heard(ticket, headers, isTurnedDown);
    const answerTokens = answerTokensOf(envelope);
    if (answerTokens === undefined) return;
    const announcedTokens = announced.tokens;
    service.latency.observe({ pages: pages.length, announcedTokens, answerTokens, ms });
  };
  const envelope = await asking.pacer.run(
    (signal) => {
      if (ticket) service.limits.sent(ticket);
      return request(model, { body, sentBytes, most }, { ...asking, signal }, onEnd);
    },
    asking.signal,
    async (signal, leaving) => {
      ticket = await service.limits.pass(announced, signal, leaving);
    },
  );
  return readAnswer(contentOf(envelope), pages);
}

function requestBody(model: Model, instruction: string, pages: readonly SentPage[]): ChatRequest {
  return {
    ...model.requestDefaults,
    model: model.name,
    messages: [
      { role: 'system', content: instruction },
      { role: 'user', content: userMessage(pages) },
    ],
    response_format: answerFormat(pages.length),
    stream: false,
    max_completion_tokens: Math.min(OUTPUT_TOKENS_PER_PAGE * pages.length, model.budget.output),
  };
}

interface Request {
  body: ChatRequest;
  sentBytes: number;
  /** Tokens it can use. */
  most: { input: number; output: number };
}

/** How a request ended; with an envelope or a failure. */
interface Ending {
  ms: number;
  headers?: HeaderSource | undefined;
  envelope?: unknown;
  failure?: ModelFailure;
}

async function request(
  model: Model,
  { body, sentBytes, most }: Request,
  { usage, purpose, signal, onCall }: Asking,
  onEnd: (ending: Ending) => void,
): Promise<unknown> {
  // The client's own time limit does not cover the body; this one does.
  const timeLimit = AbortSignal.timeout(model.timeoutMs);
  const options = {
    maxRetries: 0,
    timeout: model.timeoutMs,
    signal: AbortSignal.any([signal, timeLimit]),
  };
  const bill = usage.sent(purpose, model.name, most);
  const started = performance.now();
  const report = (failure: ModelFailure | null, receivedBytes: number) => {
    const ms = performance.now() - started;
    const { reason = null, service = null } = failure ?? {};
    onCall?.({ purpose, ms, sentBytes, receivedBytes, failure: reason, service });
    return ms;
  };
  const { envelope, headers } = await withHeaders(model.client.chat.completions.create(body, options)).catch(
    (error: unknown) => {
      const failure = timeLimit.aborted ? new ModelFailure('timeout') : failureOf(error);
      // A call that was answered with an error status is not billed; one that broke off may be.
      if (MAY_BE_BILLED.has(failure.reason)) bill.unknown();
      else bill.unbilled();
      const ms = report(failure, 0);
      signal.throwIfAborted();
      onEnd({ ms, headers: failure.headers, failure });
      throw failure;
    },
  );
  bill.answered(envelope);
  const ms = report(null, jsonBytes(envelope));
  onEnd({ ms, headers, envelope });
  return envelope;
}

const answered = z.object({ usage: z.object({ completion_tokens: z.int().nonnegative() }) });

function answerTokensOf(envelope: unknown): number | undefined {
  return answered.safeParse(envelope).data?.usage.completion_tokens;
}

/** Tokenizers need fewer than one token for two bytes of ordinary text. */
const BYTES_A_TOKEN = 2;

function jsonBytes(body: unknown): number {
  // An answer that is no JSON object (a page of HTML) comes as text.
  if (typeof body === 'string') return Buffer.byteLength(body);
  try {
    return Buffer.byteLength(JSON.stringify(body ?? null));
  } catch {
    // What a wrapped client returns may refer to itself; a document is not lost over its size.
    return 0;
  }
}

const MAY_BE_BILLED: ReadonlySet<string> = new Set(['connection', 'timeout', 'broken_envelope']);

function contentOf(envelope: unknown): string {
  const parsed = completion.safeParse(envelope);
  const choice = parsed.data?.choices[0];
  if (!choice) throw new ModelFailure('broken_envelope');
  const { finish_reason: finish, message } = choice;
  if (message.refusal) throw new ModelFailure('refused');
  if (finish === 'content_filter') throw new ModelFailure('content_filter');
  if (finish === 'length') throw new ModelFailure('cut_off');
  if (!message.content) throw new ModelFailure('broken_envelope');
  return message.content;
}
