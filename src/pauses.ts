import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

/** Milliseconds of work between two pauses. */
const BUSY_MS = 20;

/** A pause in long work, which lets other work of the process go on; none as long as it was short so far. */
export function pauses(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < BUSY_MS) return;
    await setImmediate();
    since = performance.now();
  };
}
