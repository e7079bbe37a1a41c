import { packWords, type PageWords } from '../processor/words.js';
import type { HowRead, OcrError } from './ocr.js';

/** Why a page was not read, or (`page_too_long`) its end was not. */
export type UnreadableReason =
  | 'page_damaged'
  | 'page_too_long'
  | 'document_too_long'
  | 'xfa_form'
  | 'drawing_failed'
  | 'drawing_timeout'
  | OcrError['reason'];

/** The texts of a document's pages, and what could not be read. */
export interface PageTexts {
  totalPages: number;
  /** By page number from 1, ascending; every page is there, '' where nothing was found. */
  texts: Map<number, string>;
  /** By page number, where the words of each text stand; missing for texts that came without their pages. */
  words?: ReadonlyMap<number, PageWords>;
  /** Pages whose text was read by OCR, ascending. */
  ocrPages: number[];
  /** How those were read; missing for texts that came without their pages. */
  howRead?: readonly ({ page: number } & HowRead)[];
  /** Pages not read, or only in part, ascending: their text is what the text layer held, often ''. */
  unreadablePages: { page: number; reason: UnreadableReason }[];
}

/** What was read of a page. */
interface ReadText {
  text: string;
  words: PageWords;
  cut: boolean;
}

/** UTF-16 units of a document's texts: 500 pages with twice as much on each as a full page has. */
const MOST_TEXT = 4_000_000;
/** Words of a document whose places are kept: 500 pages with 1,000 on each. */
const MOST_WORDS = 500_000;
const NUMBERS_PER_BOX = 4;

const NO_WORDS = packWords([]);

/** A page is done with, or, with no page, their number is known. */
export interface PagesDone {
  totalPages: number;
  page?: number;
  /** How it was read. */
  by?: 'text' | 'ocr';
  /** Its text, as it stays. */
  text?: string;
  /** Of one that was read by OCR. */
  how?: HowRead | undefined;
  /** It waited for OCR, whatever came of that. */
  waited?: boolean;
}

type OnPage = (done: PagesDone) => void;

/** What has been read of a document's pages so far: never more than is kept of one document. */
export class PagesRead {
  readonly #onPage: OnPage | undefined;
  readonly #texts = new Map<number, string>();
  readonly #words = new Map<number, PageWords>();
  readonly #howRead = new Map<number, HowRead>();
  readonly #unreadable = new Map<number, UnreadableReason>();
  #length = 0;
  #wordsLeft = MOST_WORDS;
  /** A page came whose text is not kept. */
  isFull = false;

  /** @param onPage told of the number of pages, then of each */
  constructor(onPage?: OnPage) {
    this.#onPage = onPage;
  }

  begin(totalPages: number): void {
    for (let page = 1; page <= totalPages; page++) this.#put(page, '', NO_WORDS);
    this.#onPage?.({ totalPages });
  }

  /** Keeps a page's text, in place of what was kept of it before. */
  keep(page: number, { text, words, cut }: ReadText): void {
    if (cut) this.#unreadable.set(page, 'page_too_long');
    const length = this.#length + text.length - (this.#texts.get(page) ?? '').length;
    if (length > MOST_TEXT) {
      this.isFull = true;
      this.#unreadable.set(page, 'document_too_long');
      return;
    }
    this.#length = length;
    const before = wordCount(this.#words.get(page) ?? NO_WORDS);
    const placed = firstWords(words, this.#wordsLeft + before);
    this.#wordsLeft += before - wordCount(placed);
    this.#put(page, text, placed);
  }

  keepOcr(page: number, read: ReadText, how: HowRead): void {
    this.keep(page, read);
    if (this.#texts.get(page) === read.text) this.#howRead.set(page, how);
  }

  /** The page is done with. */
  done(page: number, by: 'text' | 'ocr', waited = by === 'ocr', how = this.#howRead.get(page)): void {
    const text = this.#texts.get(page) ?? '';
    this.#onPage?.({ totalPages: this.#texts.size, page, by, text, how, waited });
  }

  /** The page is done with, and was not read. */
  fail(page: number, reason: UnreadableReason, by: 'text' | 'ocr'): void {
    this.#unreadable.set(page, reason);
    this.done(page, by);
  }

  all(): PageTexts {
    const howRead = [...this.#howRead].sort(([a], [b]) => a - b).map(([page, how]) => ({ page, ...how }));
    return {
      totalPages: this.#texts.size,
      texts: this.#texts,
      words: this.#words,
      ocrPages: howRead.map(({ page }) => page),
      howRead,
      unreadablePages: [...this.#unreadable]
        .sort(([a], [b]) => a - b)
        .map(([page, reason]) => ({ page, reason })),
    };
  }

  #put(page: number, text: string, words: PageWords): void {
    this.#texts.set(page, text);
    this.#words.set(page, words);
  }
}

function wordCount({ boxes }: PageWords): number {
  return boxes.length / NUMBERS_PER_BOX;
}

function firstWords(words: PageWords, most: number): PageWords {
  if (wordCount(words) <= most) return words;
  const boxes = words.boxes.slice(0, most * NUMBERS_PER_BOX);
  return words.confidences ? { boxes, confidences: words.confidences.slice(0, most) } : { boxes };
}
