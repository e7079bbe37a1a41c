import { addressOf } from './place.js';

/** Why a request was not done, in a sentence for the person at the page. */
export class CallError extends Error {
  override readonly name = 'CallError';

  constructor(
    message: string,
    /** Of the answer; 0 where there was none. */
    readonly status: number,
    /** Seconds until it may be tried again, where the server says so. */
    readonly retryAfterS?: number,
    /** The JSON of the answer, where it had any. */
    readonly answer?: unknown,
  ) {
    super(message);
  }
}

const SIGNED_OUT =
  'You are not signed in any more. Sign in again, in another tab if you like, then try again.';

/**
 * Asks a route and reads its JSON.
 *
 * @param path below where the pages are mounted, like `api/documents`
 * @throws {CallError} when it was not done; the signal's reason on abort
 */
export async function call<Answer>(path: string, options: RequestInit = {}): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(addressOf(path), { credentials: 'same-origin', redirect: 'manual', ...options });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new CallError('The server cannot be reached. Check the connection, then try again.', 0);
  }
  // No route leads elsewhere: it is the app's sign-in that does. What operators are told is about their token.
  const isSignedOut = response.status === 401 && !path.startsWith('ops/');
  if (isSignedOut || response.type === 'opaqueredirect') throw new CallError(SIGNED_OUT, 401);
  const body = (await response.json().catch(() => null)) as { success?: boolean; message?: string } | null;
  if (response.ok && body !== null && body.success !== false) return body as Answer;
  const { status } = response;
  throw new CallError(
    body?.message ?? withoutMessage(status),
    status,
    retryAfterOf(response.headers.get('retry-after')),
    body,
  );
}

/** Of an answer that is not a route's: of a proxy, or of what the app has before its routes. */
function withoutMessage(status: number): string {
  switch (status) {
    case 200:
      return 'The server’s answer cannot be read. You may have to sign in again: load this page anew.';
    case 429:
      return 'The server takes no more requests for now.';
    case 502:
    case 503:
    case 504:
      return `The server is away for the moment (${status}).`;
    default:
      return `The server answered with an error (${status}).`;
  }
}

const LONGEST_WAIT_S = 3_600;

/** Seconds to wait, as an answer says: one at least, because some say none, and an hour at most. */
export function retryAfterOf(header: string | null): number | undefined {
  if (!header) return undefined;
  const seconds = /^\d+$/.test(header)
    ? Number(header)
    : Math.ceil((Date.parse(header) - Date.now()) / 1_000);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 1), LONGEST_WAIT_S);
}

const AGAIN_S = 5;

/** How long to wait until it may be done after all; undefined where trying again by itself is of no use. */
export function waitMs({ status, retryAfterS = AGAIN_S }: CallError): number | undefined {
  return status === 0 || status === 429 || status >= 500 ? retryAfterS * 1_000 : undefined;
}

/** Of a request that the page repeats by itself: says so. */
export function repeated({ message, status, retryAfterS }: CallError): CallError {
  const says =
    status === 0
      ? 'The server cannot be reached. Check the connection; this page tries again by itself.'
      : `${message.replace(/\.?$/, '.')} This page tries again by itself.`;
  return new CallError(says, status, retryAfterS);
}

/** Has a route do something, with what it needs as JSON. */
export function post<Answer>(
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const isSent = body !== undefined;
  return call<Answer>(path, {
    method: 'POST',
    headers: { ...(isSent && { 'Content-Type': 'application/json' }), ...headers },
    ...(isSent && { body: JSON.stringify(body) }),
  });
}
