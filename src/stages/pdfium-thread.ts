import { Worker } from 'node:worker_threads';
import type { FairTurns, Party } from '../fair-turns.js';
import type { ThreadMemory } from './memory-plan.js';
import { checkPdf, PdfError } from './pdf-error.js';
import { answerWaiting, hasMore, pdfMemory, type PdfMemory } from './pdf-memory.js';
import type {
  EndRequest,
  GrayImage,
  PageText,
  PdfAnswer,
  PdfMessage,
  PdfRequest,
  PdfWork,
  Trapped,
} from './pdf-worker.js';
import { compiledPdfium } from './pdfium.js';

/**
 * Milliseconds a thread has to end by itself. Node.js waits for what it optimises in the background when a
 * thread ends by itself, and can abort the whole process ("Assertion failed: (data.first) != nullptr", Node.js
 * 20) when a thread is terminated meanwhile: that is for threads that do not listen any more.
 */
const LEAVE_LIMIT_MS = 1_000;
const DAMAGED = 'The PDF is damaged and cannot be read. Save or print the document as a PDF again first.';
/** Enough to lay out the longest page. */
const HEAP_LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16 };

/** Threads that were asked to end, until they have. */
const leaving = new Set<Promise<unknown>>();

/** Resolves when every thread that was asked to end has done so: the end of the process would terminate it. */
export async function threadsEnded(): Promise<void> {
  await Promise.all(leaving);
}

export interface ThreadLimits {
  /** Milliseconds; they count down only while there is a request that does not wait for memory. */
  timeLimitMs: number;
  memory: ThreadMemory;
  /** Turns at the memory that one thread at a time may take. */
  moreMemory: FairTurns;
  party: Party;
  signal: AbortSignal;
}

interface Asked {
  resolve: (answer: PdfAnswer) => void;
  reject: (error: unknown) => void;
}

interface Running {
  thread: Worker;
  memory: PdfMemory;
  exited: Promise<void>;
}

/**
 * pdfium in a thread of its own, for one document and one request at a time. Crafted files can keep pdfium
 * busy for ever or make it fail: only ending its thread helps, and that is all it costs. Once it has ended,
 * every request rejects.
 */
export class PdfiumThread {
  private readonly compiled: object;
  private readonly limits: ThreadLimits;
  private running: Running;
  private asked: Asked | undefined;
  private timer: NodeJS.Timeout | undefined;
  private timeLeftMs: number;
  /** Since when it has been at work on a request; undefined when it is not. */
  private busySince: number | undefined;
  private isAsked = false;
  private waitsForMemory = false;
  ended: Error | undefined;
  private readonly abort = (): void => {
    if (this.fail(this.limits.signal.reason as Error)) this.leave();
  };

  constructor(pdf: Uint8Array, compiled: object, limits: ThreadLimits) {
    this.compiled = compiled;
    this.limits = limits;
    this.timeLeftMs = limits.timeLimitMs;
    // A copy of its own to hand over: the caller's buffer stays usable, and no pool around it is copied along.
    this.running = this.start(new Uint8Array(pdf));
    limits.signal.addEventListener('abort', this.abort, { once: true });
  }

  async open(): Promise<number> {
    const answer = await this.ask({ ask: 'open' });
    if ('opened' in answer) return answer.opened.totalPages;
    if ('refused' in answer && answer.refused === 'encrypted') {
      throw new PdfError('encrypted', 'The PDF is protected by a password. Save it without one first.');
    }
    throw new PdfError('damaged', DAMAGED);
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

  /** A page as people see it, as PNG; each has the whole time limit. */
  async picture(page: number, width: number): Promise<Uint8Array> {
    this.timeLeftMs = this.limits.timeLimitMs;
    const answer = await this.ask({ ask: 'picture', page, width });
    if ('picture' in answer) return answer.picture;
    throw new PdfError('damaged', 'A page of the PDF is damaged and cannot be drawn.');
  }

  /** Whether it has its turn at more memory, which others wait for until it ends. */
  get hasMoreMemory(): boolean {
    return hasMore(this.running.memory);
  }

  /** Resolves when the thread has ended, and its memory is free. */
  async end(): Promise<void> {
    this.limits.signal.removeEventListener('abort', this.abort);
    clearTimeout(this.timer);
    if (!this.ended) {
      this.ended = new Error('The PDF was closed.');
      this.leave();
    }
    await this.running.exited;
  }

  private start(pdf: Uint8Array<ArrayBuffer>): Running {
    const memory = pdfMemory(this.limits.memory, pdf.length);
    const thread = new Worker(new URL('./pdf-worker.js', import.meta.url), {
      workerData: { pdf, compiled: this.compiled, memory } satisfies PdfWork,
      transferList: [pdf.buffer],
      execArgv: [],
      resourceLimits: HEAP_LIMITS,
    });
    const crashed = new PdfError('damaged', DAMAGED);
    let isTrapped = false;
    thread.on('message', (message: PdfMessage) => {
      if ('wants' in message) {
        void this.takeMore();
        return;
      }
      isTrapped = 'trapped' in message;
      this.asked?.resolve(message);
    });
    thread.on('error', (error: NodeJS.ErrnoException) => {
      // The thread survives whatever else a file can do to pdfium.
      const isFile = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      this.fail(isFile ? crashed : new Error('pdfium cannot be used.', { cause: error }));
    });
    const exited = new Promise<void>((resolve) => {
      thread.once('exit', () => {
        if (!isTrapped) this.fail(crashed);
        resolve();
      });
    });
    return { thread, memory, exited };
  }

  private leave(): void {
    const { thread, exited } = this.running;
    thread.postMessage({ ask: 'end' } satisfies EndRequest);
    const late = setTimeout(() => void thread.terminate(), LEAVE_LIMIT_MS).unref();
    const left = exited.then(() => {
      clearTimeout(late);
      leaving.delete(left);
    });
    leaving.add(left);
  }

  private async ask(request: PdfRequest): Promise<Exclude<PdfAnswer, Trapped>> {
    if (this.ended) throw this.ended;
    this.isAsked = true;
    this.setClock();
    try {
      return await this.answer(request);
    } finally {
      this.isAsked = false;
      this.setClock();
    }
  }

  private async answer(request: PdfRequest): Promise<Exclude<PdfAnswer, Trapped>> {
    const answer = await this.post(request);
    return 'trapped' in answer ? this.goOn(request, answer) : answer;
  }

  private post(request: PdfRequest): Promise<PdfAnswer> {
    return new Promise((resolve, reject) => {
      this.asked = { resolve, reject };
      this.running.thread.postMessage(request);
    });
  }

  /** After a trap nothing in pdfium's memory can be trusted: the other pages get another thread. */
  private async goOn(request: PdfRequest, { trapped, pdf }: Trapped): Promise<Exclude<PdfAnswer, Trapped>> {
    await this.running.exited;
    if (this.ended) throw this.ended;
    this.running = this.start(pdf);
    if (trapped !== 'annotations' || request.ask === 'open') return { failed: true };
    // The page below what lies on top of it may be sound.
    return this.answer({ ...request, plain: true });
  }

  /** Takes its turn at more memory, which ends when the thread has. */
  private async takeMore(): Promise<void> {
    const { moreMemory, party, signal } = this.limits;
    const { memory, exited } = this.running;
    this.waitsForMemory = true;
    this.setClock();
    const goOn = (isGranted: boolean): void => {
      this.waitsForMemory = false;
      this.setClock();
      answerWaiting(memory, isGranted);
    };
    const use = async (): Promise<void> => {
      goOn(true);
      await exited;
    };
    await moreMemory.run(party, use, signal).catch(() => goOn(false));
  }

  /** The time limit runs while pdfium is at work on a request, and not while it waits for memory. */
  private setClock(): void {
    clearTimeout(this.timer);
    if (this.busySince !== undefined) this.timeLeftMs -= performance.now() - this.busySince;
    this.busySince = undefined;
    if (!this.isAsked || this.waitsForMemory || this.ended) return;
    this.busySince = performance.now();
    const late = new PdfError('time_limit', 'The PDF takes too long to read.');
    this.timer = setTimeout(() => {
      if (this.fail(late)) void this.running.thread.terminate();
    }, this.timeLeftMs);
  }

  /** False when it had ended before. */
  private fail(error: Error): boolean {
    if (this.ended) return false;
    this.ended = error;
    clearTimeout(this.timer);
    this.asked?.reject(error);
    return true;
  }
}

/** Starts one by itself: nothing of the file stays in memory here while its thread is at work. */
export async function startThread(
  load: () => Promise<Uint8Array>,
  limits: ThreadLimits,
): Promise<PdfiumThread> {
  const [pdf, compiled] = await Promise.all([load(), compiledPdfium()]);
  limits.signal.throwIfAborted();
  checkPdf(pdf);
  return new PdfiumThread(pdf, compiled, limits);
}
