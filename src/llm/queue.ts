import { unlessAborted } from '../abort.js';
import { systemClock, type Clock } from '../clock.js';
import { BackgroundCalls } from './background.js';
import { LONGEST_WAIT_MS } from './rate-limits.js';
import {
  isRateLimit,
  UNLIMITED,
  waitAskedBy,
  type DocumentQueue,
  type OnWait,
  type Queue,
  type Room,
  type WaitReason,
} from './turns.js';

/** Calls at once where nobody says how many. */
const USUAL_CONCURRENCY = 20;

/** Calls that were held back together start spread over this time, in milliseconds. */
const RELEASE_MS = 100;

/** Shorter waits than this, in milliseconds, are not worth telling. */
const NOTED_FROM_MS = 1_000;

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
  readonly #background: BackgroundCalls;
  #alarm: AbortController | undefined;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#background = new BackgroundCalls({
      clock,
      concurrency: () => this.#concurrency,
      calls: () => this.#underWay + this.#waiting,
      heldUntil: () => this.#heldUntil,
      schedule: () => this.#schedule(),
      comeBackIn: (ms) => this.#comeBackIn(ms),
    });
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

  /** A queue for calls that give way to all others, and may be broken off so often. */
  background(patience: number): Queue {
    return this.#background.queue(patience);
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
      this.#background.giveWay();
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
    this.#background.schedule();
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
}
