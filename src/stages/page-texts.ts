import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import { systemClock, type Clock } from '../clock.js';
import type { Party } from '../fair-turns.js';
import { strip } from '../text.js';
import { DocumentOcr, type OcrCache } from './document-ocr.js';
import { OcrError } from './ocr.js';
import { PdfError } from './pdf-error.js';
import type { GrayImage, PageText } from './pdf-worker.js';
import { PagesRead, type PagesDone, type PageTexts, type UnreadableReason } from './pages-read.js';
import { startThread, threadsEnded, type PdfiumThread, type ThreadLimits } from './pdfium-thread.js';
import { sharedPlaces, type Places } from './places.js';
import { chosenText } from './reading-choice.js';
import { hasStrayInk } from './stray-ink.js';

export type { PageTexts, UnreadableReason } from './pages-read.js';

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
  /**
   * Milliseconds OCR may work on one document in all. Waiting for a turn does not count; the pages under way
   * at once all do. Default 900,000.
   */
  ocrDocumentTimeLimitMs: number;
  /**
   * Megabytes for the threads of pdfium and OCR and what they hand over, from 320. Readers with the same number
   * and languages share them. Default 1,024.
   */
  memoryMb: number;
  /** Languages that OCR reads, as Tesseract names them, like `eng+deu`. Default `eng`. */
  languages: string;
}

export interface ReadOptions {
  /** Aborts the reading; `read` rejects with its reason. */
  signal?: AbortSignal;
  /** Called with no page once their number is known, then after every page, in no certain order. */
  onPage?: (done: PagesDone) => void;
  /** Whose turn it is at pdfium and OCR. Default: a party of its own. */
  party?: Party;
  /**
   * Runs what comes after the text layer, when there are scans: waiting for OCR, and OCR, can take long, and
   * need none of what a reading otherwise has to hold. Default: just runs it.
   */
  aside?: <T>(work: () => Promise<T>) => Promise<T>;
  /** Where what OCR reads is kept and found again. Default: nowhere. */
  ocr?: OcrCache | undefined;
}

/**
 * One pdfium draws so many pages, and begins none after so long, then the next document has its turn: a long
 * scan does not hold up short ones, and what pdfium keeps of the pages is given back.
 */
const PAGES_PER_TURN = 16;
const MS_PER_TURN = 10_000;
/**
 * Drawings of one document that may end their thread before the rest is left undrawn: each can cost the whole
 * time limit, and a file can hold hundreds of them.
 */
const FATAL_DRAWINGS = 3;

const COUNT_LIMIT_MS = 1_000;

/** Reads the page texts of PDFs: pdfium for the text layer, OCR for scans. One serves a whole process. */
export class PageReader {
  private readonly settings: PageReaderSettings;
  private readonly places: Places;
  private readonly running = new Set<AbortController>();

  constructor(
    settings: Partial<PageReaderSettings> = {},
    private readonly clock: Clock = systemClock,
  ) {
    this.settings = {
      timeLimitMs: 30_000,
      maxPages: 500,
      ocrTimeLimitMs: 60_000,
      ocrDocumentTimeLimitMs: 900_000,
      memoryMb: 1_024,
      languages: 'eng',
      ...settings,
    };
    this.places = sharedPlaces(this.settings.memoryMb, this.settings.languages);
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
    { signal, ...options }: ReadOptions = {},
  ): Promise<PageTexts> {
    signal?.throwIfAborted();
    const run = new AbortController();
    // Each of its pages listens while it waits for its turn.
    setMaxListeners(0, run.signal);
    const abort = (): void => run.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    this.running.add(run);
    try {
      const load = typeof pdf === 'function' ? pdf : () => Promise.resolve(pdf);
      return await this.readAll(load, run.signal, options);
    } finally {
      // Whatever ended the reading ends its threads.
      run.abort();
      this.running.delete(run);
      signal?.removeEventListener('abort', abort);
    }
  }

  /**
   * Counts the pages of a PDF, which takes pdfium milliseconds, and never waits for a document that is read.
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
    const { count, memory } = this.places;
    const party = partyOfItsOwn();
    const open = async () => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
      const limits = { timeLimitMs: limitMs, memory: memory.drawing, party, signal: limit };
      return this.withPdfium(load, limits, (pdfium) => pdfium.open());
    };
    return count.run(party, open, signal).catch(() => {
      signal.throwIfAborted();
      return undefined;
    });
  }

  /**
   * Aborts the readings under way and ends the OCR workers. A later `read` works again: it starts what it needs.
   */
  async close(): Promise<void> {
    for (const run of this.running) run.abort(new Error('The page reader was closed.'));
    await Promise.all([this.places.ocr.closeIdle(), threadsEnded()]);
  }

  private async readAll(
    load: () => Promise<Uint8Array>,
    signal: AbortSignal,
    { onPage, party = partyOfItsOwn(), aside = (work) => work(), ocr }: Omit<ReadOptions, 'signal'>,
  ): Promise<PageTexts> {
    const pages = new PagesRead(onPage);
    const reading = { load, signal, party, pages };
    const layers = await this.places.text.run(party, () => this.readTexts(reading), signal);
    if (layers.size > 0) await aside(() => this.readScans(reading, layers, ocr));
    return pages.all();
  }

  /** @returns the text layers of pages that hold more than these say, or something else */
  private readTexts({ load, signal, party, pages }: DocumentReading): Promise<Map<number, PageText>> {
    const limits = { timeLimitMs: this.settings.timeLimitMs, memory: this.places.memory.text, party, signal };
    return this.withPdfium(load, limits, async (pdfium) => {
      const totalPages = await pdfium.open();
      checkPageCount(totalPages, this.settings.maxPages);
      pages.begin(totalPages);
      const unsure = new Map<number, PageText>();
      for (let page = 1; page <= totalPages; page++) {
        if (pages.isFull) {
          pages.fail(page, 'document_too_long', 'text');
          continue;
        }
        const layer = await pdfium.text(page);
        if (!layer || layer.unreadable) {
          pages.fail(page, layer?.unreadable ?? 'page_damaged', 'text');
          continue;
        }
        pages.keep(page, keptText(layer));
        if (layer.layer !== 'sound') unsure.set(page, layer);
        else pages.done(page, 'text');
      }
      return unsure;
    });
  }

  private async readScans(
    { load, signal, party, pages }: DocumentReading,
    layers: ReadonlyMap<number, PageText>,
    cache: OcrCache | undefined,
  ): Promise<void> {
    const undrawn = new Map(layers);
    const { places, clock, settings } = this;
    const ocr = new DocumentOcr({
      pool: places.ocr,
      cache,
      clock,
      pageLimitMs: settings.ocrTimeLimitMs,
      documentLimitMs: settings.ocrDocumentTimeLimitMs,
      party,
      signal,
    });
    const limits = { timeLimitMs: settings.timeLimitMs, memory: places.memory.drawing, party, signal };
    const leave = (reason: UnreadableReason): void => {
      for (const page of undrawn.keys()) pages.fail(page, reason, 'ocr');
      undrawn.clear();
    };
    const readScan = async (page: number, layer: PageText, draw: () => Promise<GrayImage>): Promise<void> => {
      const drawIfUnread = async () => {
        const image = await draw();
        const isRead = layer.layer === 'beside pictures' && !hasStrayInk(image, layer.words);
        return isRead ? undefined : image;
      };
      try {
        const read = await ocr.read(drawIfUnread);
        const chosen = read && chosenText(layer, read);
        const isBlank = chosen !== undefined && strip(chosen.text) === '';
        if (chosen && !isBlank) {
          if (chosen.by === 'ocr') pages.keepOcr(page, chosen, read.how);
          else pages.keep(page, chosen);
        }
        // What OCR saw and took for no print, a person may be able to read.
        const isUnread = isBlank && read !== undefined && read.how.meanConfidence > 0;
        pages.done(page, chosen?.by ?? 'text', true, isUnread ? read.how : undefined);
      } catch (error) {
        signal.throwIfAborted();
        // It has its turn later, with a fresh pdfium: the drawing of another page ended this one, or its turn is over.
        if (undrawn.has(page)) return;
        if (error instanceof OcrError) pages.fail(page, error.reason, 'ocr');
        else if (error instanceof PdfError) pages.fail(page, drawingReason(error), 'ocr');
        else throw error;
      }
    };
    let fatalDrawings = 0;
    const drawSome = async (pdfium: PdfiumThread): Promise<void> => {
      // One drawing at a time: when pdfium ends, it is known which page ended it.
      const drawing = pLimit(1);
      let until: number | undefined;
      const draw = (page: number): Promise<GrayImage> =>
        drawing(() => {
          if (pdfium.ended) throw pdfium.ended;
          until ??= clock.now() + MS_PER_TURN;
          if (clock.now() >= until) throw new Error('The turn at drawing is over.');
          undrawn.delete(page);
          return pdfium.image(page);
        });
      const some = [...undrawn].slice(0, PAGES_PER_TURN);
      await Promise.all(some.map(([page, layer]) => readScan(page, layer, () => draw(page))));
      const { ended } = pdfium;
      if (ended && ++fatalDrawings >= FATAL_DRAWINGS) leave(drawingReason(ended));
    };
    while (undrawn.size > 0) {
      if (ocr.isTimeUp) leave('ocr_document_timeout');
      else await places.draw.run(party, () => this.withPdfium(load, limits, drawSome), signal);
    }
  }

  private async withPdfium<T>(
    load: () => Promise<Uint8Array>,
    limits: Omit<ThreadLimits, 'moreMemory'>,
    use: (pdfium: PdfiumThread) => Promise<T>,
  ): Promise<T> {
    const pdfium = await startThread(load, { ...limits, moreMemory: this.places.moreMemory });
    try {
      return await use(pdfium);
    } finally {
      await pdfium.end();
    }
  }
}

/** A document that is being read. */
interface DocumentReading {
  load: () => Promise<Uint8Array>;
  signal: AbortSignal;
  party: Party;
  pages: PagesRead;
}

function partyOfItsOwn(): Party {
  const id = randomUUID();
  return { owner: id, document: id };
}

/** Where nothing is seen, what lies under a picture is kept until OCR has read more. */
function keptText(layer: PageText): Pick<PageText, 'text' | 'words' | 'cut'> {
  return layer.text === '' && layer.invisible ? { ...layer.invisible, cut: layer.cut } : layer;
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
