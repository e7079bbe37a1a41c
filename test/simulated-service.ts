import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { ChatClient, ChatRequest } from '../src/llm/client.js';
import { ManualClock } from './manual-clock.js';
import { limitHeaders, TokenBucket } from './token-bucket.js';

const MINUTE_MS = 60_000;

/** How a model answers, in simulated time. */
export interface Answering {
  /** Milliseconds until the first token. */
  firstTokenMs: number;
  tokenMs: number;
  /** Each call takes up to this share longer or shorter. */
  jitter: number;
  /** Buckets that fill continuously; none without. */
  requestsPerMinute?: number;
  tokensPerMinute?: number;
}

/** A model service whose answers come after simulated time, and the client that asks it. */
export class SimulatedService implements ChatClient {
  /** Those that were answered. */
  calls = 0;
  readonly chat = { completions: { create: (request: ChatRequest) => this.#answer(request) } };
  readonly #buckets: { of: 'requests' | 'tokens'; bucket: TokenBucket }[];

  constructor(
    readonly clock: ManualClock,
    readonly answering: Answering,
  ) {
    const { requestsPerMinute: requests, tokensPerMinute: tokens } = answering;
    this.#buckets = Object.entries({ requests, tokens }).flatMap(([of, size]) =>
      size === undefined
        ? []
        : [{ of: of as 'requests' | 'tokens', bucket: new TokenBucket(size, MINUTE_MS, clock) }],
    );
  }

  #answer(request: ChatRequest): PromiseLike<unknown> & { withResponse: () => Promise<unknown> } {
    const answering = this.#answered(request);
    const data = async () => (await answering).data;
    return {
      then: (answered, failed) => data().then(answered, failed),
      withResponse: async () => ({ data: await data(), response: { headers: (await answering).headers } }),
    };
  }

  async #answered({ messages, response_format: format }: ChatRequest) {
    const asked = messages.at(-1)?.content ?? '';
    const content = contentFor(asked);
    const used = { prompt: tokensIn(JSON.stringify([messages, format])), answer: tokensIn(content) };
    const amounts = { requests: 1, tokens: used.prompt + used.answer };
    const wait = Math.max(0, ...this.#buckets.map(({ of, bucket }) => bucket.waitFor(amounts[of])));
    if (wait === 0) for (const { of, bucket } of this.#buckets) bucket.take(amounts[of]);
    const headers = new Headers(
      limitHeaders(Object.fromEntries(this.#buckets.map(({ of, bucket }) => [of, bucket]))),
    );
    if (wait > 0) {
      headers.set('retry-after-ms', String(Math.ceil(wait)));
      throw Object.assign(new Error('rate limit'), {
        status: 429,
        headers,
        error: { message: 'rate limit', code: 'rate_limit_exceeded' },
      });
    }
    await this.clock.sleep(this.#msFor(asked, used.answer), new AbortController().signal);
    this.calls++;
    const message = { role: 'assistant', content };
    const usage = { prompt_tokens: used.prompt, completion_tokens: used.answer };
    return { headers, data: { choices: [{ index: 0, finish_reason: 'stop', message }], usage } };
  }

  /** The same call takes the same time in every run: chance comes from its content. */
  #msFor(asked: string, tokens: number): number {
    const { firstTokenMs, tokenMs, jitter } = this.answering;
    const [chance = 0] = createHash('sha256').update(asked).digest();
    return (firstTokenMs + tokens * tokenMs) * (1 + jitter * ((2 * chance) / 255 - 1));
  }
}

/** A field for each line like "Label: value", in the form of lines. */
function contentFor(asked: string): string {
  const pages = [...asked.matchAll(/<page number="(\d+)">\n([^]*?)\n<\/page>/g)].map(
    ([, number, text = ''], index) => {
      const lines = [...text.matchAll(/^([A-Z][\w ]+): (.+)$/gm)];
      const fields = lines.map(([, label = '', value = '']) => `${label.replaceAll(' ', '_')}|${value}|95`);
      return [`page_${index + 1}`, { page_number: Number(number), fields }];
    },
  );
  return JSON.stringify(Object.fromEntries(pages));
}

/** Four characters each, about. */
function tokensIn(text: string): number {
  return Math.ceil(text.length / 4);
}

/** Moves the clock from one moment to the next at which something happens, until the work is done. */
export async function inSimulatedTime<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const end = () => done.abort();
  work.then(end, end);
  for (;;) {
    await atRest();
    if (done.signal.aborted) return work;
    const ms = clock.nextIn;
    if (ms === undefined) throw new Error('The work waits for something that is not simulated.');
    clock.moveOn(ms);
  }
}

/** Resolves when nothing goes on any more before time does: pauses in long work are immediates. */
async function atRest(): Promise<void> {
  for (let quiet = 0; quiet < 2; quiet++) {
    await setImmediate();
    if (process.getActiveResourcesInfo().includes('Immediate')) quiet = -1;
  }
}
