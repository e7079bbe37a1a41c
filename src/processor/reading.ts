import type { CallEvent } from '../llm/call.js';
import type { FailureReason } from '../llm/failure-reason.js';
import type { ServiceError } from '../llm/service-error.js';
import type { Queue } from '../llm/turns.js';
import type { UsageLedger } from '../llm/usage.js';
import type { AnswerForm, Field } from '../llm/wire.js';
import type { AnswerCache } from './answers.js';
import type { Doubt } from './grounding.js';
import type { ProcessingPlan } from './plan.js';

/** What becomes of a document's pages and batches. */
export type PageEvent =
  | CallEvent
  | {
      /** After every call about a batch of two and more pages, made again or not. */
      type: 'batch_checked';
      unit: string;
      pages: number[];
      /** Why not all its pages were answered well; null when they were. */
      failure: BatchFailure | null;
    }
  | {
      /** What a batch did not answer well is asked again, each page alone. */
      type: 'salvage_started';
      unit: string;
      pages: number[];
    }
  | {
      /** The page has fields, or an answer without any. */
      type: 'page_done';
      page: number;
      /** In which it was asked for what is used of it, now or when an answer that was kept was given. */
      answer_form: AnswerForm;
    }
  | {
      /** Fields of a page were in no form that can be read, after a second try, too; the page has the others. */
      type: 'field_dropped';
      page: number;
      fields: number;
    }
  | {
      type: 'page_failed';
      page: number;
      reason: FailureReason;
      /** What the service said of it, where it answered with an error. */
      service: ServiceError | null;
    };

/**
 * Why a call about a batch did not answer all its pages well, so that it or some pages were asked again;
 * `field_malformed`: some field of a page is in no form that can be read.
 */
export type BatchFailure = FailureReason | Doubt | 'field_malformed';

/** One document's run: all that its pages share on their way to the record. */
export interface Reading {
  /** Names the document in its events. Default: none. */
  id?: string | undefined;
  plan: ProcessingPlan;
  /** Aborts it; calls under way are broken off. */
  signal: AbortSignal;
  usage: UsageLedger;
  /** Where its calls wait for their turn. Default: a queue of its own at the model's service. */
  queue?: Queue | undefined;
  /** Where answers are kept as they come, and found again. Default: nowhere. */
  answers?: AnswerCache | undefined;
  /**
   * Handed what is to be done with an answer before the reading may be broken off, or the answer would be paid for
   * in vain. Default: nobody waits for it.
   */
  finishing?: (<T>(work: Promise<T>) => Promise<T>) | undefined;
  /**
   * Waits for the place that calls about single pages share, so that one is made at a time. Default: each page
   * has a place of its own.
   */
  inPlace?: (<T>(call: () => Promise<T>) => Promise<T>) | undefined;
  /** Told of all that happens. Default: nobody is. */
  emit?: ((event: PageEvent) => void) | undefined;
  /**
   * Handed what an answer said of a page that was not used: the page has the fields of another one. Default: nobody
   * is.
   */
  alsoRead?: ((page: number, fields: readonly Field[]) => void) | undefined;
}
