import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { unlessAborted } from '../abort.js';
import type { Party } from '../fair-turns.js';
import { packWords, type PageWords } from '../processor/words.js';
import { codePointLength, strip } from '../text.js';
import { OCR_WORKERS, OcrError, OcrPool } from './ocr.js';
import { checkPdf, PdfError } from './pdf-error.js';
import type { GrayImage } from './pdf-worker.js';
import { compiledPdfium } from './pdfium.js';
import { PdfiumThread, threadsEnded } from './pdfium-thread.js';

/** Why a page was not read, or (`page_too_long`) its end was not. */
export type UnreadableReason =
  'page_damaged' | 'page_too_long' | 'drawing_failed' | 'drawing_timeout' | OcrError['reason'];

/** The texts of a document's pages, and what could not be read. */
export interface PageTexts {
  totalPages: number;
  /** By page number from 1, ascending; every page is there, '' where nothing was found. */
  texts: Map<number, string>;
  /** By page number, where the words of each text stand; missing for texts that came without their pages. */
  words?: ReadonlyMap<number, PageWords>;
  /** Pages whose text was read by OCR, ascending. */
  ocrPages: number[];
  /** Pages not read, or only in part, ascending: their text is what the text layer held, often ''. */
  unreadablePages: { page: number; reason: UnreadableReason }[];
}

export interface PageReaderSettings {
  /**
   * Milliseconds pdfium may work on the texts of one document, and again on every 16 pictures drawn for OCR,
   * or fewer when one of them ends pdfium. Waiting for a turn does not count. Default 30,000.
   */
  timeLimitMs: number;
  /** Documents of more pages are refused. Default 500. */
  maxPages: number;
  /** Milliseconds OCR may work on one page. Default 60,000. */
  ocrTimeLimitMs: number;
}

export interface ReadOptions {
  /** Aborts the reading; `read` rejects with its reason. */
  signal?: AbortSignal;
  /** Called with no page once their number is known, then after every page, in no certain order. */
  onPage?: (done: { totalPages: number; page?: number; by?: 'text' | 'ocr' }) => void;
  /** Whose turn it is at pdfium and at OCR. */
  party?: Party;
  /** Wraps the reading of scans, which takes long: whoever reads the document may do something else meanwhile. */
  aside?: <T>(work: () => Promise<T>) => Promise<T>;
}

/** A page with less text than this, in code points, is taken for a scan. */
const SCAN_BELOW = 20;
/** Left by PDF editors on trial, mostly on top of scans they have read badly. */
const TRIAL_WATERMARK = /pdf-xchange|clicktobuynow/i;
/**
 * One pdfium draws so many pages, then the next document has its turn: a long scan does not hold up short
 * ones, and what pdfium keeps of the pages is given back.
 */
const PAGES_PER_TURN = 16;
/**
 * Drawings of one document that may end their thread before the rest is left undrawn: each can cost the whole
 * time limit, and a file can hold hundreds of them.
 */
const FATAL_DRAWINGS = 3;

const NO_WORDS = packWords([]);

const CORES = availableParallelism();
/** Turns for the texts of documents, and turns for drawing: text never waits for OCR. */
const textTurns = pLimit(CORES);
const drawTurns = pLimit(CORES);
/** Counting never waits for a document that is being read. */
const countTurns = pLimit(CORES);
const COUNT_LIMIT_MS = 1_000;
const ocrPool = new OcrPool();

/** Reads the page texts of PDFs: pdfium for the text layer, OCR for scans. One serves a whole process. */
export class PageReader {
  private readonly settings: PageReaderSettings;
  private readonly running = new Set<AbortController>();

  constructor(settings: Partial<PageReaderSettings> = {}) {
    this.settings = {
      timeLimitMs: 30_000,
      maxPages: 500,
      ocrTimeLimitMs: 60_000,
      ...settings,
    };
  }

  /**
   * Reads every page of a PDF. The same PDF gives the same texts, whatever the timing, as long as no page runs
   * into a time limit.
   *
   * A page that cannot be read does not fail the others: it is listed with the reason.
   *
   * @param pdf - its bytes, or where they come from: then they are loaded for each turn at pdfium, and not
   *   held in memory while the document waits for one.
   * @throws {PdfError} for a file that cannot be read at all, with a message for the person who sent it.
   * @throws the signal's reason on abort.
   */
  async read(
    pdf: Uint8Array | (() => Promise<Uint8Array>),
    { signal, onPage, aside = (work) => work() }: ReadOptions = {},
  ): Promise<PageTexts> {
    signal?.throwIfAborted();
    const run = new AbortController();
    const abort = (): void => run.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    this.running.add(run);
    try {
      const load = typeof pdf === 'function' ? pdf : () => Promise.resolve(pdf);
      return await this.readAll(load, run, onPage, aside);
    } finally {
      // Whatever ended the reading ends its threads.
      run.abort();
      this.running.delete(run);
      signal?.removeEventListener('abort', abort);
    }
  }

  /**
   * Counts the pages of a PDF, which takes pdfium milliseconds.
   *
   * @param load - gives its bytes
   * @param limitMs - from the turn at pdfium on
   * @returns undefined when that fails or takes longer
   * @throws the signal's reason on abort
   */
  async countPages(
    load: () => Promise<Uint8Array>,
    signal: AbortSignal,
    limitMs: number = COUNT_LIMIT_MS,
  ): Promise<number | undefined> {
    let pages: number | undefined;
    const count = async () => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
      await withPdfium(load, limitMs, limit, async (pdfium) => {
        pages = await pdfium.open();
      });
    };
    await takeTurn(countTurns, signal, count).catch(() => signal.throwIfAborted());
    return pages;
  }

  /**
   * Aborts the readings under way and ends the OCR workers. A later `read` works again: it starts what it needs.
   */
  async close(): Promise<void> {
    for (const run of this.running) run.abort(new Error('The page reader was closed.'));
    await Promise.all([ocrPool.closeIdle(), threadsEnded()]);
  }

  private async readAll(
    load: () => Promise<Uint8Array>,
    { signal }: AbortController,
    onPage: ReadOptions['onPage'],
    aside: NonNullable<ReadOptions['aside']>,
  ): Promise<PageTexts> {
    const texts = new Map<number, string>();
    const words = new Map<number, PageWords>();
    const ocrPages: number[] = [];
    const unreadable = new Map<number, UnreadableReason>();
    const scans: number[] = [];
    let totalPages = 0;
    const done = (page: number, by: 'text' | 'ocr'): void => onPage?.({ totalPages, page, by });

    await takeTurn(textTurns, signal, () =>
      withPdfium(load, this.settings.timeLimitMs, signal, async (pdfium) => {
        totalPages = await pdfium.open();
        checkPageCount(totalPages, this.settings.maxPages);
        onPage?.({ totalPages });
        for (let page = 1; page <= totalPages; page++) {
          const layer = await pdfium.text(page);
          texts.set(page, layer?.text ?? '');
          words.set(page, layer?.words ?? NO_WORDS);
          if (!layer) unreadable.set(page, 'page_damaged');
          else if (layer.cut) unreadable.set(page, 'page_too_long');
          if (layer && isScan(layer.text)) scans.push(page);
          else done(page, 'text');
        }
      }),
    );

    const undrawn = new Set(scans);
    const readScan = async (page: number, draw: () => Promise<GrayImage>): Promise<void> => {
      try {
        const read = await ocrPool.read(draw, { timeLimitMs: this.settings.ocrTimeLimitMs, signal });
        if (strip(read.text) !== '') {
          texts.set(page, read.text);
          words.set(page, read.words);
          ocrPages.push(page);
        }
      } catch (error) {
        signal.throwIfAborted();
        // The drawing of another page ended pdfium: this one gets a fresh pdfium.
        if (undrawn.has(page)) return;
        if (error instanceof OcrError) unreadable.set(page, error.reason);
        else if (error instanceof PdfError) unreadable.set(page, drawingReason(error));
        else throw error;
      }
      done(page, 'ocr');
    };
    let fatalDrawings = 0;
    const readScans = async () => {
      while (undrawn.size > 0) {
        await takeTurn(drawTurns, signal, () =>
          withPdfium(load, this.settings.timeLimitMs, signal, async (pdfium) => {
            // One drawing at a time: when pdfium ends, it is known which page ended it.
            const drawing = pLimit(1);
            const draw = (page: number): Promise<GrayImage> =>
              drawing(() => {
                if (pdfium.ended) throw pdfium.ended;
                undrawn.delete(page);
                return pdfium.image(page);
              });
            // Few at a time in the queue of the pool, so that documents take turns there.
            const atOnce = pLimit(OCR_WORKERS);
            const pages = [...undrawn].slice(0, PAGES_PER_TURN);
            await atOnce.map(pages, (page) => readScan(page, () => draw(page)));
            const { ended } = pdfium;
            if (!ended || ++fatalDrawings < FATAL_DRAWINGS) return;
            for (const page of undrawn) {
              unreadable.set(page, drawingReason(ended));
              done(page, 'ocr');
            }
            undrawn.clear();
          }),
        );
      }
    };
    if (undrawn.size > 0) await aside(readScans);
    return {
      totalPages,
      texts,
      words,
      ocrPages: ocrPages.sort((a, b) => a - b),
      unreadablePages: [...unreadable].sort(([a], [b]) => a - b).map(([page, reason]) => ({ page, reason })),
    };
  }
}

function isScan(text: string): boolean {
  return codePointLength(strip(text)) < SCAN_BELOW || TRIAL_WATERMARK.test(text.replace(/\s+/g, ''));
}

function drawingReason(error: Error): UnreadableReason {
  return error instanceof PdfError && error.code === 'time_limit' ? 'drawing_timeout' : 'drawing_failed';
}

function checkPageCount(totalPages: number, maxPages: number): void {
  if (totalPages <= 0) throw new PdfError('no_pages', 'The PDF has no pages.');
  if (totalPages > maxPages) {
    throw new PdfError('too_many_pages', `The PDF has ${totalPages} pages; at most ${maxPages} are read.`);
  }
}

/** Runs `work` when a turn is free, unless the signal comes first. */
function takeTurn(turns: typeof textTurns, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  const turn = turns(async () => {
    if (!signal.aborted) await work();
  });
  return unlessAborted(turn, signal);
}

async function withPdfium(
  load: () => Promise<Uint8Array>,
  timeLimitMs: number,
  signal: AbortSignal,
  use: (pdfium: PdfiumThread) => Promise<void>,
): Promise<void> {
  const [pdf, compiled] = await Promise.all([load(), compiledPdfium()]);
  signal.throwIfAborted();
  checkPdf(pdf);
  const pdfium = new PdfiumThread({ pdf, compiled }, timeLimitMs, signal);
  try {
    await use(pdfium);
  } finally {
    await pdfium.end();
  }
}
