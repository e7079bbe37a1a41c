import type { CallEnded } from '../llm/call.js';
import { isRefusalOfService, type FailureReason } from '../llm/failure-reason.js';
import type { ServiceError } from '../llm/service-error.js';

/** Calls that fail one after the other, without one that is answered, before it counts as trouble. */
const MOST_IN_A_ROW = 3;
/** Why calls to the model service fail at present. */
export interface ModelTrouble {
  reason: FailureReason;
  service: ServiceError | null;
}

/** How it stands with the model service: a single call that fails says nothing. */
export class ModelHealth {
  #inARow = 0;
  #last: ModelTrouble | null = null;

  update({ outcome, service }: CallEnded): void {
    // A call that was broken off says nothing of the service.
    if (outcome === 'broken_off') return;
    const isAnswered = outcome === 'answered';
    this.#inARow = isAnswered ? 0 : this.#inARow + 1;
    this.#last = isAnswered ? null : { reason: outcome, service };
  }

  get trouble(): ModelTrouble | null {
    if (!this.#last) return null;
    // A service that refuses every call means it, and is asked once in a while.
    const enough = isRefusalOfService(this.#last.reason) ? 1 : MOST_IN_A_ROW;
    return this.#inARow >= enough ? this.#last : null;
  }
}
