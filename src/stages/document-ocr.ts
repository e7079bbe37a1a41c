import type { Clock } from '../clock.js';
import type { Party } from '../fair-turns.js';
import { OcrError, type OcrPool, type OcrText, type Recognize } from './ocr.js';
import type { GrayImage } from './pdf-worker.js';

/** Where what OCR read is kept, so that no picture is read twice. */
export interface OcrCache {
  /** What was read of a picture that is drawn the same. */
  find(picture: string): Promise<OcrText | undefined>;
  /** Resolves when it cannot be lost any more. */
  keep(picture: string, read: OcrText): Promise<void>;
}

export interface DocumentOcrSettings {
  pool: OcrPool;
  cache: OcrCache | undefined;
  clock: Clock;
  /** Milliseconds for one page. */
  pageLimitMs: number;
  /** Milliseconds for the document in all, workers added up. */
  documentLimitMs: number;
  party: Party;
  signal: AbortSignal;
}

/** OCR of the pages of one document: within its time, and each picture once, whatever came of it. */
export class DocumentOcr {
  readonly #settings: DocumentOcrSettings;
  readonly #texts = new Map<string, Promise<OcrText>>();
  /** When the pages were begun that OCR works on. */
  readonly #begun = new Set<{ at: number }>();
  #endedMs = 0;

  constructor(settings: DocumentOcrSettings) {
    this.#settings = settings;
  }

  /** Whether no time is left for another page. */
  get isTimeUp(): boolean {
    return this.#leftMs <= 0;
  }

  /**
   * The text of a page, drawn when it is the document's turn at OCR.
   *
   * @param draw - gives nothing for a page that need not be read
   * @returns undefined for such a page
   * @throws {OcrError} when OCR fails or takes too long; whatever `draw` rejects with
   */
  async read(draw: () => Promise<GrayImage | undefined>): Promise<OcrText | undefined> {
    const { pool, party, signal } = this.#settings;
    const begin = async (recognize: Recognize) => {
      if (this.isTimeUp) throw new OcrError('ocr_document_timeout');
      const image = await draw();
      if (!image) return { text: undefined };
      const before = this.#texts.get(image.hash);
      if (before) return { text: before };
      const text = this.#textOf(image, recognize);
      this.#texts.set(image.hash, text);
      await text;
      return { text };
    };
    // Who waits for the picture of another page takes no worker for it.
    const { text } = await pool.run(party, begin, signal);
    return text;
  }

  get #leftMs(): number {
    const now = this.#settings.clock.now();
    const begunMs = [...this.#begun].reduce((sum, { at }) => sum + now - at, 0);
    return this.#settings.documentLimitMs - this.#endedMs - begunMs;
  }

  async #textOf(image: GrayImage, recognize: Recognize): Promise<OcrText> {
    const { cache } = this.#settings;
    const kept = await cache?.find(image.hash);
    if (kept) return kept;
    const read = await this.#recognize(image, recognize);
    await cache?.keep(image.hash, read);
    return read;
  }

  async #recognize(image: GrayImage, recognize: Recognize): Promise<OcrText> {
    const { pageLimitMs, clock, signal } = this.#settings;
    const leftMs = this.#leftMs;
    const page = { at: clock.now() };
    this.#begun.add(page);
    try {
      return await recognize(image, { timeLimitMs: Math.min(pageLimitMs, leftMs), clock, signal });
    } catch (error) {
      const isOverall = leftMs < pageLimitMs && error instanceof OcrError && error.reason === 'ocr_timeout';
      throw isOverall ? new OcrError('ocr_document_timeout') : error;
    } finally {
      this.#begun.delete(page);
      this.#endedMs += clock.now() - page.at;
    }
  }
}
