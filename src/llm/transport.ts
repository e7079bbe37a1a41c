import { types } from 'node:util';
import type { ChatClient } from './client.js';

type Fetch = (...request: Parameters<typeof fetch>) => Promise<Response>;

/** The part of the `openai` client, from version 5 on, by which another can be made that differs in its `fetch`. */
interface DerivableClient extends ChatClient {
  fetch: Fetch;
  withOptions(options: { fetch: Fetch }): ChatClient;
}

const tidied = new WeakMap<ChatClient, ChatClient>();

/**
 * The same client, but that bodies reach it in the form that it understands: it throws away an error that does
 * not stand under `error`, and reads JSON only where it is called JSON and nothing stands before it. A client that
 * was wrapped or changed, so that calls are seen by somebody, is used as it is.
 */
export function withTidyBodies(client: ChatClient): ChatClient {
  const known = tidied.get(client);
  if (known) return known;
  const derived = derive(client) ?? client;
  tidied.set(client, derived);
  return derived;
}

function derive(client: ChatClient): ChatClient | undefined {
  const { fetch, withOptions } = client as Partial<DerivableClient>;
  const isWrapped =
    // Azure's client would forget its version and deployment.
    'apiVersion' in client ||
    types.isProxy(client) ||
    types.isProxy(client.chat) ||
    types.isProxy(client.chat.completions) ||
    Object.hasOwn(client.chat.completions, 'create');
  if (isWrapped || typeof fetch !== 'function' || typeof withOptions !== 'function') return undefined;
  try {
    return withOptions.call(client, { fetch: async (...request) => tidy(await fetch(...request)) });
  } catch {
    // A class of the caller's own may need more to be made.
    return undefined;
  }
}

async function tidy(response: Response): Promise<Response> {
  const body = await response.text();
  if (body === '') return response;
  const json = withoutKeepAlive(body);
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
  const text = response.ok ? json : asError(json);
  const { status, statusText } = response;
  const headers = new Headers([...response.headers]);
  if (!isJson && /^[[{]/.test(text)) headers.set('content-type', 'application/json');
  return new Response(text, { status, statusText, headers });
}

/** What services send so that a connection is not given up: white space, and comments of an event stream. */
function withoutKeepAlive(body: string): string {
  return body.replace(/^(?:\uFEFF|\s|:[^\n]*\n)+/, '');
}

/** With the error where the client looks for it. */
function asError(body: string): string {
  if (body.startsWith('<')) return body;
  try {
    const parsed: unknown = JSON.parse(body);
    return JSON.stringify({ error: parsed });
  } catch {
    return JSON.stringify({ error: { message: body.slice(0, 1_000) } });
  }
}
