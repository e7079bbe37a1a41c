import { types } from 'node:util';
import type { ChatClient } from './client.js';

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** The part of the `openai` client, from version 5 on, by which another can be made that differs in its `fetch`. */
interface DerivableClient extends ChatClient {
  fetch: Fetch;
  withOptions(options: { fetch: Fetch }): ChatClient;
}

const tidied = new WeakMap<ChatClient, ChatClient>();

/**
 * The same client, but that bodies reach it in the form that it understands: it throws away an error that does
 * not stand under `error`, and reads JSON only where it is called JSON and nothing stands before it. A client that
 * was wrapped, changed or derived, so that somebody sees its calls or it knows more than it tells, is used as it is.
 */
export function withTidyBodies(client: ChatClient): ChatClient {
  if (isWrapped(client)) return client;
  const derived = tidied.get(client) ?? derive(client) ?? client;
  tidied.set(client, derived);
  return isAlike(derived, client) ? derived : client;
}

/** Asked before each call: a client may be wrapped after its first one. */
function isWrapped(client: ChatClient): boolean {
  const { chat } = client;
  return (
    // Azure's client would forget its version and deployment.
    'apiVersion' in client ||
    types.isProxy(client) ||
    types.isProxy(chat) ||
    types.isProxy(chat.completions) ||
    Object.hasOwn(chat.completions, 'create') ||
    // A class of the caller's own.
    !Object.hasOwn(Object.getPrototypeOf(client) as object, 'withOptions')
  );
}

/** A key that was renewed, or completions of another class, are known to the caller's client alone. */
function isAlike(derived: ChatClient, client: ChatClient): boolean {
  const [one, other] = [derived, client] as {
    apiKey?: unknown;
    baseURL?: unknown;
    chat: ChatClient['chat'];
  }[];
  return (
    one?.apiKey === other?.apiKey &&
    one?.baseURL === other?.baseURL &&
    one?.chat.constructor === other?.chat.constructor &&
    one?.chat.completions.constructor === other?.chat.completions.constructor
  );
}

function derive(client: ChatClient): ChatClient | undefined {
  const { fetch, withOptions } = client as Partial<DerivableClient>;
  if (typeof fetch !== 'function' || typeof withOptions !== 'function') return undefined;
  return withOptions.call(client, { fetch: async (...request) => tidy(await fetch(...request)) });
}

async function tidy(response: Response): Promise<Response> {
  const body = await response.text();
  const json = withoutKeepAlive(body);
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
  if (response.ok && isJson) return alreadyRead(response, json);
  const text = response.ok ? json : asError(json);
  const { status, statusText } = response;
  const headers = new Headers([...response.headers]);
  if (!isJson && /^[[{]/.test(text)) headers.set('content-type', 'application/json');
  return new Response(text === '' ? null : text, { status, statusText, headers });
}

/** The same response, whose body was read: that of another one would have to be read once more. */
function alreadyRead(response: Response, text: string): Response {
  return Object.assign(response, {
    text: () => Promise.resolve(text),
    json: () => new Promise<unknown>((resolve) => resolve(JSON.parse(text))),
  });
}

/** What services send so that a connection is not given up: white space, and comments of an event stream. */
function withoutKeepAlive(body: string): string {
  let text = body.trimStart();
  while (text.startsWith(':') && text.includes('\n')) text = text.slice(text.indexOf('\n')).trimStart();
  return text;
}

/** With the error where the client looks for it. */
function asError(body: string): string {
  if (body === '' || body.startsWith('<')) return body;
  try {
    const parsed: unknown = JSON.parse(body);
    return JSON.stringify({ error: parsed });
  } catch {
    return JSON.stringify({ error: { message: body.slice(0, 1_000) } });
  }
}
