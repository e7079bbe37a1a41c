import type { Stage } from '../stages/stage.js';
import type { DocumentEvent } from './events.js';

/** Where in the overall progress, in percent, each stage begins and ends. */
const SPAN: Readonly<Record<Stage, readonly [from: number, to: number]>> = {
  ocr_extraction: [40, 55],
  account_splitting: [55, 65],
  page_analysis: [65, 75],
  llm_extraction: [75, 95],
  completed: [100, 100],
};

/** Progress of one document: it changes at the start of each stage and each time a page is done. */
export interface Progress {
  stage: Stage;
  /** Overall, 0 to 100; never goes back while the document is read once. Uploading takes the first 40. */
  percent: number;
  /** Of this stage, 0 to 100. */
  stagePercent: number;
  /** Pages this stage is done with. */
  pagesProcessed: number;
  totalPages: number;
  /** Account numbers, known from the end of account splitting. */
  accounts: readonly string[];
}

export type OnProgress = (progress: Progress) => void;

/** How far a document is, by all its events. */
export function progressOf(events: readonly DocumentEvent[]): Progress {
  const progress = new ProgressOfEvents();
  for (const event of events) progress.update(event);
  return progress.now;
}

/** How far a document is, made from its events. */
export class ProgressOfEvents {
  #known = { totalPages: 0, pagesProcessed: 0, accounts: [] as readonly string[] };
  #stage: Stage = 'ocr_extraction';
  #askedPages = 0;
  /** Pages that were asked about and are done with: some are while others are still read. */
  #answeredPages = 0;

  /** @returns whether the event changed it */
  update(event: DocumentEvent): boolean {
    switch (event.type) {
      case 'accepted':
        this.#stage = 'ocr_extraction';
        this.#known = { totalPages: 0, pagesProcessed: 0, accounts: [] };
        return true;
      case 'stage_begun':
        this.#begin(event);
        return true;
      case 'pages_counted':
        if (this.#known.totalPages === event.total_pages) return false;
        this.#known.totalPages = event.total_pages;
        return true;
      case 'page_read':
        this.#known.pagesProcessed++;
        return true;
      case 'page_done':
      case 'page_failed':
        this.#answeredPages++;
        if (this.#stage !== 'llm_extraction') return false;
        this.#known.pagesProcessed++;
        return true;
      case 'completed':
      case 'failed':
        // Without a record it stays where it failed.
        if (event.timings === null) return false;
        this.#stage = 'completed';
        this.#known.pagesProcessed = this.#known.totalPages;
        return true;
      default:
        return false;
    }
  }

  get now(): Progress {
    const [from, to] = SPAN[this.#stage];
    const share = this.#share();
    return {
      ...this.#known,
      stage: this.#stage,
      percent: Math.floor(from + (to - from) * share),
      stagePercent: Math.floor(100 * share),
    };
  }

  #begin(event: DocumentEvent & { type: 'stage_begun' }): void {
    this.#stage = event.stage;
    if (event.stage === 'ocr_extraction') {
      this.#known = { totalPages: 0, pagesProcessed: 0, accounts: [] };
      this.#answeredPages = 0;
    }
    if (event.stage === 'account_splitting') this.#known.pagesProcessed = 0;
    if (event.stage === 'page_analysis') this.#known.accounts = event.accounts;
    if (event.stage === 'llm_extraction') {
      this.#askedPages = event.asked_pages;
      this.#known.pagesProcessed = this.#known.totalPages - event.asked_pages + this.#answeredPages;
    }
  }

  /** Of the stage that is done, 0 to 1. */
  #share(): number {
    const { pagesProcessed, totalPages } = this.#known;
    switch (this.#stage) {
      case 'ocr_extraction':
        return totalPages === 0 ? 0 : pagesProcessed / totalPages;
      case 'llm_extraction':
        return this.#askedPages === 0
          ? 1
          : (pagesProcessed - totalPages + this.#askedPages) / this.#askedPages;
      case 'completed':
        return 1;
      default:
        return 0;
    }
  }
}
