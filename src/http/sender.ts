import { createHash } from 'node:crypto';
import { ipKeyGenerator } from 'express-rate-limit';
import { z } from 'zod';
import { loggable, type Logger } from '../logger.js';
import type { FlagContext } from '../rollout/flags.js';
import { firstCodePoints } from '../text.js';
import type { HostRequest } from './host-request.js';

/**
 * What names a user, a session or an owner: text that is not empty and holds neither NUL nor half of a
 * surrogate pair, a finite number, a bigint, or an id of MongoDB (`toHexString()`).
 */
export type Id = string | number | bigint | { toHexString(): string };

/** Who sends a request, as the app tells it. */
export interface Identity {
  /** Whose the documents are: nobody else sees them. Default: `userId`, or else `sessionId`. */
  owner?: Id | undefined;
  userId?: Id | undefined;
  sessionId?: Id | undefined;
  /**
   * Whether nobody has signed in: anybody can have any number of sessions, so what one sender may use goes by
   * the address then. Default: whether there is neither `owner` nor `userId`.
   */
  anonymous?: boolean | undefined;
  /** What other people who work on the same document see; kept with what this one corrects. Default: `userId`. */
  displayName?: string | undefined;
  /** For the flags' constraints. `pageCount` is added. */
  properties?: FlagContext['properties'];
}

/** Tells who sends a request, for access to documents and for the flags' stickiness and constraints. */
export type Identify = {
  // A method, so that its request may also be typed as Express's own, or as one of the app's.
  identify(request: HostRequest): Identity | Promise<Identity>;
}['identify'];

/** Who sends a request, checked. */
export interface KnownSender extends FlagContext {
  /** The owner's key in the store: an id of a user is never one of a session. */
  owner: string;
  /** Whose shares and bounds its documents use, where that is not the owner. */
  fairAs: string | undefined;
  /** Whose bound its uploads use while they arrive: of a session that nobody has brought before, the address. */
  arrivesAs: string;
  /** For other people to see. */
  displayName: string | undefined;
}

/** Thrown where it is not known who sends a request; the log tells why. */
export class UnknownSenderError extends Error {
  override readonly name = 'UnknownSenderError';

  /** @param status of the answer: 401 for a request that names nobody for sure, 500 where the app's `identify` failed */
  constructor(readonly status: 401 | 500) {
    super(
      status === 401 ? 'It is not known who sends this request' : 'Finding out who sends this request failed',
    );
  }
}

/** What the app says of an id that names nobody for sure. Never holds the value. */
class UnusableId extends Error {
  constructor(
    /** Where it was found, like `req.user.id`. */
    readonly where: string,
    /** What kind of value it is. */
    readonly came: string,
  ) {
    super(`${where} is ${came}`);
  }
}

/**
 * Finds out who sends a request. Nobody is taken for somebody else: what does not name a user for sure is
 * refused, and told in the log once for each kind.
 */
export class Senders {
  readonly #identify: Identify | undefined;
  readonly #allowAnonymous: boolean;
  readonly #logger: Logger;
  readonly #told = new Set<string>();
  readonly #known = new WeakMap<HostRequest, Promise<KnownSender>>();
  readonly #forms = new Map<string, NumberForm>();

  /** @param identify the app's own. Default: what login and session middleware leave on a request */
  constructor(identify: Identify | undefined, allowAnonymous: boolean, logger: Logger) {
    this.#identify = identify;
    this.#allowAnonymous = allowAnonymous;
    this.#logger = logger;
  }

  /**
   * Asks the app once a request.
   *
   * @throws {UnknownSenderError} when nobody can be named for sure
   */
  of(request: HostRequest): Promise<KnownSender> {
    const known = this.#known.get(request) ?? this.#find(request);
    this.#known.set(request, known);
    return known;
  }

  async #find(request: HostRequest): Promise<KnownSender> {
    try {
      const { properties, anonymous, displayName, ...ids } = await this.#asked(request);
      const userId = this.#text('userId', ids.userId);
      const sessionId = this.#text('sessionId', ids.sessionId);
      const named = this.#text('owner', ids.owner);
      const owner = this.#ownerKey(named, userId, sessionId);
      const isAnonymous = anonymous ?? (named === undefined && userId === undefined);
      const fairAs = isAnonymous ? addressKey(request) : undefined;
      const arrivesAs = isBrought(request, named ?? sessionId) ? owner : (fairAs ?? owner);
      return {
        owner,
        userId,
        sessionId,
        fairAs,
        arrivesAs,
        displayName: shown(displayName) ?? userId,
        properties: this.#usable(properties),
      };
    } catch (error) {
      if (!(error instanceof UnusableId)) throw error;
      const { where, came } = error;
      this.#refuse(`${where} ${came}`, { where, came }, 'a request was refused: its sender has no usable id');
      throw new UnknownSenderError(401);
    }
  }

  async #asked(request: HostRequest): Promise<Identity> {
    if (!this.#identify) return signedIn(request);
    try {
      return checked(await this.#identify(request));
    } catch (error) {
      if (error instanceof UnusableId) throw error;
      const fields = loggable(error);
      this.#tell(`identify failed: ${fields.error}`, fields, 'requests are refused: identify failed');
      throw new UnknownSenderError(500);
    }
  }

  #ownerKey(owner: string | undefined, userId: string | undefined, sessionId: string | undefined): string {
    if (owner !== undefined) return `owner:${owner}`;
    if (userId !== undefined) return userKey(userId);
    if (sessionId !== undefined) return `session:${sessionId}`;
    if (this.#allowAnonymous) return NOBODY;
    this.#refuse('nobody', {}, 'a request was refused: it names nobody');
    throw new UnknownSenderError(401);
  }

  /** Properties decide over flags alone: those that cannot be kept are left out, and nobody is refused. */
  #usable(properties: unknown): FlagContext['properties'] {
    if (properties === undefined) return undefined;
    const given = z.record(z.string(), z.unknown()).safeParse(properties).data ?? {};
    const entries = Object.entries(given).filter(
      (entry): entry is [string, string | number] => property.safeParse(entry[1]).success,
    );
    if (entries.length < Object.keys(Object(properties) as object).length) {
      this.#tell(
        'properties',
        {},
        'properties of a sender were left out: they must be texts or finite numbers',
      );
    }
    return Object.fromEntries(entries);
  }

  #text(name: 'owner' | 'userId' | 'sessionId', id: Id | undefined): string | undefined {
    if (id === undefined) return undefined;
    const text = textOf(name, id);
    // 1 and "1" have one key, so an app that gives both could mean two users, or one.
    if (!/^-?\d+(?:\.\d+)?(?:e[+-]\d+)?$/.test(text)) return text;
    const form = typeof id === 'string' ? 'text' : 'a number';
    const usual = this.#forms.get(name) ?? form;
    this.#forms.set(name, usual);
    if (form !== usual) throw new UnusableId(name, `${form}, where it was ${usual} before`);
    return text;
  }

  #refuse(kind: string, fields: object, message: string): void {
    this.#tell(kind, { ...fields, what_to_do: WHAT_TO_DO }, message);
  }

  #tell(kind: string, fields: object, message: string): void {
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#logger.warn(fields, message);
  }
}

/** The owner's key of all requests that name nobody. */
export const NOBODY = 'nobody';

const LONGEST_NAME = 100;

function shown(displayName: unknown): string | undefined {
  if (typeof displayName !== 'string' || displayName.trim() === '') return undefined;
  return firstCodePoints(displayName.toWellFormed().replaceAll('\0', ''), LONGEST_NAME);
}

/** The owner's key of a user. */
export function userKey(userId: string): string {
  return `user:${userId}`;
}

/** Whether a request comes with a session, as it does with a cookie that holds its id. */
function isBrought({ headers }: HostRequest, session: string | undefined): boolean {
  return session !== undefined && Object.values(headers).some((header) => header?.includes(session));
}

const property = z.union([z.string(), z.number()]);

type NumberForm = 'text' | 'a number';

const WHAT_TO_DO =
  'give router({ identify }) that returns { userId } as text or a number, or set req.user with an id, sub or _id; router({ allowAnonymous: true }) lets requests that name nobody share their documents';

/** Of a user, the first of these that is there. */
const USER_IDS = ['id', 'sub', '_id'] as const;

const middlewareTraces = z.object({ user: z.unknown(), sessionID: z.unknown() }).partial();

/** What login and session middleware leave on a request. */
function signedIn(request: HostRequest): Identity {
  const { user, sessionID } = middlewareTraces.parse(request);
  const sessionId = typeof sessionID === 'string' ? sessionID : undefined;
  if (user === undefined || user === null) return { sessionId };
  const ids = user as Partial<Record<(typeof USER_IDS)[number], Id | null>>;
  // Text has members of these names, too.
  const name =
    typeof user === 'object' && USER_IDS.find((key) => ids[key] !== undefined && ids[key] !== null);
  if (!name) throw new UnusableId('req.user', `${kindOf(user)} without ${USER_IDS.join(', ')}`);
  const userId = ids[name] ?? undefined;
  // Looked at here, so that the log names the place.
  textOf(`req.user.${name}`, userId);
  return { userId, sessionId };
}

/** Names the address a request comes from, of IPv6 its network, and keeps neither. */
function addressKey(request: HostRequest): string {
  // Express's own, which knows which proxies the app trusts.
  const { ip } = request as { ip?: string | undefined };
  const address = ipKeyGenerator(ip ?? request.socket.remoteAddress ?? '');
  return `address:${createHash('sha256').update(address).digest('base64url')}`;
}

function checked(answer: unknown): Identity {
  if (typeof answer === 'object' && answer !== null) return answer;
  throw new UnusableId('what identify returns', kindOf(answer));
}

function textOf(where: string, id: unknown): string {
  const text = isObjectId(id) ? id.toHexString() : id;
  if (typeof text === 'bigint') return String(text);
  if (typeof text === 'number' && isExact(text)) return String(text);
  if (typeof text !== 'string') throw new UnusableId(where, kindOf(id));
  if (text.trim() === '') throw new UnusableId(where, 'empty text');
  if (text.includes('\0')) throw new UnusableId(where, 'text with NUL');
  if (!text.isWellFormed()) throw new UnusableId(where, 'text with half of a surrogate pair');
  return text;
}

/** From 2^53 on, ids of two users can be one number. */
function isExact(id: number): boolean {
  return Number.isFinite(id) && (!Number.isInteger(id) || Number.isSafeInteger(id));
}

function isObjectId(id: unknown): id is { toHexString(): unknown } {
  return typeof (id as { toHexString?: unknown } | null | undefined)?.toHexString === 'function';
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Number.isFinite(value)) return 'a number that is too large to be exact';
  if (typeof value === 'number') return 'a number that is not finite';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
