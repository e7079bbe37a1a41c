import { afterEach } from '@jest/globals';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import OpenAI from 'openai';
import { z } from 'zod';
import {
  PageProcessor,
  UsageLedger,
  type AccountRecord,
  type FailureReason,
  type PageEvent,
  type ProcessingPlan,
} from '../../src/index.js';
import type { ResponseFormat } from '../../src/llm/dialect.js';
import { beginAsking } from '../../src/stages/fields.js';
import { asksForLines } from '../asked-form.js';
import type { ReceivedPage } from '../provider.js';

/** Services that speak dialects of Chat Completions. `test/provider.ts` takes the pinned request and no other. */

/** A request as it arrived, in whatever form it asks. */
export interface Call {
  index: number;
  pages: ReceivedPage[];
  instruction: string;
  /** Of the message that holds the instruction. */
  role: 'system' | 'user';
  format: 'json_schema' | 'json_object' | 'none';
  /** Under either of its names. */
  cap: number;
  body: Record<string, unknown>;
  /** As it came over the wire. */
  sent: string;
  /** About as many as its messages are. */
  promptTokens: number;
}

export interface Reply {
  status: number;
  /** A text is sent as it is. */
  body: unknown;
}

/** A field as a model may write it. */
export interface WrittenField {
  name: string;
  value: unknown;
  confidence?: unknown;
}

const request = z.looseObject({
  model: z.string(),
  messages: z.array(z.object({ role: z.enum(['system', 'user']), content: z.string() })).min(1),
  response_format: z.looseObject({ type: z.enum(['json_schema', 'json_object']) }).optional(),
  max_completion_tokens: z.int().optional(),
  max_tokens: z.int().optional(),
});

/** A service on loopback; what its behaviour leaves open it answers well. */
export class Service {
  readonly calls: Call[] = [];
  /** What was answered with an error status, or with an error instead of choices. */
  refused = 0;
  readonly #behave: (call: Call) => Reply | undefined;
  readonly #server = createServer((incoming, response) => void this.#answer(incoming, response));

  private constructor(behave: (call: Call) => Reply | undefined) {
    this.#behave = behave;
  }

  static async start(behave: (call: Call) => Reply | undefined = () => undefined): Promise<Service> {
    const service = new Service(behave);
    await new Promise<void>((resolve) => service.#server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  client(): OpenAI {
    const { port } = this.#server.address() as AddressInfo;
    return new OpenAI({ apiKey: 'test', baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 2 });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body } = this.#replyTo(await text(incoming));
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  #replyTo(sent: string): Reply {
    try {
      const call = received(sent, this.calls.length);
      this.calls.push(call);
      const reply = this.#behave(call) ?? answer(call);
      const isAnswer = isObject(reply.body) && 'choices' in reply.body;
      if (reply.status !== 200 || !isAnswer) this.refused++;
      return reply;
    } catch (error) {
      // A request that no service takes fails the test at once, where silence would be asked again and again.
      return { status: 418, body: { error: { message: `Not understood: ${String(error)}` } } };
    }
  }
}

const started: Service[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.close()));
});

/** A service that is closed when its test is over. */
export async function start(behave?: (call: Call) => Reply | undefined): Promise<Service> {
  const service = await Service.start(behave);
  started.push(service);
  return service;
}

function isObject(body: unknown): body is object {
  return typeof body === 'object' && body !== null;
}

function received(sent: string, index: number): Call {
  const body = request.parse(JSON.parse(sent));
  const message = body.messages.at(-1)?.content ?? '';
  const pages = pagesIn(message);
  const [first] = body.messages;
  const role = first?.role ?? 'user';
  return {
    index,
    pages: pages.list,
    instruction: role === 'system' ? (first?.content ?? '') : message.slice(0, pages.at),
    role,
    format: body.response_format?.type ?? 'none',
    cap: body.max_completion_tokens ?? body.max_tokens ?? Infinity,
    body,
    sent,
    promptTokens: Math.ceil(Buffer.byteLength(JSON.stringify(body.messages)) / 4),
  };
}

/** The last run of pages: an instruction before them may hold a page as its example. */
function pagesIn(message: string): { list: ReceivedPage[]; at: number } {
  const runs = [...message.matchAll(/(?:<page number="\d+">\n(?:(?!<\/?page)[^])*\n<\/page>\s*)+/g)];
  const run = runs.at(-1);
  if (!run) throw new Error('No page came with the request');
  const list = Array.from(
    run[0].matchAll(/<page number="(\d+)">\n([^]*?)\n<\/page>/g),
    ([, number, text = '']) => ({ number: Number(number), text }),
  );
  return { list, at: run.index };
}

/** Lines like "Branch: Main"; one that begins with blanks goes on with the value before it. */
export function valuesOn({ text }: ReceivedPage): WrittenField[] {
  return Array.from(text.matchAll(/^(\S[^:\n]*): (.*(?:\n {2}\S.*)*)/gm), ([, label = '', value = '']) => ({
    name: label.replaceAll(' ', '_'),
    value: value.replace(/\n +/g, '\n'),
    confidence: value === 'T. Okafor' ? 20 : 97,
  }));
}

/** Whether a field is asked for as one text, `name|value|confidence`. */
function isAskedInLines({ body, instruction, format }: Call): boolean {
  return format === 'json_schema' ? asksForLines(body.response_format) : instruction.includes('|');
}

/** The answer's text. What is written as objects is so where lines are asked for, too, if `read` is given. */
export function contentOf(call: Call, read?: (page: ReceivedPage) => WrittenField[]): string {
  const isInLines = !read && isAskedInLines(call);
  const pages = call.pages.map((page) => {
    const fields = (read ?? valuesOn)(page);
    const lines = fields.map(
      ({ name, value, confidence }) => `${name}|${String(value)}|${String(confidence)}`,
    );
    return { page_number: page.number, fields: isInLines ? lines : fields };
  });
  return JSON.stringify(Object.fromEntries(pages.map((page, index) => [`page_${index + 1}`, page])));
}

interface Change {
  content?: string;
  message?: object;
  finish?: string | null;
  /** Beside the message. */
  choice?: object;
  usage?: object;
}

export function answer(call: Call, change: Change = {}): Reply {
  const { content = contentOf(call), message = { content }, finish = 'stop', choice, usage } = change;
  const counted = { prompt_tokens: call.promptTokens, completion_tokens: 100, ...usage };
  return {
    status: 200,
    body: {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 0,
      model: 'test-model',
      choices: [{ index: 0, finish_reason: finish, message: { role: 'assistant', ...message }, ...choice }],
      usage: { ...counted, total_tokens: counted.prompt_tokens + counted.completion_tokens },
    },
  };
}

/** Six pages of one account, with a value of two lines, an amount, a list and a holder who is none. */
export const DOCUMENT: ReadonlyMap<number, string> = new Map(
  [
    'Account Number: 40011234\nAccount Holders: Ada Marlow\nAccount Type: Savings',
    'Branch: Harbor Street\nOpened By: J. Cole\nReference Number: #5521',
    'Opening Balance: 1,204.50\nInterest Rate: 2.15%\nPaperless: true',
    'Mailing Address: 12 Quay Lane\n  Ferrow Point\nPhone Number: 555-0134',
    'Account Holders: T. Okafor\nStamp Date: 04/02/2019',
    'Verified By: M. Lund\nSupporting Documents: Passport, Utility bill',
  ].map((text, index) => [index + 1, text]),
);

export const SINGLE: ProcessingPlan = { path: 'single-page' };
export const BATCH: ProcessingPlan = { path: 'batch', batchSize: 2, maxWorkers: 3 };

/** The plans, with how many calls the document takes and how many of them run at once. */
export const PLANS = [
  { name: 'page by page', plan: SINGLE, calls: 6, workers: 1 },
  { name: 'in batches 2x3', plan: BATCH, calls: 3, workers: 3 },
] as const;

/** What came of a document. */
interface Outcome {
  record: AccountRecord | null;
  /** Why each page that failed did, by its number. */
  failed: Record<string, FailureReason>;
  events: PageEvent[];
}

interface HowToRead {
  plan: ProcessingPlan;
  texts?: ReadonlyMap<number, string>;
  pageAttempts?: number;
  requestDefaults?: Record<string, unknown>;
  responseFormat?: ResponseFormat | undefined;
  client?: OpenAI;
}

/** Reads the pages as those of one account. */
export async function read(
  service: Service,
  {
    plan,
    texts = DOCUMENT,
    pageAttempts = 6,
    requestDefaults = {},
    responseFormat,
    client = service.client(),
  }: HowToRead,
): Promise<Outcome> {
  const model = {
    client,
    name: 'test-model',
    timeoutMs: 30_000,
    outagePatienceMs: 600_000,
    requestDefaults,
    responseFormat,
    budget: { input: 128_000, output: 40_000 },
  };
  const events: PageEvent[] = [];
  const reading = {
    plan,
    signal: new AbortController().signal,
    usage: new UsageLedger({}),
    emit: (event: PageEvent) => void events.push(event),
  };
  const processor = new PageProcessor({ model, pageAttempts });
  const accounts = [{ accountNumber: '40011234', pages: [...texts.keys()] }];
  const asking = beginAsking(processor, reading, () => undefined);
  const [result] = await asking.finish(accounts, texts);
  if (!result) throw new Error('No account came back');
  const failed = Object.fromEntries(result.failedPages.map(({ page, reason }) => [page, reason]));
  return { record: result.record, failed, events };
}

/** All pages of a document failed for one reason. */
export function allFailed(
  reason: string,
  texts: ReadonlyMap<number, string> = DOCUMENT,
): Record<string, string> {
  return Object.fromEntries([...texts.keys()].map((page) => [page, reason]));
}

/** What a service without a dialect makes of a document, page by page. */
export async function rightRecord(texts = DOCUMENT): Promise<AccountRecord | null> {
  const service = await Service.start();
  try {
    return (await read(service, { plan: SINGLE, texts })).record;
  } finally {
    await service.close();
  }
}
