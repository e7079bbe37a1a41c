import { loggable, type Logger } from '../logger.js';
import { formatPlan } from '../processor/plan.js';
import type { ListedDocument, StoredDocument } from '../store/document.js';
import type { EndEvent } from './events.js';

/** A document that is done or has failed, as the app is told of it: nothing of its contents, and no names. */
export interface EndedDocument {
  id: string;
  /** Whose it is, as `identify` named them at the upload; undefined where it did not. */
  userId: string | undefined;
  status: 'completed' | 'failed';
  totalPages: number;
  /** Pages that could not be read. */
  failedPages: number;
  /** undefined where this reading gave no record. */
  needsHumanReview: boolean | undefined;
  /** Like `batch 2x3`. */
  plan: string;
  /** Why it failed, for the person who sent it; null where it is done. */
  error: string | null;
}

/** Told of each document that has ended, once for each time it was read. */
export type OnDocument = (document: EndedDocument) => unknown;

export function endedDocument(
  document: StoredDocument | ListedDocument,
  { plan, failed_pages }: Pick<EndEvent, 'plan' | 'failed_pages'>,
  { userId }: { userId?: string | undefined },
): EndedDocument {
  const isDone = document.status === 'completed';
  const [record] = isDone && 'documents' in document ? document.documents : [];
  return {
    id: document.id,
    userId,
    status: isDone ? 'completed' : 'failed',
    totalPages: document.total_pages,
    failedPages: failed_pages,
    needsHumanReview: record?.needs_human_review,
    plan: formatPlan(plan),
    error: document.error,
  };
}

/** Who is told that documents end. */
export interface ToldOfEnds {
  /** What is kept for the app's webhook; undefined where there is none. */
  event(document: EndedDocument): object | undefined;
  /** It is kept so. */
  ended(document: EndedDocument): void;
}

/** Tells the app, whose failures change nothing. */
export function tellApp(onDocument: OnDocument, document: EndedDocument, logger: Logger): void {
  const failed = (error: unknown) =>
    logger.warn({ document: document.id, ...loggable(error) }, 'onDocument failed');
  try {
    Promise.resolve(onDocument(document)).catch(failed);
  } catch (error) {
    failed(error);
  }
}
