import type { Clock } from '../clock.js';
import { isRefusalOfService } from './failure-reason.js';
import type { ModelFailure } from './failure.js';

/** So long after a refusal the service is asked again, in milliseconds. */
const ASK_AGAIN_MS = 30_000;

/**
 * A service that refuses its key, its model or its address refuses every call: while it does, one call in 30 s finds
 * out whether it still does, and all others fail as that one did.
 */
export class ServiceRefusal {
  readonly #clock: Clock;
  #failure: ModelFailure | undefined;
  #askAgainAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws {ModelFailure} the refusal, unless this call is the one that finds out */
  throwIfStanding(): void {
    if (!this.#failure) return;
    const now = this.#clock.now();
    if (now < this.#askAgainAt) throw this.#failure;
    this.#askAgainAt = now + ASK_AGAIN_MS;
  }

  /** @param failure of a call; undefined for one that was answered */
  update(failure: ModelFailure | undefined): void {
    if (!failure) this.#failure = undefined;
    if (!failure || !isRefusalOfService(failure.reason)) return;
    this.#failure = failure;
    this.#askAgainAt = this.#clock.now() + ASK_AGAIN_MS;
  }
}
