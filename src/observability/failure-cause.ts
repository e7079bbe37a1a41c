import type { EndEvent } from '../documents/events.js';
import { FAILURE_REASONS } from '../llm/failure-reason.js';
import { PdfError } from '../stages/pdf-error.js';

/** Why a document failed: `file` for one that nobody could read, `model` where the model gave nothing usable. */
export const FAILURE_CAUSES = ['file', 'model', 'unexpected'] as const;

/** Where no page could be read, the model is the cause as soon as it was for one of them. */
export function causeOf(
  { timings, failed_by_reason: failed }: EndEvent,
  error: unknown,
): (typeof FAILURE_CAUSES)[number] {
  if (error instanceof PdfError) return 'file';
  if (timings === null) return 'unexpected';
  return FAILURE_REASONS.some((reason) => reason in failed) ? 'model' : 'file';
}
