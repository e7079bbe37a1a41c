import { isEnd, type KeptEvent } from './events.js';
import { ProgressOfEvents, type Progress } from './progress.js';

/**
 * The events of one document as they are kept, for all who watch it. What was not kept yet is shown to
 * nobody, so that no number is ever used twice.
 */
export class EventFeed {
  readonly owner: string;
  readonly #closing: AbortSignal;
  readonly #events: KeptEvent[] = [];
  readonly #progress = new ProgressOfEvents();
  readonly #watchers = new Set<() => void>();
  #isOver = false;
  #isGone = false;

  /** @param closing ends all watching */
  constructor(owner: string, closing: AbortSignal) {
    this.owner = owner;
    this.#closing = closing;
  }

  /** The number of the last event, 0 without any. */
  get last(): number {
    return this.#events.at(-1)?.number ?? 0;
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
    if (this.#isGone) return;
    for (const event of events) {
      if (event.number <= this.last) continue;
      this.#events.push(event);
      this.#progress.update(event);
      this.#isOver = isEnd(event);
    }
    this.#wake();
  }

  /** Nothing more comes for now. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** The document is read again. */
  reopen(): void {
    this.#isOver = false;
  }

  /** The document is gone, with its events: who watches it is told. */
  cancel(): void {
    if (!this.#isOver) {
      this.push([{ type: 'cancelled', number: this.last + 1, at: new Date().toISOString() }]);
    }
    this.#isGone = true;
    this.end();
  }

  /** @param after a number, 0 for all */
  after(after: number, most = Infinity): readonly KeptEvent[] {
    const from = this.#events.findIndex(({ number }) => number > after);
    return from < 0 ? [] : this.#events.slice(from, from + most);
  }

  /** The events after a number as they come, until nothing more comes or the signal is aborted. */
  async *watch(after: number, signal: AbortSignal): AsyncGenerator<KeptEvent, void> {
    const ends = [signal, this.#closing];
    let wake: () => void = () => undefined;
    const onNews = () => wake();
    this.#watchers.add(onNews);
    for (const end of ends) end.addEventListener('abort', onNews);
    try {
      for (let seen = after; !ends.some(({ aborted }) => aborted);) {
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
      for (const end of ends) end.removeEventListener('abort', onNews);
    }
  }

  #wake(): void {
    for (const wake of this.#watchers) wake();
  }
}
