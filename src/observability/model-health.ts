import type { FailureReason, ServiceError } from '../llm/failure.js';
import type { CallReport } from '../llm/model.js';

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

  called({ failure, service }: CallReport): void {
    this.#inARow = failure ? this.#inARow + 1 : 0;
    this.#last = failure && { reason: failure, service };
  }

  get trouble(): ModelTrouble | null {
    return this.#inARow >= MOST_IN_A_ROW ? this.#last : null;
  }
}
