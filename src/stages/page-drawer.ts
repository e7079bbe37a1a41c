import type { Party } from '../fair-turns.js';
import { PdfError } from './pdf-error.js';
import { startThread, type PdfiumThread } from './pdfium-thread.js';
import { sharedPlaces, type Places } from './places.js';

/** A page that is asked for. */
export interface AskedPage {
  /** The document's id: a thread that has it open draws its other pages, too. */
  document: string;
  load: () => Promise<Uint8Array>;
  party: Party;
  /** From 1. */
  page: number;
  /** Pixels. */
  width: number;
}

/** The document has no page of this number. */
export class NoSuchPageError extends Error {
  override readonly name = 'NoSuchPageError';
}

/** A person who walks through the pages looks at each for some seconds. */
const STAYS_MS = 10_000;
/** What pdfium keeps of pages is given back after so many. */
const PAGES_A_THREAD = 50;
/** Milliseconds one page may take: a person waits for it, and so do others. */
const TIME_LIMIT_MS = 10_000;

interface OpenThread {
  document: string;
  pdfium: PdfiumThread;
  totalPages: number;
  drawn: number;
}

/**
 * Draws pages for people to look at, one at a time. Each document is drawn by a thread of its own, so that nothing
 * of a hostile one reaches another; the last one stays for a while where others have no use for its memory.
 */
export class PageDrawer {
  readonly #places: Places;
  readonly #timeLimitMs: number;
  readonly #closing = new AbortController();
  #open: OpenThread | undefined;
  /** The document whose thread is being opened. */
  #opening: { document: string; isForgotten: boolean } | undefined;
  #idle: NodeJS.Timeout | undefined;
  #ending: Promise<void> | undefined;

  /** @param settings those of the page reader, with which it shares the memory */
  constructor(settings: { memoryMb: number; languages: string; timeLimitMs: number }) {
    this.#places = sharedPlaces(settings.memoryMb, settings.languages);
    this.#timeLimitMs = Math.min(settings.timeLimitMs, TIME_LIMIT_MS);
  }

  /** Whether a thread has a document open. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /**
   * @param signal while it waits for its turn; what has begun is drawn
   * @param onBegin told that it begins
   * @returns the page as PNG
   * @throws {NoSuchPageError} when there is none of this number
   * @throws {PdfError} when it cannot be drawn
   * @throws the signal's reason on abort
   */
  async draw(asked: AskedPage, signal: AbortSignal, onBegin?: () => void): Promise<Uint8Array> {
    const until = AbortSignal.any([signal, this.#closing.signal]);
    const giveBack = await this.#places.pictures.take(asked.party, until);
    try {
      onBegin?.();
      return await this.#drawNow(asked);
    } finally {
      giveBack();
    }
  }

  /** Ends its thread. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('The page drawer was closed.'));
    await this.#end();
  }

  /** Ends the thread that has the document open. */
  forget(document: string): void {
    if (this.#opening?.document === document) this.#opening.isForgotten = true;
    const open = this.#open;
    if (open?.document !== document) return;
    if (this.#idle === undefined) open.drawn = PAGES_A_THREAD;
    else void this.#end();
  }

  async #drawNow({ document, load, party, page, width }: AskedPage): Promise<Uint8Array> {
    clearTimeout(this.#idle);
    this.#idle = undefined;
    if (this.#open?.document !== document) await this.#end();
    await this.#ending;
    try {
      this.#open ??= await this.#start(document, load, party);
      const open = this.#open;
      if (page > open.totalPages) throw new NoSuchPageError('The document has no such page.');
      open.drawn++;
      return await open.pdfium.picture(page, width);
    } finally {
      await this.#leave();
    }
  }

  async #start(document: string, load: () => Promise<Uint8Array>, party: Party): Promise<OpenThread> {
    const opening = { document, isForgotten: false };
    this.#opening = opening;
    const pdfium = await startThread(load, {
      timeLimitMs: this.#timeLimitMs,
      memory: this.#places.memory.drawing,
      moreMemory: this.#places.moreMemory,
      party,
      signal: this.#closing.signal,
    });
    try {
      const totalPages = await pdfium.open();
      return { document, pdfium, totalPages, drawn: opening.isForgotten ? PAGES_A_THREAD : 0 };
    } catch (error) {
      await pdfium.end();
      throw error;
    } finally {
      this.#opening = undefined;
    }
  }

  /** Keeps the thread for the next page, unless others wait for what it has. */
  async #leave(): Promise<void> {
    const open = this.#open;
    if (!open) return;
    const isSpent = open.pdfium.ended !== undefined || open.drawn >= PAGES_A_THREAD;
    const isWaitedFor = !this.#places.picturesApart || open.pdfium.hasMoreMemory;
    if (isSpent || isWaitedFor || this.#closing.signal.aborted) return this.#end();
    this.#idle = setTimeout(() => void this.#end(), STAYS_MS).unref();
  }

  async #end(): Promise<void> {
    clearTimeout(this.#idle);
    this.#idle = undefined;
    if (this.#open) this.#ending = this.#open.pdfium.end();
    this.#open = undefined;
    await this.#ending;
  }
}

/** Whether the page cannot be drawn another time either. */
export function isForGood(error: unknown): boolean {
  return error instanceof PdfError && error.code !== 'time_limit' && error.code !== 'damaged';
}

/** What is wrong with a page that cannot be drawn, for the person who wants to see it; undefined for another error. */
export function whyNotDrawn(error: unknown): string | undefined {
  if (!(error instanceof PdfError)) return undefined;
  switch (error.code) {
    case 'time_limit':
      return 'The page takes too long to draw.';
    case 'encrypted':
      return 'The PDF is protected by a password.';
    default:
      return 'The page is damaged and cannot be drawn.';
  }
}
