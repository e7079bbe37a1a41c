import { Worker } from 'node:worker_threads';
import { PdfError } from './pdf-error.js';
import type { GrayImage, PageText, PdfAnswer, PdfRequest, PdfWork } from './pdf-worker.js';

/**
 * Milliseconds a thread has to end by itself. Node.js waits for what it optimises in the background when a
 * thread ends by itself, and can abort the whole process ("Assertion failed: (data.first) != nullptr", Node.js
 * 20) when a thread is terminated meanwhile: that is for threads that do not listen any more.
 */
const LEAVE_LIMIT_MS = 1_000;

/** Threads that were asked to end, until they have. */
const leaving = new Set<Promise<unknown>>();

/** Resolves when every thread that was asked to end has done so: the end of the process would terminate it. */
export async function threadsEnded(): Promise<void> {
  // Such threads keep no process alive; who waits for them does.
  const alive = setInterval(() => undefined, LEAVE_LIMIT_MS);
  try {
    await Promise.all(leaving);
  } finally {
    clearInterval(alive);
  }
}

interface Waiting {
  resolve: (answer: PdfAnswer) => void;
  reject: (error: unknown) => void;
}

/**
 * pdfium in a thread of its own, for one document. Crafted files can keep pdfium busy for ever or make it
 * fail: only ending its thread helps, and that is all it costs. Once it has ended, every request rejects.
 */
export class PdfiumThread {
  private readonly thread: Worker;
  /** In the order of the requests, which is the order of the answers. */
  private readonly waiting: Waiting[] = [];
  private timer: NodeJS.Timeout | undefined;
  private busySince = 0;
  ended: Error | undefined;
  private readonly exited: Promise<unknown>;
  private readonly abort = (): void => {
    if (this.fail(this.signal.reason as Error)) this.leave();
  };

  /** @param timeLeftMs - counts down only while there are requests. */
  constructor(
    { pdf, compiled }: PdfWork,
    private timeLeftMs: number,
    private readonly signal: AbortSignal,
  ) {
    // A copy of its own to hand over: the caller's buffer stays usable, and no pool around it is copied along.
    const bytes = new Uint8Array(pdf);
    this.thread = new Worker(new URL('./pdf-worker.js', import.meta.url), {
      workerData: { pdf: bytes, compiled } satisfies PdfWork,
      transferList: [bytes.buffer],
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    this.exited = new Promise((resolve) => this.thread.once('exit', resolve));
    const crashed = new PdfError('damaged', 'The PDF is damaged and cannot be read.');
    this.thread.on('message', (answer: PdfAnswer) => this.receive(answer));
    this.thread.on('error', (error: NodeJS.ErrnoException) => {
      // The thread survives whatever else a file can do to pdfium.
      const isFile = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      this.fail(isFile ? crashed : new Error('pdfium cannot be used.', { cause: error }));
    });
    this.thread.on('exit', () => this.fail(crashed));
    signal.addEventListener('abort', this.abort, { once: true });
  }

  async open(): Promise<number> {
    const answer = await this.ask({ ask: 'open' });
    if ('opened' in answer) return answer.opened.totalPages;
    if ('refused' in answer && answer.refused === 'encrypted') {
      throw new PdfError('encrypted', 'The PDF is protected by a password.');
    }
    throw new PdfError('damaged', 'The PDF is damaged and cannot be read.');
  }

  /** The text layer of a page; undefined when pdfium fails on the page. */
  async text(page: number): Promise<PageText | undefined> {
    const answer = await this.ask({ ask: 'text', page });
    return 'text' in answer ? answer.text : undefined;
  }

  async image(page: number): Promise<GrayImage> {
    const answer = await this.ask({ ask: 'image', page });
    if ('image' in answer) return answer.image;
    throw new PdfError('damaged', 'A page of the PDF is damaged and cannot be drawn.');
  }

  /** Resolves when the next thread may start: an idle one ends on its own, one that was busy has ended. */
  async end(): Promise<void> {
    this.signal.removeEventListener('abort', this.abort);
    clearTimeout(this.timer);
    if (this.ended) {
      await this.exited;
      return;
    }
    this.ended = new Error('The PDF was closed.');
    this.leave();
  }

  private leave(): void {
    this.thread.unref();
    this.thread.postMessage({ ask: 'end' } satisfies PdfRequest);
    const late = setTimeout(() => void this.thread.terminate(), LEAVE_LIMIT_MS).unref();
    const left = this.exited.then(() => {
      clearTimeout(late);
      leaving.delete(left);
    });
    leaving.add(left);
  }

  private ask(request: PdfRequest): Promise<PdfAnswer> {
    return new Promise((resolve, reject) => {
      if (this.ended) {
        reject(this.ended);
        return;
      }
      this.waiting.push({ resolve, reject });
      if (this.waiting.length === 1) this.startClock();
      this.thread.postMessage(request);
    });
  }

  private receive(answer: PdfAnswer): void {
    const first = this.waiting.shift();
    if (this.waiting.length === 0) this.stopClock();
    first?.resolve(answer);
  }

  private startClock(): void {
    this.busySince = performance.now();
    const late = new PdfError('time_limit', 'The PDF takes too long to read.');
    this.timer = setTimeout(() => {
      if (this.fail(late)) void this.thread.terminate();
    }, this.timeLeftMs);
  }

  private stopClock(): void {
    clearTimeout(this.timer);
    this.timeLeftMs -= performance.now() - this.busySince;
  }

  /** False when it had ended before. */
  private fail(error: Error): boolean {
    if (this.ended) return false;
    this.ended = error;
    clearTimeout(this.timer);
    for (const { reject } of this.waiting.splice(0)) reject(error);
    return true;
  }
}
