import { isEnd, type KeptEvent } from './events.js';
import { ProgressOfEvents, type Progress } from './progress.js';

/**
 * The events of one document as they are kept, for all who watch it. What was not kept yet is shown to
 * nobody, so that no number is ever used twice.
 */
export class EventFeed {
  readonly owner: string;
  readonly #events: KeptEvent[] = [];
  readonly #progress = new ProgressOfEvents();
  readonly #watchers = new Set<() => void>();
  #isOver = false;

  constructor(owner: string) {
    this.owner = owner;
  }

  /** The number of the last event, 0 without any. */
  get last(): number {
    return this.#events.length;
  }

  get progress(): Progress {
    return this.#progress.now;
  }

  /** Whether nothing more comes for now. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  /** Adds events that were kept; those that are there already are left alone. */
  push(events: readonly KeptEvent[]): void {
    const fresh = events.filter(({ number }) => number > this.last);
    for (const event of fresh) {
      this.#events.push(event);
      this.#progress.update(event);
      this.#isOver = isEnd(event);
    }
    if (fresh.length > 0) this.#wake();
  }

  /** Nothing more comes: the document has ended, or is gone. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** The document is read again. */
  reopen(): void {
    this.#isOver = false;
  }

  /** @param after a number, 0 for all */
  after(after: number, most = Infinity): readonly KeptEvent[] {
    return this.#events.slice(after, after + most);
  }

  /** The document is gone, with its events: who watches it is told. */
  cancel(): void {
    if (this.#isOver) return;
    this.push([{ type: 'cancelled', number: this.last + 1, at: new Date().toISOString() }]);
  }

  /** The events after a number as they come, until nothing more comes or the signal is aborted. */
  async *watch(after: number, signal: AbortSignal): AsyncGenerator<KeptEvent, void> {
    let wake: () => void = () => undefined;
    const onNews = () => wake();
    this.#watchers.add(onNews);
    signal.addEventListener('abort', onNews);
    try {
      for (let seen = after; !signal.aborted;) {
        const news = new Promise<void>((resolve) => (wake = resolve));
        const events = this.after(seen);
        for (const event of events) {
          yield event;
          seen = event.number;
        }
        if (events.length > 0) continue;
        if (this.#isOver) return;
        await news;
      }
    } finally {
      this.#watchers.delete(onNews);
      signal.removeEventListener('abort', onNews);
    }
  }

  #wake(): void {
    for (const wake of this.#watchers) wake();
  }
}
