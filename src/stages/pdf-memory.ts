import type { ThreadMemory } from './memory-plan.js';

/**
 * What a thread of pdfium may take of memory: so much for sure, and more once it has its turn at that. The
 * thread waits inside pdfium, which cannot be told to go on later, so the answer comes through shared memory.
 */
export interface PdfMemory {
  usualBytes: number;
  moreBytes: number;
  /** One number: whether there is more. */
  answer: Int32Array<SharedArrayBuffer>;
}

const MEGABYTE = 1_024 * 1_024;
const OPEN = 0;
const GRANTED = 1;
const REFUSED = 2;

/** @param heldBytes - what the thread holds beside pdfium */
export function pdfMemory({ usualMb, moreMb }: ThreadMemory, heldBytes: number): PdfMemory {
  return {
    usualBytes: usualMb * MEGABYTE - heldBytes,
    moreBytes: moreMb * MEGABYTE,
    answer: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
  };
}

/** Lets a thread that waits for more go on, with it or without. */
export function answerWaiting({ answer }: PdfMemory, isGranted: boolean): void {
  Atomics.store(answer, 0, isGranted ? GRANTED : REFUSED);
  Atomics.notify(answer, 0);
}

/** Whether a thread has its turn at more memory, until it ends. */
export function hasMore({ answer }: PdfMemory): boolean {
  return Atomics.load(answer, 0) === GRANTED;
}

/** In the thread: whether pdfium may take so many bytes in all. Waits for its turn where that is more than usual. */
export function mayTake(memory: PdfMemory, bytes: number, askForMore: () => void): boolean {
  if (bytes <= memory.usualBytes) return true;
  return bytes <= memory.usualBytes + memory.moreBytes && takeMore(memory, askForMore);
}

/** In the thread: waits for its turn at more memory. False when it is aborted. */
export function takeMore({ answer }: PdfMemory, askForMore: () => void): boolean {
  if (Atomics.load(answer, 0) === OPEN) {
    askForMore();
    Atomics.wait(answer, 0, OPEN);
  }
  return Atomics.load(answer, 0) === GRANTED;
}
