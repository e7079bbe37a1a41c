import { atMost } from '../abort.js';

/** Providers forget a prefix that nobody sent for so long, in milliseconds. */
const LIFE_MS = 5 * 60_000;

/** Which prompt prefixes the provider has in its cache, as far as this process knows. */
export class PromptCache {
  readonly #warmUntil = new Map<string, number>();
  readonly #first = new Map<string, Promise<void>>();

  /**
   * Makes a call; the first one of a cold prefix alone, so that the others find it cached, if they may
   * wait for it.
   *
   * @param waitMs the longest wait for that first call, in milliseconds; 0 for none
   * @throws what the call throws; the signal's reason on abort
   */
  async warmed<T>(prefix: string, waitMs: number, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    if (!this.#isWarm(prefix)) {
      const first = this.#first.get(prefix);
      if (!first) return this.#asFirst(prefix, call);
      if (waitMs > 0) await atMost(waitMs, first, signal);
    }
    const result = await call();
    this.#warmUntil.set(prefix, performance.now() + LIFE_MS);
    return result;
  }

  #isWarm(prefix: string): boolean {
    return (this.#warmUntil.get(prefix) ?? 0) > performance.now();
  }

  async #asFirst<T>(prefix: string, call: () => Promise<T>): Promise<T> {
    const result = call();
    const ended = result.then(
      () => void this.#warmUntil.set(prefix, performance.now() + LIFE_MS),
      () => undefined,
    );
    this.#first.set(prefix, ended);
    try {
      return await result;
    } finally {
      this.#first.delete(prefix);
    }
  }
}
