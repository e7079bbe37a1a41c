import { describe, expect, test } from '@jest/globals';
import { ModelFailure } from '../../src/llm/failure.js';
import { CallQueue } from '../../src/llm/queue.js';
import { GaveWay, type Queue } from '../../src/llm/turns.js';
import { ManualClock } from '../manual-clock.js';

/** Calls of documents and in the background at one service: who waits for whom. */

const never = new AbortController().signal;
/** Lets everything run that can. */
const settle = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** Calls that end when told to, or when their signal is aborted. */
class Calls {
  readonly underWay: string[] = [];
  readonly started: string[] = [];
  readonly #finish = new Map<string, () => void>();

  run(name: string, queue: Queue, signal: AbortSignal = never): Promise<string> {
    return queue.run(
      (signal) =>
        new Promise<string>((resolve, reject) => {
          this.started.push(name);
          this.underWay.push(name);
          const end = (settled: () => void) => () => {
            this.underWay.splice(this.underWay.indexOf(name), 1);
            settled();
          };
          this.#finish.set(
            name,
            end(() => resolve(name)),
          );
          signal.addEventListener(
            'abort',
            end(() => reject(signal.reason as Error)),
          );
        }),
      signal,
    );
  }

  finish(name: string): void {
    this.#finish.get(name)?.();
  }
}

function start(concurrency: number, patience = 3) {
  const service = new CallQueue(new ManualClock());
  service.cap(concurrency);
  const document = service.document();
  return { service, document, background: service.background(patience), calls: new Calls() };
}

describe('a call in the background', () => {
  test('takes only a place that is free, and comes in when one is left', async () => {
    const { document, background, calls } = start(2);
    const users = ['a', 'b'].map((name) => calls.run(name, document));
    const other = calls.run('other', background);
    await settle();
    expect(calls.underWay).toEqual(['a', 'b']);
    calls.finish('a');
    await settle();
    expect(calls.underWay).toEqual(['b', 'other']);
    calls.finish('b');
    calls.finish('other');
    expect(await Promise.all([...users, other])).toEqual(['a', 'b', 'other']);
  });

  test('gives way to a user’s call at once, and is called again later', async () => {
    const { document, background, calls } = start(1);
    const other = calls.run('other', background);
    await settle();
    const user = calls.run('user', document);
    await settle();
    expect(calls.underWay).toEqual(['user']);
    calls.finish('user');
    await user;
    await settle();
    expect(calls.started).toEqual(['other', 'user', 'other']);
    calls.finish('other');
    expect(await other).toBe('other');
  });

  test('gives way only where places run out', async () => {
    const { document, background, calls } = start(3);
    for (const name of ['g1', 'g2']) void calls.run(name, background);
    await settle();
    void calls.run('u1', document);
    await settle();
    expect(calls.underWay).toEqual(['g1', 'g2', 'u1']);
    void calls.run('u2', document);
    await settle();
    expect(calls.underWay).toHaveLength(3);
    expect(calls.underWay).toEqual(expect.arrayContaining(['u1', 'u2']));
  });

  test('that was broken off too often is given up', async () => {
    const { document, background, calls } = start(1, 2);
    const other = calls.run('other', background);
    const given = other.catch((error: unknown) => error);
    for (let time = 0; time < 3; time++) {
      await settle();
      expect(calls.underWay).toEqual(['other']);
      const user = calls.run('user', document);
      await settle();
      calls.finish('user');
      await user;
    }
    expect(await given).toBeInstanceOf(GaveWay);
    await settle();
    expect(calls.underWay).toEqual([]);
  });

  test('leaves a quarter of the places free', async () => {
    const { document, background, calls } = start(8);
    for (let index = 0; index < 5; index++) void calls.run(`u${index}`, document);
    for (const name of ['g1', 'g2']) void calls.run(name, background);
    await settle();
    expect(calls.underWay.filter((name) => name.startsWith('g'))).toEqual(['g1']);
  });

  test('is one of four at most', async () => {
    const { background, calls } = start(20);
    for (let index = 0; index < 6; index++) void calls.run(`g${index}`, background);
    await settle();
    expect(calls.underWay).toHaveLength(4);
    calls.finish('g0');
    await settle();
    expect(calls.underWay).toHaveLength(4);
    expect(calls.started).toHaveLength(5);
  });

  test('that is aborted leaves, waiting or under way, with the reason, and its place is free', async () => {
    const { background, calls } = start(1);
    const stop = new AbortController();
    const underWay = calls.run('one', background, stop.signal);
    const waiting = calls.run('two', background, stop.signal);
    await settle();
    stop.abort(new Error('enough'));
    await expect(underWay).rejects.toThrow('enough');
    await expect(waiting).rejects.toThrow('enough');
    void calls.run('three', background);
    await settle();
    expect(calls.underWay).toEqual(['three']);
  });

  test('that fails gives its place back', async () => {
    const { background, calls } = start(1);
    await expect(background.run(() => Promise.reject(new Error('no')), never)).rejects.toThrow('no');
    void calls.run('next', background);
    await settle();
    expect(calls.underWay).toEqual(['next']);
  });

  test('is held back by what holds back users; what holds back those in the background holds no user', async () => {
    const askedToWait = () => Promise.reject(new ModelFailure('rate_limited', { retryAfterMs: 60_000 }));
    const { document, background, calls } = start(5);
    await expect(background.run(askedToWait, never)).rejects.toThrow(ModelFailure);
    void calls.run('user', document);
    const stop = new AbortController();
    const other = calls.run('other', background, stop.signal);
    await settle();
    expect(calls.underWay).toEqual(['user']);
    stop.abort();
    await expect(other).rejects.toThrow();
    const second = start(5);
    await expect(second.document.run(askedToWait, never)).rejects.toThrow(ModelFailure);
    const held = second.calls.run('other', second.background, stop.signal);
    await expect(held).rejects.toThrow();
    expect(second.calls.started).toEqual([]);
  });
});

describe('documents', () => {
  test('share the places: the next call is one of the document with the fewest under way', async () => {
    const { service, calls } = start(4);
    const [long, short] = [service.document(), service.document()];
    for (let index = 0; index < 10; index++) void calls.run(`long ${index}`, long);
    await settle();
    expect(calls.underWay).toHaveLength(4);
    void calls.run('short 0', short);
    void calls.run('short 1', short);
    void calls.run('short 2', short);
    for (const index of [0, 1, 2]) {
      calls.finish(`long ${index}`);
      await settle();
    }
    expect(calls.started.slice(4)).toEqual(['short 0', 'short 1', 'long 4']);
  });

  test('start nothing more once they are stopped, and say when they are at rest', async () => {
    const { service, calls } = start(1);
    const [stopped, other] = [service.document(), service.document()];
    void calls.run('under way', stopped);
    void calls.run('waiting', stopped);
    void calls.run('of another', other);
    await settle();
    stopped.stop();
    let isIdle = false;
    void stopped.idle().then(() => (isIdle = true));
    await settle();
    expect(isIdle).toBe(false);
    calls.finish('under way');
    await settle();
    expect(isIdle).toBe(true);
    calls.finish('of another');
    await settle();
    expect(calls.started).toEqual(['under way', 'of another']);
  });
});

describe('owners', () => {
  /** Starts calls one after the other at one place. @returns them in the order in which they were made */
  async function order(asked: readonly [owner: string | undefined, document: string, calls: number][]) {
    const { service, document, calls } = start(1);
    const first = calls.run('first', document);
    await settle();
    const all = asked.flatMap(([owner, name, count]) => {
      const queue = service.document(undefined, owner);
      return Array.from({ length: count }, () => calls.run(name, queue));
    });
    calls.finish('first');
    await first;
    for (let call = 1; call <= all.length; call++) {
      await settle();
      calls.finish(calls.started[call] ?? '');
    }
    await Promise.all(all);
    return calls.started.slice(1).join(' ');
  }

  test('are served in turn, and their documents in turn, however many they have', async () => {
    const documents = Array.from({ length: 20 }, (_, index) => ['A', `A${index}`, 1] as const);
    expect(
      await order([...documents, ['B', 'B', 3], ['C', 'C', 2]].map(([...each]) => each as never)),
    ).toMatch(/^A0 B C A1 B C A2 B A3 A4 A5 /);
  });

  test('have as many calls under way each, while they all wait', async () => {
    const { service, calls } = start(6);
    const queueOf = (owner: string) => service.document(undefined, owner);
    for (let index = 0; index < 20; index++) void calls.run(`A${index}`, queueOf('A'));
    await settle();
    expect(calls.underWay).toHaveLength(6);
    const [b, c] = [queueOf('B'), queueOf('C')];
    for (let index = 0; index < 5; index++) {
      void calls.run(`B${index}`, b);
      void calls.run(`C${index}`, c);
    }
    for (let index = 0; index < 4; index++) {
      calls.finish(`A${index}`);
      await settle();
    }
    expect(calls.underWay.sort()).toEqual(['A4', 'A5', 'B0', 'B1', 'C0', 'C1']);
    calls.finish('C0');
    await settle();
    expect(calls.underWay).toContain('C2');
  });

  test('who came while another was served are next, whatever that one has waiting', async () => {
    const { service, calls } = start(1);
    for (let index = 0; index < 100; index++) void calls.run(`A${index}`, service.document(undefined, 'A'));
    await settle();
    void calls.run('B', service.document(undefined, 'B'));
    calls.finish('A0');
    await settle();
    expect(calls.started).toEqual(['A0', 'B']);
  });

  test('that are not told are one for each document', async () => {
    expect(
      await order([
        [undefined, 'a', 2],
        [undefined, 'b', 2],
        ['B', 'B1', 1],
        ['B', 'B2', 1],
      ]),
    ).toBe('a b B1 a b B2');
  });

  test('who leave or are served are forgotten, and come back behind those who wait', async () => {
    const { service, calls } = start(1);
    const stop = new AbortController();
    const gone = calls.run('gone', service.document(undefined, 'A'));
    const left = calls.run('left', service.document(undefined, 'A'), stop.signal);
    const waits = calls.run('waits', service.document(undefined, 'B'));
    await settle();
    stop.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    const back = calls.run('back', service.document(undefined, 'C'));
    calls.finish('gone');
    await gone;
    const again = calls.run('again', service.document(undefined, 'A'));
    await settle();
    calls.finish('waits');
    await waits;
    await settle();
    calls.finish('back');
    await settle();
    calls.finish('again');
    await Promise.all([back, again]);
    expect(calls.started).toEqual(['gone', 'waits', 'back', 'again']);
  });
});

describe('calls that the service asked to wait', () => {
  test('start one after the other when the time has come, spread over a tenth of a second', async () => {
    const clock = new ManualClock();
    const service = new CallQueue(clock);
    const started: number[] = [];
    const underWay = Array.from({ length: 10 }, () => service.document());
    const rejected = new ModelFailure('rate_limited', { retryAfterMs: 1_000 });
    await expect(service.document().run(() => Promise.reject(rejected), never)).rejects.toBe(rejected);
    const calls = underWay.map((document) =>
      document.run(() => Promise.resolve(void started.push(clock.now())), never),
    );
    const from = clock.now();
    while (started.length < 10) {
      await settle();
      clock.moveOn(clock.nextIn ?? 0);
      await settle();
    }
    await Promise.all(calls);
    expect(Math.min(...started)).toBeGreaterThanOrEqual(from + 1_000);
    expect(Math.max(...started)).toBeLessThanOrEqual(from + 1_200);
    expect(new Set(started).size).toBe(10);
  });
});

describe('a limit that is used up', () => {
  test('holds up the calls that need it, and no others', async () => {
    const { service } = start(5);
    const stop = new AbortController();
    const started: string[] = [];
    const run = (name: string, of: object, ms: number) =>
      service
        .document()
        .run(() => Promise.resolve(void started.push(name)), stop.signal, {
          of,
          waitFor: () => ms,
          take: () => undefined,
          tokens: 0,
          used: () => 0,
        })
        .catch(() => undefined);
    const [small, large] = [{}, {}];
    const all = [run('waits', large, 60_000), run('behind', large, 0), run('other model', small, 0)];
    await settle();
    expect(started).toEqual(['other model']);
    stop.abort();
    await Promise.all(all);
  });
});

describe('how many calls run at once', () => {
  const failAs = (reason: 'rate_limited' | 'server_error') => () =>
    Promise.reject(new ModelFailure(reason, { retryAfterMs: 0 }));

  test('is halved when the service limits the rate, once for calls that were under way together', async () => {
    const { service, document } = start(8);
    const together = Array.from({ length: 8 }, () => document.run(failAs('rate_limited'), never));
    await Promise.allSettled(together);
    expect(service.concurrency).toBe(4);
    await document.run(failAs('server_error'), never).catch(() => undefined);
    expect(service.concurrency).toBe(4);
    for (let time = 0; time < 4; time++)
      await document.run(failAs('rate_limited'), never).catch(() => undefined);
    expect(service.concurrency).toBe(1);
  });

  test('grows again by one for every full round that went well, up to what it was', async () => {
    const { service, document } = start(4);
    await document.run(failAs('rate_limited'), never).catch(() => undefined);
    expect(service.concurrency).toBe(2);
    const goWell = async (times: number) => {
      for (let time = 0; time < times; time++) await document.run(() => Promise.resolve(), never);
      return service.concurrency;
    };
    expect(await goWell(1)).toBe(2);
    expect(await goWell(1)).toBe(3);
    expect(await goWell(2)).toBe(3);
    expect(await goWell(1)).toBe(4);
    expect(await goWell(20)).toBe(4);
  });
});
