import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ModelFailure } from '../../src/llm/failure.js';
import { CallQueue } from '../../src/llm/queue.js';
import {
  NOT_MADE,
  type AwayTold,
  type CallEnding,
  type NextCall,
  type Place,
  type PlaceAnswer,
  type SharedLimits,
} from '../../src/llm/shared-limits.js';
import { UNLIMITED, type Subject } from '../../src/llm/turns.js';
import { ManualClock } from '../manual-clock.js';

/** How calls of one process wait for places that it shares with others. */

const never = new AbortController().signal;
const settle = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => void jest.restoreAllMocks());

const NONE: PlaceAnswer = { place: undefined, againMs: 0, why: undefined, lost: [], away: undefined };

/** Limits that answer as they are told; else so many places are free. */
class Limits implements SharedLimits {
  readonly asked: (readonly NextCall[])[] = [];
  readonly given: [string, CallEnding][] = [];
  readonly leaving: number[] = [];
  free = Infinity;
  waitMs = 0;
  away: AwayTold | undefined;
  answer: ((next: readonly NextCall[]) => Partial<PlaceAnswer>) | undefined;
  #number = 0;

  async take(next: readonly NextCall[], leaving: number): Promise<PlaceAnswer> {
    this.asked.push(next);
    this.leaving.push(leaving);
    await Promise.resolve();
    const [first] = next;
    if (this.answer) return { ...NONE, away: this.away, ...this.answer(next) };
    if (!first || this.free <= 0) return { ...NONE, away: this.away };
    this.free--;
    return { ...NONE, away: this.away, place: this.placeFor(first) };
  }

  placeFor({ document }: NextCall): Place {
    return { id: String(++this.#number), document, waitMs: this.waitMs };
  }

  give({ document }: Place, ending: CallEnding): Promise<AwayTold | undefined> {
    this.free++;
    this.given.push([document, ending]);
    return Promise.resolve(this.away);
  }
}

function start({ places = 1, callsAtOnce = 20 } = {}) {
  const clock = new ManualClock();
  const queue = new CallQueue(clock);
  queue.cap(callsAtOnce);
  const limits = new Limits();
  limits.free = places;
  const share = queue.share(limits);
  const started: string[] = [];
  const ends = new Map<string, (failure?: Error) => void>();
  const make = (name: string) => () =>
    new Promise<string>((resolve, reject) => {
      started.push(name);
      ends.set(name, (failure) => (failure ? reject(failure) : resolve(name)));
    });
  const document = (id: string, onLost: () => void = () => undefined, owner = id) =>
    queue.document(undefined, owner, { document: id, run: `run of ${id}`, onLost });
  const passes = async (ms: number) => {
    clock.moveOn(ms);
    await settle();
  };
  const end = async (name: string, failure?: Error) => {
    ends.get(name)?.(failure);
    await settle();
  };
  return { clock, queue, limits, share, started, make, document, passes, end };
}

describe('calls with shared limits', () => {
  test('start one place after the other, and give each back before they ask for the next', async () => {
    const { limits, started, make, document, end } = start();
    const all = ['a', 'b'].map((id) => document(id).run(make(id), never));
    await settle();
    expect(started).toEqual(['a']);
    await end('a');
    expect(started).toEqual(['a', 'b']);
    await end('b');
    await Promise.all(all);
    expect(limits.given.map(([id]) => id)).toEqual(['a', 'b']);
    expect(limits.given[0]?.[1]).toEqual({ used: 0, isAnswered: true, holdMs: 0, away: undefined });
  });

  test('ask for one call of each document that could start, once at a time, and again after a while', async () => {
    const { limits, started, make, document, passes } = start({ places: 0 });
    const room = { ...UNLIMITED, tokens: 700 };
    const long = document('long', undefined, 'x');
    for (const name of ['l1', 'l2']) void long.run(make(name), never, room);
    void document('short', undefined, 'x').run(make('s1'), never, room);
    await settle();
    const call = { owner: 'x', waitedMs: 0, tokens: 700 };
    expect(limits.asked).toEqual([
      [
        { document: 'long', run: 'run of long', ...call },
        { document: 'short', run: 'run of short', ...call },
      ],
    ]);
    await passes(50);
    expect(limits.asked).toHaveLength(2);
    expect(limits.asked[1]?.[0]?.waitedMs).toBe(50);
    limits.free = 3;
    await passes(50);
    expect(started).toEqual(['l1', 's1', 'l2']);
  });

  test('start as soon as others tell of a place', async () => {
    const { limits, share, started, make, document } = start({ places: 0 });
    void document('a').run(make('a'), never);
    await settle();
    limits.free = 1;
    share.look();
    await settle();
    expect(started).toEqual(['a']);
  });

  test('ask for no more than may run at once here', async () => {
    const { limits, started, make, document } = start({ places: 9, callsAtOnce: 1 });
    for (const id of ['a', 'b']) void document(id).run(make(id), never);
    await settle();
    expect(started).toEqual(['a']);
    expect(limits.asked).toHaveLength(1);
  });

  test('start when their place says so', async () => {
    const { limits, started, make, document, passes } = start();
    limits.waitMs = 200;
    void document('a').run(make('a'), never);
    await settle();
    await passes(199);
    expect(started).toEqual([]);
    await passes(1);
    expect(started).toEqual(['a']);
  });

  test('give a place back that came for one that is gone', async () => {
    const { limits, started, make, document, passes } = start();
    limits.waitMs = 200;
    const stop = new AbortController();
    const gone = document('gone').run(make('gone'), stop.signal);
    await settle();
    stop.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    await passes(200);
    expect(started).toEqual([]);
    expect(limits.given).toEqual([['gone', NOT_MADE]]);
  });

  test('that are all gone tell that they wait no more', async () => {
    const { limits, make, document, passes } = start({ places: 0 });
    const stop = new AbortController();
    const gone = document('gone').run(make('gone'), stop.signal);
    await settle();
    stop.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    await passes(50);
    expect(limits.asked.map((next) => next.length)).toEqual([1, 0]);
  });

  test('of a document that is lost never start, and that is told once', async () => {
    const { limits, started, make, document, passes } = start();
    let lost = 0;
    const queue = document('a', () => lost++);
    limits.answer = (next) => ({ lost: next.map(({ document: id }) => id) });
    for (const name of ['a1', 'a2']) void queue.run(make(name), never);
    await settle();
    limits.answer = undefined;
    void queue.run(make('a3'), never);
    await passes(1_000);
    expect(lost).toBe(1);
    expect(started).toEqual([]);
  });

  test('tell what they used, or that nobody knows', async () => {
    const { limits, make, document, end } = start({ places: 2 });
    const used = (tokens: number | undefined) => ({ ...UNLIMITED, tokens: 900, used: () => tokens });
    const all = [
      document('a').run(make('a'), never, used(70)),
      document('b').run(make('b'), never, used(undefined)),
    ];
    await settle();
    for (const name of ['a', 'b']) await end(name);
    await Promise.all(all);
    expect(limits.given.map(([, ending]) => ending.used)).toEqual([70, undefined]);
  });

  test('nobody waits for leave a share to others, and are asked for less often', async () => {
    const { queue, limits, started, make, passes } = start({ places: 0 });
    void queue.background(1).run(make('a'), never);
    await settle();
    expect(limits.leaving).toEqual([0.25]);
    await passes(499);
    expect(limits.asked).toHaveLength(1);
    limits.free = 1;
    await passes(1);
    expect(started).toEqual(['a']);
  });

  test('are as free as before once the limits are shared no more', async () => {
    const { share, started, make, document } = start({ places: 0 });
    for (const id of ['a', 'b']) void document(id).run(make(id), never);
    await settle();
    share.end();
    await settle();
    expect(started).toEqual(['a', 'b']);
  });

  test('keep to the limits that were shared first, as long as they are', async () => {
    const { queue, share, limits, started, make, document } = start({ places: 0 });
    const second = new Limits();
    queue.share(second).look();
    void document('a').run(make('a'), never);
    await settle();
    expect([limits.asked.length, second.asked.length]).toEqual([1, 0]);
    share.end();
    await settle();
    expect(started).toEqual(['a']);
    expect(second.asked).toHaveLength(1);
  });
});

describe('what a service tells one process', () => {
  const rejected = new ModelFailure('rate_limited', { retryAfterMs: 5_000 });

  test('is told the others: a wait that it asks for', async () => {
    const { limits, make, document, end } = start();
    const failing = document('a').run(make('a'), never);
    await settle();
    const failed = expect(failing).rejects.toBe(rejected);
    await end('a', rejected);
    await failed;
    expect(limits.given).toEqual([['a', { used: 0, isAnswered: false, holdMs: 5_000, away: undefined }]]);
  });

  test('holds back the calls of another', async () => {
    const { limits, started, make, document, passes } = start();
    limits.answer = () => ({ why: 'asked_to_wait', againMs: 5_000 });
    void document('a').run(make('a'), never);
    await settle();
    limits.answer = undefined;
    await passes(4_900);
    expect(started).toEqual([]);
    await passes(300);
    expect(started).toEqual(['a']);
  });
});

describe('a service that others found away', () => {
  const AWAY: AwayTold = { sinceMs: 1_000, patienceMs: 600_000, pauseMs: 30_000, failedProbes: 3 };
  const subject = (page: number): Subject => ({ pages: [page], outagePatienceMs: 600_000 });

  test('is away: what fails here meanwhile says nothing of its page', async () => {
    const { limits, make, document, end } = start();
    const failing = document('a').run(make('a'), never, UNLIMITED, subject(1));
    await settle();
    limits.away = AWAY;
    const failure = new ModelFailure('connection');
    const failed = expect(failing).rejects.toMatchObject({ isOfService: true });
    await end('a', failure);
    await failed;
  });

  test('holds calls back until others find it back, which is asked each second', async () => {
    const { limits, started, make, document, passes } = start();
    limits.away = AWAY;
    limits.answer = () => ({ why: 'outage', againMs: 30_000 });
    void document('a').run(make('a'), never);
    await settle();
    await passes(500);
    await passes(5_000);
    expect(started).toEqual([]);
    limits.answer = undefined;
    limits.away = undefined;
    await passes(1_000);
    await passes(200);
    expect(started).toEqual(['a']);
  });

  test('is told the others when it is found here', async () => {
    const { limits, make, document, end } = start({ places: 2 });
    const all = [1, 2].map((page) =>
      document(`${page}`).run(make(`${page}`), never, UNLIMITED, subject(page)),
    );
    await settle();
    for (const name of ['1', '2']) {
      void all[Number(name) - 1]?.catch(() => undefined);
      await end(name, new ModelFailure('server_error'));
    }
    expect(limits.given.map(([, ending]) => ending.away)).toEqual([
      undefined,
      { sinceMs: 0, patienceMs: 600_000, pauseMs: 1_000, failedProbes: 0 },
    ]);
  });
});
