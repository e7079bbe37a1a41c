import { z } from 'zod';
import { ModelFailure, failureOf, type FailureReason, type ServiceError } from './failure.js';
import type { Queue, Room } from './turns.js';
import { withHeaders, type ChatClient, type ChatRequest } from './client.js';
import type { HeaderSource, Ticket } from './rate-limits.js';
import { ModelService } from './service.js';
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
  /**
   * For how long, in milliseconds, pages are not given up because the whole service is away or rejects all
   * calls; 0 for not at all. Quires that share a service may differ: each call is judged by its own patience,
   * and the longest decides how long calls are held back.
   */
  outagePatienceMs: number;
  /** Passed through with every request, for example `{ temperature: 0 }` where the model takes it. */
  requestDefaults: Readonly<Record<string, unknown>>;
  budget: TokenBudget;
}

/** The most tokens the model takes and gives in one call. */
export interface TokenBudget {
  input: number;
  output: number;
}

/** On whose behalf calls are made. */
export interface Caller {
  /** What the calls cost is added up here. */
  usage: UsageLedger;
  /** Where they wait for their turn. */
  queue: Queue;
  /** Told of every request, when it starts and when it has ended. */
  emit: (event: CallEvent) => void;
}

/** How one call is made. */
export interface CallOptions {
  /** Names the batch that it is made for. */
  unit: string;
  purpose: 'first' | 'salvage';
  /** Breaks it off. */
  signal: AbortSignal;
}

/** One request to the model. */
export type CallEvent = CallStarted | CallEnded;

interface CallStarted {
  type: 'call_started';
  unit: string;
  /** Numbers of the pages that are asked about. */
  pages: number[];
  purpose: 'first' | 'salvage';
}

export interface CallEnded extends Omit<CallStarted, 'type'> {
  type: 'call_ended';
  /** Milliseconds from its start to the end of its body, without the wait for its turn. */
  ms: number;
  /** `answered`; `broken_off` when it was aborted here; or why there was no completion. */
  outcome: 'answered' | 'broken_off' | FailureReason;
  /** What the service answered instead of a completion; null where it answered with none, or not at all. */
  service: ServiceError | null;
  /** As the service billed them; null where it did not say. */
  prompt_tokens: number | null;
  completion_tokens: number | null;
  /** Bytes of the JSON bodies, without headers and before any compression. */
  sent_bytes: number;
  received_bytes: number;
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
  caller: Caller,
  options: CallOptions,
): Promise<PageAnswer[]> {
  const { limits, latency } = ModelService.of(model.client).model(model.name);
  const body = requestBody(model, instruction, pages);
  const sentBytes = jsonBytes(body);
  const most = { input: Math.ceil(sentBytes / BYTES_A_TOKEN), output: body.max_completion_tokens };
  const announced = { requests: 1, tokens: most.input + most.output };
  let ticket: Ticket | undefined;
  const room: Room = {
    of: limits,
    waitFor: (leaving) => limits.waitFor(announced, leaving),
    take: () => (ticket = limits.take(announced)),
  };
  const send = async (signal: AbortSignal) => {
    const sent = { body, sentBytes, most, pages: pages.map(({ number }) => number) };
    const ending = await request(model, sent, caller, { ...options, signal });
    if (ticket && ending.headers) {
      limits.update(ticket, ending.headers, ending.failure?.reason === 'rate_limited');
    }
    if (ending.failure) throw ending.failure;
    if (ending.answerTokens !== null) {
      const { ms, answerTokens } = ending;
      latency.observe({ pages: pages.length, announcedTokens: announced.tokens, answerTokens, ms });
    }
    return ending.envelope;
  };
  const subject = {
    pages: pages.map(({ number }) => number),
    outagePatienceMs: model.outagePatienceMs,
  };
  return readAnswer(contentOf(await caller.queue.run(send, options.signal, room, subject)), pages);
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
  /** Numbers of its pages. */
  pages: number[];
}

/** How a request ended. */
interface Ending {
  ms: number;
  headers: HeaderSource | undefined;
  envelope: unknown;
  answerTokens: number | null;
  failure: ModelFailure | undefined;
}

/** @throws the signal's reason on abort */
async function request(
  model: Model,
  { body, sentBytes, most, pages }: Request,
  { usage, emit }: Caller,
  { unit, purpose, signal }: CallOptions,
): Promise<Ending> {
  // The client's own time limit does not cover the body; this one does.
  const timeLimit = AbortSignal.timeout(model.timeoutMs);
  const options = {
    maxRetries: 0,
    timeout: model.timeoutMs,
    signal: AbortSignal.any([signal, timeLimit]),
  };
  const bill = usage.sent(purpose, model.name, most);
  emit({ type: 'call_started', unit, pages, purpose });
  const started = performance.now();
  const ended = (
    outcome: CallEnded['outcome'],
    { service = null, envelope }: { service?: ServiceError | null; envelope?: unknown },
  ) => {
    const ms = performance.now() - started;
    const { prompt_tokens = null, completion_tokens = null } = answered.safeParse(envelope).data?.usage ?? {};
    emit({
      type: 'call_ended',
      unit,
      pages,
      purpose,
      ms: Math.round(ms),
      outcome,
      service,
      prompt_tokens,
      completion_tokens,
      sent_bytes: sentBytes,
      received_bytes: envelope === undefined ? 0 : jsonBytes(envelope),
    });
    return { ms, answerTokens: completion_tokens };
  };
  let answer: Awaited<ReturnType<typeof withHeaders>>;
  try {
    answer = await withHeaders(model.client.chat.completions.create(body, options));
  } catch (error) {
    const failure = timeLimit.aborted ? new ModelFailure('timeout') : failureOf(error);
    // A call that was answered with an error status is not billed; one that broke off may be.
    if (MAY_BE_BILLED.has(failure.reason)) bill.unknown();
    else bill.unbilled();
    const times = ended(signal.aborted ? 'broken_off' : failure.reason, { service: failure.service ?? null });
    signal.throwIfAborted();
    return { ...times, headers: failure.headers, envelope: undefined, failure };
  }
  const { envelope, headers } = answer;
  bill.answered(envelope);
  return { ...ended('answered', { envelope }), headers, envelope, failure: undefined };
}

const answered = z.object({
  usage: z.object({ prompt_tokens: z.int().nonnegative(), completion_tokens: z.int().nonnegative() }),
});

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
