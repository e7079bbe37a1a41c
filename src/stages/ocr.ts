import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { access } from 'node:fs/promises';
import { Worker as Thread } from 'node:worker_threads';
import pLimit, { type LimitFunction } from 'p-limit';
import Tesseract from 'tesseract.js';
import { layOutWords, type PlacedWord } from './layout.js';
import type { GrayImage } from './pdf-worker.js';

/** A page has no OCR text: it took too long, or OCR failed. */
export class OcrError extends Error {
  override readonly name = 'OcrError';

  constructor(
    readonly reason: 'ocr_failed' | 'ocr_timeout',
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

interface OcrWorker {
  tesseract: Tesseract.Worker;
  thread: Thread | undefined;
  /** Rejects when the thread dies, and never resolves. */
  crashed: Promise<never>;
}

export interface OcrSettings {
  /** Milliseconds for one page, from the picture to the text. */
  timeLimitMs: number;
  /** The promise rejects with its reason. */
  signal: AbortSignal;
}

const START_LIMIT_MS = 30_000;
const IDLE_LIMIT_MS = 30_000;

/** Pixels. Nobody writes that small, and Sauvola's threshold fails on a page thinner than its window. */
const MIN_SIDE = 16;

const PARAMETERS = {
  // Forms are islands of text: any other mode drops some of them. Rows and columns are put together from the words.
  tessedit_pageseg_mode: '11',
  // Sauvola, a threshold for each neighbourhood: one for the whole page loses text on shaded boxes.
  thresholding_method: '2',
  preserve_interword_spaces: '1',
  // Its remarks on a page ("Estimating resolution as 218") belong in no one's log.
  debug_file: '/dev/null',
};

/**
 * Tesseract workers (a thread and about 85 MB each), started when a page needs one, shared by all documents,
 * ended after 30 s without work. A worker that crashes, fails or runs out of time is replaced. Idle workers
 * do not keep the process alive.
 */
export class OcrPool {
  private readonly slots: LimitFunction;
  private readonly idle = new Map<OcrWorker, NodeJS.Timeout>();

  /** @param size - the most workers at work at a time. */
  constructor(size: number) {
    this.slots = pLimit(size);
  }

  /** Lets more workers work at a time. Never fewer: another user may count on them. */
  grow(size: number): void {
    this.slots.concurrency = Math.max(this.slots.concurrency, size);
  }

  /**
   * The text of a picture, rows and columns kept apart; '' when there is none. `picture` is called only when a
   * worker is free, so that pictures do not pile up in memory.
   *
   * @throws {OcrError} when OCR fails or takes too long; whatever `picture` rejects with.
   */
  read(picture: () => Promise<GrayImage>, settings: OcrSettings): Promise<string> {
    return this.slots(async () => {
      settings.signal.throwIfAborted();
      const image = await picture();
      settings.signal.throwIfAborted();
      if (Math.min(image.width, image.height) < MIN_SIDE) return '';
      const worker = this.takeIdle() ?? (await startWorker());
      try {
        const text = await recognize(worker, image, settings);
        this.putIdle(worker);
        return text;
      } catch (error) {
        void worker.tesseract.terminate();
        throw error;
      }
    });
  }

  /** Ends the workers that have nothing to do; those at work finish their page. The pool stays usable. */
  async closeIdle(): Promise<void> {
    const workers = [...this.idle.keys()];
    for (const timer of this.idle.values()) clearTimeout(timer);
    this.idle.clear();
    // tesseract.js does not wait for its thread to end.
    await Promise.all(workers.map(({ thread, tesseract }) => thread?.terminate() ?? tesseract.terminate()));
  }

  private takeIdle(): OcrWorker | undefined {
    const [worker] = this.idle.keys();
    if (!worker) return undefined;
    clearTimeout(this.idle.get(worker));
    this.idle.delete(worker);
    worker.thread?.ref();
    return worker;
  }

  private putIdle(worker: OcrWorker): void {
    worker.thread?.unref();
    const retire = (): void => {
      clearTimeout(this.idle.get(worker));
      this.idle.delete(worker);
      void worker.tesseract.terminate();
    };
    this.idle.set(worker, setTimeout(retire, IDLE_LIMIT_MS).unref());
    worker.crashed.catch(retire);
  }
}

async function recognize(
  worker: OcrWorker,
  { width, height, pixels }: GrayImage,
  { timeLimitMs, signal }: OcrSettings,
): Promise<string> {
  const pgm = Buffer.concat([Buffer.from(`P5 ${width} ${height} 255\n`), pixels]);
  const late = new OcrError('ocr_timeout');
  const result = await raceTime(
    Promise.race([worker.tesseract.recognize(pgm, {}, { text: false, blocks: true }), worker.crashed]),
    timeLimitMs,
    late,
    signal,
  ).catch((error: unknown) => {
    signal.throwIfAborted();
    if (error === late) throw late;
    // Tesseract rejects with strings, some of which hold paths.
    throw new OcrError('ocr_failed', { cause: error });
  });
  return layOutWords(placedWords(result.data.blocks ?? []));
}

function placedWords(blocks: Tesseract.Block[]): PlacedWord[] {
  const lines = blocks.flatMap((block) => block.paragraphs.flatMap((paragraph) => paragraph.lines));
  return lines.flatMap(({ words, baseline, bbox, rowAttributes }) => {
    const slope = baseline.x1 > baseline.x0 ? (baseline.y1 - baseline.y0) / (baseline.x1 - baseline.x0) : 0;
    const size = rowAttributes.rowHeight > 0 ? rowAttributes.rowHeight : bbox.y1 - bbox.y0;
    return words
      .map((word) => ({
        // eslint-disable-next-line no-control-regex
        text: word.text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ''),
        start: word.bbox.x0,
        end: word.bbox.x1,
        // Pictures count downwards.
        baseline: -(baseline.y0 + slope * ((word.bbox.x0 + word.bbox.x1) / 2 - baseline.x0)),
        size,
      }))
      .filter((word) => word.text !== '');
  });
}

async function startWorker(): Promise<OcrWorker> {
  const langPath = await languageFolder();
  const starting = Tesseract.createWorker('eng', Tesseract.OEM.LSTM_ONLY, {
    langPath,
    gzip: true,
    cacheMethod: 'none',
    // Without one tesseract.js throws out of an event handler, which ends the process. Callers get the rejection.
    errorHandler: () => undefined,
  });
  const late = new OcrError('ocr_timeout');
  try {
    const tesseract = await raceTime(starting, START_LIMIT_MS, late);
    const thread = threadOf(tesseract);
    const crashed = new Promise<never>((_, reject) => {
      thread?.once('error', reject);
      thread?.once('exit', () => reject(new OcrError('ocr_failed')));
    });
    crashed.catch(() => undefined);
    await tesseract.setParameters(PARAMETERS as unknown as Partial<Tesseract.WorkerParams>);
    return { tesseract, thread, crashed };
  } catch (error) {
    starting.then(
      (worker) => worker.terminate(),
      () => undefined,
    );
    throw error === late ? late : new OcrError('ocr_failed', { cause: error });
  }
}

/** tesseract.js waits for ever when its language data is missing, and leaves a thread behind. */
async function languageFolder(): Promise<string> {
  try {
    const data = createRequire(import.meta.url).resolve('@tesseract.js-data/eng/package.json');
    const folder = join(dirname(data), '4.0.0_best_int');
    await access(join(folder, 'eng.traineddata.gz'));
    return folder;
  } catch (cause) {
    throw new OcrError('ocr_failed', { cause });
  }
}

/** The thread behind a worker: not in the typings, but only it tells of a crash and can be left unreferenced. */
function threadOf(tesseract: Tesseract.Worker): Thread | undefined {
  return 'worker' in tesseract && tesseract.worker instanceof Thread ? tesseract.worker : undefined;
}

/** Settles as `work` does, or rejects with `late` after `limitMs`, or with the signal's reason. */
function raceTime<T>(work: Promise<T>, limitMs: number, late: Error, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late), limitMs);
    const abort = (): void => reject(signal?.reason as Error);
    signal?.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    });
  });
}
