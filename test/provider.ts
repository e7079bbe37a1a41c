import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { z } from 'zod';
import { asksForLines } from './asked-form.js';

export interface Field {
  name: string;
  value: string;
  confidence: number;
}

/** A page as the provider received it. */
export interface ReceivedPage {
  number: number;
  text: string;
}

/** One call as it arrived. */
export interface Call {
  /** How its schema asks for fields. */
  answerForm: 'objects' | 'lines';
  pages: ReceivedPage[];
  instruction: string;
  maxTokens: number;
  body: Record<string, unknown>;
  /** Length of the body as it came over the wire. */
  bytes: number;
  /** By `performance.now()`. */
  startedAt: number;
  /** When the answer left, by `performance.now()`; undefined while the call is under way. */
  endedAt: number | undefined;
  /** How many calls were under way when this one came, itself included. */
  concurrent: number;
  /** What `OPENAI_PROJECT_ID` was where the call came from: services are told it, and nothing else depends on it. */
  project: string | undefined;
}

/** Ways a provider fails, each on real HTTP. */
export type Fault =
  | { status: number; code?: string | number; headers?: Record<string, string>; body?: unknown }
  | 'reset'
  | 'reset in the body'
  | 'cut body'
  | 'html'
  | 'no choices'
  | 'empty content'
  | 'no usage'
  | 'truncated json'
  | 'length'
  | 'prose'
  | 'endless'
  | 'wrong form'
  | 'swapped echo'
  | 'shifted'
  | 'swapped fields'
  | 'missing page'
  | 'refusal'
  | 'content filter'
  | 'silence'
  | 'silence in the body';

export interface Behaviour {
  /** What the model reads on a page of a call. */
  read: (page: ReceivedPage, call: Call) => Field[];
  /** Milliseconds until the answer, or what is waited for before it. */
  delay?: (call: Call, index: number) => number | Promise<unknown>;
  fault?: (call: Call, index: number) => Fault | undefined;
  /** Headers of the answer, beside its usual ones. */
  headers?: (call: Call, index: number) => Record<string, string>;
}

const request = z.looseObject({
  model: z.literal('test-model'),
  messages: z.tuple([
    z.object({ role: z.literal('system'), content: z.string() }),
    z.object({ role: z.literal('user'), content: z.string() }),
  ]),
  response_format: z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      strict: z.literal(true),
      schema: z.looseObject({ required: z.array(z.string()) }),
    }),
  }),
  max_completion_tokens: z.int(),
});

/** An OpenAI-compatible provider on loopback whose model reads what the test says. */
export class Provider {
  readonly calls: Call[] = [];
  behaviour: Behaviour;
  #underWay = 0;
  readonly #expected: { calls: number; came: () => void }[] = [];
  /** Calls left without an answer whose client is still there. */
  waiting = 0;
  readonly #server = createServer((incoming, response) => void this.#answer(incoming, response));

  private constructor(behaviour: Behaviour) {
    this.behaviour = behaviour;
  }

  static async start(behaviour: Behaviour): Promise<Provider> {
    const provider = new Provider(behaviour);
    await new Promise<void>((resolve) => provider.#server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  get baseURL(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  /** The real client, pointed here; with its own retries on, as a caller may have them. */
  client(): OpenAI {
    return new OpenAI({ apiKey: 'test', baseURL: this.baseURL, maxRetries: 2 });
  }

  /** Resolves when so many calls have come, all in all. */
  called(calls: number): Promise<void> {
    return new Promise((came) => {
      if (this.calls.length >= calls) came();
      else this.#expected.push({ calls, came });
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = await text(incoming);
    const body = request.parse(JSON.parse(sent));
    const [system, user] = body.messages;
    if (!user.content.isWellFormed()) throw new Error('Half of a surrogate pair was sent');
    const call: Call = {
      answerForm: asksForLines(body.response_format) ? 'lines' : 'objects',
      pages: receivedPages(user.content),
      instruction: system.content,
      maxTokens: body.max_completion_tokens,
      body,
      bytes: Buffer.byteLength(sent),
      startedAt: performance.now(),
      endedAt: undefined,
      concurrent: ++this.#underWay,
      project: projectOf(incoming),
    };
    const index = this.calls.push(call) - 1;
    for (const { calls, came } of this.#expected) if (calls <= this.calls.length) came();
    const keys = call.pages.map((_, position) => `page_${position + 1}`);
    if (keys.join() !== body.response_format.json_schema.schema.required.join()) {
      throw new Error('The schema does not ask for the pages that were sent');
    }
    const delay = this.behaviour.delay?.(call, index) ?? 0;
    if (typeof delay !== 'number') await delay;
    else if (delay > 0) await sleep(delay);
    this.#underWay--;
    call.endedAt = performance.now();
    this.waiting++;
    response.once('close', () => this.waiting--);
    const headers = this.behaviour.headers?.(call, index) ?? {};
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    send(response, call, this.behaviour.read, this.behaviour.fault?.(call, index));
  }
}

function projectOf({ headers }: IncomingMessage): string | undefined {
  const project = headers['openai-project'];
  return typeof project === 'string' ? project : undefined;
}

/** Reads the user message the way the wire format is written down, not the way Quire writes it. */
function receivedPages(message: string): ReceivedPage[] {
  const pages: ReceivedPage[] = [];
  let rest = message;
  for (let number = 1; rest !== ''; number++) {
    const open = /^<page number="(\d+)">\n/.exec(rest);
    const end = rest.indexOf('\n</page>');
    if (!open || end < 0) throw new Error(`Page ${number} of a call is not between its tags`);
    pages.push({ number: Number(open[1]), text: rest.slice(open[0].length, end) });
    rest = rest.slice(end + '\n</page>'.length).replace(/^\n/, '');
  }
  return pages;
}

type Answer = Record<string, { page_number: number; fields: Field[] }>;

function send(response: ServerResponse, call: Call, read: Behaviour['read'], fault: Fault | undefined): void {
  if (fault === 'silence') return;
  if (fault === 'reset') return void response.socket?.resetAndDestroy();
  if (typeof fault === 'object') {
    response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
    const body = fault.body ?? { error: { message: 'made to fail', code: fault.code ?? null } };
    response.end(JSON.stringify(body));
    return;
  }
  if (fault === 'html') {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<html><body>502 Bad Gateway</body></html>');
    return;
  }
  const body = JSON.stringify(envelope(written(answerTo(call, read, fault), call), call, fault));
  if (fault === 'silence in the body') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(body.slice(0, body.length / 2));
    return;
  }
  if (fault === 'reset in the body') {
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.write(body.slice(0, body.length / 2), () => response.socket?.resetAndDestroy());
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(fault === 'cut body' ? body.slice(0, body.length / 2) : body);
}

function answerTo(call: Call, read: Behaviour['read'], fault: Fault | undefined): Answer {
  const parts = call.pages.map((page) => ({ page_number: page.number, fields: read(page, call) }));
  const [first, second] = parts;
  if (fault === 'swapped echo') {
    if (first && second) parts.splice(0, 2, second, first);
    else if (first) first.page_number++;
  }
  if (fault === 'swapped fields' && first && second) {
    [first.fields, second.fields] = [second.fields, first.fields];
  }
  if (fault === 'shifted' && first && second) {
    Object.assign(first, second);
    second.fields = [];
  }
  // Some servers close the JSON of an answer that reached the limit: only finish_reason tells.
  if (fault === 'length') parts.forEach((part) => (part.fields = part.fields.slice(0, -1)));
  if (fault === 'missing page') parts.pop();
  return Object.fromEntries(parts.map((part, index) => [`page_${index + 1}`, part]));
}

/** The answer in the form that the schema asks for. */
function written(answer: Answer, { answerForm }: Call) {
  if (answerForm === 'objects') return answer;
  return Object.fromEntries(
    Object.entries(answer).map(([key, part]) => [
      key,
      { ...part, fields: part.fields.map(({ name, value, confidence }) => `${name}|${value}|${confidence}`) },
    ]),
  );
}

function envelope(answer: object, { bytes }: Call, fault: Fault | undefined) {
  const json = JSON.stringify(answer);
  // As many as a service counts at least, and as the tests of costs reckon with.
  const promptTokens = Math.max(1_000, Math.ceil(bytes / 8));
  const contents: Partial<Record<string, string>> = {
    'truncated json': json.slice(0, -5),
    prose: 'I am sorry, I can only talk about the weather.',
    endless: json + ' '.repeat(200_000 * Object.keys(answer).length),
    'wrong form': JSON.stringify(
      Object.fromEntries(Object.keys(answer).map((key) => [key, { fields: 'none' }])),
    ),
    'empty content': '',
  };
  const finish: Partial<Record<string, string>> = { length: 'length', 'content filter': 'content_filter' };
  const kind = typeof fault === 'string' ? fault : '';
  const refused = kind === 'refusal';
  return {
    id: 'chatcmpl-test',
    object: 'chat.completion',
    created: 0,
    model: 'test-model-2026',
    choices:
      kind === 'no choices'
        ? []
        : [
            {
              index: 0,
              finish_reason: finish[kind] ?? 'stop',
              message: {
                role: 'assistant',
                content: refused ? null : (contents[kind] ?? json),
                refusal: refused ? 'I will not.' : null,
              },
            },
          ],
    ...(kind !== 'no usage' && {
      usage: {
        prompt_tokens: promptTokens,
        completion_tokens: 100,
        total_tokens: promptTokens + 100,
        prompt_tokens_details: { cached_tokens: 200 },
      },
    }),
  };
}
