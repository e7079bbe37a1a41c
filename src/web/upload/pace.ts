import type { KeptEvent } from '../../documents/events.js';

/** Fewer pages or calls tell too little. */
const LEAST = { pages: 3, calls: 2 };

/** How fast a document is read, as measured from its events in the stage it is in. */
export class Pace {
  #stage = '';
  #since = 0;
  #total = 0;
  #read = 0;
  #asked = 0;
  #answered = 0;
  /** Of calls that ended. */
  #calls = { count: 0, ms: 0, pages: 0 };
  /** Calls under way: when each began, and about how many pages. */
  readonly #running = new Map<string, { at: number; pages: number }>();
  #atOnce = 1;
  #waiting: (KeptEvent & { type: 'waiting' }) | undefined;

  take(event: KeptEvent): void {
    const at = Date.parse(event.at);
    switch (event.type) {
      case 'accepted':
        this.#begin('', at);
        this.#running.clear();
        this.#answered = 0;
        break;
      case 'stage_begun':
        this.#begin(event.stage, at);
        if (event.stage === 'llm_extraction') this.#asked = event.asked_pages;
        break;
      case 'pages_counted':
        this.#total = event.total_pages;
        break;
      case 'page_read':
        this.#read++;
        break;
      case 'page_done':
      case 'page_failed':
        this.#answered++;
        break;
      case 'call_started':
        this.#running.set(`${event.unit} ${event.pages.join()}`, { at, pages: event.pages.length });
        this.#atOnce = Math.max(this.#atOnce, this.#running.size);
        break;
      case 'call_ended':
        this.#running.delete(`${event.unit} ${event.pages.join()}`);
        if (event.outcome === 'answered') {
          const { count, ms, pages } = this.#calls;
          this.#calls = { count: count + 1, ms: ms + event.ms, pages: pages + event.pages.length };
        }
        break;
    }
    this.#waiting = this.#waitingAfter(event);
  }

  /** Milliseconds until the stage is done; undefined while too little is known. */
  left(now: number): number | undefined {
    if (this.#stage === 'ocr_extraction') {
      if (this.#read < LEAST.pages) return undefined;
      return (this.#total - this.#read) * ((now - this.#since) / this.#read);
    }
    if (this.#stage !== 'llm_extraction' || this.#calls.count < LEAST.calls) return undefined;
    const ofPage = this.#calls.ms / this.#calls.pages;
    let work = (this.#asked - this.#answered) * ofPage;
    let longest = 0;
    for (const { at, pages } of this.#running.values()) {
      const whole = pages * ofPage;
      const done = Math.min(whole, now - at);
      work -= done;
      longest = Math.max(longest, whole - done);
    }
    return Math.max(longest, work / this.#atOnce) + Math.max(0, this.#until - now);
  }

  /** What is waited for now. */
  waiting(now: number): (KeptEvent & { type: 'waiting' }) | undefined {
    return this.#waiting?.until === null || this.#until > now ? this.#waiting : undefined;
  }

  get #until(): number {
    return Date.parse(this.#waiting?.until ?? '') || 0;
  }

  #waitingAfter(event: KeptEvent): (KeptEvent & { type: 'waiting' }) | undefined {
    if (event.type === 'waiting') return event;
    return this.#waiting?.until === null || event.type === 'call_started' ? undefined : this.#waiting;
  }

  #begin(stage: string, at: number): void {
    this.#stage = stage;
    this.#since = at;
    this.#read = 0;
    this.#calls = { count: 0, ms: 0, pages: 0 };
    this.#atOnce = Math.max(1, this.#running.size);
  }
}

/** A time to come, as people say it. */
export function aboutTime(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 10) return 'a few seconds';
  if (seconds < 55) return `about ${10 * Math.round(seconds / 10)} seconds`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 2) return 'about a minute';
  return minutes < 90 ? `about ${minutes} minutes` : `about ${Math.round(minutes / 60)} hours`;
}
