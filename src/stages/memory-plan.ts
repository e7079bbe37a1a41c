import { availableParallelism } from 'node:os';

/** Megabytes that pdfium may take in a thread, and those it may take besides when it has its turn at them. */
export interface ThreadMemory {
  usualMb: number;
  moreMb: number;
}

/** How the memory for reading PDFs is shared out. What it comes to is never more than the budget. */
export interface MemoryPlan {
  /** Threads of pdfium at once of each kind: for counting pages, for texts, and for drawing. */
  threads: number;
  /** There is memory for one thread in all: the kinds share it. */
  isOneForAll: boolean;
  /** Pictures for people have a thread of their own; where not, they share the one that draws for OCR. */
  picturesApart: boolean;
  /** Laying out long texts, and preparing large pictures, takes its share. */
  text: ThreadMemory;
  drawing: ThreadMemory;
  ocrWorkers: number;
}

const KINDS = 3;
/** A thread without pdfium's own memory: 20 MB, and what laying out a usual page takes. */
const THREAD_MB = 32;
/** Takes pdfium through most documents; a page scanned in colour at 300 dpi takes twice that. */
const USUAL_MB = 40;
const PLACE_MB = THREAD_MB + USUAL_MB;
/** The share of the threads' memory that is theirs for sure; the rest is for one that needs more. */
const FOR_PLACES = 0.6;
/** What laying out a page of 200,000 characters takes. */
const LAYOUT_MB = 96;
/** What preparing the picture of the largest page takes. */
const PREPARE_MB = 32;
/** The largest pages scanned in colour take some 300 MB. */
const MOST_MORE_MB = 768;
/** A worker takes 85 to 115 MB for usual pages, and up to 160 with the largest picture. */
const OCR_MB = 150;
const FOR_OCR = 0.4;
const MOST_OCR_WORKERS = 4;

/** @param budgetMb from 320 */
export function planMemory(budgetMb: number, cores: number = availableParallelism()): MemoryPlan {
  const ocrWorkers = within(Math.floor((budgetMb * FOR_OCR) / OCR_MB), 1, Math.min(cores, MOST_OCR_WORKERS));
  const forThreads = budgetMb - ocrWorkers * OCR_MB;
  const fitting = Math.floor((forThreads * FOR_PLACES) / (KINDS * PLACE_MB));
  const threads = within(fitting, 1, cores);
  const isOneForAll = fitting < 1;
  // Of the threads for drawing, OCR uses one: another is free for pictures.
  const isSpare = threads > 1;
  const picturesApart = isSpare || forThreads * FOR_PLACES >= (KINDS + 1) * PLACE_MB;
  const places = isOneForAll ? 1 : KINDS * threads + (picturesApart && !isSpare ? 1 : 0);
  const restMb = forThreads - places * PLACE_MB;
  return {
    threads,
    isOneForAll,
    picturesApart,
    text: { usualMb: USUAL_MB, moreMb: within(restMb - LAYOUT_MB, 0, MOST_MORE_MB - LAYOUT_MB) },
    drawing: { usualMb: USUAL_MB, moreMb: within(restMb - PREPARE_MB, 0, MOST_MORE_MB) },
    ocrWorkers,
  };
}

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
