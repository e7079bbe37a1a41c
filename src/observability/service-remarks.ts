import type { DocumentEvent } from '../documents/events.js';
import type { FailureReason } from '../llm/failure-reason.js';
import type { ServiceError } from '../llm/service-error.js';

/** A call that the model service did not answer. */
export interface Refused {
  /** ISO 8601. */
  at: string;
  reason: FailureReason;
  service: ServiceError;
}

/** A part of the request that is sent in another form since the service has refused it. */
export interface Adapted {
  /** ISO 8601. */
  at: string;
  part: string;
  service: ServiceError | null;
}

const MOST_KEPT = 10;

/** What the model service said of late instead of an answer: the latest first, 10 of each kind at most. */
export class ServiceRemarks {
  #refused: readonly Refused[] = [];
  #adapted: readonly Adapted[] = [];

  get refused(): readonly Refused[] {
    return this.#refused;
  }

  get adapted(): readonly Adapted[] {
    return this.#adapted;
  }

  update(event: DocumentEvent): void {
    const at = new Date().toISOString();
    if (event.type === 'request_adapted') {
      const { part, service } = event;
      this.#adapted = [{ at, part, service }, ...this.#adapted].slice(0, MOST_KEPT);
    }
    if (event.type !== 'call_ended' || !event.service) return;
    const { outcome, service } = event;
    if (outcome === 'answered' || outcome === 'broken_off') return;
    this.#refused = [{ at, reason: outcome, service }, ...this.#refused].slice(0, MOST_KEPT);
  }
}
