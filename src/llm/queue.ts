import { randomUUID } from 'node:crypto';
import { unlessAborted } from '../abort.js';
import { systemClock, type Clock } from '../clock.js';
import { BackgroundCalls } from './background.js';
import { ModelFailure } from './failure.js';
import { Outage, type StartedCall } from './outage.js';
import { LONGEST_WAIT_MS } from './rate-limits.js';
import { Rejections } from './rejections.js';
import type { AwayTold, CallEnding, NextCall, PlaceAnswer, SharedLimits } from './shared-limits.js';
import { SharedPlaces, type HeldPlace } from './shared-places.js';
import {
  isRateLimit,
  NO_SUBJECT,
  UNLIMITED,
  waitAskedBy,
  type DocumentQueue,
  type KeptReading,
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

/** A place within shared limits is asked for on behalf of so many documents at most. */
const MOST_ASKED_FOR = 10;

interface WaitingCall {
  room: Room;
  /** When it came. */
  since: number;
  /** When the rate limits first held it up. */
  limitedSince: number | undefined;
  start(started: Started): void;
}

interface Started {
  /** Calls are numbered as they start. */
  number: number;
  /** Its place within limits that are shared, where there are any. */
  held: HeldPlace | undefined;
}

type Give = (ending: Omit<CallEnding, 'used'>) => Promise<AwayTold | undefined>;

/** What is known of one owner's calls. */
interface OwnerCalls {
  /** A document without an owner is an owner of its own. */
  name: string | symbol;
  /** Those that wait or are under way. */
  calls: number;
  underWay: number;
  /** Its place in the order: since when it has waited, and no call of it has begun or ended. */
  turn: number;
}

/** What is known of one document's calls. */
interface DocumentCalls {
  owner: OwnerCalls;
  /** What it is known by where limits are shared. */
  id: string;
  reading: KeptReading | undefined;
  /** Whether no more calls of it start. */
  isStopped: boolean;
  waiting: WaitingCall[];
  underWay: number;
  onWait: OnWait | undefined;
  /** Until when its wait was told. */
  toldUntil: number;
  atRest: (() => void)[];
}

/** How it stands with the calls to one model service, in this process. */
export interface QueueState {
  underWay: number;
  waiting: number;
  /** How many may run at once: fewer than `most` while the service limits their rate or is away. */
  atOnce: number;
  most: number;
  /** So long the service has asked to wait; 0 where it has not. */
  heldMs: number;
  /** The service is away; undefined where it is not. */
  outage: { sinceMs: number; nextTryMs: number; patienceEndsMs: number } | undefined;
}

/**
 * The calls to one model service, of all documents: so many at once, none before the time the service
 * asked to wait for, and each only when there is room within the rate limits. One scheduler for all of
 * it, so that what a call waits for is decided in one place.
 *
 * Owners share the places fairly, however many documents each has: the next call is one of the owner who has
 * the fewest under way, and of the document of theirs that has the fewest, so that a long one does not hold up
 * a short one; among equals in turn. It is not overtaken while it waits for room: a large call would else wait
 * for ever.
 *
 * How many run at once is halved when the service rejects one for the rate of calls, and grows again
 * by one for every full round that went well. While the service is away, it is one.
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
  /** Those that have calls. */
  readonly #owners = new Map<string | symbol, OwnerCalls>();
  #turns = 0;
  /** Documents with calls that wait, the one served last at the end. */
  readonly #documents = new Set<DocumentCalls>();
  #waiting = 0;
  #underWay = 0;
  #heldUntil = 0;
  /** Of calls that were held back together, the next starts no sooner. */
  #nextRelease = 0;
  readonly #outage: Outage;
  readonly #rejections: Rejections;
  readonly #background: BackgroundCalls;
  #alarm: { at: number; stop: AbortController } | undefined;
  /** Those that share their limits; the first one's hold. */
  readonly #shares: SharedPlaces[] = [];

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#outage = new Outage(clock);
    this.#rejections = new Rejections(clock);
    this.#background = new BackgroundCalls({
      clock,
      concurrency: () => (this.#outage.isOn ? 1 : this.#concurrency),
      calls: () => this.#underWay + this.#waiting,
      shared: () => this.#shared,
      heldUntil: () => Math.max(this.#heldUntil, this.#outage.pauseEndsAt),
      answered: () => this.#answered(),
      schedule: () => this.#schedule(),
      comeBackIn: (ms) => this.#comeBackIn(ms),
    });
  }

  /** How many calls may run at once at present. */
  get concurrency(): number {
    return this.#concurrency;
  }

  /** How it stands at present. Times are milliseconds from now. */
  get state(): QueueState {
    const now = this.#clock.now();
    const away = this.#outage.known;
    return {
      underWay: this.#underWay,
      waiting: this.#waiting,
      atOnce: this.#outage.isOn ? 1 : this.#concurrency,
      most: this.#most,
      heldMs: Math.max(0, this.#heldUntil - now),
      outage: away && {
        sinceMs: away.sinceMs,
        nextTryMs: away.pauseMs,
        patienceEndsMs: Math.max(0, away.patienceMs - away.sinceMs),
      },
    };
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

  /** Whether anybody asks for a cap. */
  get isCapped(): boolean {
    return this.#caps.size > 0;
  }

  /**
   * Starts calls only within limits that others share, from now on; where several share theirs, within those of the
   * first.
   *
   * @returns `look` is to be called when there may be a place
   */
  share(limits: SharedLimits): { look(): void; end(): void } {
    const asked = new Map<string, { document: DocumentCalls; call: WaitingCall }>();
    const shared = new SharedPlaces(
      limits,
      {
        next: () => {
          asked.clear();
          for (const next of this.#startable()) asked.set(next.document.id, next);
          return [...asked.values()].map((next) => this.#nextCall(next));
        },
        waitForService: () => this.#documents.size > 0 && this.#outage.isOn,
        update: (answer) => this.#update(answer),
        start: (held) => {
          const { document, call } = asked.get(held.place.document) ?? {};
          if (!document || !call || !this.#documents.has(document) || document.waiting[0] !== call)
            return false;
          if (this.#heldFor() > 0 || this.#underWay >= this.#concurrency) return false;
          this.#start(document, call, held);
          return true;
        },
      },
      this.#clock,
    );
    this.#shares.push(shared);
    return {
      look: () => {
        if (this.#shared === shared) shared.lookAgain();
      },
      end: () => {
        shared.end();
        this.#shares.splice(this.#shares.indexOf(shared), 1);
        this.#schedule();
      },
    };
  }

  get #shared(): SharedPlaces | undefined {
    return this.#shares[0];
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

  /**
   * The queue of one document.
   *
   * @param owner whose share of the calls it uses. Default: one of its own
   * @param reading the document, where it is kept: it may be lost as soon as limits are shared
   */
  document(onWait?: OnWait, owner: string | symbol = Symbol(), reading?: KeptReading): DocumentQueue {
    const document: DocumentCalls = {
      owner: { name: owner, calls: 0, underWay: 0, turn: 0 },
      id: reading?.document ?? randomUUID(),
      reading,
      isStopped: false,
      waiting: [],
      underWay: 0,
      onWait,
      toldUntil: -Infinity,
      atRest: [],
    };
    return {
      run: async (call, signal, room = UNLIMITED, subject = NO_SUBJECT) => {
        signal.throwIfAborted();
        const { number, held } = await this.#turn(document, room, signal);
        const started = { ...subject, document, number };
        const give: Give | undefined = held && ((ending) => held.give({ ...ending, used: room.used() }));
        return unlessAborted(
          this.#make(document, started, () => call(signal), { signal, give }),
          signal,
        );
      },
      stop: () => this.#stop(document),
      idle: () =>
        new Promise((resolve) => (document.underWay === 0 ? resolve() : document.atRest.push(resolve))),
    };
  }

  #stop(document: DocumentCalls): void {
    document.isStopped = true;
    this.#documents.delete(document);
  }

  /** Resolves when a call has its place, which it takes. */
  #turn(document: DocumentCalls, room: Room, signal: AbortSignal): Promise<Started> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        document.waiting.splice(document.waiting.indexOf(waiting), 1);
        if (document.waiting.length === 0) this.#documents.delete(document);
        this.#waiting--;
        this.#gone(document.owner);
        reject(signal.reason as Error);
        this.#schedule();
      };
      const start = (started: Started) => {
        signal.removeEventListener('abort', leave);
        resolve(started);
      };
      const waiting: WaitingCall = { room, since: this.#clock.now(), limitedSince: undefined, start };
      signal.addEventListener('abort', leave, { once: true });
      this.#comes(document);
      document.waiting.push(waiting);
      this.#waiting++;
      if (!document.isStopped) this.#documents.add(document);
      this.#background.giveWay();
      this.#schedule();
    });
  }

  /** A call of the document comes; as long as it has some, its owner is the one that is known by the name. */
  #comes(document: DocumentCalls): void {
    const owner = this.#owners.get(document.owner.name) ?? document.owner;
    document.owner = owner;
    if (owner.calls++ > 0) return;
    owner.turn = ++this.#turns;
    this.#owners.set(owner.name, owner);
  }

  #gone(owner: OwnerCalls): void {
    if (--owner.calls === 0) this.#owners.delete(owner.name);
  }

  /** @param give gives the call's place back, where it has one; tells what others know of the service */
  async #make<T>(
    document: DocumentCalls,
    started: StartedCall,
    call: () => Promise<T>,
    { signal, give }: { signal: AbortSignal; give: Give | undefined },
  ): Promise<T> {
    let failure: unknown;
    try {
      signal.throwIfAborted();
      const result = await call();
      this.#answered();
      this.#grow();
      return result;
    } catch (error) {
      failure = error;
      if (error instanceof ModelFailure) this.#failed(started, error);
      throw error;
    } finally {
      this.#outage.ended(started.number);
      document.underWay--;
      document.owner.underWay--;
      document.owner.turn = ++this.#turns;
      this.#underWay--;
      this.#gone(document.owner);
      if (document.underWay === 0) for (const resolve of document.atRest.splice(0)) setImmediate(resolve);
      // Before the next place is asked for.
      const given = give?.(this.#endingOf(failure)).then((away) => this.#toldAway(away));
      if (given) this.#shared?.lookAgain();
      this.#schedule();
      // Others may have found that the service is away: then no page is to blame.
      if (given && failure instanceof ModelFailure && !failure.isOfService) {
        await given;
        if (this.#outage.isOn) this.#outage.judge(started, failure);
      }
    }
  }

  #endingOf(failure: unknown): Omit<CallEnding, 'used'> {
    if (failure === undefined) return { isAnswered: true, holdMs: 0, away: undefined };
    if (!(failure instanceof ModelFailure)) return { isAnswered: false, holdMs: 0, away: undefined };
    if (failure.worth === 'permanent') return { isAnswered: true, holdMs: 0, away: undefined };
    return {
      isAnswered: false,
      holdMs: Math.max(0, this.#heldUntil - this.#clock.now()),
      away: failure.isOfService ? this.#outage.known : undefined,
    };
  }

  #update({ why, againMs, lost, away }: PlaceAnswer): void {
    this.#toldAway(away);
    for (const document of [...this.#documents]) if (lost.includes(document.id)) this.#lose(document);
    if (why === 'asked_to_wait') this.#hold(againMs);
    if (why !== undefined && againMs > 0) this.#tell(why, againMs);
  }

  #toldAway(away: AwayTold | undefined): void {
    if (!this.#outage.told(away)) return;
    // Those that waited for it start one after the other.
    this.#heldUntil = Math.max(this.#heldUntil, this.#clock.now());
    this.#shared?.lookAgain();
    this.#schedule();
  }

  #lose(document: DocumentCalls): void {
    this.#stop(document);
    document.reading?.onLost();
  }

  /** The service is there, and serves. */
  #answered(): void {
    this.#rejections.answered();
    // Those that waited for it start one after the other.
    if (this.#outage.isOn) this.#heldUntil = Math.max(this.#heldUntil, this.#clock.now());
    this.#outage.answered();
  }

  #failed(call: StartedCall, failure: ModelFailure): void {
    // A request that it does not accept was understood.
    if (failure.worth === 'permanent') this.#answered();
    else this.#outage.failed(call, failure);
    const isUntold = isRateLimit(failure) && failure.retryAfterMs === undefined;
    this.#hold(isUntold ? this.#rejections.failed(call, failure, this.#started) : waitAskedBy(failure));
    if (isRateLimit(failure)) this.#halve(call.number);
  }

  /** Starts all calls that can start, and comes back when the next one can. */
  #schedule(): void {
    this.#alarm?.stop.abort();
    this.#alarm = undefined;
    if (this.#shared) this.#shared.look();
    else this.#startAll();
    this.#background.schedule();
  }

  #startAll(): void {
    // A call that waits for room is not overtaken by another that needs the same.
    const usedUp = new Set<object>();
    for (;;) {
      const next = this.#canStart(usedUp);
      if (!next) return;
      this.#start(next.document, next.call, undefined);
    }
  }

  /** The calls that can start, the first of each document, in the order in which they would. */
  #startable(): { document: DocumentCalls; call: WaitingCall }[] {
    const usedUp = new Set<object>();
    const found = new Map<DocumentCalls, WaitingCall>();
    while (found.size < MOST_ASKED_FOR) {
      const next = this.#canStart(usedUp, found);
      if (!next) break;
      found.set(next.document, next.call);
      // As if it had started: one owner is not to be all that is asked for.
      next.document.owner.underWay++;
    }
    for (const { owner } of found.keys()) owner.underWay--;
    return [...found].map(([document, call]) => ({ document, call }));
  }

  /**
   * The next call that can start; where none can, comes back when one may.
   *
   * @param except documents that are not looked at
   */
  #canStart(
    usedUp: Set<object>,
    except?: ReadonlyMap<DocumentCalls, unknown>,
  ): { document: DocumentCalls; call: WaitingCall } | undefined {
    while (this.#documents.size > 0) {
      const held = this.#heldFor();
      if (held > 0) {
        this.#wait(this.#outage.isOn ? 'outage' : 'asked_to_wait', held);
        return undefined;
      }
      if (this.#outage.isProbed || this.#underWay >= this.#concurrency) return undefined;
      const document = this.#next(usedUp, except);
      const [call] = document?.waiting ?? [];
      if (!document || !call) return undefined;
      const ms = this.#roomIn(call);
      if (ms <= 0) return { document, call };
      usedUp.add(call.room.of);
      this.#wait('rate_limit', ms);
    }
    return undefined;
  }

  #nextCall({ document, call }: { document: DocumentCalls; call: WaitingCall }): NextCall {
    const { id, reading, owner } = document;
    return {
      document: id,
      run: reading?.run,
      owner: typeof owner.name === 'string' ? owner.name : id,
      waitedMs: this.#clock.now() - call.since,
      tokens: call.room.tokens,
    };
  }

  #start(document: DocumentCalls, call: WaitingCall, held: HeldPlace | undefined): void {
    document.waiting.shift();
    this.#waiting--;
    this.#documents.delete(document);
    if (document.waiting.length > 0) this.#documents.add(document);
    document.underWay++;
    document.owner.underWay++;
    document.owner.turn = ++this.#turns;
    this.#underWay++;
    call.room.take();
    const number = ++this.#started;
    this.#outage.started(number);
    call.start({ number, held });
    // Calls that were held back start one after the other.
    const now = this.#clock.now();
    const left = this.#heldUntil + RELEASE_MS - now;
    if (left > 0 && this.#documents.size > 0) {
      this.#nextRelease = now + (2 * Math.random() * left) / (this.#waiting + 1);
    }
  }

  #hold(ms: number): void {
    if (ms <= 0) return;
    const until = this.#clock.now() + ms;
    if (until <= this.#heldUntil) return;
    this.#heldUntil = until;
    // Other processes are held back until the same moment.
    this.#nextRelease = until + (Math.random() * RELEASE_MS) / (this.#waiting + 1);
  }

  /** Milliseconds until a call may start, because the service asked to wait or is away. */
  #heldFor(): number {
    return Math.max(this.#heldUntil, this.#nextRelease, this.#outage.pauseEndsAt) - this.#clock.now();
  }

  #next(
    usedUp: ReadonlySet<object>,
    except?: ReadonlyMap<DocumentCalls, unknown>,
  ): DocumentCalls | undefined {
    let next: DocumentCalls | undefined;
    for (const document of this.#documents) {
      if (except?.has(document)) continue;
      const [call] = document.waiting;
      if (call && usedUp.has(call.room.of)) continue;
      if (!next || comesBefore(document, next)) next = document;
    }
    return next;
  }

  /** Milliseconds until there is room for a call. */
  #roomIn(call: WaitingCall): number {
    const ms = call.room.waitFor(0);
    if (ms <= 0) return 0;
    // A service may tell anything of its limits: after so long a call finds out for itself.
    const now = this.#clock.now();
    call.limitedSince ??= now;
    return Math.min(ms, call.limitedSince + LONGEST_WAIT_MS - now);
  }

  #wait(why: WaitReason, ms: number): void {
    this.#tell(why, ms);
    this.#comeBackIn(ms);
  }

  /** Each document once for the time it waits. */
  #tell(why: WaitReason, ms: number): void {
    if (ms < NOTED_FROM_MS && why !== 'outage') return;
    const now = this.#clock.now();
    for (const document of this.#documents) {
      if (document.toldUntil > now) continue;
      document.toldUntil = now + ms;
      document.onWait?.(why, ms);
    }
  }

  /** The earliest wins. */
  #comeBackIn(ms: number): void {
    const at = this.#clock.now() + ms;
    if (this.#alarm && this.#alarm.at <= at) return;
    this.#alarm?.stop.abort();
    const alarm = { at, stop: new AbortController() };
    this.#alarm = alarm;
    const ring = () => {
      if (this.#alarm === alarm) this.#schedule();
    };
    this.#clock.sleep(ms, alarm.stop.signal).then(ring, () => undefined);
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

/** Whether a document is served before another that is before it in turn. */
function comesBefore(one: DocumentCalls, other: DocumentCalls): boolean {
  if (one.owner === other.owner) return one.underWay < other.underWay;
  const more = one.owner.underWay - other.owner.underWay;
  return more < 0 || (more === 0 && one.owner.turn < other.owner.turn);
}
