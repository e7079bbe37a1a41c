/**
 * How long calls take when each starts as soon as one of `workers` places is free.
 *
 * @param durations of the calls, in the order in which they start
 * @param workers from 1
 * @returns the time from the first start to the last end, in the unit of the durations
 */
export function makespan(durations: readonly number[], workers: number): number {
  const busyUntil = new Array<number>(workers).fill(0);
  for (const duration of durations) {
    const next = busyUntil.indexOf(Math.min(...busyUntil));
    busyUntil[next] = (busyUntil[next] ?? 0) + duration;
  }
  return Math.max(...busyUntil);
}
