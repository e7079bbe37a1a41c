import type { OpenAI } from 'openai';
import { z } from 'zod';
import { ModelFailure, failureOf, type FailureReason } from './failure.js';
import { INSTRUCTIONS, type PageKind } from './instructions.js';
import type { Pacing } from './pacing.js';
import type { UsageLedger } from './usage.js';
import { answerFormat, readAnswer, userMessage, type PageAnswer, type SentPage } from './wire.js';

/** The most a page's answer may take, in tokens (CURRENT_SYSTEM, One page through the model). */
export const OUTPUT_TOKENS_PER_PAGE = 4_000;

/** The part of an OpenAI client that is used: `OpenAI`, `AzureOpenAI` and compatible ones have it. */
export type ChatClient = Pick<OpenAI, 'chat'>;

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
 * @returns an answer for each of `pages`, in their order
 * @throws {ModelFailure} when the whole call gave nothing usable; the signal's reason on abort
 */
export async function askModel(
  model: Model,
  kind: PageKind,
  pages: readonly SentPage[],
  asking: Asking,
): Promise<PageAnswer[]> {
  const envelope = await asking.pacer.run(
    (signal) => request(model, kind, pages, { ...asking, signal }),
    asking.signal,
  );
  return readAnswer(contentOf(envelope), pages);
}

async function request(
  model: Model,
  kind: PageKind,
  pages: readonly SentPage[],
  { pacer, usage, purpose, signal, onCall }: Asking,
): Promise<unknown> {
  const body = {
    ...model.requestDefaults,
    model: model.name,
    messages: [
      { role: 'system' as const, content: INSTRUCTIONS[kind] },
      { role: 'user' as const, content: userMessage(pages) },
    ],
    response_format: answerFormat(pages.length),
    stream: false as const,
    max_completion_tokens: Math.min(OUTPUT_TOKENS_PER_PAGE * pages.length, model.budget.output),
  };
  const sentBytes = jsonBytes(body);
  // The client's own time limit does not cover the body; this one does.
  const timeLimit = AbortSignal.timeout(model.timeoutMs);
  const options = {
    maxRetries: 0,
    timeout: model.timeoutMs,
    signal: AbortSignal.any([signal, timeLimit]),
  };
  const bill = usage.sent(purpose, model.name, {
    input: Math.ceil(sentBytes / BYTES_A_TOKEN),
    output: body.max_completion_tokens,
  });
  const started = performance.now();
  const report = (failure: FailureReason | null, receivedBytes: number) =>
    onCall?.({ purpose, ms: performance.now() - started, sentBytes, receivedBytes, failure });
  const envelope: unknown = await model.client.chat.completions
    .create(body, options)
    .catch((error: unknown) => {
      const failure = timeLimit.aborted ? new ModelFailure('timeout') : failureOf(error);
      // A call that was answered with an error status is not billed; one that broke off may be.
      if (MAY_BE_BILLED.has(failure.reason)) bill.unknown();
      else bill.unbilled();
      report(failure.reason, 0);
      signal.throwIfAborted();
      pacer.hold(failure.retryAfterMs ?? (failure.reason === 'rate_limited' ? UNTOLD_WAIT_MS : 0));
      throw failure;
    });
  bill.answered(envelope);
  report(null, jsonBytes(envelope));
  return envelope;
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

/** How long all calls are held back by a rate limit that does not say how long, in milliseconds. */
const UNTOLD_WAIT_MS = 250;

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
