import type { WaitReason } from './turns.js';

/** A call that could start now, were it not for limits that are shared. */
export interface NextCall {
  /** Id of its document, or of what stands for one. */
  document: string;
  /** The reading of a document that is kept; undefined where there is none to lose it. */
  run: string | undefined;
  owner: string;
  /** Milliseconds since it came. */
  waitedMs: number;
  /** The most tokens it can use. */
  tokens: number;
}

/** A service that is away, as those who share its limits tell each other. */
export interface AwayTold {
  /** Milliseconds since it was found. */
  sinceMs: number;
  /** Milliseconds for which calls are held back, from then on. */
  patienceMs: number;
  /** Milliseconds until a call may find out whether it is back. */
  pauseMs: number;
  /** Calls that tried that and failed. */
  failedProbes: number;
}

/** A place that was taken for one call. */
export interface Place {
  id: string;
  /** Whose next call it is for. */
  document: string;
  /** Milliseconds after which the call is to start. */
  waitMs: number;
}

export interface PlaceAnswer {
  /** undefined where there is none now, or others come first. */
  place: Place | undefined;
  /** Milliseconds after which there may be one; 0 where nobody can tell. */
  againMs: number;
  why: WaitReason | undefined;
  /** Documents that were asked for and are somebody else's to read by now, or nobody's. */
  lost: readonly string[];
  away: AwayTold | undefined;
}

/** How a call ended that had a place. */
export interface CallEnding {
  /** Tokens; undefined where they are not known. */
  used: number | undefined;
  isAnswered: boolean;
  /** Milliseconds for which the service asked to start no calls. */
  holdMs: number;
  /** What the call found. */
  away: AwayTold | undefined;
}

/** A call that did not start in its place. */
export const NOT_MADE: CallEnding = { used: 0, isAnswered: false, holdMs: 0, away: undefined };

/** Limits of a model service that hold over more than one queue of calls. No method rejects. */
export interface SharedLimits {
  /**
   * Asks for a place for one of these calls, one for each document.
   *
   * @param next none: nothing waits any more
   * @param leaving share of the places, 0 to 1, that must be left for others, as the calls of all others come
   * first; 0 for calls that somebody waits for
   */
  take(next: readonly NextCall[], leaving: number): Promise<PlaceAnswer>;
  /** Gives a place back. @returns what is known of the service then */
  give(place: Place, ending: CallEnding): Promise<AwayTold | undefined>;
}
