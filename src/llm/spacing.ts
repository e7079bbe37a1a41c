/** How calls are spaced within limits a minute. `quire.take` does the same over all replicas (`store/calls-schema.ts`). */

const MINUTE_MS = 60_000;

/**
 * Share of a limit a minute that is used. A service may count over windows of two seconds, and calls reach it a
 * little sooner or later than they start: so a window of 2 s holds no more than its part of the limit, and a minute
 * at most 97 % of it, for limits of 25 a minute and more.
 */
const USED_SHARE = 0.93;

/** A call gets its place so many milliseconds ahead at most: the later, the better the choice of the call. */
export const LOOK_AHEAD_MS = 250;

/** Milliseconds from one call, or one token of a call, to the next within a limit a minute; null for no limit. */
export function callMs(perMinute: number | undefined): number | null {
  return perMinute === undefined ? null : MINUTE_MS / (USED_SHARE * perMinute);
}
