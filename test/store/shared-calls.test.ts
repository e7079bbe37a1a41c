import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { Store } from '../../src/index.js';
import {
  NOT_MADE,
  type AwayTold,
  type CallEnding,
  type NextCall,
  type Place,
} from '../../src/llm/shared-limits.js';
import { StoreError, type Query } from '../../src/store/database.js';
import { SharedCalls, type SharedCallSettings } from '../../src/store/shared-calls.js';
import { newDatabase } from '../shared.js';

/** Limits that several replicas share on one PostgreSQL. */

let store: Store;
let admin: Client;
beforeAll(async () => {
  const url = await newDatabase();
  store = await Store.open({ url });
  admin = new Client(url);
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await store.close();
});

/** Each test has a service of its own. */
let service: string;
const replicas: SharedCalls[] = [];
const troubles: unknown[] = [];
beforeEach(() => void (service = randomUUID()));
afterEach(async () => {
  await Promise.all(replicas.splice(0).map((replica) => replica.close()));
  expect(troubles).toEqual([]);
});

function newReplica(settings: Partial<SharedCallSettings> = {}): SharedCalls {
  const all = { service, replica: randomUUID(), leaseMs: 60_000, ...settings };
  const replica = store.sharedCalls(all, (error) => troubles.push(error));
  replicas.push(replica);
  return replica;
}

function call(owner: string, given: Partial<NextCall> = {}): NextCall {
  return { document: randomUUID(), run: undefined, owner, waitedMs: 0, tokens: 0, ...given };
}

async function taken(replica: SharedCalls, ...next: NextCall[]): Promise<Place> {
  const { place } = await replica.take(next, 0);
  if (!place) throw new Error('There was no place.');
  return place;
}

async function isRefused(replica: SharedCalls, ...next: NextCall[]): Promise<boolean> {
  return (await replica.take(next, 0)).place === undefined;
}

const ANSWERED: CallEnding = { used: undefined, isAnswered: true, holdMs: 0, away: undefined };
const FAILED: CallEnding = { ...ANSWERED, isAnswered: false };

/** Has the service's row look as if this time had passed. */
async function passes(ms: number): Promise<void> {
  const times = [
    'next_request_at',
    'next_token_at',
    'held_until',
    'away_since',
    'away_until',
    'pause_ends_at',
  ];
  await admin.query(
    `UPDATE quire.model_services SET ${times.map((at) => `${at} = ${at} - $2 * interval '1 ms'`).join()}
     WHERE name = $1`,
    [service, ms],
  );
}

describe('the cap', () => {
  test('holds over all replicas, and a call that ends makes room', async () => {
    const [one, two] = [newReplica({ concurrency: 2 }), newReplica({ concurrency: 2 })];
    const first = await taken(one, call('a'));
    await taken(two, call('b'));
    expect(await isRefused(one, call('a'))).toBe(true);
    expect(await isRefused(two, call('b'))).toBe(true);
    await one.take([], 0);
    await one.give(first, ANSWERED);
    await taken(two, call('b'));
    expect([...(await one.underWay()).values()]).toEqual([2]);
  });

  test('is kept by replicas that ask at the same moment', async () => {
    const all = Array.from({ length: 8 }, () => newReplica({ concurrency: 5 }));
    let underWay = 0;
    for (let round = 0; round < 8; round++) {
      const answers = await Promise.all(all.map((replica) => replica.take([call('a')], 0)));
      underWay += answers.filter(({ place }) => place).length;
      expect(underWay).toBeLessThanOrEqual(5);
    }
    expect(underWay).toBe(5);
  });

  test('of one service is not another’s, and without one there is always a place', async () => {
    await taken(newReplica({ concurrency: 1 }), call('a'));
    const other = newReplica({ service: randomUUID() });
    for (let count = 0; count < 10; count++) await taken(other, call('a'));
  });

  test('leaves a quarter to calls that somebody waits for, and nothing to others while somebody does', async () => {
    const [one, two] = [newReplica({ concurrency: 4 }), newReplica({ concurrency: 4 })];
    const inBackground = async () => (await one.take([call('-')], 0.25)).place !== undefined;
    const places = [await taken(two, call('a')), await taken(two, call('a'))];
    expect(await inBackground()).toBe(true);
    expect(await inBackground()).toBe(false);
    places.push(await taken(two, call('a')));
    expect(await isRefused(two, call('a'))).toBe(true);
    for (const place of places) await two.give(place, ANSWERED);
    expect(await inBackground()).toBe(false);
    await two.take([], 0);
    expect(await inBackground()).toBe(true);
  });

  test('counts a call whose end was never told until its lease is over', async () => {
    const [one, two] = [newReplica({ concurrency: 1, leaseMs: 0 }), newReplica({ concurrency: 1 })];
    await taken(one, call('a'));
    await taken(two, call('a'));
    expect(await isRefused(one, call('a'))).toBe(true);
  });

  test('counts no calls of replicas that are gone', async () => {
    const living = randomUUID();
    const [gone, stays] = [newReplica({ concurrency: 2 }), newReplica({ concurrency: 2, replica: living })];
    await taken(gone, call('a'));
    await taken(stays, call('a'));
    await isRefused(gone, call('b', { waitedMs: 5_000 }));
    const replicas = store.share();
    await replicas.beat({ id: living, name: 'living', version: '0' });
    await replicas.forgetCalls(new Set([living]));
    expect(await stays.underWay()).toEqual(new Map([[living, 1]]));
    await taken(stays, call('a'));
  });
});

describe('places over all replicas', () => {
  test('go to the owner with the fewest calls under way, then to the document with the fewest', async () => {
    const [one, two] = [newReplica({ concurrency: 3 }), newReplica({ concurrency: 3 })];
    const long = randomUUID();
    const another = () => taken(one, call('a', { document: long }));
    const [first, second] = [await another(), await another()];
    await another();
    const [more, short] = [call('a', { document: long, waitedMs: 9_000 }), call('a')];
    expect(await isRefused(one, more, short)).toBe(true);
    expect(await isRefused(two, call('b'))).toBe(true);
    await one.give(first, ANSWERED);
    expect(await isRefused(one, more, short)).toBe(true);
    await taken(two, call('b'));
    await one.give(second, ANSWERED);
    expect((await taken(one, more, short)).document).toBe(short.document);
  });

  test('are told to whom they are for', async () => {
    const replica = randomUUID();
    const [one, two] = [newReplica({ concurrency: 1 }), newReplica({ concurrency: 1, replica })];
    const told: (string | undefined)[] = [];
    admin.on('notification', ({ payload }) => told.push(payload));
    await admin.query('LISTEN quire_calls');
    const place = await taken(one, call('a'));
    await isRefused(two, call('b'));
    await one.give(place, ANSWERED);
    expect(await isRefused(one, call('a'))).toBe(true);
    await admin.query('UNLISTEN *');
    expect(new Set(told)).toEqual(new Set([replica]));
  });

  test('come to everybody, at a cap of 1 too: owners are served in turn, their documents in turn', async () => {
    const owners = ['a', 'a', 'b'];
    const began = performance.now();
    const waiting = owners.map((owner) => {
      const documents = [randomUUID(), randomUUID()];
      return {
        replica: newReplica({ concurrency: 1 }),
        get next() {
          const waitedMs = performance.now() - began;
          return documents.map((document) => call(owner, { document, waitedMs }));
        },
      };
    });
    const served: string[] = [];
    const documents = new Set<string>();
    for (let round = 0; served.length < 12 && round < 100; round++) {
      for (const one of waiting) {
        const { replica, next } = one;
        const { place } = await replica.take(next, 0);
        if (!place) continue;
        served.push(next[0]?.owner ?? '');
        documents.add(place.document);
        // The others have asked before it ends.
        for (const other of waiting) if (other.replica !== replica) await other.replica.take(other.next, 0);
        await replica.take(one.next, 0);
        await replica.give(place, ANSWERED);
      }
    }
    expect(served.join('')).toMatch(/^(ab){6}$|^(ba){6}$/);
    expect(documents.size).toBe(6);
  });

  test('go to whoever asks where there are enough for all who come before, and no others', async () => {
    const all = Array.from({ length: 4 }, () => newReplica({ concurrency: 2 }));
    const [one, two, three, other] = all as [SharedCalls, SharedCalls, SharedCalls, SharedCalls];
    const places = [await taken(other, call('x')), await taken(other, call('y'))];
    for (const [replica, waitedMs] of [
      [one, 3_000] as const,
      [two, 2_000] as const,
      [three, 1_000] as const,
    ]) {
      expect(await isRefused(replica, call(`waits ${waitedMs}`, { waitedMs }))).toBe(true);
    }
    for (const place of places) await other.give(place, ANSWERED);
    expect(await isRefused(three, call('waits 1000', { waitedMs: 1_000 }))).toBe(true);
    await taken(two, call('waits 2000', { waitedMs: 2_000 }));
    expect(await isRefused(three, call('waits 1000', { waitedMs: 1_000 }))).toBe(true);
    await taken(one, call('waits 3000', { waitedMs: 3_000 }));
  });

  test('wait for nobody who has stopped asking', async () => {
    const [one, two] = [newReplica({ concurrency: 1 }), newReplica({ concurrency: 1 })];
    const place = await taken(one, call('a'));
    await isRefused(two, call('b'));
    await one.give(place, ANSWERED);
    expect(await isRefused(one, call('a'))).toBe(true);
    await admin.query(
      `UPDATE quire.waiting_calls SET seen_at = seen_at - interval '1 s' WHERE service = $1 AND owners = ARRAY[encode(sha256('b'), 'hex')]`,
      [service],
    );
    await taken(one, call('a'));
  });
});

describe('a document', () => {
  async function keep(run: string, status = 'extracting'): Promise<string> {
    const id = randomUUID();
    await admin.query(
      `INSERT INTO quire.documents (id, owner, status, document, sender, run) VALUES ($1, 'o', $2, '{}', '{}', $3)`,
      [id, status, run],
    );
    return id;
  }

  test('that another reads, that has ended or was deleted is lost, and its call does not start', async () => {
    const replica = newReplica({ concurrency: 5 });
    const run = randomUUID();
    const mine = await keep(run);
    const lost = [await keep(randomUUID()), await keep(run, 'cancelled'), randomUUID()];
    const next = [...lost, mine].map((document) => call('o', { document, run }));
    const answer = await replica.take(next, 0);
    expect(answer.place?.document).toBe(mine);
    expect(answer.lost.toSorted()).toEqual(lost.toSorted());
    expect(await replica.take(next.slice(0, 3), 0)).toMatchObject({ place: undefined });
  });

  test('is found lost while all places are taken', async () => {
    const replica = newReplica({ concurrency: 1 });
    await taken(replica, call('o'));
    const document = await keep(randomUUID());
    expect((await replica.take([call('o', { document, run: randomUUID() })], 0)).lost).toEqual([document]);
  });
});

describe('limits a minute', () => {
  test('space calls of all replicas at 93 %, none ahead of its time', async () => {
    const limits = { requestsPerMinute: 600 };
    const [one, two] = [newReplica(limits), newReplica(limits)];
    const waits: number[] = [];
    for (const replica of [one, two, one]) waits.push((await taken(replica, call('a'))).waitMs);
    expect(waits[0]).toBe(0);
    // 60,000 / (0.93 * 600), less what the statements took.
    expect(waits[1]).toBeLessThanOrEqual(107.6);
    expect(waits[2]).toBeLessThanOrEqual(215.2);
    const [next] = (
      await admin.query<{ ms: number }>(
        `SELECT extract(epoch FROM next_request_at - (SELECT min(until) FROM quire.calls WHERE service = name)) * 1000
           AS ms FROM quire.model_services WHERE name = $1`,
        [service],
      )
    ).rows;
    expect(Number(next?.ms) + 60_000).toBeCloseTo((3 * 60_000) / (0.93 * 600), 2);
  });

  test('that are small tell when to ask again, and do not save up what was not used', async () => {
    const replica = newReplica({ requestsPerMinute: 60 });
    await taken(replica, call('a'));
    const { againMs, why } = await replica.take([call('a')], 0);
    expect(why).toBe('rate_limit');
    expect(againMs).toBeGreaterThan(0);
    // 60,000 / (0.93 * 60), less the look ahead.
    expect(againMs).toBeLessThanOrEqual(1_075.3 - 250);
    await passes(10_000);
    expect((await taken(replica, call('a'))).waitMs).toBe(0);
    expect(await isRefused(replica, call('a'))).toBe(true);
  });

  test('of tokens space calls by what they announce, also one that is more than the whole limit', async () => {
    const replica = newReplica({ tokensPerMinute: 60_000 });
    await taken(replica, call('a', { tokens: 93_000 }));
    const { againMs } = await replica.take([call('a', { tokens: 1 })], 0);
    expect(againMs).toBeLessThanOrEqual(100_000 - 250);
    expect(againMs).toBeGreaterThan(90_000);
  });

  test('of tokens get back what a call did not use, never more, and learn how much calls use', async () => {
    const replica = newReplica({ tokensPerMinute: 60_000 });
    const place = await taken(replica, call('a', { tokens: 10_000 }));
    expect(await isRefused(replica, call('a', { tokens: 10_000 }))).toBe(true);
    await passes(5_000);
    await replica.give(place, { ...ANSWERED, used: 1_000 });
    const second = await taken(replica, call('a', { tokens: 10_000 }));
    expect(second.waitMs).toBe(0);
    // A quarter more than the tenth that was used is charged: 1,250 at 930 a second.
    const { againMs } = await replica.take([call('a', { tokens: 10_000 })], 0);
    expect(againMs).toBeLessThanOrEqual(1_345 - 250);
    await replica.give(second, NOT_MADE);
    await taken(replica, call('a', { tokens: 10_000 }));
  });

  test('hold back calls that nobody waits for until their time has come', async () => {
    const replica = newReplica({ requestsPerMinute: 600 });
    await taken(replica, call('a'));
    expect((await replica.take([call('-')], 0.25)).why).toBe('rate_limit');
    await passes(1_000);
    expect((await replica.take([call('-')], 0.25)).place).toBeDefined();
  });
});

describe('a service', () => {
  const AWAY: AwayTold = { sinceMs: 0, patienceMs: 600_000, pauseMs: 2_000, failedProbes: 1 };

  test('that asks one replica to wait holds back all of them', async () => {
    const [one, two] = [newReplica(), newReplica()];
    await one.give(await taken(one, call('a')), { ...FAILED, holdMs: 60_000 });
    const { why, againMs } = await two.take([call('b')], 0);
    expect(why).toBe('asked_to_wait');
    expect(againMs).toBeGreaterThan(50_000);
    await passes(60_000);
    await taken(two, call('b'));
  });

  test('that one replica finds away is away for all: one call at a time finds out, and an answer ends it', async () => {
    const [one, two] = [newReplica(), newReplica()];
    const earlier = await taken(two, call('b'));
    expect(await one.give(await taken(one, call('a')), { ...FAILED, away: AWAY })).toMatchObject({
      patienceMs: 600_000,
      failedProbes: 1,
    });
    const held = await two.take([call('b')], 0);
    expect(held).toMatchObject({ why: 'outage', away: { failedProbes: 1 } });
    // What fails meanwhile is told of it.
    expect(await two.give(earlier, FAILED)).toMatchObject({ failedProbes: 1 });
    await passes(2_000);
    const probe = await taken(two, call('b'));
    expect(await one.take([call('a')], 0)).toMatchObject({ place: undefined, why: 'outage' });
    await two.give(probe, { ...FAILED, away: { ...AWAY, sinceMs: 2_000, failedProbes: 2 } });
    expect(await one.take([call('a')], 0)).toMatchObject({ why: 'outage', away: { failedProbes: 2 } });
    await passes(2_000);
    const second = await taken(one, call('a'));
    expect(await one.give(second, ANSWERED)).toBeUndefined();
    for (const replica of [one, two]) await taken(replica, call('a'));
  });

  test('is not held for away longer than those who asked have patience', async () => {
    const replica = newReplica();
    const away = { ...AWAY, patienceMs: 5_000, pauseMs: 30_000 };
    await replica.give(await taken(replica, call('a')), { ...FAILED, away });
    await passes(5_000);
    expect(await replica.take([call('a')], 0)).toMatchObject({ why: undefined, away: undefined });
  });
});

describe('a database that is away', () => {
  test('gives no place and fails no call; what ended meanwhile is told once it is back', async () => {
    let isAway = true;
    const asked: string[] = [];
    const query: Query = (sql) => {
      if (isAway) return Promise.reject(new StoreError('unreachable'));
      asked.push(sql.includes('take') ? 'take' : 'give');
      const answer = { document: null, waitMs: 0, againMs: 0, why: null, lost: [], away: null };
      return Promise.resolve([{ answer: JSON.stringify(answer), away: null }]);
    };
    const settings = { service, replica: randomUUID(), leaseMs: 60_000 };
    const replica = new SharedCalls({ query }, settings, (error) => troubles.push(error));
    expect(await replica.take([call('a')], 0)).toMatchObject({ place: undefined, againMs: 250, lost: [] });
    expect(await replica.give({ id: randomUUID(), document: '', waitMs: 0 }, FAILED)).toBeUndefined();
    isAway = false;
    await replica.take([call('a')], 0);
    expect(asked).toEqual(['give', 'take']);
  });
});
