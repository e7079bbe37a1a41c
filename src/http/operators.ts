import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import { loggable, type Logger } from '../logger.js';
import type { HostRequest } from './host-request.js';
import type { IsOperator } from './is-operator.js';
import { keepNowhere } from './not-kept.js';
import { requireOwnOrigin } from './same-origin.js';
import { UnknownSenderError } from './sender.js';

export interface OperatorRules {
  /** The setting `OPS_TOKEN`. */
  token: string | undefined;
  /** Default: the app lets nobody in. */
  isOperator?: IsOperator | undefined;
  /** Origins whose pages may act, beside the app's own. */
  allowOrigins?: readonly string[] | undefined;
  logger: Logger;
  /** Milliseconds since 1970: a session outlives the process. Default: the system's. */
  now?: (() => number) | undefined;
}

/** What lets a request in. */
type LetInBy = 'token' | 'machine' | 'session' | 'app';

/** The cookie of whoever has typed in the token. */
export const SESSION_COOKIE = 'quire_ops';
/** Milliseconds that it holds. */
export const SESSION_MS = 30 * 60_000;

/** A token that is a sentence has spaces in it. */
const BEARER = /^bearer (.*)$/i;
const LOOPBACK = /^(?:::1|(?:::ffff:)?127\.\d+\.\d+\.\d+)$/;
/** What a browser on this machine calls it; any other name may be one that somebody else points here. */
const LOOPBACK_HOST = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i;
/** A proxy on this machine passes on what comes from elsewhere. */
const PROXIED = /^(?:forwarded|x-forwarded-.*|x-real-ip|via)$/;

/**
 * Who may see and do what is for ops: who brings the token (`Authorization: Bearer ...`) or has typed it in, and whom
 * the app lets; without a token, this machine itself.
 */
export class Operators {
  readonly #rules: OperatorRules;
  readonly #now: () => number;

  constructor(rules: OperatorRules) {
    this.#rules = rules;
    this.#now = rules.now ?? Date.now;
  }

  /** Whether there is a token that can be typed in. */
  get hasToken(): boolean {
    return this.#rules.token !== undefined;
  }

  /** Lets through only them; what acts, from the app's own pages alone, where the browser itself brings what lets in. */
  get require(): RequestHandler {
    const ownOrigin = requireOwnOrigin(this.#rules.allowOrigins ?? []);
    const thisMachine = requireOwnOrigin([]);
    return async (request, response, next) => {
      keepNowhere(response);
      const by = await this.#letInBy(request);
      if (by === undefined) {
        response.set('WWW-Authenticate', 'Bearer');
        response.status(401).json({ success: false, message: 'This needs the token of ops' });
        return;
      }
      // Browsers send no such token by themselves.
      if (by === 'token' || !changesSomething(request)) return next();
      return (by === 'machine' ? thisMachine : ownOrigin)(request, response, next);
    };
  }

  /** Whether a request is let in; where the app's rule fails, it is not. */
  async includes(request: Request): Promise<boolean> {
    return (await this.#letInBy(request).catch(() => undefined)) !== undefined;
  }

  /** The same without asking the app: probes of a platform must be answered, whatever the app does meanwhile. */
  includesUnasked(request: IncomingMessage): boolean {
    return this.#ownRule(request) !== undefined;
  }

  /** Whether a text is the token. */
  isToken(given: string): boolean {
    const { token } = this.#rules;
    return token !== undefined && timingSafeEqual(digest(given), digest(token));
  }

  /** The value of the cookie that lets in from now on, for {@link SESSION_MS}. */
  newSession(): string {
    const expiry = String(this.#now() + SESSION_MS);
    return `${expiry}.${this.#signature(expiry)}`;
  }

  async #letInBy(request: HostRequest): Promise<LetInBy | undefined> {
    return this.#ownRule(request) ?? ((await this.#isLetByApp(request)) ? 'app' : undefined);
  }

  #ownRule(request: IncomingMessage): LetInBy | undefined {
    if (!this.hasToken) return isLocal(request) ? 'machine' : undefined;
    if (this.#bringsToken(request)) return 'token';
    return this.#hasSession(request) ? 'session' : undefined;
  }

  async #isLetByApp(request: HostRequest): Promise<boolean> {
    try {
      // Anything but `true` may be an oversight.
      return z.literal(true).safeParse(await this.#rules.isOperator?.(request)).success;
    } catch (error) {
      this.#rules.logger.warn(loggable(error), 'a request was refused: isOperator failed');
      throw new UnknownSenderError(500);
    }
  }

  #bringsToken({ headers }: IncomingMessage): boolean {
    const [, given] = BEARER.exec(headers.authorization ?? '') ?? [];
    return given !== undefined && this.isToken(given);
  }

  #hasSession({ headers }: IncomingMessage): boolean {
    return cookies(headers.cookie, SESSION_COOKIE).some((value) => {
      const [expiry = '', signature = ''] = value.split('.');
      // Signed by whoever has the token: another token has made it worth nothing.
      const isOurs = timingSafeEqual(digest(signature), digest(this.#signature(expiry)));
      return isOurs && this.#now() < Number(expiry);
    });
  }

  #signature(expiry: string): string {
    const key = createHmac('sha256', this.#rules.token ?? '')
      .update('quire: session of ops')
      .digest();
    return createHmac('sha256', key).update(expiry).digest('base64url');
  }
}

/** Neither an address nor a host that a proxy tells of counts, whatever the app trusts. */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  return (
    LOOPBACK.test(socket.remoteAddress ?? '') &&
    LOOPBACK_HOST.test(headers.host ?? '') &&
    !Object.keys(headers).some((header) => PROXIED.test(header))
  );
}

/** All of the name: a browser may have one for each of several paths. */
function cookies(header: string | undefined, name: string): string[] {
  return (header ?? '').split(';').flatMap((pair) => {
    const [given = '', value = ''] = pair.split('=');
    return given.trim() === name ? [value.trim()] : [];
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function changesSomething({ method }: IncomingMessage): boolean {
  return method !== 'GET' && method !== 'HEAD';
}
