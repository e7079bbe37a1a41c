import { REASONS, type FailureReason } from '../../llm/failure-reason.js';
import type { MissingPage } from '../../stages/record.js';

const UNREAD: Record<Exclude<MissingPage['reason'], FailureReason>, string> = {
  page_damaged: 'the page of the PDF is damaged',
  drawing_failed: 'the page of the PDF cannot be drawn',
  drawing_timeout: 'the page took too long to draw',
  xfa_form: 'the PDF holds a form that only other programs show; print it to a new PDF and send that',
  page_too_long: 'there is more text on the page than is read; its end was left out',
  document_too_long: 'the pages before it hold more text than is read of one document',
  ocr_failed: 'reading the picture of the page failed',
  ocr_timeout: 'reading the picture of the page took too long',
  ocr_document_timeout: 'the time for reading pictures of this document was used up by other pages',
};

/** Why a page is missing, in plain words that go on after "because". */
export function failureWords(reason: string): string {
  if (Object.hasOwn(REASONS, reason)) return REASONS[reason as FailureReason].says;
  return Object.hasOwn(UNREAD, reason) ? UNREAD[reason as keyof typeof UNREAD] : reason;
}

/** Why a document failed: the server's sentence, which names a key of the record, as people read it. */
export function documentFailureWords(error: string): string {
  return error.replace('failed_pages says why', 'the record says why, page by page');
}
