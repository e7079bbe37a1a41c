import { useEffect, useState } from 'preact/hooks';
import type { KeptEvent } from '../../documents/events.js';
import { ProgressOfEvents } from '../../documents/progress.js';
import { call, CallError, repeated, waitMs } from '../call.js';
import { addressOf } from '../place.js';
import { Calls } from './calls.js';
import { Pace } from './pace.js';

/** The answer of `GET api/document/:id/events`, as a page. */
interface PageOfEvents {
  events: KeptEvent[];
  next: number;
  is_complete: boolean;
}

/** A document whose reading is followed. */
export interface Followed {
  id: string;
  readonly progress: ProgressOfEvents;
  readonly calls: Calls;
  readonly pace: Pace;
  /** The server's time, by the page's clock. */
  now: () => number;
  /** Whether all that there is for now has come. */
  isComplete: boolean;
  /** Why nothing comes, in a sentence; undefined while it does. */
  trouble: string | undefined;
}

/** What a page wants to know of a document. */
export interface Wanted {
  id: string;
  isBeingRead: boolean;
  /** Whether its calls are shown: then its events come as they happen. */
  isOpen: boolean;
}

const LOOK_EVERY_MS = 1_000;
const LOOK_HIDDEN_MS = 10_000;
const TRY_AGAIN_MS = 5_000;
/** A browser has six connections to a server. */
const MOST_STREAMS = 2;
/** A stream that is silent for so long may be held back by a proxy: it is asked whether there was anything. */
const SILENT_MS = 3_000;
/** Asked so often whether a stream lacks something, and found so, it is given up. */
const MOST_LACKS = 2;
const SHOWN_EVERY_MS = 100;
const MOST_EVENTS = 1_000;

/** Each type that a stream can bring; the record holds that none is forgotten. */
const TYPES = Object.keys({
  accepted: 0,
  waiting: 0,
  stage_begun: 0,
  account_in_passing: 0,
  pages_counted: 0,
  page_read: 0,
  call_started: 0,
  call_ended: 0,
  request_adapted: 0,
  batch_checked: 0,
  salvage_started: 0,
  page_done: 0,
  field_dropped: 0,
  page_failed: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  broken_off: 0,
} satisfies Record<KeptEvent['type'], 0>);

const ENDS: ReadonlySet<string> = new Set<KeptEvent['type']>(['completed', 'failed', 'cancelled']);

interface Watched extends Followed {
  wanted: Wanted;
  last: number;
  stream: EventSource | undefined;
  heardAt: number;
  lacks: number;
  /** Whether streams of it were given up. */
  isHeldBack: boolean;
  /** The server's clock against the page's. */
  behindMs: number;
  isChanged: boolean;
  watchers: Set<() => void>;
}

/**
 * Follows the readings of documents by their events. They are asked for one document after the other, so that many
 * take one connection; those whose calls are shown have a stream.
 */
export class Following {
  readonly #known = new Map<string, Watched>();
  readonly #closing = new AbortController();
  readonly #onEnd: () => void;
  #wake: () => void = () => undefined;
  #showing: ReturnType<typeof setTimeout> | undefined;

  /** @param onEnd told when the reading of a document has ended, or the document is gone */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
    void this.#look();
  }

  close(): void {
    this.#closing.abort();
    this.#wake();
    clearTimeout(this.#showing);
    for (const { stream } of this.#known.values()) stream?.close();
    this.#known.clear();
  }

  /** What is followed from now on. */
  want(all: readonly Wanted[]): void {
    const ids = new Set(all.map(({ id }) => id));
    for (const [id, watched] of this.#known) {
      if (ids.has(id)) continue;
      watched.stream?.close();
      this.#known.delete(id);
    }
    for (const wanted of all) {
      const watched = this.#watched(wanted.id);
      // One that was asked again goes on.
      if (wanted.isBeingRead) watched.isComplete = false;
      watched.wanted = wanted;
      if (!wanted.isOpen) this.#closeStream(watched);
    }
    this.#wake();
  }

  of(id: string): Followed {
    return this.#watched(id);
  }

  watch(id: string, onChange: () => void): () => void {
    const { watchers } = this.#watched(id);
    watchers.add(onChange);
    return () => watchers.delete(onChange);
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  #watched(id: string): Watched {
    const known = this.#known.get(id);
    if (known) return known;
    const watched: Watched = {
      id,
      progress: new ProgressOfEvents(),
      calls: new Calls(),
      pace: new Pace(),
      now: () => Date.now() - (Number.isFinite(watched.behindMs) ? watched.behindMs : 0),
      isComplete: false,
      trouble: undefined,
      wanted: { id, isBeingRead: false, isOpen: false },
      last: 0,
      stream: undefined,
      heardAt: 0,
      lacks: 0,
      isHeldBack: false,
      behindMs: Infinity,
      isChanged: false,
      watchers: new Set(),
    };
    this.#known.set(id, watched);
    return watched;
  }

  async #look(): Promise<void> {
    while (!this.#isClosed) {
      for (const watched of [...this.#known.values()]) {
        const { isBeingRead, isOpen } = watched.wanted;
        if (watched.isComplete || !(isBeingRead || isOpen)) continue;
        const isHeard = watched.stream !== undefined && Date.now() - watched.heardAt < SILENT_MS;
        if (!isHeard) await this.#ask(watched);
        // It may be wanted no more.
        if (this.#known.get(watched.id) === watched) this.#openStream(watched);
      }
      await this.#pause(document.hidden ? LOOK_HIDDEN_MS : LOOK_EVERY_MS);
    }
  }

  /** Asks for all events that have come since. */
  async #ask(watched: Watched): Promise<void> {
    const { signal } = this.#closing;
    const isStreamed = watched.stream !== undefined;
    const before = watched.last;
    try {
      for (;;) {
        const path = `api/document/${encodeURIComponent(watched.id)}/events?limit=${MOST_EVENTS}&after=${watched.last}`;
        const { events, is_complete } = await call<PageOfEvents>(path, { signal });
        if (signal.aborted) return;
        this.#take(watched, events);
        if (watched.trouble !== undefined) watched.isChanged = true;
        watched.trouble = undefined;
        if (is_complete) return this.#complete(watched);
        if (events.length < MOST_EVENTS) break;
      }
    } catch (error) {
      if (signal.aborted || !(error instanceof CallError)) return;
      this.#fail(watched, error);
      await this.#pause(waitMs(error) ?? TRY_AGAIN_MS);
      return;
    }
    watched.lacks = isStreamed && watched.last > before ? watched.lacks + 1 : 0;
    if (watched.lacks < MOST_LACKS) return;
    watched.isHeldBack = true;
    this.#closeStream(watched);
  }

  #fail(watched: Watched, error: CallError): void {
    // It is gone, or not this person's any more.
    const isOver = error.status === 404 || error.status === 401;
    watched.trouble = (isOver ? error : repeated(error)).message;
    if (isOver) this.#complete(watched);
    this.#changed(watched);
  }

  #openStream(watched: Watched): void {
    const streams = [...this.#known.values()].filter(({ stream }) => stream).length;
    const { wanted, stream, isHeldBack, isComplete, trouble } = watched;
    if (!wanted.isOpen || stream || isHeldBack || isComplete || trouble || streams >= MOST_STREAMS) return;
    // It says by itself what it has seen, when it was cut off.
    const source = new EventSource(
      addressOf(`api/document/${encodeURIComponent(watched.id)}/events?after=${watched.last}`),
    );
    watched.stream = source;
    watched.heardAt = Date.now();
    const onEvent = ({ data }: MessageEvent<string>) => {
      if (watched.stream !== source) return;
      watched.heardAt = Date.now();
      watched.lacks = 0;
      const event = JSON.parse(data) as KeptEvent;
      this.#take(watched, [event]);
      if (ENDS.has(event.type)) this.#complete(watched);
    };
    for (const type of TYPES) source.addEventListener(type, onEvent);
    source.onerror = () => {
      // Nothing comes of it any more: what it lacks is asked for.
      if (source.readyState === EventSource.CLOSED) this.#closeStream(watched);
      watched.heardAt = 0;
    };
  }

  #closeStream(watched: Watched): void {
    watched.stream?.close();
    watched.stream = undefined;
  }

  #take(watched: Watched, events: readonly KeptEvent[]): void {
    for (const event of events) {
      if (event.number <= watched.last) continue;
      watched.last = event.number;
      // The event that was under way for the shortest time tells best.
      watched.behindMs = Math.min(watched.behindMs, Date.now() - Date.parse(event.at));
      watched.progress.update(event);
      watched.calls.take(event);
      watched.pace.take(event);
      this.#changed(watched);
    }
  }

  #complete(watched: Watched): void {
    this.#closeStream(watched);
    if (watched.isComplete) return;
    watched.isComplete = true;
    this.#changed(watched);
    if (watched.wanted.isBeingRead) this.#onEnd();
  }

  /** Has it drawn anew, a few times a second however much comes. */
  #changed(watched: Watched): void {
    watched.isChanged = true;
    this.#showing ??= setTimeout(() => {
      this.#showing = undefined;
      for (const known of this.#known.values()) {
        if (!known.isChanged) continue;
        known.isChanged = false;
        for (const onChange of known.watchers) onChange();
      }
    }, SHOWN_EVERY_MS);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** How a document stands, drawn anew when that changes, and each second while it is read. */
export function useFollowed(following: Following, id: string, isBeingRead: boolean): Followed {
  const [, draw] = useState(0);
  useEffect(() => {
    const again = () => draw((before) => before + 1);
    const forget = following.watch(id, again);
    const timer = isBeingRead ? setInterval(() => document.hidden || again(), 1_000) : undefined;
    return () => {
      forget();
      clearInterval(timer);
    };
  }, [following, id, isBeingRead]);
  return following.of(id);
}
