import { Worker as Thread } from 'node:worker_threads';
import Tesseract from 'tesseract.js';
import { unlessAborted } from '../abort.js';
import { systemClock, type Clock } from '../clock.js';
import { FairTurns, type Party } from '../fair-turns.js';
import { packWords, type PageWords } from '../processor/words.js';
import { layOutWords } from './layout.js';
import { withLanguages } from './ocr-languages.js';
import type { GrayImage } from './pdf-worker.js';
import type { Pixels } from './scan/picture.js';
import { onPage } from './scan/place.js';
import type { ReadWord } from './scan/read-word.js';
import { readPicture, type PageMode } from './scan/reading.js';
import { sizeAfter, type QuarterTurns } from './scan/turns.js';

/** A page has no OCR text: it took too long, or OCR failed. */
export class OcrError extends Error {
  override readonly name = 'OcrError';

  constructor(
    readonly reason: 'ocr_failed' | 'ocr_timeout' | 'ocr_document_timeout',
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

/** What OCR read of a page: '' and no words when it found none. */
export interface OcrText {
  text: string;
  words: PageWords;
  /** The page holds more text than is kept of one page. */
  cut: boolean;
  how: HowRead;
  print: Print;
}

/** How words stand on the page once it is upright and straight. */
export interface Print {
  /** Start, end, baseline and size of each word, in widths of the page; baselines grow upwards from its top. */
  rows: Float32Array;
  /** The page's height, in its widths. */
  height: number;
}

/** How a page was read. */
export interface HowRead {
  /** Degrees clockwise by which the page was turned to stand upright. */
  turned: 0 | 90 | 180 | 270;
  /** Degrees clockwise that it lay askew then, and was straightened. */
  skew: number;
  /**
   * How sure OCR was of what it saw, long words weighing more, 0 to 100; 0 when it saw nothing. A page without text
   * was not blank where this is over 0.
   */
  meanConfidence: number;
}

interface OcrWorker {
  tesseract: Tesseract.Worker;
  thread: Thread | undefined;
  /** Aborts when the thread dies. */
  crashed: AbortSignal;
}

export interface OcrLimit {
  /** Milliseconds for one page, from the picture to the text. */
  timeLimitMs: number;
  clock: Clock;
  /** The promise rejects with its reason. */
  signal: AbortSignal;
}

/** @throws {OcrError} when OCR fails or takes too long */
export type Recognize = (image: GrayImage, limit: OcrLimit) => Promise<OcrText>;

const NOTHING = {
  text: '',
  words: packWords([], []),
  cut: false,
  how: { turned: 0, skew: 0, meanConfidence: 0 },
} as const;
/** Of quarter turns. */
const DEGREES = [0, 90, 180, 270] as const;

const START_LIMIT_MS = 30_000;
const IDLE_LIMIT_MS = 30_000;

/** Pixels. Nobody writes that small. */
const MIN_SIDE = 16;

const PARAMETERS = {
  // Forms are islands of text: any other mode drops some of them. Rows and columns are put together from the words.
  tessedit_pageseg_mode: '11',
  // Sauvola, a threshold for each neighbourhood: with one for the whole page, Otsu's, sparse mode loses words of
  // real pages with shaded fields, though it reads made ones a little better.
  thresholding_method: '2',
  preserve_interword_spaces: '1',
  // Its remarks on a page ("Estimating resolution as 218") belong in no one's log.
  debug_file: '/dev/null',
};

/** What is set besides for one look. */
const MODES: Record<PageMode, object> = { sparse: {}, block: { tessedit_pageseg_mode: '6' } };

/**
 * Tesseract workers (a thread and about 85 MB each), started when a page needs one, shared by all documents,
 * ended after 30 s without work. A worker that crashes, fails or runs out of time is replaced. Idle workers
 * do not keep the process alive.
 */
export class OcrPool {
  private readonly turns: FairTurns;
  private readonly idle = new Map<OcrWorker, NodeJS.Timeout>();

  /**
   * @param workers - pages read at once
   * @param languages - those that it reads, like `eng+deu`
   */
  constructor(
    workers: number,
    private readonly languages: string,
  ) {
    this.turns = new FairTurns(workers);
  }

  /**
   * Does the work when a worker is free for it. Pictures are made only then, so that they do not pile up in
   * memory.
   *
   * @throws what the work throws; the signal's reason on abort
   */
  run<T>(party: Party, work: (recognize: Recognize) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.turns.run(party, () => work((image, limit) => this.recognize(image, limit)), signal);
  }

  /** Ends the workers that have nothing to do; those at work finish their page. The pool stays usable. */
  async closeIdle(): Promise<void> {
    const workers = [...this.idle.keys()];
    for (const timer of this.idle.values()) clearTimeout(timer);
    this.idle.clear();
    await Promise.all(workers.map(ended));
  }

  /** The text of a picture, rows and columns kept apart, and its words. */
  private async recognize(image: GrayImage, limit: OcrLimit): Promise<OcrText> {
    limit.signal.throwIfAborted();
    if (Math.min(image.width, image.height) < MIN_SIDE)
      return { ...NOTHING, print: { rows: new Float32Array(), height: image.height / image.width } };
    const worker = this.takeIdle() ?? (await this.start(limit.signal));
    try {
      const text = await recognize(worker, image, limit);
      this.putIdle(worker);
      return text;
    } catch (error) {
      await this.retire(worker);
      throw error;
    }
  }

  private async start(signal: AbortSignal): Promise<OcrWorker> {
    const worker = await startWorker(this.languages, signal);
    worker.crashed.addEventListener('abort', () => void this.retire(worker), { once: true });
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
    this.idle.set(worker, setTimeout(() => void this.retire(worker), IDLE_LIMIT_MS).unref());
  }

  /** Resolves when its memory is free. */
  private async retire(worker: OcrWorker): Promise<void> {
    clearTimeout(this.idle.get(worker));
    this.idle.delete(worker);
    await ended(worker);
  }
}

/** tesseract.js does not wait for its thread to end. */
function ended({ thread, tesseract }: OcrWorker): Promise<unknown> {
  return thread?.terminate() ?? tesseract.terminate();
}

async function recognize(worker: OcrWorker, image: GrayImage, limit: OcrLimit): Promise<OcrText> {
  const { signal } = limit;
  const late = new OcrError('ocr_timeout');
  const look = async (pgm: Pixels, mode: PageMode): Promise<ReadWord[]> => {
    signal.throwIfAborted();
    const picture = Buffer.from(pgm.buffer, pgm.byteOffset, pgm.length);
    const result = await worker.tesseract.recognize(picture, MODES[mode], {
      text: false,
      blocks: true,
    });
    return readWords(result.data.blocks ?? []);
  };
  const reading = await within(unlessAborted(readPicture(image, look), worker.crashed), limit, late).catch(
    (error: unknown) => {
      signal.throwIfAborted();
      if (error === late) throw late;
      // Tesseract rejects with strings, some of which hold paths.
      throw new OcrError('ocr_failed', { cause: error });
    },
  );
  const { text, words, cut } = layOutWords(reading.words);
  const place = onPage(image, image.lie, reading.turns);
  const boxes = words.map(({ area }) => place(area));
  const confidences = words.map(({ confidence }) => confidence);
  const turned = ((image.lie.turns + reading.turns) % 4) as QuarterTurns;
  const how: HowRead = {
    turned: DEGREES[turned],
    skew: image.lie.skew,
    meanConfidence: reading.meanConfidence,
  };
  const { width, height } = sizeAfter(reading.turns, image);
  const rows = words.flatMap(({ start, end, baseline, size }) =>
    [start, end, baseline, size].map((length) => length / width),
  );
  const print = { rows: Float32Array.from(rows), height: height / width };
  return { text, words: packWords(boxes, confidences), cut, how, print };
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
        area: { left: word.bbox.x0, top: word.bbox.y0, right: word.bbox.x1, bottom: word.bbox.y1 },
        confidence: word.confidence,
      }))
      .filter((word) => word.text !== '');
  });
}

async function startWorker(languages: string, signal: AbortSignal): Promise<OcrWorker> {
  const late = new OcrError('ocr_timeout');
  const limit = { timeLimitMs: START_LIMIT_MS, clock: systemClock, signal };
  try {
    return await withLanguages(languages, async (langPath) => {
      signal.throwIfAborted();
      const created = Tesseract.createWorker(languages, Tesseract.OEM.LSTM_ONLY, {
        langPath,
        gzip: true,
        cacheMethod: 'none',
        // Without one tesseract.js throws out of an event handler, which ends the process. Callers get the rejection.
        errorHandler: () => undefined,
      });
      return within(created.then(prepare), limit, late).catch((error: unknown) => {
        // Its thread is out of reach until it has started.
        created.then(
          (tesseract) => tesseract.terminate(),
          () => undefined,
        );
        throw error;
      });
    });
  } catch (error) {
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

/** The thread behind a worker: not in the typings, but only it tells of a crash and can be left unreferenced. */
function threadOf(tesseract: Tesseract.Worker): Thread | undefined {
  return 'worker' in tesseract && tesseract.worker instanceof Thread ? tesseract.worker : undefined;
}

/** Settles as `work` does, or rejects with `late` after the limit, or with the signal's reason. */
async function within<T>(
  work: Promise<T>,
  { timeLimitMs, clock, signal }: OcrLimit,
  late: Error,
): Promise<T> {
  const done = new AbortController();
  const limit = clock.sleep(timeLimitMs, done.signal).then(() => Promise.reject(late));
  try {
    return await unlessAborted(Promise.race([work, limit]), signal);
  } finally {
    done.abort();
  }
}
