import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { z } from 'zod';
import { asksForLines } from '../asked-form.js';
import { asSent, GOLDEN } from '../golden.js';
import { limitHeaders, TokenBucket } from '../token-bucket.js';

/** How long answers take, in milliseconds. */
export interface Latency {
  /** Until the first token. */
  firstTokenMs: number;
  tokenMs: number;
  /** Each call takes up to this share longer or shorter. */
  jitter: number;
  /** This share of calls takes `tailFactor` times as long. */
  tailShare: number;
  tailFactor: number;
}

/** Token buckets that fill continuously, full at the start. */
export interface Limits {
  requestsPerMinute: number;
  tokensPerMinute: number;
  /** Length of a minute, in milliseconds: all times of a run are scaled alike. */
  minuteMs: number;
}

export interface ProviderSetup {
  latency: Latency;
  limits: Limits | null;
  /** Whether prefixes are found in a cache: never, once a call with them has finished, or always. */
  cache: 'none' | 'cold' | 'warm';
  /** How the model writes JSON: as it was asked to, or with line breaks and indents. */
  answers: 'one line' | 'indented';
  /** Share of calls that go wrong, in one {@link Break} or another. Default: none. */
  brokenShare?: number;
}

/** How a call goes wrong. */
const BREAKS = [
  /** An error of the server, with nothing billed. */
  'server_error',
  /** The connection ends in the middle of the body. */
  'connection_cut',
  /** The answer ends at its cap, and says so. */
  'answer_cut_off',
  'invalid_json',
  'empty_answer',
  /** The last page of the request is not in the answer. */
  'page_left_out',
] as const;
type Break = (typeof BREAKS)[number];

/** One request as it went. Times are those of `Date.now()`, with fractions. */
export interface JournalEntry {
  startedAt: number;
  endedAt: number;
  status: number;
  /** Numbers of the pages; for a joined text, empty. */
  pages: number[];
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  bytes: number;
}

/** A prompt prefix is cached from so many tokens on, in steps. */
const CACHE_LEAST_TOKENS = 1_024;
const CACHE_STEP_TOKENS = 128;
/** What the roles and separators of a message take. */
const MESSAGE_TOKENS = 4;

const chatRequest = z.object({
  messages: z.tuple([
    z.object({ role: z.literal('system'), content: z.string() }),
    z.object({ role: z.literal('user'), content: z.string() }),
  ]),
  response_format: z.unknown().optional(),
});

type Answer = Record<string, { value: string; confidence: number }>;

/** What the model reads on each page, known by its text. */
const ANSWERS = new Map<string, Answer>(
  GOLDEN.documents.flatMap(({ pages, fields }) =>
    Object.entries(pages).map(([number, page]) => [asSent(page), fields[number] ?? {}] as const),
  ),
);

/**
 * A model of an OpenAI-compatible provider on loopback: latency, rate limits, prompt cache and token
 * counts of a real one, and a journal. `POST /setup` starts anew with a {@link ProviderSetup};
 * `GET /journal` gives what has been since.
 */
class ProviderModel {
  #setup: ProviderSetup | undefined;
  #journal: JournalEntry[] = [];
  #buckets: { requests: TokenBucket; tokens: TokenBucket } | undefined;
  #warmPrefixes = new Set<string>();
  /** How often each user message has come. */
  #attempts = new Map<string, number>();

  readonly server = createServer((incoming, response) => void this.#serve(incoming, response));

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAt = now();
    const body = await text(incoming);
    if (incoming.url === '/setup') {
      this.#start(JSON.parse(body) as ProviderSetup);
      response.end();
    } else if (incoming.url === '/journal') {
      response.end(JSON.stringify(this.#journal));
    } else {
      await this.#complete(body, startedAt, response);
    }
  }

  #start(setup: ProviderSetup): void {
    this.#setup = setup;
    this.#journal = [];
    this.#warmPrefixes = new Set();
    this.#attempts = new Map();
    const { limits } = setup;
    this.#buckets = limits
      ? {
          requests: new TokenBucket(limits.requestsPerMinute, limits.minuteMs),
          tokens: new TokenBucket(limits.tokensPerMinute, limits.minuteMs),
        }
      : undefined;
  }

  async #complete(body: string, startedAt: number, response: ServerResponse): Promise<void> {
    const setup = this.#setup;
    if (!setup) throw new Error('POST /setup comes first');
    const { messages, response_format: format } = chatRequest.parse(JSON.parse(body));
    const [{ content: system }, { content: user }] = messages;
    const { pages, answer } = answerTo(user, format !== undefined && asksForLines(format));
    const broken = this.#breakOf(user, setup.brokenShare ?? 0);
    const whole = JSON.stringify(answer, null, setup.answers === 'indented' ? 2 : undefined);
    const content = broken === undefined ? whole : brokenContent(whole, broken);
    const schema = format === undefined ? '' : JSON.stringify(format);
    const prefix = schema + system;
    const prefixTokens = countOnce(schema) + countOnce(system) + MESSAGE_TOKENS;
    const promptTokens = prefixTokens + countTokens(user) + MESSAGE_TOKENS;
    const completionTokens = countTokens(content);
    const entry = { startedAt, pages, bytes: Buffer.byteLength(body) };
    const wait = this.#admit(promptTokens + completionTokens);
    const headers = { 'content-type': 'application/json', ...limitHeaders(this.#buckets ?? {}) };
    if (wait > 0) {
      this.#journal.push({
        ...entry,
        endedAt: now(),
        status: 429,
        promptTokens: 0,
        cachedTokens: 0,
        completionTokens: 0,
      });
      response.writeHead(429, {
        ...headers,
        'retry-after': String(Math.ceil(wait / 1_000)),
        'retry-after-ms': String(Math.ceil(wait)),
      });
      response.end(JSON.stringify({ error: { message: 'rate limit', code: 'rate_limit_exceeded' } }));
      return;
    }
    const isCached = setup.cache === 'warm' || (setup.cache === 'cold' && this.#warmPrefixes.has(prefix));
    const cachedTokens = isCached ? cacheable(prefixTokens) : 0;
    await sleep(startedAt + latencyOf(body, completionTokens, setup.latency) - now());
    if (broken === 'server_error') {
      this.#journal.push({
        ...entry,
        endedAt: now(),
        status: 500,
        promptTokens: 0,
        cachedTokens: 0,
        completionTokens: 0,
      });
      response.writeHead(500, headers);
      response.end(JSON.stringify({ error: { message: 'server error', type: 'server_error' } }));
      return;
    }
    this.#warmPrefixes.add(prefix);
    const tokens = { promptTokens, cachedTokens, completionTokens };
    const journal = () => this.#journal.push({ ...entry, endedAt: now(), status: 200, ...tokens });
    const sent = completion(content, broken === 'answer_cut_off' ? 'length' : 'stop', tokens);
    if (broken === 'connection_cut') {
      journal();
      response.writeHead(200, { ...headers, 'content-length': String(Buffer.byteLength(sent)) });
      response.write(sent.slice(0, sent.length / 2), () => response.destroy());
      return;
    }
    response.writeHead(200, headers);
    response.end(sent, journal);
  }

  /** By content and attempt: whoever asks the same meets the same, and asking again has another chance. */
  #breakOf(user: string, share: number): Break | undefined {
    const attempt = (this.#attempts.get(user) ?? 0) + 1;
    this.#attempts.set(user, attempt);
    const digest = createHash('sha256').update(`${attempt}\n${user}`).digest();
    if (digest.readUInt32BE(0) / 2 ** 32 >= share) return undefined;
    return BREAKS[digest.readUInt32BE(4) % BREAKS.length];
  }

  /** @returns 0, or how long to wait, in milliseconds */
  #admit(tokens: number): number {
    if (!this.#buckets) return 0;
    const { requests, tokens: tokenBucket } = this.#buckets;
    const wait = Math.max(requests.waitFor(1), tokenBucket.waitFor(tokens));
    if (wait > 0) return wait;
    requests.take(1);
    tokenBucket.take(tokens);
    return 0;
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function cacheable(tokens: number): number {
  if (tokens < CACHE_LEAST_TOKENS) return 0;
  return tokens - ((tokens - CACHE_LEAST_TOKENS) % CACHE_STEP_TOKENS);
}

const counted = new Map<string, number>();

function countOnce(text: string): number {
  const known = counted.get(text) ?? countTokens(text);
  counted.set(text, known);
  return known;
}

/** The same call takes the same time in every run: chance comes from its content. */
function latencyOf(body: string, completionTokens: number, latency: Latency): number {
  const [chance = 0, tail = 0] = createHash('sha256').update(body).digest();
  const jittered = 1 + latency.jitter * ((2 * chance) / 255 - 1);
  const factor = tail / 256 < latency.tailShare ? latency.tailFactor : 1;
  return (latency.firstTokenMs + completionTokens * latency.tokenMs) * jittered * factor;
}

/** The wire format of DESIGN; and, for the plan as first written, one flat answer to one joined text. */
function answerTo(user: string, asLines: boolean): { pages: number[]; answer: unknown } {
  const pages = [...user.matchAll(/<page number="(\d+)">\n([^]*?)\n<\/page>/g)].map(([, number, page]) => ({
    number: Number(number),
    read: read(page ?? ''),
  }));
  if (pages.length === 0) {
    const all = user.split('\n---PAGE BREAK---\n').map(read);
    return { pages: [], answer: Object.assign({}, ...all) as Answer };
  }
  const answer = pages.map(({ number, read: fields }, index) => [
    `page_${index + 1}`,
    {
      page_number: number,
      fields: Object.entries(fields).map(([name, field]) =>
        asLines ? `${name}|${field.value}|${field.confidence}` : { name, ...field },
      ),
    },
  ]);
  return { pages: pages.map(({ number }) => number), answer: Object.fromEntries(answer) };
}

/** A page of the golden file, or else a form: a field for each line like "Label: value". */
function read(page: string): Answer {
  const known = ANSWERS.get(page);
  if (known) return known;
  const lines = [...page.matchAll(/^([A-Z][\w ]+): (.+)$/gm)];
  return Object.fromEntries(
    lines.map(([, label = '', value = '']) => [label.replaceAll(' ', '_'), { value, confidence: 95 }]),
  );
}

/** What the model wrote of a whole answer. */
function brokenContent(whole: string, broken: Break): string {
  switch (broken) {
    case 'answer_cut_off':
      return whole.slice(0, whole.length / 2);
    case 'invalid_json':
      return whole.replace('":', ':');
    case 'empty_answer':
      return '';
    case 'page_left_out':
      return JSON.stringify(
        Object.fromEntries(Object.entries(JSON.parse(whole) as Record<string, unknown>).slice(0, -1)),
      );
    case 'server_error':
    case 'connection_cut':
      return whole;
  }
}

function completion(
  content: string,
  finishReason: 'stop' | 'length',
  tokens: Pick<JournalEntry, 'promptTokens' | 'cachedTokens' | 'completionTokens'>,
): string {
  return JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 0,
    model: 'bench-model',
    choices: [
      { index: 0, finish_reason: finishReason, message: { role: 'assistant', content, refusal: null } },
    ],
    usage: {
      prompt_tokens: tokens.promptTokens,
      completion_tokens: tokens.completionTokens,
      total_tokens: tokens.promptTokens + tokens.completionTokens,
      prompt_tokens_details: { cached_tokens: tokens.cachedTokens },
    },
  });
}

const { server } = new ProviderModel();
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
