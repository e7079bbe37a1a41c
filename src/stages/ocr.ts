import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { access } from 'node:fs/promises';
import { Worker as Thread } from 'node:worker_threads';
import pLimit from 'p-limit';
import Tesseract from 'tesseract.js';
import { unlessAborted } from '../abort.js';
import { packWords, type Box, type PageWords } from '../processor/words.js';
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

/** What OCR read of a page: '' and no words when it found none. */
export interface OcrText {
  text: string;
  words: PageWords;
}

interface OcrWorker {
  tesseract: Tesseract.Worker;
  thread: Thread | undefined;
  /** Aborts when the thread dies. */
  crashed: AbortSignal;
}

export interface OcrSettings {
  /** Milliseconds for one page, from the picture to the text. */
  timeLimitMs: number;
  /** The promise rejects with its reason. */
  signal: AbortSignal;
}

/** Pages read at once in the process; each takes a core and about 85 MB. */
export const OCR_WORKERS = Math.min(availableParallelism(), 4);
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
  private readonly slots = pLimit(OCR_WORKERS);
  private readonly idle = new Map<OcrWorker, NodeJS.Timeout>();

  /**
   * The text of a picture, rows and columns kept apart, and its words. `picture` is called only when a worker
   * is free, so that pictures do not pile up in memory.
   *
   * @throws {OcrError} when OCR fails or takes too long; whatever `picture` rejects with.
   */
  read(picture: () => Promise<GrayImage>, settings: OcrSettings): Promise<OcrText> {
    return this.slots(async () => {
      settings.signal.throwIfAborted();
      const image = await picture();
      settings.signal.throwIfAborted();
      if (Math.min(image.width, image.height) < MIN_SIDE) return { text: '', words: packWords([], []) };
      const worker = this.takeIdle() ?? (await this.start(settings.signal));
      try {
        const text = await recognize(worker, image, settings);
        this.putIdle(worker);
        return text;
      } catch (error) {
        this.retire(worker);
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

  private async start(signal: AbortSignal): Promise<OcrWorker> {
    const worker = await startWorker(signal);
    worker.crashed.addEventListener('abort', () => this.retire(worker), { once: true });
    return worker;
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
    this.idle.set(worker, setTimeout(() => this.retire(worker), IDLE_LIMIT_MS).unref());
  }

  private retire(worker: OcrWorker): void {
    clearTimeout(this.idle.get(worker));
    this.idle.delete(worker);
    void worker.tesseract.terminate();
  }
}

async function recognize(
  worker: OcrWorker,
  { width, height, pixels }: GrayImage,
  { timeLimitMs, signal }: OcrSettings,
): Promise<OcrText> {
  const pgm = Buffer.concat([Buffer.from(`P5 ${width} ${height} 255\n`), pixels]);
  const late = new OcrError('ocr_timeout');
  const result = await within(
    unlessAborted(worker.tesseract.recognize(pgm, {}, { text: false, blocks: true }), worker.crashed),
    timeLimitMs,
    late,
    signal,
  ).catch((error: unknown) => {
    signal.throwIfAborted();
    if (error === late) throw late;
    // Tesseract rejects with strings, some of which hold paths.
    throw new OcrError('ocr_failed', { cause: error });
  });
  const { text, words } = layOutWords(readWords(result.data.blocks ?? []));
  const boxes = words.map(({ bbox }): Box => ({
    left: bbox.x0 / width,
    top: bbox.y0 / height,
    right: bbox.x1 / width,
    bottom: bbox.y1 / height,
  }));
  const confidences = words.map(({ confidence }) => confidence);
  return { text, words: packWords(boxes, confidences) };
}

interface ReadWord extends PlacedWord {
  /** In the picture, in pixels. */
  bbox: Tesseract.Bbox;
  confidence: number;
}

function readWords(blocks: Tesseract.Block[]): ReadWord[] {
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
        bbox: word.bbox,
        confidence: word.confidence,
      }))
      .filter((word) => word.text !== '');
  });
}

async function startWorker(signal: AbortSignal): Promise<OcrWorker> {
  const langPath = await languageFolder();
  signal.throwIfAborted();
  const created = Tesseract.createWorker('eng', Tesseract.OEM.LSTM_ONLY, {
    langPath,
    gzip: true,
    cacheMethod: 'none',
    // Without one tesseract.js throws out of an event handler, which ends the process. Callers get the rejection.
    errorHandler: () => undefined,
  });
  const late = new OcrError('ocr_timeout');
  try {
    return await within(created.then(prepare), START_LIMIT_MS, late, signal);
  } catch (error) {
    // Its thread is out of reach until it has started.
    created.then(
      (tesseract) => tesseract.terminate(),
      () => undefined,
    );
    signal.throwIfAborted();
    throw error === late ? late : new OcrError('ocr_failed', { cause: error });
  }
}

async function prepare(tesseract: Tesseract.Worker): Promise<OcrWorker> {
  const thread = threadOf(tesseract);
  const crash = new AbortController();
  const crashed = crash.signal;
  thread?.once('error', (error) => crash.abort(error));
  thread?.once('exit', () => crash.abort(new OcrError('ocr_failed')));
  await unlessAborted(
    tesseract.setParameters(PARAMETERS as unknown as Partial<Tesseract.WorkerParams>),
    crashed,
  );
  return { tesseract, thread, crashed };
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
async function within<T>(work: Promise<T>, limitMs: number, late: Error, signal: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late), limitMs);
  });
  try {
    return await unlessAborted(Promise.race([work, limit]), signal);
  } finally {
    clearTimeout(timer);
  }
}
