import type { Clock } from '../clock.js';
import { GaveWay, UNLIMITED, waitAskedBy, type Queue, type Room } from './turns.js';

/** At most so many background calls are under way at once. */
const MOST_BACKGROUND = 4;

/** Background calls leave this share of the places, and of the rate limits, free. */
const LEFT_FREE = 0.25;

/** What background calls must know of the calls that somebody waits for. */
export interface Foreground {
  clock: Clock;
  /** Calls at once. */
  concurrency(): number;
  /** Calls under way or waiting. */
  calls(): number;
  /** No call starts before, because the service asked to wait or is away. */
  heldUntil(): number;
  /** The service served a call. */
  answered(): void;
  /** Has everybody look again for calls that can start. */
  schedule(): void;
  comeBackIn(ms: number): void;
}

/**
 * Calls nobody waits for: they take places that are free, and give them back as soon as another call wants
 * one. A rate limit they run into holds back background calls alone.
 */
export class BackgroundCalls {
  readonly #foreground: Foreground;
  #waiting: { room: Room; start: (place: AbortController) => void }[] = [];
  readonly #underWay = new Set<AbortController>();
  #heldUntil = 0;

  constructor(foreground: Foreground) {
    this.#foreground = foreground;
  }

  /**
   * @param patience how often calls of this queue may be broken off, all together; each is made again later
   * @returns a queue whose calls reject with {@link GaveWay} once they were broken off more often
   */
  queue(patience: number): Queue {
    let brokenOff = 0;
    return {
      run: async (call, signal, room = UNLIMITED) => {
        for (;;) {
          signal.throwIfAborted();
          const place = await this.#turn(signal, room);
          try {
            const result = await call(AbortSignal.any([signal, place.signal]));
            this.#foreground.answered();
            return result;
          } catch (error) {
            const until = this.#foreground.clock.now() + waitAskedBy(error);
            this.#heldUntil = Math.max(this.#heldUntil, until);
            if (!(error instanceof GaveWay) || ++brokenOff > patience) throw error;
          } finally {
            this.#underWay.delete(place);
            this.#foreground.schedule();
          }
        }
      },
    };
  }

  #turn(signal: AbortSignal, room: Room): Promise<AbortController> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        reject(signal.reason as Error);
      };
      const waiting = {
        room,
        start: (place: AbortController) => {
          signal.removeEventListener('abort', leave);
          resolve(place);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiting);
      this.#foreground.schedule();
    });
  }

  /** Starts those that can start, once other calls had their chance. */
  schedule(): void {
    // A document's next call comes right after its last one: it is not to break off what has just begun.
    if (this.#waiting.length > 0) setImmediate(() => this.#start());
  }

  #start(): void {
    const foreground = this.#foreground;
    for (;;) {
      const [next] = this.#waiting;
      if (!next || this.#underWay.size >= MOST_BACKGROUND) return;
      if (this.#places() <= Math.floor(LEFT_FREE * foreground.concurrency())) return;
      const held = Math.max(foreground.heldUntil(), this.#heldUntil) - foreground.clock.now();
      const ms = Math.max(held, next.room.waitFor(LEFT_FREE));
      if (ms > 0) return foreground.comeBackIn(ms);
      this.#waiting.shift();
      const place = new AbortController();
      this.#underWay.add(place);
      next.room.take();
      next.start(place);
    }
  }

  /** Makes room for a call that somebody waits for. */
  giveWay(): void {
    for (const place of this.#underWay) {
      if (this.#places() >= 0) break;
      this.#underWay.delete(place);
      place.abort(new GaveWay());
    }
  }

  /** Places left; below 0 when background calls have to give way. */
  #places(): number {
    return this.#foreground.concurrency() - this.#foreground.calls() - this.#underWay.size;
  }
}
