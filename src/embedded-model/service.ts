import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { readLabelledValues } from './rules.js';
import type { Field } from '../llm/wire.js';

/** What people are shown where a model is named. */
export const EMBEDDED_MODEL_NAME = 'embedded model (rules, for trying out)';
/** The `model` of requests to it. */
export const EMBEDDED_MODEL_ID = 'embedded-rules';

const PATH = '/v1/chat/completions';
/** Milliseconds that a connection may rest. */
const KEEP_ALIVE_MS = 65_000;
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** A running embedded model. */
export interface EmbeddedModel {
  /** What the `openai` client takes as `baseURL`, such as `http://127.0.0.1:40123/v1`. */
  baseURL: string;
  close(): Promise<void>;
}

/**
 * Starts an OpenAI-compatible endpoint on loopback that reads labelled values by rule, so that the
 * module works without a key and through the same client as with one. The same pages get the same
 * answer, alone or together. It never keeps the process alive.
 */
export async function startEmbeddedModel(): Promise<EmbeddedModel> {
  const server = createServer((request, response) => {
    void handle(request, response);
  });
  // The client's side of a call in flight keeps the process alive; this side need not.
  server.on('connection', (socket) => socket.unref());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Longer than clients keep a connection: a call sent on one that is being closed would be lost.
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a TCP port, got none');
  return {
    baseURL: `http://127.0.0.1:${address.port}/v1`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    if (new URL(request.url ?? '/', 'http://loopback').pathname !== PATH) {
      throw new BadCall(404, `expected the path ${PATH}, got ${request.url ?? ''}`);
    }
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      throw new BadCall(405, `expected the method POST, got ${request.method ?? ''}`);
    }
    send(response, 200, complete(await readBody(request)));
  } catch (error) {
    if (response.destroyed) return;
    const bad = error instanceof BadCall ? error : new BadCall(500, 'the embedded model failed');
    // What is left of the body is not read, so the connection cannot carry another call.
    if (!request.complete) response.setHeader('connection', 'close');
    send(response, bad.status, {
      error: {
        message: bad.message,
        type: bad.status < 500 ? 'invalid_request_error' : 'server_error',
        param: null,
        code: null,
      },
    });
  }
}

class BadCall extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new BadCall(413, `expected a body of at most ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const textParts = z.array(z.object({ type: z.literal('text'), text: z.string() }));
const chatRequest = z.object({
  model: z.string(),
  messages: z
    .array(
      z.object({
        role: z.enum(['system', 'developer', 'user', 'assistant']),
        content: z.union([
          z.string(),
          textParts.transform((parts) => parts.map(({ text }) => text).join('')),
        ]),
      }),
    )
    .min(1),
  stream: z.literal(false).nullish(),
  response_format: z.unknown().optional(),
});

/** Of the first page's fields; those of the others are in the same form. */
const asksForLines = z.object({
  json_schema: z.object({
    schema: z.object({
      properties: z.object({
        page_1: z.object({
          properties: z.object({ fields: z.object({ items: z.object({ type: z.literal('string') }) }) }),
        }),
      }),
    }),
  }),
});

function complete(body: string) {
  const parsed = chatRequest.safeParse(parseJson(body));
  if (!parsed.success) throw new BadCall(400, z.prettifyError(parsed.error));
  const { model, messages, response_format: format } = parsed.data;
  const asked = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  const content = JSON.stringify(answerPages(asked, asksForLines.safeParse(format).success));
  const promptTokens = messages.reduce((sum, message) => sum + tokensOf(message.content), 0);
  const completionTokens = tokensOf(content);
  return {
    id: 'chatcmpl-embedded',
    object: 'chat.completion',
    created: 0,
    model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
      prompt_tokens_details: { cached_tokens: 0 },
    },
  };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new BadCall(400, 'expected a JSON body');
  }
}

function answerPages(message: string, asLines: boolean) {
  const pages = pagesOf(message);
  if (pages.length === 0) throw new BadCall(400, 'expected pages as <page number="7"> ... </page>, got none');
  return Object.fromEntries(
    pages.map(({ number, text }, index) => [
      `page_${index + 1}`,
      {
        page_number: number,
        fields: readLabelledValues(text).map((field) => (asLines ? lineOf(field) : field)),
      },
    ]),
  );
}

function lineOf({ name, value, confidence }: Field): string {
  return `${name}|${value}|${confidence}`;
}

/** Page texts hold no tags of their own (DESIGN, Wire format), so the first end tag ends the page. */
function pagesOf(message: string): { number: number; text: string }[] {
  const end = '\n</page>';
  const pages: { number: number; text: string }[] = [];
  const start = /<page number="(\d{1,9})">\n/g;
  for (let match = start.exec(message); match !== null; match = start.exec(message)) {
    const close = message.indexOf(end, start.lastIndex);
    if (close === -1) throw new BadCall(400, `expected </page> after page ${match[1] ?? ''}, got none`);
    pages.push({ number: Number(match[1]), text: message.slice(start.lastIndex, close) });
    start.lastIndex = close + end.length;
  }
  return pages;
}

/** An estimate, the same for the same text: four bytes of UTF-8 are about one token. */
function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}
