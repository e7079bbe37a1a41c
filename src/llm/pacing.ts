import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { unlessAborted } from '../abort.js';
import { ModelFailure } from './failure.js';

/** Calls that were held back together start spread over this time, in milliseconds. */
const RELEASE_MS = 100;

/** At most so many guests are under way at once. */
const MOST_GUESTS = 4;

/** Guests leave this share of the places free, so that they seldom have to give way. */
const LEFT_FREE = 0.25;

/** How long calls are held back by a rate limit that does not say how long, in milliseconds. */
const UNTOLD_WAIT_MS = 250;

/**
 * Waited for right before a call starts: room within the service's rate limits.
 *
 * @param leaving share of the limits, 0 to 1, that must be left for others
 */
type Admission = (signal: AbortSignal, leaving: number) => Promise<void>;

/** What calls to the model wait at for their turn. */
export interface Pacing {
  /**
   * Runs a call as soon as its turn comes. Rejects at once, with the signal's reason, on abort. A call
   * that fails because the service asks to wait holds back all that have not started yet.
   *
   * @param call gets the signal that ends it
   */
  run<T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal, admit?: Admission): Promise<T>;
}

/** The calls of one document, as they wait beside those of others. */
export interface Line extends Pacing {
  /** Starts no more calls of this document; those that wait go on waiting until they are aborted. */
  stop(): void;
  /** Resolves when no call of this document is under way. */
  idle(): Promise<void>;
}

/** Calls that wait in one line, in order. */
interface WaitingLine {
  waiting: (() => Promise<void>)[];
  /** Places taken by calls of this line. */
  taken: number;
  isStopped: boolean;
}

/**
 * Paces the calls of the whole process: at most so many at once, and none before the time a
 * service has asked to wait for. One for all documents, because the limits at the provider count
 * for all of them together. Documents share the places fairly: the next call is one of the document
 * that has the fewest under way, so that a long one does not hold up a short one.
 *
 * How many run at once is halved when the service turns one down for the rate of calls, and grows again
 * by one for every full round that went well.
 */
export class Pacer implements Pacing {
  readonly #limit = pLimit(20);
  #most = 20;
  /** Calls that went well since the limit last changed. */
  #wellDone = 0;
  #halvedAt = -Infinity;
  readonly #gate = new Gate();
  readonly #guestGate = new Gate();
  readonly #guests = new Set<AbortController>();
  #waitingGuests: (() => void)[] = [];
  /** Users’ calls that wait for room, on their way to a place. */
  #arriving = 0;
  /** Lines with calls that wait, the one served last at the end. */
  readonly #lines = new Set<WaitingLine>();

  /** The most calls that may run at once, from 1. May change while calls run. */
  set concurrency(calls: number) {
    this.#most = calls;
    this.#limit.concurrency = calls;
  }

  /** How many calls may run at once at present. */
  get concurrency(): number {
    return this.#limit.concurrency;
  }

  run<T>(...given: Parameters<Pacing['run']>): Promise<T> {
    return this.line().run(...given) as Promise<T>;
  }

  /** A way in for the calls of one document. */
  line(): Line {
    const line: WaitingLine = { waiting: [], taken: 0, isStopped: false };
    let underWay = 0;
    const idle: (() => void)[] = [];
    // One call of a document at a time waits for room and a place, so that those of others come in between.
    const door = pLimit(1);
    const run: Pacing['run'] = async <T>(
      call: (signal: AbortSignal) => Promise<T>,
      signal: AbortSignal,
      admit?: Admission,
    ) => {
      signal.throwIfAborted();
      this.#arrive();
      let isArriving = true;
      const arrived = () => {
        if (isArriving) this.#arriving--;
        isArriving = false;
      };
      const entered = door(async () => {
        signal.throwIfAborted();
        // What is held back takes no room yet.
        await this.#gate.pass(signal);
        await admit?.(signal, 0);
        arrived();
        let start: () => void = () => undefined;
        const started = new Promise<void>((resolve) => (start = resolve));
        const ended = this.#takeTurn(line, async () => {
          signal.throwIfAborted();
          // The gate may have closed meanwhile.
          await this.#gate.pass(signal);
          // A line that was stopped while it was held back: the call waits for its abort.
          if (line.isStopped) return unlessAborted(new Promise<never>(() => undefined), signal);
          start();
          underWay++;
          const startedAt = performance.now();
          try {
            const result = await call(signal);
            this.#wentWell();
            return result;
          } catch (error) {
            this.#gate.close(waitAskedBy(error));
            if (isRateLimit(error)) this.#slowDown(startedAt);
            throw error;
          } finally {
            underWay--;
            if (underWay === 0) for (const resolve of idle.splice(0)) setImmediate(resolve);
          }
        });
        await unlessAborted(Promise.race([started, ended]), signal);
        return { ended };
      });
      try {
        const { ended } = await unlessAborted(entered, signal);
        return await unlessAborted(ended, signal);
      } finally {
        arrived();
      }
    };
    return {
      run,
      stop: () => {
        line.isStopped = true;
        this.#lines.delete(line);
      },
      idle: () => new Promise((resolve) => (underWay === 0 ? resolve() : idle.push(resolve))),
    };
  }

  #takeTurn<T>(line: WaitingLine, call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      line.waiting.push(() => call().then(resolve, reject));
      if (!line.isStopped) this.#lines.add(line);
      void this.#limit(() => this.#serveNext());
    });
  }

  /** Makes guests give way to a call that is on its way to a place. */
  #arrive(): void {
    this.#arriving++;
    for (const guest of this.#guests) {
      if (this.#places() >= 0) break;
      this.#guests.delete(guest);
      guest.abort(new GaveWay());
    }
  }

  async #serveNext(): Promise<void> {
    let next: WaitingLine | undefined;
    for (const line of this.#lines) {
      if (!next || line.taken < next.taken) next = line;
    }
    const call = next?.waiting.shift();
    if (!next || !call) return;
    this.#lines.delete(next);
    if (next.waiting.length > 0) this.#lines.add(next);
    next.taken++;
    try {
      await call();
    } finally {
      next.taken--;
      // Once this call has left the count of those under way.
      setImmediate(() => this.#admitGuests());
    }
  }

  #wentWell(): void {
    if (this.#limit.concurrency >= this.#most || ++this.#wellDone < this.#limit.concurrency) return;
    this.#wellDone = 0;
    this.#limit.concurrency++;
  }

  /** Once for all calls that were under way together. */
  #slowDown(startedAt: number): void {
    if (startedAt < this.#halvedAt) return;
    this.#halvedAt = performance.now();
    this.#wellDone = 0;
    this.#limit.concurrency = Math.max(1, Math.floor(this.#limit.concurrency / 2));
  }

  /**
   * A way in for calls nobody waits for: they take places that are free, and give them back as soon
   * as another call wants one (the guest call is broken off and asked again later). A rate limit they
   * run into holds back guests alone.
   *
   * @param patience how often calls that come in this way may be broken off, all together
   * @returns a way in whose calls reject with {@link GaveWay} once they were broken off more often
   */
  guests(patience: number): Pacing {
    let brokenOff = 0;
    const run: Pacing['run'] = async (call, signal, admit) => {
      for (;;) {
        await this.#guestGate.pass(signal);
        const guest = await this.#enterAsGuest(signal);
        const either = AbortSignal.any([signal, guest.signal]);
        let hasBegun = false;
        try {
          await admit?.(either, LEFT_FREE);
          await this.#gate.pass(either);
          await this.#guestGate.pass(either);
          hasBegun = true;
          return await call(either);
        } catch (error) {
          this.#guestGate.close(waitAskedBy(error));
          if (!(error instanceof GaveWay)) throw error;
          if (hasBegun && ++brokenOff > patience) throw error;
        } finally {
          this.#guests.delete(guest);
          this.#admitGuests();
        }
      }
    };
    return { run };
  }

  async #enterAsGuest(signal: AbortSignal): Promise<AbortController> {
    for (;;) {
      signal.throwIfAborted();
      await this.#gate.pass(signal);
      const leftFree = Math.floor(LEFT_FREE * this.#limit.concurrency);
      if (this.#places() > leftFree && this.#guests.size < MOST_GUESTS) {
        const guest = new AbortController();
        this.#guests.add(guest);
        return guest;
      }
      await unlessAborted(new Promise<void>((resolve) => this.#waitingGuests.push(resolve)), signal);
    }
  }

  /** Lets all waiting guests look for a place again. */
  #admitGuests(): void {
    for (const look of this.#waitingGuests.splice(0)) look();
  }

  /** Places left; below 0 when guests have to give way. */
  #places(): number {
    const { concurrency, activeCount, pendingCount } = this.#limit;
    return concurrency - activeCount - pendingCount - this.#arriving - this.#guests.size;
  }
}

function isRateLimit(error: unknown): error is ModelFailure {
  return error instanceof ModelFailure && error.reason === 'rate_limited';
}

/** Milliseconds; 0 for a failure that asks for no wait. */
function waitAskedBy(error: unknown): number {
  if (!(error instanceof ModelFailure)) return 0;
  return error.retryAfterMs ?? (isRateLimit(error) ? UNTOLD_WAIT_MS : 0);
}

/** Why a guest call was broken off. */
export class GaveWay extends Error {
  override readonly name = 'GaveWay';
}

/** Closed for a while, open otherwise. */
class Gate {
  #notBefore = 0;

  close(ms: number): void {
    this.#notBefore = Math.max(this.#notBefore, performance.now() + ms);
  }

  async pass(signal: AbortSignal): Promise<void> {
    // Again after each wait: another call may have moved the gate meanwhile.
    for (
      let wait = this.#notBefore - performance.now();
      wait > 0;
      wait = this.#notBefore - performance.now()
    ) {
      await sleep(wait + Math.random() * RELEASE_MS, undefined, { signal });
    }
  }
}

/** The pacer of this process. */
export const processPacer = new Pacer();
