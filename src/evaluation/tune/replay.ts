import { makespan } from '../../processor/schedule.js';
import type { TimedCall } from '../trials.js';

/** From the first start of a call to the last end, in milliseconds; 0 without calls. */
export function measuredMs(calls: readonly TimedCall[]): number {
  const [first] = calls;
  if (!first) return 0;
  return Math.max(...calls.map(({ startedAt, ms }) => startedAt + ms)) - first.startedAt;
}

/**
 * How long the same calls would take with fewer at once. Waits between two attempts, or for room within a
 * rate limit, fall to fewer workers too, so that it is never less than was measured with the most.
 *
 * @param calls of a run, in the order of their starts
 * @param workers calls at once, from 1
 * @returns milliseconds
 */
export function replayedMs(calls: readonly TimedCall[], workers: number): number {
  const durations = calls.map(({ ms }) => ms);
  return Math.max(measuredMs(calls), makespan(durations, workers));
}
