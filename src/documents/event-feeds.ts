import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../store/store.js';
import { EventFeed } from './event-feed.js';
import type { KeptEvent } from './events.js';

/** Events of a document that another process reads are looked for so often, in milliseconds. */
const LOOK_EVERY_MS = 500;
/** A feed that nobody watches is remembered so long, in milliseconds: who was cut off comes back. */
const REMEMBERED_MS = 10_000;
/** At most so many of those. */
const MOST_REMEMBERED = 200;
/** What was read of a document that is over holds so long: it may be asked again, in another process. */
const FRESH_MS = 2_000;

interface Known {
  feed: EventFeed;
  /** Whether this process writes it. */
  isWritten: boolean;
  isLooking: boolean;
  usedAt: number;
  /** Has it looked at now. */
  wake: () => void;
  readAt: number;
}

/**
 * The events of documents that are read or watched at present: each is read from the store once, however
 * many watch it.
 */
export class EventFeeds {
  readonly #store: Store;
  readonly #closing: AbortSignal;
  readonly #known = new Map<string, Known>();
  readonly #opening = new Map<string, Promise<EventFeed | undefined>>();

  constructor(store: Store, closing: AbortSignal) {
    this.#store = store;
    this.#closing = closing;
  }

  /** The feed of a document that has just come, with the events kept with it. */
  begin(id: string, owner: string, events: readonly KeptEvent[]): EventFeed {
    const known = this.#remember(id, new EventFeed(owner, this.#closing));
    known.isWritten = true;
    known.feed.push(events);
    return known.feed;
  }

  /**
   * The feed of a document that this process reads from now on.
   *
   * @returns undefined when there is no such document
   * @throws {StoreError} when its events cannot be read
   */
  async goOn(id: string): Promise<EventFeed | undefined> {
    // What another process has written since it was last looked at must be known before a number is given.
    const found = await this.#store.events(id, this.#known.get(id)?.feed.last ?? 0);
    if (!found) return undefined;
    const known = this.#known.get(id) ?? this.#remember(id, new EventFeed(found.owner, this.#closing));
    known.isWritten = true;
    known.feed.push(found.events as KeptEvent[]);
    known.feed.reopen();
    return known.feed;
  }

  /** This process reads the document no more. */
  done(id: string): void {
    const known = this.#known.get(id);
    if (!known) return;
    known.isWritten = false;
    // Where it has not ended here, another process may have written more of it.
    known.readAt = known.feed.isOver ? performance.now() : -Infinity;
    this.#look(id, known);
  }

  /** The feed of a document; undefined when the owner has none of this id. */
  async of(id: string, owner: string): Promise<EventFeed | undefined> {
    const feed = this.#current(id) ?? (await this.#open(id));
    return feed?.owner === owner ? feed : undefined;
  }

  /** Something became of the document in another process. */
  wake(id: string): void {
    this.#known.get(id)?.wake();
  }

  /** The document is gone. */
  forget(id: string): void {
    this.#known.get(id)?.feed.cancel();
    this.#known.delete(id);
  }

  #current(id: string): EventFeed | undefined {
    const known = this.#known.get(id);
    if (!known) return undefined;
    const isFresh = performance.now() - known.readAt < FRESH_MS;
    if (!known.isWritten && !known.isLooking && !isFresh) return undefined;
    this.#look(id, known);
    return known.feed;
  }

  /** Once for all who ask at the same time. */
  #open(id: string): Promise<EventFeed | undefined> {
    const opening =
      this.#opening.get(id) ??
      this.#store
        .events(id, 0)
        .then((found) => {
          // This process has begun to write it meanwhile.
          const current = this.#known.get(id);
          if (current?.isWritten) return current.feed;
          if (!found) return undefined;
          const known = this.#remember(id, new EventFeed(found.owner, this.#closing));
          known.feed.push(found.events as KeptEvent[]);
          if (!found.isBeingRead) known.feed.end();
          this.#look(id, known);
          return known.feed;
        })
        .finally(() => this.#opening.delete(id));
    this.#opening.set(id, opening);
    return opening;
  }

  #remember(id: string, feed: EventFeed): Known {
    const now = performance.now();
    const known = { feed, isWritten: false, isLooking: false, usedAt: now, readAt: now, wake: ignore };
    for (const [other, { feed, isWritten, isLooking, usedAt }] of this.#known) {
      const isOld = now - usedAt > REMEMBERED_MS || this.#known.size > MOST_REMEMBERED;
      if (isOld && !isWritten && !isLooking && !feed.isWatched) this.#known.delete(other);
    }
    this.#known.set(id, known);
    return known;
  }

  /** Follows a document that another process reads, as long as it is watched. */
  #look(id: string, known: Known): void {
    known.usedAt = performance.now();
    if (known.isWritten || known.isLooking || known.feed.isOver) return;
    known.isLooking = true;
    void this.#follow(id, known).finally(() => (known.isLooking = false));
  }

  async #follow(id: string, known: Known): Promise<void> {
    const isWanted = () => known.feed.isWatched || performance.now() - known.usedAt < REMEMBERED_MS;
    const isElsewhere = () => !known.isWritten;
    while (isWanted() && isElsewhere() && !known.feed.isOver && !this.#closing.aborted) {
      const woken = new Promise<void>((resolve) => (known.wake = resolve));
      const pause = new AbortController();
      const signal = AbortSignal.any([pause.signal, this.#closing]);
      await Promise.race([woken, sleep(LOOK_EVERY_MS, undefined, { signal, ref: false }).catch(ignore)]);
      pause.abort();
      const found = await this.#store.events(id, known.feed.last).catch(() => null);
      // A store that is away for now says nothing.
      if (found === null) continue;
      known.readAt = performance.now();
      known.feed.push((found?.events ?? []) as KeptEvent[]);
      if (!isElsewhere()) continue;
      if (!found) known.feed.cancel();
      else if (!found.isBeingRead) known.feed.end();
    }
  }
}

function ignore(): void {
  // It is looked at again in any case.
}
