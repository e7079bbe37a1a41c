import { systemClock, type Clock } from '../clock.js';
import { withStoreRetry } from '../store/retry.js';
import type { Store } from '../store/store.js';
import type { EventFeed } from './event-feed.js';
import type { DocumentEvent, KeptEvent } from './events.js';

/** Events are written in groups, at most so often, in milliseconds. */
const WRITE_EVERY_MS = 250;

/** Writes the events of a document that this process reads, and shows them once they are kept. */
export class EventLog {
  readonly #store: Store;
  readonly #id: string;
  readonly #feed: EventFeed;
  readonly #signal: AbortSignal;
  readonly #clock: Clock;
  #last: number;
  #unwritten: KeptEvent[] = [];
  /** Until the next group is written. */
  #pause: AbortController | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isEnding = false;

  /**
   * @param feed has all events that were kept of the document before
   * @param signal ends it: what is not written then is lost, and may happen again
   */
  constructor(store: Store, id: string, feed: EventFeed, signal: AbortSignal, clock: Clock = systemClock) {
    this.#store = store;
    this.#id = id;
    this.#feed = feed;
    this.#signal = signal;
    this.#clock = clock;
    this.#last = feed.last;
  }

  append(event: DocumentEvent): void {
    this.#unwritten.push(numbered(event, ++this.#last));
    this.#writeSoon();
  }

  /** What is not written yet, and one more, for whoever keeps it together with something else. */
  async takeLast(event: DocumentEvent): Promise<KeptEvent[]> {
    this.#isEnding = true;
    this.#pause?.abort();
    await this.#writing;
    this.#unwritten.push(numbered(event, ++this.#last));
    return this.#unwritten.splice(0);
  }

  /** Shows events that were kept. */
  show(events: readonly KeptEvent[]): void {
    this.#feed.push(events);
  }

  #writeSoon(): void {
    if (this.#pause || this.#isEnding) return;
    const pause = new AbortController();
    this.#pause = pause;
    const write = () => {
      this.#writing = this.#write().finally(() => {
        this.#pause = undefined;
        if (this.#unwritten.length > 0 && !this.#signal.aborted) this.#writeSoon();
      });
    };
    const signal = AbortSignal.any([pause.signal, this.#signal]);
    this.#clock.sleep(WRITE_EVERY_MS, signal).then(write, () => undefined);
  }

  /** Never rejects: nobody is harmed by an event that is lost, and what it tells of is kept elsewhere. */
  async #write(): Promise<void> {
    const events = this.#unwritten.splice(0);
    const keep = () => this.#store.keepEvents(this.#id, events);
    const isOurs = await withStoreRetry(keep, this.#signal, Infinity).catch(() => false);
    if (isOurs) this.show(events);
  }
}

/** The first events of a document, as they are kept with it. */
export function firstEvents(...events: DocumentEvent[]): KeptEvent[] {
  return events.map((event, index) => numbered(event, index + 1));
}

function numbered(event: DocumentEvent, number: number): KeptEvent {
  return { ...event, number, at: new Date().toISOString() };
}
