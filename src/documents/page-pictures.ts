import { unlessAborted } from '../abort.js';
import { systemClock, type Clock } from '../clock.js';
import { isForGood, NoSuchPageError, whyNotDrawn, type AskedPage } from '../stages/page-drawer.js';
import { KeptPictures } from './kept-pictures.js';

/** What draws pages. */
interface Drawer {
  draw(asked: AskedPage, signal: AbortSignal, onBegin: () => void): Promise<Uint8Array>;
  forget(document: string): void;
  close(): Promise<void>;
}

/** A page as PNG; or that there is none of this number; or why it cannot be drawn, in a sentence. */
export type PagePicture =
  { png: Uint8Array } | { missing: true } | { undrawable: string; isForGood: boolean };

interface Drawing {
  picture: Promise<PagePicture>;
  /** How many wait for it. */
  waiting: number;
  hasBegun: boolean;
  /** Nobody waits any more. */
  unwanted: AbortController;
}

const MEGABYTE = 1_024 * 1_024;
const KEPT = { bytes: 64 * MEGABYTE, ms: 10 * 60_000 };
/** For which a page is not tried again that could not be drawn: the next time, the machine may have less to do. */
const REFUSED_MS = 5_000;
/** What keeping a page that cannot be drawn takes, about. */
const REFUSAL_BYTES = 500;

/**
 * Pictures of pages, drawn when somebody asks for them and kept for a while. What several ask for at once is drawn
 * once, and what nobody waits for any more when its turn comes is not drawn.
 */
export class PagePictures {
  readonly #drawer: Drawer;
  readonly #kept: KeptPictures<PagePicture>;
  readonly #drawing = new Map<string, Drawing>();

  constructor(drawer: Drawer, clock: Clock = systemClock, bounds = KEPT) {
    this.#drawer = drawer;
    this.#kept = new KeptPictures(bounds, clock);
  }

  /** Bytes of those that are kept. */
  get bytes(): number {
    return this.#kept.bytes;
  }

  /**
   * @param gone aborts when the one who asks does not wait any more
   * @throws the signal's reason on abort; what `load` throws
   */
  async picture(asked: AskedPage, gone: AbortSignal): Promise<PagePicture> {
    gone.throwIfAborted();
    const key = `${asked.document} ${asked.page} ${asked.width}`;
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const drawing = this.#drawing.get(key) ?? this.#begin(key, asked);
    drawing.waiting++;
    try {
      return await unlessAborted(drawing.picture, gone);
    } finally {
      drawing.waiting--;
      if (drawing.waiting === 0 && !drawing.hasBegun) {
        // Who asks for it now begins anew.
        if (this.#drawing.get(key) === drawing) this.#drawing.delete(key);
        drawing.unwanted.abort(new Error('Nobody waits for the picture.'));
      }
    }
  }

  /** Forgets the pictures of a document; what is being drawn of it is not kept. */
  forget(document: string): void {
    this.#kept.forget(`${document} `);
    for (const key of this.#drawing.keys()) {
      if (key.startsWith(`${document} `)) this.#drawing.delete(key);
    }
    this.#drawer.forget(document);
  }

  async close(): Promise<void> {
    await this.#drawer.close();
    this.#drawing.clear();
    this.#kept.forget();
  }

  #begin(key: string, asked: AskedPage): Drawing {
    const unwanted = new AbortController();
    const begin = () => void (drawing.hasBegun = true);
    const picture = this.#draw(asked, unwanted.signal, begin);
    const drawing: Drawing = { picture, waiting: 0, hasBegun: false, unwanted };
    this.#drawing.set(key, drawing);
    // One that was forgotten meanwhile is another's by now, or nobody's.
    const isWanted = () => this.#drawing.get(key) === drawing;
    drawing.picture.then(
      (picture) => {
        if (!isWanted()) return;
        this.#drawing.delete(key);
        const ms = 'undrawable' in picture && !picture.isForGood ? REFUSED_MS : undefined;
        this.#kept.add(key, picture, 'png' in picture ? picture.png.length : REFUSAL_BYTES, ms);
      },
      () => {
        if (isWanted()) this.#drawing.delete(key);
      },
    );
    return drawing;
  }

  async #draw(asked: AskedPage, signal: AbortSignal, onBegin: () => void): Promise<PagePicture> {
    try {
      return { png: await this.#drawer.draw(asked, signal, onBegin) };
    } catch (error) {
      if (error instanceof NoSuchPageError) return { missing: true };
      const undrawable = whyNotDrawn(error);
      if (undrawable === undefined) throw error;
      return { undrawable, isForGood: isForGood(error) };
    }
  }
}
