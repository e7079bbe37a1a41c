import type { Clock } from '../src/clock.js';

interface Sleeper {
  at: number;
  wake: () => void;
}

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  #now = 1_000;
  #sleepers: Sleeper[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason as Error);
      };
      const wake = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const sleeper = { at: this.#now + ms, wake };
      if (signal.aborted) leave();
      else {
        signal.addEventListener('abort', leave, { once: true });
        this.#sleepers.push(sleeper);
      }
    });
  }

  /** Milliseconds until somebody who sleeps is woken next; undefined when nobody sleeps. */
  get nextIn(): number | undefined {
    const at = Math.min(...this.#sleepers.map(({ at }) => at));
    return at === Infinity ? undefined : at - this.#now;
  }

  moveOn(ms: number): void {
    this.#now += ms;
    const due = this.#sleepers.filter(({ at }) => at <= this.#now).sort((a, b) => a.at - b.at);
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.#now);
    for (const { wake } of due) wake();
  }
}
