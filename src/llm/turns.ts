import { ModelFailure } from './failure.js';

/** The room that a call needs within the rate limits of its model. */
export interface Room {
  /** The limits it is room of: calls that need the same do not overtake each other. */
  readonly of: object;
  /**
   * Milliseconds until there is room.
   *
   * @param leaving share of the limits, 0 to 1, that must be left for others
   */
  waitFor(leaving: number): number;
  /** Takes it: the call starts now. */
  take(): void;
  /** The most tokens that the call can use. */
  readonly tokens: number;
  /** Those it has used so far; undefined where that is not known. */
  used(): number | undefined;
}

export const UNLIMITED: Room = {
  of: {},
  waitFor: () => 0,
  take: () => undefined,
  tokens: 0,
  used: () => 0,
};

/** What a call is about, by which trouble of the service is told from trouble of a page. */
export interface Subject {
  /** Numbers of the pages that are asked about. */
  pages: readonly number[];
  /** Milliseconds for which trouble of the whole service is not held against them; 0 for not at all. */
  outagePatienceMs: number;
}

export const NO_SUBJECT: Subject = { pages: [], outagePatienceMs: 0 };

/** Why calls of a document do not start: the service asked to wait, its rate limits are used up, or it is away. */
export type WaitReason = 'asked_to_wait' | 'rate_limit' | 'outage';

/** Told that calls of a document wait, and for how many milliseconds at least. */
export type OnWait = (why: WaitReason, ms: number) => void;

/** Where calls to a model service wait for their turn. */
export interface Queue {
  /**
   * Makes a call as soon as its turn comes. One that fails because the service asks to wait holds back
   * all that have not started yet.
   *
   * @param call gets the signal that ends it
   * @throws what the call throws, a failure marked where it is the whole service's; the signal's reason on
   * abort, at once
   */
  run<T>(
    call: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    room?: Room,
    subject?: Subject,
  ): Promise<T>;
}

/** A document that is kept, and may be lost to another that reads it. */
export interface KeptReading {
  document: string;
  /** Names this reading of it. */
  run: string;
  /** Told once that the document is somebody else's to read, or nobody's: no more call of it starts. */
  onLost: () => void;
}

/** The calls of one document, as they wait beside those of others. */
export interface DocumentQueue extends Queue {
  /** Starts no more calls of this document; those that wait go on waiting until they are aborted. */
  stop(): void;
  /** Resolves when no call of this document is under way. */
  idle(): Promise<void>;
}

/** Why a background call was broken off. */
export class GaveWay extends Error {
  override readonly name = 'GaveWay';
}

/** How long calls are held back by a rate limit that does not say how long, in milliseconds. */
export const UNSPECIFIED_WAIT_MS = 250;

export function isRateLimit(error: unknown): error is ModelFailure {
  return error instanceof ModelFailure && error.reason === 'rate_limited';
}

/** Milliseconds; 0 for a failure that asks for no wait. */
export function waitAskedBy(error: unknown): number {
  if (!(error instanceof ModelFailure)) return 0;
  return error.retryAfterMs ?? (isRateLimit(error) ? UNSPECIFIED_WAIT_MS : 0);
}
