import { unlessAborted } from '../abort.js';
import { systemClock, type Clock } from '../clock.js';
import { withStoreRetry } from '../store/retry.js';
import type { Claim } from '../store/events.js';
import type { Store } from '../store/store.js';
import type { EventFeed } from './event-feed.js';
import type { DocumentEvent, KeptEvent } from './events.js';

/** Events are written in groups, at most so often, in milliseconds. */
const WRITE_EVERY_MS = 250;

/** Writes the events of a document that this process reads, and shows them once they are kept. */
export class EventLog {
  readonly #store: Store;
  readonly #claim: Claim;
  readonly #feed: EventFeed;
  readonly #clock: Clock;
  readonly #ending = new AbortController();
  readonly #lost = new AbortController();
  #last: number;
  #unwritten: KeptEvent[] = [];
  #writing: Promise<void> | undefined;

  /** @param feed has all events that were kept of the document before */
  constructor(store: Store, claim: Claim, feed: EventFeed, clock: Clock = systemClock) {
    this.#store = store;
    this.#claim = claim;
    this.#feed = feed;
    this.#clock = clock;
    this.#last = feed.last;
  }

  /** Aborted when another process has the document, or nobody has it any more. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  append(event: DocumentEvent): void {
    this.#unwritten.push(numbered(event, ++this.#last));
    if (this.#ending.signal.aborted) return;
    this.#writing ??= this.#writeInGroups().finally(() => (this.#writing = undefined));
  }

  /**
   * What is not kept yet, and one more, for whoever keeps it together with something else. Events that may
   * have been kept already are among it: keeping them again changes nothing.
   *
   * @throws the signal's reason on abort
   */
  async takeLast(event: DocumentEvent, signal: AbortSignal): Promise<KeptEvent[]> {
    await unlessAborted(this.end(), signal);
    this.#unwritten.push(numbered(event, ++this.#last));
    return this.#unwritten.splice(0);
  }

  /** Shows events that were kept. */
  show(events: readonly KeptEvent[]): void {
    this.#feed.push(events);
  }

  /** Writes nothing more; resolves when no statement is under way. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#writing;
  }

  /** Never rejects: nobody is harmed by an event that is lost, and what it tells of is kept elsewhere. */
  async #writeInGroups(): Promise<void> {
    const { signal } = this.#ending;
    const pause = () => this.#clock.sleep(WRITE_EVERY_MS, signal).catch(() => undefined);
    for (await pause(); this.#unwritten.length > 0 && !signal.aborted; await pause()) {
      const events = this.#unwritten.splice(0);
      const keep = () => this.#store.keepEvents(this.#claim, events);
      try {
        const isOurs = await withStoreRetry(keep, signal, Infinity);
        if (isOurs) this.show(events);
        else {
          this.#ending.abort();
          this.#lost.abort();
        }
      } catch {
        this.#unwritten.unshift(...events);
        return;
      }
    }
  }
}

/** The first events of a document, as they are kept with it. */
export function firstEvents(...events: DocumentEvent[]): KeptEvent[] {
  return events.map((event, index) => numbered(event, index + 1));
}

function numbered(event: DocumentEvent, number: number): KeptEvent {
  return { ...event, number, at: new Date().toISOString() };
}
