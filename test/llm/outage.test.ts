import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { FailureReason } from '../../src/llm/failure-reason.js';
import { ModelFailure } from '../../src/llm/failure.js';
import { CallQueue } from '../../src/llm/queue.js';
import type { WaitReason } from '../../src/llm/turns.js';
import { ManualClock } from '../manual-clock.js';

/** When trouble of the whole service is told from that of a page, and what follows for all calls. */

const never = new AbortController().signal;
const settle = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

// Pauses without their random part.
beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => void jest.restoreAllMocks());

const PATIENCE_MS = 600_000;

/** A service, asked about pages of one document. Each call is answered, or fails for the reason that is given. */
class Service {
  readonly clock = new ManualClock();
  readonly queue = new CallQueue(this.clock);
  readonly waits: [WaitReason, number][] = [];
  /** When each call started. */
  readonly started: number[] = [];
  readonly #document = this.queue.document((why, ms) => this.waits.push([why, ms]));

  constructor(readonly patienceMs = PATIENCE_MS) {}

  /** @returns how it ended: whether its failure was the whole service's */
  async ask(pages: number | number[], how: FailureReason | 'answered' | Promise<FailureReason | 'answered'>) {
    const subject = { pages: [pages].flat(), outagePatienceMs: this.patienceMs };
    const call = async () => {
      this.started.push(this.clock.now());
      const ending = await how;
      if (ending !== 'answered') throw new ModelFailure(ending);
    };
    try {
      await this.#document.run(call, never, undefined, subject);
      return 'answered';
    } catch (error) {
      return error instanceof ModelFailure && error.isOfService ? "the service's" : "the page's";
    }
  }

  /** Milliseconds until a call starts that comes now; it ends as is said. */
  async waitOf(pages: number | number[], how: FailureReason | 'answered'): Promise<number> {
    const from = this.clock.now();
    const asked = this.ask(pages, how);
    for (;;) {
      const before = this.started.length;
      await settle();
      if (this.started.length > before || this.clock.nextIn === undefined) break;
      this.clock.moveOn(this.clock.nextIn);
      await settle();
      if (this.started.length > before) break;
    }
    await asked;
    return Math.round(this.clock.now() - from);
  }
}

describe('a service is away', () => {
  test.each<FailureReason>(['server_error', 'connection'])(
    'when calls about different pages fail by %s: pauses double up to 30 s, and a success opens it',
    async (reason) => {
      const service = new Service();
      expect(await service.ask(1, reason)).toBe("the page's");
      expect(await service.ask(2, reason)).toBe("the service's");
      const waits: number[] = [];
      for (const page of [1, 2, 3, 4, 5, 6, 1]) waits.push(await service.waitOf(page, reason));
      expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
      expect(service.waits.map(([why]) => why)).toEqual(waits.map(() => 'outage'));
      expect(await service.waitOf(1, 'answered')).toBe(30_000);
      expect(await service.waitOf(2, 'answered')).toBe(0);
    },
  );

  test('then one call at a time finds out, and all others start when it is answered', async () => {
    const service = new Service();
    await service.ask(1, 'connection');
    await service.ask(2, 'connection');
    let end: (how: 'answered') => void = () => undefined;
    const probe = new Promise<'answered'>((resolve) => (end = resolve));
    const all = [service.ask(3, probe), ...[4, 5, 6].map((page) => service.ask(page, 'answered'))];
    service.clock.moveOn(1_000);
    await settle();
    service.clock.moveOn(60_000);
    await settle();
    expect(service.started).toHaveLength(3);
    end('answered');
    expect(await Promise.all(all)).toEqual(all.map(() => 'answered'));
  });

  test('until any call is answered, also one that was under way before', async () => {
    const service = new Service();
    let end: (how: 'answered') => void = () => undefined;
    const underWay = service.ask(9, new Promise<'answered'>((resolve) => (end = resolve)));
    await service.ask(1, 'connection');
    await service.ask(2, 'connection');
    end('answered');
    await underWay;
    expect(await service.waitOf(3, 'answered')).toBe(0);
    // Two bad pages looked like an outage: nobody had tried others.
    for (const page of [1, 2]) expect(await service.ask(page, 'connection')).toBe("the page's");
  });

  test('until those who asked have no patience left: then nothing is held back, and failures are the pages’', async () => {
    const service = new Service(5_000);
    await service.ask(1, 'server_error');
    await service.ask(2, 'server_error');
    expect(await service.waitOf(1, 'server_error')).toBe(1_000);
    expect(await service.waitOf(2, 'server_error')).toBe(2_000);
    expect(await service.waitOf(1, 'server_error')).toBe(2_000);
    expect(await service.ask(2, 'server_error')).toBe("the page's");
    expect(await service.waitOf(1, 'server_error')).toBe(0);
  });

  test('again after a while for as long: an outage that nobody met the end of is not the same one', async () => {
    const service = new Service();
    await service.ask(1, 'server_error');
    await service.ask(2, 'server_error');
    service.clock.moveOn(24 * 3_600_000);
    expect(await service.ask(1, 'server_error')).toBe("the page's");
    expect(await service.ask(2, 'server_error')).toBe("the service's");
  });
});

describe('a service is not away', () => {
  test.each<[string, [number | number[], FailureReason | 'answered'][]]>([
    ['when one page alone fails', [1, 1, 1].map((page) => [page, 'server_error'])],
    ['when a batch fails and one of its pages', [[1, 2, 3], 2, 2].map((pages) => [pages, 'server_error'])],
    [
      'when one was answered between',
      [
        [1, 'server_error'],
        [2, 'answered'],
        [3, 'server_error'],
      ],
    ],
    [
      'when a page fails that failed before while others were answered',
      [
        [1, 'server_error'],
        [2, 'answered'],
        [1, 'server_error'],
        [3, 'server_error'],
      ],
    ],
    ['when pages are slow', [1, 2, 3].map((page) => [page, 'timeout'])],
    ['when requests are not accepted', [1, 2, 3].map((page) => [page, 'bad_request'])],
  ])('%s', async (_name, calls) => {
    const service = new Service();
    for (const [pages, how] of calls) expect(await service.ask(pages, how)).not.toBe("the service's");
    expect(await service.waitOf(9, 'answered')).toBe(0);
  });

  test('for those who have no patience with it', async () => {
    const service = new Service(0);
    for (const page of [1, 2, 3]) expect(await service.ask(page, 'connection')).toBe("the page's");
    expect(await service.waitOf(9, 'answered')).toBe(0);
  });
});

describe('a rejection that tells no wait', () => {
  test('holds back all calls twice as long as the last one, up to a minute, until one is answered', async () => {
    const service = new Service();
    const waits: number[] = [];
    for (let time = 0; time < 11; time++) waits.push(await service.waitOf(1, 'rate_limited'));
    expect(waits).toEqual([0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(await service.waitOf(2, 'answered')).toBe(60_000);
    await service.ask(3, 'rate_limited');
    expect(await service.waitOf(4, 'answered')).toBe(250);
  });

  test('counts once for calls that were under way together', async () => {
    const service = new Service();
    await Promise.all([1, 2, 3].map((page) => service.ask(page, 'rate_limited')));
    expect(await service.waitOf(4, 'rate_limited')).toBe(250);
    expect(await service.waitOf(4, 'answered')).toBe(500);
  });

  test('is the service’s until there is no patience left, then the page’s, and holds back as little as at first', async () => {
    const service = new Service(1_000);
    expect(await service.ask(1, 'rate_limited')).toBe("the service's");
    for (const wait of [250, 500]) expect(await service.waitOf(2, 'rate_limited')).toBe(wait);
    service.clock.moveOn(1_000);
    expect(await service.ask(1, 'rate_limited')).toBe("the page's");
    expect(await service.waitOf(2, 'answered')).toBe(250);
  });

  test('is the page’s where it alone is rejected again and again while others are answered', async () => {
    const service = new Service();
    expect(await service.ask(1, 'rate_limited')).toBe("the service's");
    expect(await service.waitOf(2, 'answered')).toBe(250);
    expect(await service.ask(1, 'rate_limited')).toBe("the page's");
  });
});
