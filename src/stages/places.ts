import { FairTurns } from '../fair-turns.js';
import { planMemory, type ThreadMemory } from './memory-plan.js';
import { OcrPool } from './ocr.js';

/** Where documents are read: turns at threads of pdfium, by what they are for, and OCR. */
export interface Places {
  /** Counting pages never waits for a document that is read, nor text for OCR, unless there is memory for one thread. */
  count: FairTurns;
  text: FairTurns;
  draw: FairTurns;
  /** Drawing pages for people. */
  pictures: FairTurns;
  /** Whether only they use those turns, so that one thread may stay. */
  picturesApart: boolean;
  /** Turns at the memory that one thread at a time may take. */
  moreMemory: FairTurns;
  memory: { text: ThreadMemory; drawing: ThreadMemory };
  ocr: OcrPool;
}

/** By megabytes and languages. */
const shared = new Map<string, Places>();

/** The places for so much memory, and OCR of these languages: the same for all such readers of the process. */
export function sharedPlaces(memoryMb: number, languages: string): Places {
  const key = `${memoryMb} ${languages}`;
  const places = shared.get(key) ?? newPlaces(memoryMb, languages);
  shared.set(key, places);
  return places;
}

function newPlaces(memoryMb: number, languages: string): Places {
  const { threads, isOneForAll, picturesApart, ocrWorkers, text, drawing } = planMemory(memoryMb);
  const count = new FairTurns(threads);
  // One at a time: a thread keeps what more memory it has until its pages had their turns at OCR, and a page of
  // another that has such a turn must not wait for that memory meanwhile.
  const draw = isOneForAll ? count : new FairTurns(1);
  return {
    count,
    text: isOneForAll ? count : new FairTurns(threads),
    draw,
    pictures: picturesApart ? new FairTurns(1) : draw,
    picturesApart,
    moreMemory: new FairTurns(1),
    memory: { text, drawing },
    ocr: new OcrPool(ocrWorkers, languages),
  };
}
