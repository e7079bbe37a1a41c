import { isHeaderSource, type HeaderSource } from './rate-limits.js';
import type { AnswerFormat } from './wire.js';

/**
 * The part of an OpenAI client that is used: those of the package `openai` from version 4 on have it, and
 * so have `AzureOpenAI` and clients wrapped around one.
 */
export interface ChatClient {
  chat: { completions: { create(request: ChatRequest, options: ChatRequestOptions): PromiseLike<unknown> } };
}

/** The body of one call; `LLM_REQUEST_DEFAULTS` may add to it. */
export interface ChatRequest {
  model: string;
  messages: { role: 'system' | 'user'; content: string }[];
  /** Not for a service that takes none. */
  response_format?: AnswerFormat | { type: 'json_object' };
  stream: false;
  /** One of the two, as the service takes it. */
  max_completion_tokens?: number;
  max_tokens?: number;
}

/** How one call is made. */
export interface ChatRequestOptions {
  maxRetries: number;
  /** Milliseconds. */
  timeout: number;
  signal: AbortSignal;
}

/** The client's promise can tell the headers; that of a wrapped client may be an ordinary one. */
interface ClientPromise extends PromiseLike<unknown> {
  withResponse?(): Promise<{ data: unknown; response?: { headers?: unknown } }>;
}

/** What came back of a call, and its headers where they can be told. */
export async function withHeaders(
  answer: ClientPromise,
): Promise<{ envelope: unknown; headers?: HeaderSource }> {
  const both = await answer.withResponse?.();
  if (!both) return { envelope: await answer };
  const headers = both.response?.headers;
  return { envelope: both.data, ...(isHeaderSource(headers) && { headers }) };
}
