import type { PageEvent } from '../processor/reading.js';
import type { AccountInPassing } from './accounts.js';
import type { HowRead } from './ocr.js';

/** The stages of a document, in order (CURRENT_SYSTEM, Stages). */
export const STAGES = [
  'ocr_extraction',
  'account_splitting',
  'page_analysis',
  'llm_extraction',
  'completed',
] as const;
export type Stage = (typeof STAGES)[number];

/** What becomes of a document on its way through the stages. */
export type ReadingEvent =
  | PageEvent
  | { type: 'stage_begun'; stage: 'ocr_extraction' | 'account_splitting' }
  | {
      type: 'stage_begun';
      stage: 'page_analysis';
      /** Account numbers, in the order of their first page. */
      accounts: string[];
    }
  | {
      type: 'stage_begun';
      stage: 'llm_extraction';
      /** Pages that are asked about: those with text that belong to an account. */
      asked_pages: number;
    }
  | ({ type: 'account_in_passing' } & AccountInPassing)
  | { type: 'pages_counted'; total_pages: number }
  | {
      type: 'page_read';
      page: number;
      /** Where its text came from. */
      by: 'text' | 'ocr';
      /** Of one that was read by OCR. */
      how?: HowRead;
    };
