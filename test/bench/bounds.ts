import type { JournalEntry, Limits } from './provider-model.js';

/**
 * The least time in which these calls could have been made, in milliseconds, whatever the order.
 *
 * @param durations of the calls
 */
export function lowerBounds(
  durations: readonly number[],
  workers: number,
): { divisible: number; whole: number } {
  const sorted = [...durations].sort((a, b) => b - a);
  const longest = sorted[0] ?? 0;
  const divisible = Math.max(longest, sum(sorted) / workers);
  // Of the `rounds x workers + 1` longest calls, one worker has to make `rounds + 1`.
  let whole = divisible;
  for (let rounds = 1; rounds * workers < sorted.length; rounds++) {
    whole = Math.max(whole, sum(sorted.slice(rounds * workers - rounds, rounds * workers + 1)));
  }
  return { divisible, whole };
}

/** When the last call can have been let through by buckets that were full at the start, in milliseconds. */
export function rateBound(calls: readonly JournalEntry[], limits: Limits): number {
  const tokens = sum(calls.map(({ promptTokens, completionTokens }) => promptTokens + completionTokens));
  const over = (used: number, limit: number) => ((used - limit) / limit) * limits.minuteMs;
  return Math.max(0, over(calls.length, limits.requestsPerMinute), over(tokens, limits.tokensPerMinute));
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
