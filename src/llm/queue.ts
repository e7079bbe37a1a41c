import { unlessAborted } from '../abort.js';
import { systemClock, type Clock } from '../clock.js';
import { ModelFailure } from './failure.js';
import { LONGEST_WAIT_MS } from './rate-limits.js';

/** Calls at once where nobody says how many. */
const USUAL_CONCURRENCY = 20;

/** Calls that were held back together start spread over this time, in milliseconds. */
const RELEASE_MS = 100;

/** At most so many background calls are under way at once. */
const MOST_BACKGROUND = 4;

/** Background calls leave this share of the places, and of the rate limits, free. */
const LEFT_FREE = 0.25;

/** How long calls are held back by a rate limit that does not say how long, in milliseconds. */
const UNSPECIFIED_WAIT_MS = 250;

/** Shorter waits than this, in milliseconds, are not worth telling. */
const NOTED_FROM_MS = 1_000;

/** The room that a call needs within the rate limits of its model. */
export interface Room {
  /**
   * Milliseconds until there is room.
   *
   * @param leaving share of the limits, 0 to 1, that must be left for others
   */
  waitFor(leaving: number): number;
  /** Takes it: the call starts now. */
  take(): void;
}

const UNLIMITED: Room = { waitFor: () => 0, take: () => undefined };

/** Why calls of a document do not start: the service asked to wait, or its rate limits are used up. */
export type WaitReason = 'asked_to_wait' | 'rate_limit';

/** Told that calls of a document wait, and for how many milliseconds at least. */
type OnWait = (why: WaitReason, ms: number) => void;

/** Where calls to a model service wait for their turn. */
export interface Queue {
  /**
   * Makes a call as soon as its turn comes. One that fails because the service asks to wait holds back
   * all that have not started yet.
   *
   * @param call gets the signal that ends it
   * @throws what the call throws; the signal's reason on abort, at once
   */
  run<T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal, room?: Room): Promise<T>;
}

/** The calls of one document, as they wait beside those of others. */
export interface DocumentQueue extends Queue {
  /** Starts no more calls of this document; those that wait go on waiting until they are aborted. */
  stop(): void;
  /** Resolves when no call of this document is under way. */
  idle(): Promise<void>;
}

interface WaitingCall {
  room: Room;
  /** When the rate limits first held it up. */
  limitedSince: number | undefined;
  /** It starts no sooner, because the service asked to wait. */
  heldUntil: number;
  start(): void;
}

/** What is known of one document's calls. */
interface Line {
  waiting: WaitingCall[];
  underWay: number;
  onWait: OnWait | undefined;
  /** Until when its wait was told. */
  toldUntil: number;
  atRest: (() => void)[];
}

/** Why a background call was broken off. */
export class GaveWay extends Error {
  override readonly name = 'GaveWay';
}

/**
 * The calls to one model service, of all documents: so many at once, none before the time the service
 * asked to wait for, and each only when there is room within the rate limits. One scheduler for all of
 * it, so that what a call waits for is decided in one place.
 *
 * Documents share the places fairly: the next call is one of the document that has the fewest under way,
 * so that a long one does not hold up a short one. It is not overtaken while it waits for room: a large
 * call would else wait for ever.
 *
 * How many run at once is halved when the service rejects one for the rate of calls, and grows again
 * by one for every full round that went well.
 */
export class CallQueue {
  readonly #clock: Clock;
  /** Those who use the service, and the most calls each wants at once. */
  readonly #caps = new Set<{ calls: number }>();
  #most = USUAL_CONCURRENCY;
  #concurrency = USUAL_CONCURRENCY;
  /** Calls that went well since the concurrency last changed. */
  #wentWell = 0;
  /** Calls are numbered as they start: those up to this one were under way when it was halved last. */
  #started = 0;
  #halvedUpTo = 0;
  /** Documents with calls that wait, the one served last at the end. */
  readonly #lines = new Set<Line>();
  #waiting = 0;
  #underWay = 0;
  #heldUntil = 0;
  #waitingBackground: { room: Room; start: (place: AbortController) => void }[] = [];
  readonly #background = new Set<AbortController>();
  #backgroundHeldUntil = 0;
  #alarm: AbortController | undefined;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** How many calls may run at once at present. */
  get concurrency(): number {
    return this.#concurrency;
  }

  /**
   * Keeps to so many calls at once; where several ask for that, to the smallest.
   *
   * @param calls from 1
   * @returns ends it
   */
  cap(calls: number): () => void {
    const cap = { calls };
    this.#caps.add(cap);
    this.#capsChanged();
    return () => {
      this.#caps.delete(cap);
      this.#capsChanged();
    };
  }

  #capsChanged(): void {
    const before = this.#most;
    this.#most = Math.min(...[...this.#caps].map(({ calls }) => calls));
    if (this.#caps.size === 0) this.#most = USUAL_CONCURRENCY;
    // One that was halved goes on growing.
    const isWhole = this.#concurrency === before;
    this.#concurrency = isWhole ? this.#most : Math.min(this.#concurrency, this.#most);
    this.#schedule();
  }

  /** The queue of one document. */
  document(onWait?: OnWait): DocumentQueue {
    const line: Line = { waiting: [], underWay: 0, onWait, toldUntil: -Infinity, atRest: [] };
    let isStopped = false;
    return {
      run: async (call, signal, room = UNLIMITED) => {
        signal.throwIfAborted();
        await this.#turn(line, isStopped, room, signal);
        return unlessAborted(this.#make(line, call, signal), signal);
      },
      stop: () => {
        isStopped = true;
        this.#lines.delete(line);
      },
      idle: () => new Promise((resolve) => (line.underWay === 0 ? resolve() : line.atRest.push(resolve))),
    };
  }

  /** Resolves when a call has its place, which it takes. */
  #turn(line: Line, isStopped: boolean, room: Room, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        line.waiting.splice(line.waiting.indexOf(waiting), 1);
        if (line.waiting.length === 0) this.#lines.delete(line);
        this.#waiting--;
        reject(signal.reason as Error);
        this.#schedule();
      };
      const start = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const waiting: WaitingCall = { room, limitedSince: undefined, heldUntil: 0, start };
      signal.addEventListener('abort', leave, { once: true });
      line.waiting.push(waiting);
      this.#waiting++;
      if (!isStopped) this.#lines.add(line);
      this.#breakOffBackground();
      this.#schedule();
    });
  }

  async #make<T>(line: Line, call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const number = ++this.#started;
    try {
      signal.throwIfAborted();
      const result = await call(signal);
      this.#grow();
      return result;
    } catch (error) {
      this.#heldUntil = Math.max(this.#heldUntil, this.#clock.now() + waitAskedBy(error));
      if (isRateLimit(error)) this.#halve(number);
      throw error;
    } finally {
      line.underWay--;
      this.#underWay--;
      if (line.underWay === 0) for (const resolve of line.atRest.splice(0)) setImmediate(resolve);
      this.#schedule();
    }
  }

  /** Starts all calls that can start, and comes back when the next one can. */
  #schedule(): void {
    this.#alarm?.abort();
    this.#alarm = undefined;
    while (this.#underWay < this.#concurrency) {
      const line = this.#next();
      const [call] = line?.waiting ?? [];
      if (!line || !call) break;
      const wait = this.#waitOf(call);
      if (wait) {
        this.#tell(wait.why, wait.ms);
        this.#comeBackIn(wait.ms);
        break;
      }
      line.waiting.shift();
      this.#waiting--;
      this.#lines.delete(line);
      if (line.waiting.length > 0) this.#lines.add(line);
      line.underWay++;
      this.#underWay++;
      call.room.take();
      call.start();
    }
    // A document's next call comes right after its last one: it is not to break off what has just begun.
    if (this.#waitingBackground.length > 0) setImmediate(() => this.#scheduleBackground());
  }

  #next(): Line | undefined {
    let next: Line | undefined;
    for (const line of this.#lines) if (!next || line.underWay < next.underWay) next = line;
    return next;
  }

  /** How long a call must still wait; undefined when it can start. */
  #waitOf(call: WaitingCall): { why: WaitReason; ms: number } | undefined {
    const now = this.#clock.now();
    if (this.#heldUntil > now && call.heldUntil < this.#heldUntil) {
      call.heldUntil = this.#heldUntil + Math.random() * RELEASE_MS;
    }
    if (call.heldUntil > now) return { why: 'asked_to_wait', ms: call.heldUntil - now };
    const ms = call.room.waitFor(0);
    if (ms <= 0) return undefined;
    // A service may tell anything of its limits: after so long a call finds out for itself.
    call.limitedSince ??= now;
    const left = call.limitedSince + LONGEST_WAIT_MS - now;
    return left > 0 ? { why: 'rate_limit', ms: Math.min(ms, left) } : undefined;
  }

  /** Each document once for the time it waits. */
  #tell(why: WaitReason, ms: number): void {
    if (ms < NOTED_FROM_MS) return;
    const now = this.#clock.now();
    for (const line of this.#lines) {
      if (line.toldUntil > now) continue;
      line.toldUntil = now + ms;
      line.onWait?.(why, ms);
    }
  }

  #comeBackIn(ms: number): void {
    if (this.#alarm) return;
    const alarm = new AbortController();
    this.#alarm = alarm;
    const ring = () => {
      if (this.#alarm === alarm) this.#schedule();
    };
    this.#clock.sleep(ms, alarm.signal).then(ring, () => undefined);
  }

  #grow(): void {
    if (this.#concurrency >= this.#most || ++this.#wentWell < this.#concurrency) return;
    this.#wentWell = 0;
    this.#concurrency++;
  }

  /** Once for all calls that were under way together. */
  #halve(call: number): void {
    if (call <= this.#halvedUpTo) return;
    this.#halvedUpTo = this.#started;
    this.#wentWell = 0;
    this.#concurrency = Math.max(1, Math.floor(this.#concurrency / 2));
  }

  /**
   * A queue for calls nobody waits for: they take places that are free, and give them back as soon as
   * another call wants one (the call is broken off and made again later). A rate limit they run into
   * holds back background calls alone.
   *
   * @param patience how often calls of this queue may be broken off, all together
   * @returns a queue whose calls reject with {@link GaveWay} once they were broken off more often
   */
  background(patience: number): Queue {
    let brokenOff = 0;
    return {
      run: async (call, signal, room = UNLIMITED) => {
        for (;;) {
          signal.throwIfAborted();
          const place = await this.#backgroundTurn(signal, room);
          try {
            return await call(AbortSignal.any([signal, place.signal]));
          } catch (error) {
            const until = this.#clock.now() + waitAskedBy(error);
            this.#backgroundHeldUntil = Math.max(this.#backgroundHeldUntil, until);
            if (!(error instanceof GaveWay) || ++brokenOff > patience) throw error;
          } finally {
            this.#background.delete(place);
            this.#schedule();
          }
        }
      },
    };
  }

  #backgroundTurn(signal: AbortSignal, room: Room): Promise<AbortController> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waitingBackground = this.#waitingBackground.filter((other) => other !== waiting);
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
      this.#waitingBackground.push(waiting);
      this.#schedule();
    });
  }

  #scheduleBackground(): void {
    for (;;) {
      const [next] = this.#waitingBackground;
      if (!next || this.#background.size >= MOST_BACKGROUND) return;
      if (this.#places() <= Math.floor(LEFT_FREE * this.#concurrency)) return;
      const held = Math.max(this.#heldUntil, this.#backgroundHeldUntil) - this.#clock.now();
      const ms = Math.max(held, next.room.waitFor(LEFT_FREE));
      if (ms > 0) return this.#comeBackIn(ms);
      this.#waitingBackground.shift();
      const place = new AbortController();
      this.#background.add(place);
      next.room.take();
      next.start(place);
    }
  }

  /** Makes room for a call that has come. */
  #breakOffBackground(): void {
    for (const place of this.#background) {
      if (this.#places() >= 0) break;
      this.#background.delete(place);
      place.abort(new GaveWay());
    }
  }

  /** Places left; below 0 when background calls have to give way. */
  #places(): number {
    return this.#concurrency - this.#underWay - this.#waiting - this.#background.size;
  }
}

function isRateLimit(error: unknown): error is ModelFailure {
  return error instanceof ModelFailure && error.reason === 'rate_limited';
}

/** Milliseconds; 0 for a failure that asks for no wait. */
function waitAskedBy(error: unknown): number {
  if (!(error instanceof ModelFailure)) return 0;
  return error.retryAfterMs ?? (isRateLimit(error) ? UNSPECIFIED_WAIT_MS : 0);
}
