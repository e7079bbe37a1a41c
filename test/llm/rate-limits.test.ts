import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { ModelFailure } from '../../src/llm/failure.js';
import { Pacer } from '../../src/llm/pacing.js';
import { RateLimits, type Ticket } from '../../src/llm/rate-limits.js';
import { most, pages, quireFor, serviceWith, type Kept } from '../limited-service.js';
import type { Call } from '../provider.js';
import { TokenBucket } from '../token-bucket.js';

/** Calls wait for room within the rate limits that a model service tells. */

const never = new AbortController().signal;
/** Lets everything run that can. */
const settle = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

afterEach(() => {
  jest.restoreAllMocks();
});

type Told = Partial<Record<'limit' | 'remaining' | 'reset', string | number>>;

function headersOf(of: 'requests' | 'tokens', told: Told): Headers {
  const named = Object.entries(told).map(([name, value]) => [`x-ratelimit-${name}-${of}`, String(value)]);
  return new Headers(Object.fromEntries(named) as Record<string, string>);
}

const calls = (requests: number) => ({ requests, tokens: 0 });

/** Limits after one answer that told so; the clock stands still. */
async function limitsTold(told: Told, of: 'requests' | 'tokens' = 'requests'): Promise<RateLimits> {
  jest.spyOn(performance, 'now').mockReturnValue(1_000);
  const limits = new RateLimits();
  const ticket = await limits.pass({ requests: 1, tokens: 1 }, never);
  limits.heard(ticket, headersOf(of, told), false);
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
  ])('a reset of "%s" is %d ms', async (reset, ms) => {
    const limits = await limitsTold({ limit: 100, remaining: 0, reset });
    expect(limits.waitFor(calls(50))).toBe(ms);
  });

  test('a limit that takes more than an hour to come back, or for ever, holds up no call', async () => {
    for (const reset of ['1h0m1s', '1735689600', '9'.repeat(400)]) {
      const limits = await limitsTold({ limit: 100, remaining: 0, reset });
      expect(limits.waitFor(calls(50))).toBe(0);
    }
  });

  test.each(['soon', '', '6 minutes', '-1'])(
    'a reset of "%s" counts as not told: a minute',
    async (reset) => {
      const limits = await limitsTold({ limit: 100, remaining: 0, reset });
      expect(limits.waitFor(calls(50))).toBe(60_000);
    },
  );

  test.each<[string, Told]>([
    ['-1 for all', { limit: -1, remaining: -1, reset: '1s' }],
    ['-1 for what remains', { limit: 100, remaining: -1, reset: '1s' }],
    ['a limit of 0', { limit: 0, remaining: 0, reset: '1s' }],
    ['no limit', { remaining: 0, reset: '1s' }],
    ['nothing about what remains', { limit: 100, reset: '1s' }],
    ['more than the limit', { limit: 100, remaining: 101, reset: '1s' }],
    ['empty texts', { limit: '', remaining: '', reset: '' }],
    ['words', { limit: 'unlimited', remaining: 'unlimited' }],
  ])('%s: nothing is limited', async (_name, told) => {
    for (const of of ['requests', 'tokens'] as const) {
      const limits = await limitsTold(told, of);
      expect(limits.waitFor({ requests: 1e9, tokens: 1e9 })).toBe(0);
    }
  });

  test('each limit counts by itself, and the longer wait is the one to wait', async () => {
    const limits = await limitsTold({ limit: 1_000, remaining: 0, reset: '10s' }, 'tokens');
    expect(limits.waitFor({ requests: 1e9, tokens: 0 })).toBe(0);
    expect(limits.waitFor({ requests: 1, tokens: 500 })).toBe(10_000);
    const ticket: Ticket = await limits.pass({ requests: 1, tokens: 0 }, never);
    limits.heard(ticket, headersOf('requests', { limit: 10, remaining: 0, reset: '20s' }), false);
    expect(limits.waitFor({ requests: 5, tokens: 500 })).toBe(20_000);
  });
});

/** Two calls were let through; the answer to the first told that all is used up for long. */
async function usedUp() {
  const limits = new RateLimits();
  const first = await limits.pass(calls(1), never);
  const second = await limits.pass(calls(1), never);
  limits.heard(first, headersOf('requests', { limit: 100, remaining: 0, reset: '6m0s' }), false);
  const tellOfRoom = (remaining = 100) =>
    limits.heard(second, headersOf('requests', { limit: 100, remaining, reset: '6m0s' }), false);
  return { limits, tellOfRoom };
}

describe('a waiting call', () => {
  test('is woken by an answer that tells of more room, long before the time first reckoned', async () => {
    const { limits, tellOfRoom } = await usedUp();
    const waiting = limits.pass(calls(1), never);
    expect(limits.waitFor(calls(1))).toBeGreaterThan(1_000);
    await settle();
    tellOfRoom();
    await expect(waiting).resolves.toBeDefined();
  });

  test('goes on waiting after an answer that tells of none', async () => {
    const { limits, tellOfRoom } = await usedUp();
    let isThrough = false;
    const leave = new AbortController();
    const waiting = limits.pass(calls(1), leave.signal).then(() => (isThrough = true));
    await settle();
    tellOfRoom(0);
    await settle();
    expect(isThrough).toBe(false);
    leave.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
  });

  test('leaves at once on abort, with the signal’s reason', async () => {
    const { limits } = await usedUp();
    const leave = new AbortController();
    const waiting = limits.pass(calls(1), leave.signal);
    await settle();
    leave.abort(new Error('the user left'));
    await expect(waiting).rejects.toThrow('the user left');
  });

  test('leaves at once on abort behind another that waits, which goes on waiting', async () => {
    const { limits, tellOfRoom } = await usedUp();
    const before = limits.pass(calls(1), never);
    const leave = new AbortController();
    const waiting = limits.pass(calls(1), leave.signal);
    await settle();
    leave.abort(new Error('the user left'));
    const early = new Error('It was still waiting when there was room.');
    const late = settle().then(() => Promise.reject(early));
    await expect(Promise.race([waiting, late])).rejects.toThrow('the user left');
    await late.catch(() => undefined);
    tellOfRoom();
    await before;
  });

  test('that was aborted before it came takes nothing', async () => {
    const { limits, tellOfRoom } = await usedUp();
    tellOfRoom(10);
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(limits.pass(calls(8), gone)).rejects.toThrow('gone');
    expect(limits.waitFor(calls(5))).toBe(0);
  });

  test('that needs much is not overtaken by one that needs little', async () => {
    const { limits, tellOfRoom } = await usedUp();
    const leave = new AbortController();
    const through: string[] = [];
    const large = limits.pass(calls(40), leave.signal).then(() => through.push('large'));
    const small = limits.pass(calls(1), leave.signal).then(() => through.push('small'));
    await settle();
    tellOfRoom(50);
    await settle();
    expect(through).toEqual([]);
    leave.abort(new Error('left'));
    await Promise.allSettled([large, small]);
  });
});

describe('guests', () => {
  test('leave a quarter of the limit', async () => {
    const limits = await limitsTold({ limit: 100, remaining: 26, reset: '60s' });
    expect(limits.waitFor(calls(1))).toBe(0);
    expect(limits.waitFor(calls(1), 0.25)).toBeGreaterThan(0);
    const roomy = await limitsTold({ limit: 100, remaining: 27, reset: '60s' });
    expect(roomy.waitFor(calls(1), 0.25)).toBe(0);
  });

  test('are asked to leave a quarter by the pacer, users’ calls nothing', async () => {
    const pacer = new Pacer();
    const leaving: number[] = [];
    const admit = (_signal: AbortSignal, share: number) => Promise.resolve(void leaving.push(share));
    await pacer.run(() => Promise.resolve(), never, admit);
    await pacer.guests(1).run(() => Promise.resolve(), never, admit);
    expect(leaving).toEqual([0, 0.25]);
  });

  test('and users’ calls that a service has asked to wait take no room meanwhile', async () => {
    const pacer = new Pacer();
    const turnedDown = new ModelFailure('rate_limited', 60_000);
    await expect(pacer.run(() => Promise.reject(turnedDown), never)).rejects.toBe(turnedDown);
    const leave = new AbortController();
    let admitted = 0;
    const admit = () => {
      admitted++;
      return Promise.resolve();
    };
    const held = pacer.run(() => Promise.resolve(), leave.signal, admit);
    await settle();
    leave.abort(new Error('left'));
    await expect(held).rejects.toThrow('left');
    expect(admitted).toBe(0);
  });

  test('that wait hold up no user’s call', async () => {
    const { limits, tellOfRoom } = await usedUp();
    tellOfRoom(20);
    const leave = new AbortController();
    const guest = limits.pass(calls(1), leave.signal, 0.25);
    await expect(limits.pass(calls(1), never)).resolves.toBeDefined();
    leave.abort(new Error('left'));
    await expect(guest).rejects.toThrow('left');
  });
});

describe('what is reckoned', () => {
  const tell = (
    limits: RateLimits,
    ticket: Ticket,
    remaining: number,
    resetMs: number,
    isTurnedDown = false,
  ) =>
    limits.heard(
      ticket,
      headersOf('requests', { limit: 10, remaining, reset: `${resetMs}ms` }),
      isTurnedDown,
    );

  test('counts from when a call was really sent, where it was held back after it was let through', async () => {
    const clock = jest.spyOn(performance, 'now').mockReturnValue(1_000);
    const limits = new RateLimits();
    const ticket = await limits.pass(calls(1), never);
    clock.mockReturnValue(3_000);
    limits.sent(ticket);
    tell(limits, ticket, 0, 10_000);
    expect(limits.waitFor(calls(5))).toBe(10_000);
  });

  /** Calls were turned down twice in spite of room; one was let through at 1,050; what is left is there at 1,102. */
  async function windowOfTen() {
    const clock = jest.spyOn(performance, 'now').mockReturnValue(1_000);
    const limits = new RateLimits();
    tell(limits, await limits.pass(calls(1), never), 9, 100);
    tell(limits, await limits.pass(calls(1), never), 0, 100, true);
    clock.mockReturnValue(1_045);
    const second = await limits.pass(calls(1), never);
    const late = await limits.pass(calls(1), never);
    tell(limits, second, 0, 55, true);
    clock.mockReturnValue(1_050);
    return { clock, limits, late };
  }

  test('is a window after two surprises: nothing comes back until it ends', async () => {
    const { clock, limits } = await windowOfTen();
    expect(limits.waitFor(calls(3))).toBe(52);
    clock.mockReturnValue(1_101);
    expect(limits.waitFor(calls(3))).toBe(1);
    clock.mockReturnValue(1_102);
    expect(limits.waitFor(calls(5))).toBe(0);
  });

  test('is the limit once when a window has ended, until an answer tells of the next', async () => {
    const { clock, limits } = await windowOfTen();
    clock.mockReturnValue(1_102);
    for (let call = 1; call <= 9; call++) {
      expect(limits.waitFor(calls(1))).toBe(0);
      await limits.pass(calls(1), never);
    }
    expect(limits.waitFor(calls(1))).toBe(100);
  });

  test('is not more by the answer to a call of the window before', async () => {
    const { clock, limits, late } = await windowOfTen();
    clock.mockReturnValue(1_102);
    for (let call = 1; call <= 9; call++) await limits.pass(calls(1), never);
    clock.mockReturnValue(1_110);
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
