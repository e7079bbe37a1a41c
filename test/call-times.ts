import type { Call } from './provider.js';

type Times = Pick<Call, 'startedAt' | 'endedAt'>;

/** The most of some moments that are within any window of so many milliseconds, wherever it begins. */
export function mostWithin(moments: readonly number[], windowMs: number): number {
  const starts = moments.toSorted((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [index, start] of starts.entries()) {
    while (start - (starts[first] ?? start) >= windowMs) first++;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

/** The most calls that were under way at one moment; one that comes as another ends is not beside it. */
export function mostUnderWay(calls: readonly Times[]): number {
  const changes = calls
    .flatMap(({ startedAt, endedAt = Infinity }) => [
      { at: startedAt, by: 1 },
      { at: endedAt, by: -1 },
    ])
    .sort((a, b) => a.at - b.at || a.by - b.by);
  let underWay = 0;
  let most = 0;
  for (const { by } of changes) {
    underWay += by;
    most = Math.max(most, underWay);
  }
  return most;
}
