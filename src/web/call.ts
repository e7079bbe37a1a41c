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
  'It is not known who you are; your session may have ended. Sign in again in another tab, then go on here.';

/**
 * Asks a route and reads its JSON.
 *
 * @param path below where the pages are mounted, like `api/documents`
 * @throws {CallError} when it was not done; the signal's reason on abort
 */
export async function call<Answer>(path: string, options: RequestInit = {}): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(addressOf(path), { credentials: 'same-origin', ...options });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new CallError('The server cannot be reached. Check the connection, then try again.', 0);
  }
  const body = (await response.json().catch(() => null)) as { success?: boolean; message?: string } | null;
  if (response.ok && body !== null && body.success !== false) return body as Answer;
  const wait = Number(response.headers.get('retry-after') ?? Number.NaN);
  // An app may answer with its page to sign in, whatever was asked for.
  const isSignedOut = body === null ? response.ok : response.status === 401 && !path.startsWith('ops/');
  const message = isSignedOut ? SIGNED_OUT : body?.message;
  throw new CallError(
    message ?? `The server answered with an error (${response.status}).`,
    response.status,
    Number.isFinite(wait) ? wait : undefined,
    body,
  );
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
