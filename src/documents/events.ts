import type { WaitReason } from '../llm/turns.js';
import { UsageLedger, type Usage } from '../llm/usage.js';
import type { ServiceError } from '../llm/service-error.js';
import type { ProcessingPlan } from '../processor/plan.js';
import type { DecisionReason } from '../rollout/decision.js';
import type { DocumentRecord, MissingPage, Timings } from '../stages/record.js';
import type { ReadingEvent } from '../stages/stage.js';

/**
 * Everything that becomes of a document, in order. What happens to a call stands in `llm/call.ts`, to a page
 * or a batch in `processor/reading.ts`, in a stage in `stages/stage.ts`, to the document here.
 */
export type DocumentEvent =
  | ReadingEvent
  | {
      /** It is taken up: for the first time, after its process ended, or to be asked again. */
      type: 'accepted';
      plan: ProcessingPlan;
      reason: DecisionReason;
    }
  | {
      /** Its calls, or all of it, cannot go on for now. */
      type: 'waiting';
      /** `turn`: other documents are being read. */
      why: WaitReason | 'turn';
      /** ISO 8601; null where nobody knows. */
      until: string | null;
    }
  | EndEvent
  /** It was deleted, and its events with it. */
  | { type: 'cancelled' };

/** How a reading ended, and what it took. */
export type EndEvent =
  | ({ type: 'completed' } & Outcome)
  | ({
      type: 'failed';
      /** Why there is no record, for the person who sent the document; null where no page could be read. */
      error: string | null;
    } & Outcome)
  /** Given back: it was aborted, or goes on later. Never kept. */
  | ({ type: 'broken_off' } & Outcome);

interface Outcome {
  plan: ProcessingPlan;
  total_pages: number | null;
  failed_pages: number;
  failed_by_reason: Partial<Record<MissingPage['reason'], number>>;
  /** What the model service last answered instead of a completion. */
  service: ServiceError | null;
  usage: Usage;
  /** null where there is no record. */
  timings: Timings | null;
  seconds: number;
}

/** An event as it was kept. */
export type KeptEvent = DocumentEvent & {
  /** Of the document's events, from 1, growing by one. */
  number: number;
  /** ISO 8601. */
  at: string;
};

export function isEnd(event: DocumentEvent): boolean {
  return event.type === 'completed' || event.type === 'failed' || event.type === 'cancelled';
}

/** What comes of a document that was not read. */
export function noOutcome(plan: ProcessingPlan): Outcome {
  const usage = new UsageLedger({}).total();
  return {
    plan,
    total_pages: null,
    failed_pages: 0,
    failed_by_reason: {},
    service: null,
    usage,
    timings: null,
    seconds: 0,
  };
}

/** What a record says of its reading. */
export function figuresOf(
  record: DocumentRecord,
  about: { totalPages: number | null; service: ServiceError | null; seconds: number },
): Outcome {
  return {
    plan: record.plan,
    total_pages: about.totalPages,
    failed_pages: record.failed_pages.length,
    failed_by_reason: countedByReason(record.failed_pages),
    service: about.service,
    usage: record.usage,
    timings: record.timings,
    seconds: about.seconds,
  };
}

function countedByReason(failed: readonly MissingPage[]): Outcome['failed_by_reason'] {
  const counts: Outcome['failed_by_reason'] = {};
  for (const { reason } of failed) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
