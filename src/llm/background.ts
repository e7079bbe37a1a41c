import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.js';
import { ModelFailure } from './failure.js';
import { NOT_MADE } from './shared-limits.js';
import { HeldPlace, type SharedPlaces } from './shared-places.js';
import { GaveWay, UNLIMITED, waitAskedBy, type Queue, type Room } from './turns.js';

/** At most so many background calls are under way at once. */
const MOST_BACKGROUND = 4;

/** Background calls leave this share of the places, and of the rate limits, free. */
const LEFT_FREE = 0.25;

/** Whose calls they are where limits are shared. */
const BACKGROUND = 'background';

/** What background calls must know of the calls that somebody waits for. */
export interface Foreground {
  clock: Clock;
  /** Calls at once. */
  concurrency(): number;
  /** Calls under way or waiting. */
  calls(): number;
  /** Where places within limits that are shared are taken. */
  shared(): SharedPlaces | undefined;
  /** No call starts before, because the service asked to wait or is away. */
  heldUntil(): number;
  /** The service served a call. */
  answered(): void;
  /** Has everybody look again for calls that can start. */
  schedule(): void;
  comeBackIn(ms: number): void;
}

interface Started {
  /** Aborted when the call has to give way. */
  place: AbortController;
  held: HeldPlace | undefined;
}

interface WaitingCall {
  /** What it is known by where limits are shared. */
  id: string;
  since: number;
  room: Room;
  start: (started: Started) => void;
}

/**
 * Calls nobody waits for: they take places that are free, and give them back as soon as another call wants
 * one. A rate limit they run into holds back background calls alone.
 */
export class BackgroundCalls {
  readonly #foreground: Foreground;
  #waiting: WaitingCall[] = [];
  readonly #underWay = new Set<AbortController>();
  #heldUntil = 0;
  /** Whether a place within shared limits is asked for, and when it may be asked for again. */
  #isAsking = false;
  #askAgainAt = 0;

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
          const { place, held } = await this.#turn(signal, room);
          let isAnswered = true;
          try {
            const result = await call(AbortSignal.any([signal, place.signal]));
            this.#foreground.answered();
            return result;
          } catch (error) {
            isAnswered = error instanceof ModelFailure && error.worth === 'permanent';
            const until = this.#foreground.clock.now() + waitAskedBy(error);
            this.#heldUntil = Math.max(this.#heldUntil, until);
            if (!(error instanceof GaveWay) || ++brokenOff > patience) throw error;
          } finally {
            this.#underWay.delete(place);
            void held?.give({ ...NOT_MADE, used: room.used(), isAnswered });
            this.#foreground.schedule();
          }
        }
      },
    };
  }

  #turn(signal: AbortSignal, room: Room): Promise<Started> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        reject(signal.reason as Error);
      };
      const waiting: WaitingCall = {
        id: randomUUID(),
        since: this.#foreground.clock.now(),
        room,
        start: (started) => {
          signal.removeEventListener('abort', leave);
          resolve(started);
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
    while (!this.#isAsking) {
      const next = this.#canStart();
      if (!next) return;
      const shared = this.#foreground.shared();
      if (shared) void this.#ask(shared, next);
      else this.#begin(next, undefined);
    }
  }

  #canStart(): WaitingCall | undefined {
    const foreground = this.#foreground;
    const [next] = this.#waiting;
    if (!next || this.#underWay.size >= MOST_BACKGROUND) return undefined;
    if (this.#places() <= Math.floor(LEFT_FREE * foreground.concurrency())) return undefined;
    const heldUntil = Math.max(foreground.heldUntil(), this.#heldUntil, this.#askAgainAt);
    const held = heldUntil - foreground.clock.now();
    const ms = Math.max(held, next.room.waitFor(LEFT_FREE));
    if (ms <= 0) return next;
    foreground.comeBackIn(ms);
    return undefined;
  }

  #begin(next: WaitingCall, held: HeldPlace | undefined): void {
    this.#waiting.shift();
    const place = new AbortController();
    this.#underWay.add(place);
    next.room.take();
    next.start({ place, held });
  }

  async #ask(shared: SharedPlaces, { id, since, room }: WaitingCall): Promise<void> {
    this.#isAsking = true;
    const waitedMs = this.#foreground.clock.now() - since;
    const call = { document: id, run: undefined, owner: BACKGROUND, waitedMs, tokens: room.tokens };
    const answer = await shared.takeFor(call, LEFT_FREE);
    this.#isAsking = false;
    if (answer instanceof HeldPlace) {
      const next = this.#canStart();
      if (next?.id === id) this.#begin(next, answer);
      else void answer.give(NOT_MADE);
    } else this.#askAgainAt = this.#foreground.clock.now() + answer.againMs;
    this.schedule();
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
