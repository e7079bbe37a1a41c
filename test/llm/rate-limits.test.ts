import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ModelFailure } from '../../src/llm/failure.js';
import { CallQueue } from '../../src/llm/queue.js';
import { UNLIMITED, type Room, type WaitReason } from '../../src/llm/turns.js';
import { LONGEST_WAIT_MS, RateLimits, type Amounts, type Ticket } from '../../src/llm/rate-limits.js';
import { most, pages, quireFor, serviceWith, type Kept } from '../limited-service.js';
import { ManualClock } from '../manual-clock.js';
import type { Call } from '../provider.js';
import { TokenBucket } from '../token-bucket.js';

/** Calls wait for room within the rate limits that a model service tells. */

const never = new AbortController().signal;
/** Lets everything run that can. */
const settle = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

type Told = Partial<Record<'limit' | 'remaining' | 'reset', string | number>>;

function headersOf(of: 'requests' | 'tokens', told: Told): Headers {
  const named = Object.entries(told).map(([name, value]) => [`x-ratelimit-${name}-${of}`, String(value)]);
  return new Headers(Object.fromEntries(named) as Record<string, string>);
}

const calls = (requests: number) => ({ requests, tokens: 0 });

/** Limits after one answer that told so; the clock stands still. */
function limitsTold(told: Told, of: 'requests' | 'tokens' = 'requests'): RateLimits {
  const limits = new RateLimits(new ManualClock());
  const ticket = limits.take({ requests: 1, tokens: 1 });
  limits.update(ticket, headersOf(of, told), false);
  return limits;
}

describe('the headers', () => {
  test.each([
    ['6m0s', 360_000],
    ['59m3s', 3_543_000],
    ['12ms', 12],
    ['1.5s', 1_500],
    ['1m1s500ms', 61_500],
    ['7', 7_000],
    ['0.25', 250],
  ])('a reset of "%s" is %d ms', (reset, ms) => {
    const limits = limitsTold({ limit: 100, remaining: 0, reset });
    expect(limits.waitFor(calls(50))).toBe(ms);
  });

  test('a limit that takes more than an hour to come back, or for ever, holds up no call', () => {
    for (const reset of ['1h0m1s', '1735689600', '9'.repeat(400)]) {
      const limits = limitsTold({ limit: 100, remaining: 0, reset });
      expect(limits.waitFor(calls(50))).toBe(0);
    }
  });

  test.each(['soon', '', '6 minutes', '-1'])('a reset of "%s" counts as not told: a minute', (reset) => {
    const limits = limitsTold({ limit: 100, remaining: 0, reset });
    expect(limits.waitFor(calls(50))).toBe(60_000);
  });

  test.each<[string, Told]>([
    ['-1 for all', { limit: -1, remaining: -1, reset: '1s' }],
    ['-1 for what remains', { limit: 100, remaining: -1, reset: '1s' }],
    ['a limit of 0', { limit: 0, remaining: 0, reset: '1s' }],
    ['no limit', { remaining: 0, reset: '1s' }],
    ['nothing about what remains', { limit: 100, reset: '1s' }],
    ['more than the limit', { limit: 100, remaining: 101, reset: '1s' }],
    ['empty texts', { limit: '', remaining: '', reset: '' }],
    ['words', { limit: 'unlimited', remaining: 'unlimited' }],
  ])('%s: nothing is limited', (_name, told) => {
    for (const of of ['requests', 'tokens'] as const) {
      const limits = limitsTold(told, of);
      expect(limits.waitFor({ requests: 1e9, tokens: 1e9 })).toBe(0);
    }
  });

  test('each limit counts by itself, and the longer wait is the one to wait', () => {
    const limits = limitsTold({ limit: 1_000, remaining: 0, reset: '10s' }, 'tokens');
    expect(limits.waitFor({ requests: 1e9, tokens: 0 })).toBe(0);
    expect(limits.waitFor({ requests: 1, tokens: 500 })).toBe(10_000);
    const ticket: Ticket = limits.take({ requests: 1, tokens: 0 });
    limits.update(ticket, headersOf('requests', { limit: 10, remaining: 0, reset: '20s' }), false);
    expect(limits.waitFor({ requests: 5, tokens: 500 })).toBe(20_000);
  });
});

/** Calls of a service whose limits were told by one answer: all is used up for six minutes. */
function usedUp() {
  const clock = new ManualClock();
  const limits = new RateLimits(clock);
  const service = new CallQueue(clock);
  const answer = (ticket: Ticket, remaining: number) =>
    limits.update(ticket, headersOf('requests', { limit: 100, remaining, reset: '6m0s' }), false);
  const [first, second] = [limits.take(calls(1)), limits.take(calls(1))];
  answer(first, 0);
  let end: () => void = () => undefined;
  const underWay = service.document().run(() => new Promise<void>((resolve) => (end = resolve)), never);
  /** The call that is under way is answered. */
  const tellOfRoom = async (remaining = 100) => {
    await settle();
    answer(second, remaining);
    end();
    await underWay;
    await settle();
  };
  const waits: [WaitReason, number][] = [];
  const room = (amounts: Amounts): Room => ({
    of: limits,
    waitFor: (leaving) => limits.waitFor(amounts, leaving),
    take: () => void limits.take(amounts),
    tokens: 0,
    used: () => 0,
  });
  const started: string[] = [];
  const run = (name: string, requests: number, signal = never) =>
    service
      .document((why, ms) => waits.push([why, ms]))
      .run(() => Promise.resolve(void started.push(name)), signal, room(calls(requests)));
  return { clock, limits, service, room, run, started, waits, tellOfRoom };
}

describe('a waiting call', () => {
  test('starts with an answer that tells of more room, long before the time first expected', async () => {
    const { limits, run, tellOfRoom } = usedUp();
    const waiting = run('a', 1);
    expect(limits.waitFor(calls(1))).toBeGreaterThan(1_000);
    await tellOfRoom();
    await waiting;
  });

  test('starts as soon as the time has come', async () => {
    const { clock, limits, run } = usedUp();
    const waiting = run('a', 1);
    await settle();
    clock.moveOn(limits.waitFor(calls(1)));
    await waiting;
  });

  test('goes on waiting after an answer that tells of none', async () => {
    const { run, started, tellOfRoom } = usedUp();
    const leave = new AbortController();
    const waiting = run('a', 1, leave.signal);
    await tellOfRoom(0);
    await settle();
    expect(started).toEqual([]);
    leave.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
  });

  test('has its document told why it waits, and how long, once', async () => {
    const { clock, limits, run, waits } = usedUp();
    const ms = limits.waitFor(calls(1));
    const waiting = run('a', 1);
    await settle();
    clock.moveOn(1_000);
    await settle();
    expect(waits).toEqual([['rate_limit', Math.min(ms, LONGEST_WAIT_MS)]]);
    clock.moveOn(ms);
    await waiting;
  });

  test('finds out for itself after five minutes, whatever the service tells of its limits', async () => {
    const { clock, run } = usedUp();
    const waiting = run('large', 100);
    await settle();
    clock.moveOn(LONGEST_WAIT_MS);
    await waiting;
  });

  test('leaves at once on abort, with the signal’s reason', async () => {
    const { run } = usedUp();
    const leave = new AbortController();
    const waiting = run('a', 1, leave.signal);
    await settle();
    leave.abort(new Error('the user left'));
    await expect(waiting).rejects.toThrow('the user left');
  });

  test('leaves at once on abort behind another that waits, which goes on waiting', async () => {
    const { run, started, tellOfRoom } = usedUp();
    const before = run('before', 1);
    const leave = new AbortController();
    const waiting = run('behind', 1, leave.signal);
    await settle();
    leave.abort(new Error('the user left'));
    await expect(waiting).rejects.toThrow('the user left');
    expect(started).toEqual([]);
    await tellOfRoom();
    await before;
  });

  test('that was aborted before it came takes nothing', async () => {
    const { limits, run, tellOfRoom } = usedUp();
    await tellOfRoom(10);
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(run('gone', 8, gone)).rejects.toThrow('gone');
    expect(limits.waitFor(calls(5))).toBe(0);
  });

  test('that needs much is not overtaken by one that needs little', async () => {
    const { run, started, tellOfRoom } = usedUp();
    const leave = new AbortController();
    const large = run('large', 40, leave.signal);
    const small = run('small', 1, leave.signal);
    await settle();
    await tellOfRoom(50);
    expect(started).toEqual([]);
    leave.abort(new Error('left'));
    await Promise.allSettled([large, small]);
  });
});

describe('calls in the background', () => {
  test('leave a quarter of the limit', () => {
    const limits = limitsTold({ limit: 100, remaining: 26, reset: '60s' });
    expect(limits.waitFor(calls(1))).toBe(0);
    expect(limits.waitFor(calls(1), 0.25)).toBeGreaterThan(0);
    const roomy = limitsTold({ limit: 100, remaining: 27, reset: '60s' });
    expect(roomy.waitFor(calls(1), 0.25)).toBe(0);
  });

  test('are asked to leave a quarter, users’ calls nothing', async () => {
    const service = new CallQueue(new ManualClock());
    const asked: number[] = [];
    const room: Room = {
      of: {},
      waitFor: (leaving) => {
        asked.push(leaving);
        return 0;
      },
      take: () => undefined,
      tokens: 0,
      used: () => 0,
    };
    await service.document().run(() => Promise.resolve(), never, room);
    await service.background(1).run(() => Promise.resolve(), never, room);
    expect(asked).toEqual([0, 0.25]);
  });

  test('and users’ calls that a service has asked to wait take no room meanwhile', async () => {
    const service = new CallQueue(new ManualClock());
    const rejected = new ModelFailure('rate_limited', { retryAfterMs: 60_000 });
    await expect(service.document().run(() => Promise.reject(rejected), never)).rejects.toBe(rejected);
    const leave = new AbortController();
    let taken = 0;
    const take = () => {
      taken++;
    };
    const room: Room = { ...UNLIMITED, take };
    const held = [service.document(), service.background(1)].map((queue) =>
      queue.run(() => Promise.resolve(), leave.signal, room),
    );
    await settle();
    leave.abort(new Error('left'));
    for (const each of held) await expect(each).rejects.toThrow('left');
    expect(taken).toBe(0);
  });

  test('that wait hold up no user’s call', async () => {
    const { service, room, run, tellOfRoom } = usedUp();
    await tellOfRoom(20);
    const leave = new AbortController();
    const background = service.background(1).run(() => Promise.resolve(), leave.signal, room(calls(1)));
    await run('user', 1);
    leave.abort(new Error('left'));
    await expect(background).rejects.toThrow('left');
  });
});

describe('what is expected', () => {
  const tell = (limits: RateLimits, ticket: Ticket, remaining: number, resetMs: number, isRejected = false) =>
    limits.update(ticket, headersOf('requests', { limit: 10, remaining, reset: `${resetMs}ms` }), isRejected);

  /** Calls were rejected twice in spite of room; one started at 50; what is left is there at 102. */
  function windowOfTen() {
    const clock = new ManualClock();
    const limits = new RateLimits(clock);
    tell(limits, limits.take(calls(1)), 9, 100);
    tell(limits, limits.take(calls(1)), 0, 100, true);
    clock.moveOn(45);
    const second = limits.take(calls(1));
    const late = limits.take(calls(1));
    tell(limits, second, 0, 55, true);
    clock.moveOn(5);
    return { clock, limits, late };
  }

  test('is a window after two surprises: nothing comes back until it ends', () => {
    const { clock, limits } = windowOfTen();
    expect(limits.waitFor(calls(3))).toBe(52);
    clock.moveOn(51);
    expect(limits.waitFor(calls(3))).toBe(1);
    clock.moveOn(1);
    expect(limits.waitFor(calls(5))).toBe(0);
  });

  test('is the limit once when a window has ended, until an answer tells of the next', () => {
    const { clock, limits } = windowOfTen();
    clock.moveOn(52);
    for (let call = 1; call <= 9; call++) {
      expect(limits.waitFor(calls(1))).toBe(0);
      limits.take(calls(1));
    }
    expect(limits.waitFor(calls(1))).toBe(100);
  });

  test('is not more by the answer to a call of the window before', () => {
    const { clock, limits, late } = windowOfTen();
    clock.moveOn(52);
    for (let call = 1; call <= 9; call++) limits.take(calls(1));
    clock.moveOn(8);
    tell(limits, late, 4, 50);
    expect(limits.waitFor(calls(1))).toBe(92);
  });
});

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});

/** A quire of so many calls at once, and the service with the limit that it asks. */
async function start(of: 'requests' | 'tokens', limit: Kept, charge: (call: Call) => number, calls: number) {
  const service = await serviceWith(of, limit, charge);
  const quire = await quireFor(service, calls);
  closing.push(service.provider, quire);
  return { service, quire };
}

describe('with calls far beyond the limit', () => {
  test.each<[string, 'requests' | 'tokens', number, (call: Call) => number]>([
    ['counts requests', 'requests', 20, () => 1],
    ['charges the most an answer may take', 'tokens', 130_000, most],
    ['charges what was really used, a fraction of what was announced', 'tokens', 22_000, () => 1_100],
  ])('a service that %s lets every page in', async (_name, of, size, charge) => {
    const { service, quire } = await start(of, new TokenBucket(size, 800), charge, 8);
    const record = await quire.processPages(pages(45));
    expect(record.failed_pages).toEqual([]);
    expect(service.letIn).toHaveLength(45);
    // How few it turns down, and how much of its limit is used, `npm run bench -- limits` measures.
  });

  test('a document waits where nothing is left, and is left at once on abort', async () => {
    const empty: Kept = { size: 20, level: () => 0, take: () => undefined, resetMs: () => 600_000 };
    const { service, quire } = await start('requests', empty, () => 0, 2);
    const leave = new AbortController();
    const reading = quire.processPages(pages(20), { signal: leave.signal });
    const left = expect(reading).rejects.toThrow('the user left');
    // Those that were under way when the first answer told that nothing is left.
    await service.provider.called(service.provider.calls.length + 1);
    await sleep(500);
    leave.abort(new Error('the user left'));
    await left;
    expect(service.letIn.length).toBeLessThan(5);
  });
});
