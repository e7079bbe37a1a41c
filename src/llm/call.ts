import { z } from 'zod';
import type { Clock } from '../clock.js';
import { withHeaders, type ChatRequest } from './client.js';
import { readAnswer } from './answer.js';
import type { Dialect, Refused, RequestForm } from './dialect.js';
import { contentOf } from './envelope.js';
import type { FailureReason } from './failure-reason.js';
import { failureOf, serviceFailure, ModelFailure } from './failure.js';
import { isCut } from './prompt-size.js';
import type { HeaderSource, Ticket } from './rate-limits.js';
import { isTooLarge, outputCap, requestBody, type Model, type Question } from './request.js';
import { ModelService, type ModelState } from './service.js';
import { readSaid, type Said, type ServiceError } from './service-error.js';
import { withTidyBodies } from './transport.js';
import type { Queue, Room } from './turns.js';
import { billedTokens, type MostTokens, type UsageLedger } from './usage.js';
import type { PageAnswer } from './wire.js';

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

/** One request to the model, and what was learned from one. */
export type CallEvent = CallStarted | CallEnded | RequestAdapted;

/** The service refused a part of the request: it is sent in another form, or left out, from now on. */
interface RequestAdapted {
  type: 'request_adapted';
  part: string;
  service: ServiceError | null;
}

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
  /** As the service billed them, reasoning included; null where it did not say. */
  prompt_tokens: number | null;
  completion_tokens: number | null;
  /** The most tokens that its answer could have. */
  max_tokens: number;
  /** The model that answered, and why it stopped; null where the service did not say. */
  model: string | null;
  finish_reason: string | null;
  /** Bytes of the JSON bodies, without headers and before any compression. */
  sent_bytes: number;
  received_bytes: number;
}

/**
 * Asks the model once about pages of one kind: one request, and one more for each part of it that the service is found
 * to take in another form only; no retries.
 *
 * @returns an answer for each of the pages, in their order
 * @throws {ModelFailure} when the whole call gave nothing usable; the signal's reason on abort
 */
export async function askModel(
  model: Model,
  question: Question,
  caller: Caller,
  options: CallOptions,
): Promise<PageAnswer[]> {
  const state = ModelService.of(model.client).model(model.name);
  const dialect = state.dialect(model);
  for (;;) {
    const ending = await inTurn(model, state, { question, dialect }, caller, options);
    if ('text' in ending) return readAnswer(ending.text, question.pages);
    if (!ending.isWorthAnother) throw ending.failure;
  }
}

const IS_ABOUT_THE_FORM: ReadonlySet<FailureReason> = new Set([
  'bad_request',
  'model_not_found',
  'server_error',
  'reasoning_limit',
]);

/** @returns whether the same pages may be asked about at once, because the request has another form now */
function learn(
  dialect: Dialect,
  { failure, said }: { failure: ModelFailure; said: Said | undefined },
  refused: Refused,
  emit: Caller['emit'],
): boolean {
  if (failure.reason === 'too_large') return dialect.tooLarge(said, refused);
  if (!IS_ABOUT_THE_FORM.has(failure.reason)) return false;
  // Another call has learned it while this one was under way.
  if (dialect.form !== refused.form) return true;
  const part =
    failure.reason === 'reasoning_limit' ? dialect.thought() : said && dialect.refused(said, refused);
  if (part !== undefined) emit({ type: 'request_adapted', part, service: failure.service ?? null });
  return part !== undefined;
}

/** One request, in its turn, in the form that is known by then. A service that refuses all calls is not asked. */
async function inTurn(
  model: Model,
  { clock, limits, latency, refusal }: ModelState,
  { question, dialect }: { question: Question; dialect: Dialect },
  caller: Caller,
  options: CallOptions,
): Promise<{ text: string } | { failure: ModelFailure; isWorthAnother: boolean }> {
  const foreseen = requestOf(model, question, dialect.form);
  const announced = { requests: 1, tokens: foreseen.most.input + foreseen.most.output };
  let ticket: Ticket | undefined;
  let used: number | undefined = 0;
  const room: Room = {
    of: limits,
    waitFor: (leaving) => limits.waitFor(announced, leaving),
    take: () => (ticket = limits.take(announced)),
    tokens: announced.tokens,
    used: () => used,
  };
  let isWorthAnother = false;
  const send = async (signal: AbortSignal) => {
    refusal.throwIfStanding();
    const { form } = dialect;
    const { pages } = question;
    if (pages.length > 1 && isTooLarge(pages, form)) throw new ModelFailure('too_large');
    const sent = form === foreseen.form ? foreseen : requestOf(model, question, form);
    used = undefined;
    const ending = await request(model, sent, caller, { ...options, signal, clock });
    used = ending.usedTokens;
    const { failure, said } = ending;
    if (failure) {
      // Here, and not when it has ended: the next call starts by then.
      // What is an object may say what must not be done with the pages: it is never left out.
      const plain = Object.entries(model.requestDefaults).filter(([, value]) => typeof value !== 'object');
      const defaults = plain.map(([name]) => name);
      const refused = {
        form,
        cap: sent.most.output,
        sentBytes: sent.sentBytes,
        pages: pages.length,
        defaults,
      };
      isWorthAnother = learn(dialect, { failure, said }, refused, caller.emit);
    }
    if (!isWorthAnother) refusal.update(ending.isAnswered ? undefined : failure);
    if (ticket && ending.headers) {
      limits.update(ticket, ending.headers, ending.failure?.reason === 'rate_limited');
    }
    if (!ending.isAnswered) throw ending.failure;
    if (ending.answerTokens !== null) {
      const { ms, answerTokens } = ending;
      latency.observe({ pages: pages.length, announcedTokens: announced.tokens, answerTokens, ms });
    }
    return ending;
  };
  try {
    const subject = { pages: foreseen.pages, outagePatienceMs: model.outagePatienceMs };
    const { text, failure } = await caller.queue.run(send, options.signal, room, subject);
    return failure ? { failure, isWorthAnother } : { text };
  } catch (error) {
    if (!(error instanceof ModelFailure)) throw error;
    return { failure: error, isWorthAnother };
  }
}

interface Request {
  form: RequestForm;
  body: ChatRequest;
  sentBytes: number;
  most: MostTokens;
  /** Numbers of its pages. */
  pages: number[];
  /** What of it no error may show. */
  texts: string[];
}

function requestOf(model: Model, question: Question, form: RequestForm): Request {
  const cap = outputCap(model, question.pages, form);
  const body = requestBody(model, question, form, cap);
  const sentBytes = jsonBytes(body);
  const { service_tier: tier } = body as { service_tier?: unknown };
  return {
    form,
    body,
    sentBytes,
    most: {
      input: Math.ceil(sentBytes / BYTES_A_TOKEN),
      output: cap,
      tier: typeof tier === 'string' ? tier : undefined,
    },
    pages: question.pages.map(({ number }) => number),
    texts: question.pages.map(({ text }) => text),
  };
}

/** How a request ended: with an answer, be it one that cannot be used, or with none. */
type Ending = {
  ms: number;
  headers: HeaderSource | undefined;
  answerTokens: number | null;
  /** All that were billed, where that was told. */
  usedTokens: number | undefined;
} & (
  | { isAnswered: true; text: string; failure: ModelFailure | undefined; said: undefined }
  | { isAnswered: false; failure: ModelFailure; said: Said | undefined }
);

/** @throws the signal's reason on abort */
async function request(
  model: Model,
  { body, sentBytes, most, pages, texts }: Request,
  { usage, emit }: Caller,
  { unit, purpose, signal, clock }: CallOptions & { clock: Clock },
): Promise<Ending> {
  // The client's own time limit does not cover the body; this one does.
  const timeLimit = AbortSignal.timeout(model.timeoutMs);
  const options = {
    maxRetries: 0,
    timeout: model.timeoutMs,
    signal: AbortSignal.any([signal, timeLimit]),
  };
  const bill = await usage.sent(purpose, model.name, most);
  emit({ type: 'call_started', unit, pages, purpose });
  const started = clock.now();
  const ended = (
    outcome: CallEnded['outcome'],
    { service = null, envelope }: { service?: ServiceError | null; envelope?: unknown },
  ) => {
    const ms = clock.now() - started;
    const { prompt: prompt_tokens = null, output: completion_tokens = null } = billedTokens(envelope) ?? {};
    const { model: answeredBy, choices: [choice] = [] } = answered.safeParse(envelope).data ?? {};
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
      max_tokens: most.output,
      model: answeredBy ?? null,
      finish_reason: choice?.finish_reason ?? null,
      sent_bytes: sentBytes,
      received_bytes: envelope === undefined ? 0 : jsonBytes(envelope),
    });
    const usedTokens =
      prompt_tokens === null || completion_tokens === null ? undefined : prompt_tokens + completion_tokens;
    return { ms, answerTokens: completion_tokens, usedTokens };
  };
  const failed = (failure: ModelFailure, said: Said | undefined, envelope?: unknown): Ending => {
    // A call that was answered with an error is not billed; one that broke off may be.
    if (billedTokens(envelope)) bill.answered(envelope);
    else if (MAY_BE_BILLED.has(failure.reason)) bill.unknown();
    else bill.unbilled();
    const outcome = signal.aborted ? 'broken_off' : failure.reason;
    const times = ended(outcome, { service: failure.service ?? null, envelope });
    signal.throwIfAborted();
    return { ...times, headers: failure.headers, isAnswered: false, failure, said };
  };
  let answer: Awaited<ReturnType<typeof withHeaders>>;
  try {
    answer = await withHeaders(withTidyBodies(model.client).chat.completions.create(body, options));
  } catch (error) {
    if (timeLimit.aborted) return failed(new ModelFailure('timeout'), undefined);
    const { failure, said } = failureOf(error, texts);
    return failed(failure, said);
  }
  const { envelope, headers } = answer;
  const content = contentOf(envelope);
  if ('error' in content) {
    const said = readSaid(content.error, undefined);
    return failed(serviceFailure(said, { body: content.error, headers }, texts), said, envelope);
  }
  bill.answered(envelope);
  const times = ended('answered', { envelope });
  const fault = 'fault' in content ? content.fault : undefined;
  const reason = isCut(envelope, body) ? 'prompt_cut' : fault;
  const failure = reason === undefined ? undefined : new ModelFailure(reason);
  const text = 'text' in content ? content.text : '';
  return { ...times, headers, isAnswered: true, text, failure, said: undefined };
}

/** A word that can be told to anybody: nothing that may quote a page. */
const plainWord = z
  .string()
  .regex(/^[\w.:/@-]{1,100}$/)
  .nullish()
  .catch(null);
const answered = z.object({
  model: plainWord,
  choices: z.array(z.object({ finish_reason: plainWord }).catch({})).catch([]),
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
