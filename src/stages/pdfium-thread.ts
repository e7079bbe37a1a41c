import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { PdfError } from './pdf-error.js';
import type { GrayImage, PageText, PdfAnswer, PdfRequest, PdfWork } from './pdf-worker.js';

/** Milliseconds from a thread's last work to its end. */
const REST_MS = 100;

/** Threads at rest, until they have ended. */
const resting = new Set<Promise<unknown>>();

/** Resolves when no thread is at rest any more: a process that ends before would end them, too soon. */
export async function restedThreads(): Promise<void> {
  // Threads at rest keep no process alive; who waits for them does.
  const alive = setInterval(() => undefined, REST_MS);
  try {
    await Promise.all(resting);
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
  private readonly abort = (): void => this.fail(this.signal.reason as Error);

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

  async end(): Promise<void> {
    this.signal.removeEventListener('abort', this.abort);
    clearTimeout(this.timer);
    if (this.ended) {
      await this.thread.terminate();
      return;
    }
    this.ended = new Error('The PDF was closed.');
    // Node.js 20 aborts the whole process when a thread ends while its code is still being optimised in the
    // background ("Assertion failed: (data.first) != nullptr"): a thread at rest is given time to be done with it.
    this.thread.unref();
    const rest = sleep(REST_MS, undefined, { ref: false })
      .then(() => this.thread.terminate())
      .finally(() => resting.delete(rest));
    resting.add(rest);
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
    this.timer = setTimeout(() => this.fail(late), this.timeLeftMs);
  }

  private stopClock(): void {
    clearTimeout(this.timer);
    this.timeLeftMs -= performance.now() - this.busySince;
  }

  private fail(error: Error): void {
    if (this.ended) return;
    this.ended = error;
    clearTimeout(this.timer);
    for (const { reject } of this.waiting.splice(0)) reject(error);
    void this.thread.terminate();
  }
}
