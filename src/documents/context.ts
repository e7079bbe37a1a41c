import type { OnWait } from '../llm/turns.js';
import type { AnswerCache } from '../processor/answers.js';
import type { FlagContext } from '../rollout/flags.js';
import type { OcrCache } from '../stages/document-ocr.js';
import type { OnProgress } from './progress.js';

/** What a caller says about a document; the flags are evaluated for `userId`, `sessionId`, `properties`. */
export interface DocumentContext extends FlagContext {
  /** Names the request in the log. Default: a new id. */
  requestId?: string | undefined;
  /** Aborts the document; calls under way are broken off. */
  signal?: AbortSignal;
  onProgress?: OnProgress;
  /** Told that its calls cannot start for now, again and again while that is so. */
  onWait?: OnWait | undefined;
  /**
   * Where answers that were paid for are kept and found again, under a `requestId` that is the same whenever the
   * document comes: then it goes on where it was. At `close`, calls under way may end within `SHUTDOWN_GRACE_MS`.
   * Default: nowhere.
   */
  answers?: AnswerCache | undefined;
}

/** What a caller says about a PDF. */
export interface PdfContext extends DocumentContext {
  /** Where what OCR read of its pages is kept and found again. Default: nowhere. */
  ocr?: OcrCache | undefined;
}
