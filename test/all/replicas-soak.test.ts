import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { mostUnderWay, mostWithin } from '../call-times.js';
import { serverAt } from '../earlier-build.js';
import { Fleet } from '../fleet.js';
import { goldenPdf, isGolden, readSheet, tenPageDocument } from '../golden-pdf.js';
import { Host } from '../host.js';
import { paidFor } from '../paid-for.js';
import { Postgres } from '../postgres.js';
import { Provider, type Behaviour } from '../provider.js';
import { until } from '../until.js';

/**
 * Replicas under load and in trouble, again and again, on a machine with nothing else to do: times are
 * asserted here. Part of `npm run soak` alone.
 */
const soak = process.env.SOAK_ROUNDS === undefined ? describe.skip : describe;

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

interface Running {
  postgres: Postgres;
  fleet: Fleet;
}

/** Replicas on a PostgreSQL of their own, with calls that take 300 to 500 ms. */
async function start(replicas: number, variables: Record<string, string>): Promise<Running> {
  const postgres = await Postgres.start();
  open.push(postgres);
  const delay: Behaviour['delay'] = (_call, index) => 300 + 50 * (index % 5);
  const provider = await Provider.start({ read: readSheet, delay });
  open.push(provider);
  const fleet = await Fleet.start(replicas, { url: postgres.url, provider, variables });
  open.push(fleet);
  return { postgres, fleet };
}

/** The longest of some times, in seconds. */
const longest = (times: readonly number[]) => Math.max(0, ...times) / 1_000;

/** Lets all documents end, and holds what came of them and of all calls against what should have. */
async function expectWhole(fleet: Fleet, figures: object): Promise<void> {
  await fleet.ended();
  const paid = await paidFor(fleet);
  console.log(JSON.stringify({ ...figures, documents: fleet.documents.length, ...paid }));
  expect(fleet.gone).toEqual([]);
  expect(await fleet.notGolden()).toEqual([]);
  expect(paid).toMatchObject({ askedAgain: 0, repeatedForNothing: 0, late: 0 });
}

soak('one hundred documents of ten pages', () => {
  const DOCUMENTS = 100;
  const MOST_SLOWER = 1.15;

  /** Has all documents read. */
  async function read(replicas: number, limits: { atOnce: number; aMinute: number }) {
    const { fleet } = await start(replicas, {
      LLM_GLOBAL_CONCURRENCY: String(limits.atOnce),
      LLM_REQUESTS_PER_MINUTE: String(limits.aMinute),
      DOCUMENTS_WAITING: String(DOCUMENTS),
      OWNER_DOCUMENTS_WAITING: String(2 * DOCUMENTS),
      UPLOADS_ARRIVING: String(DOCUMENTS),
      UPLOADS_ARRIVING_PER_OWNER: String(DOCUMENTS),
    });
    await fleet.upload(DOCUMENTS);
    await expectWhole(fleet, { replicas, ...limits });
    const { calls } = fleet.provider;
    const starts = calls.map(({ startedAt }) => startedAt);
    const ends = calls.map(({ endedAt = NaN }) => endedAt);
    const seconds = (Math.max(...ends) - Math.min(...starts)) / 1_000;
    const figures = {
      seconds,
      calls: calls.length,
      underWay: mostUnderWay(calls),
      in2s: mostWithin(starts, 2_000),
      in60s: mostWithin(starts, 60_000),
    };
    console.log(JSON.stringify({ replicas, ...limits, ...figures }));
    expect(figures.underWay).toBeLessThanOrEqual(limits.atOnce);
    expect(figures.in2s).toBeLessThanOrEqual(limits.aMinute / 30);
    expect(figures.in60s).toBeLessThanOrEqual(limits.aMinute);
    return seconds;
  }

  test.each([
    ['a rate', { atOnce: 12, aMinute: 480 }],
    ['a cap', { atOnce: 5, aMinute: 6_000 }],
  ])('take three replicas no longer under %s than one', async (_name, limits) => {
    const one = await read(1, limits);
    const three = await read(3, limits);
    console.log(JSON.stringify({ ...limits, one, three, slower: three / one }));
    expect(three / one).toBeLessThanOrEqual(MOST_SLOWER);
  });
});

soak('three replicas with documents in work', () => {
  const LIMITS = { LLM_GLOBAL_CONCURRENCY: '6', LLM_REQUESTS_PER_MINUTE: '1200' };
  const IN_WORK = 12;
  const TAKEN_OVER_S = 10;
  const HANDED_OVER_S = 5;

  test('lose nothing to 20 kills, and each is taken over within 10 s', async () => {
    const { fleet } = await start(3, LIMITS);
    const times: number[] = [];
    for (let round = 0; round < 20; round++) {
      await fleet.keepBusy(IN_WORK);
      const { replica, at } = await fleet.kill(await fleet.inMidDocument());
      const gone = await fleet.goneOn(replica, at);
      times.push(...gone);
      console.log(JSON.stringify({ round, documents: gone.length, takenOverAfter: longest(gone) }));
      await fleet.add();
    }
    await expectWhole(fleet, { kills: 20, takenOverAfter: longest(times) });
    expect(longest(times)).toBeLessThanOrEqual(TAKEN_OVER_S);
  });

  test('pay at most one call twice for each of 5 stops of 30 s, and begin none too late', async () => {
    const { fleet } = await start(3, LIMITS);
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      await fleet.keepBusy(IN_WORK);
      // With one call under way: each of those is lost.
      const stopped = await fleet.halt(await fleet.inMidDocument(fleet.replicas, 1));
      const { replica, at } = stopped;
      times.push(...(await fleet.goneOn(replica, at)));
      const others = fleet.replicas.filter((other) => other !== replica);
      while (Date.now() < at + 30_000) {
        await fleet.keepBusy(IN_WORK, others);
        await sleep(500);
      }
      await fleet.goOn(stopped);
    }
    await expectWhole(fleet, { stops: 5, takenOverAfter: longest(times) });
    expect((await paidFor(fleet)).repeated).toBeLessThanOrEqual(5);
    expect(longest(times)).toBeLessThanOrEqual(TAKEN_OVER_S);
  });

  test('lose nothing and pay nothing twice when the database restarts, 5 times in order and 5 times at once', async () => {
    const { fleet, postgres } = await start(3, LIMITS);
    const times: number[] = [];
    for (let round = 0; round < 10; round++) {
      await fleet.keepBusy(IN_WORK);
      await fleet.inMidDocument();
      if (round % 2 === 1) await postgres.kill();
      await postgres.restart();
      const at = Date.now();
      await until('answers are kept again', async () =>
        [...(await fleet.journal.keptAt()).values()].some((kept) => kept > at),
      );
      times.push(Date.now() - at);
    }
    await expectWhole(fleet, { restarts: 10, goneOnAfter: longest(times) });
  });

  test('repeat no call in 10 drains, and hand over within 5 s', async () => {
    const { fleet } = await start(3, LIMITS);
    const times: number[] = [];
    const ended: number[] = [];
    for (let round = 0; round < 10; round++) {
      await fleet.keepBusy(IN_WORK);
      const replica = await fleet.inMidDocument();
      const { at, exitCode } = await fleet.drain(replica);
      ended.push(Date.now() - at);
      expect(exitCode).toBe(0);
      times.push(...(await fleet.goneOn(replica, at)));
      await fleet.add();
    }
    await expectWhole(fleet, { drains: 10, handedOverAfter: longest(times), endedAfter: longest(ended) });
    expect(longest(times)).toBeLessThanOrEqual(HANDED_OVER_S);
  });
});

soak('a rolling update', () => {
  /** The last version whose processes shared a database by locks. */
  const BEFORE = '81ca38a';

  test('from the version before leaves all documents whole that were in work', async () => {
    const server = await serverAt(BEFORE);
    if (server === undefined) throw new Error(`There is no history with ${BEFORE} to build`);
    const postgres = await Postgres.start();
    open.push(postgres);
    const provider = await Provider.start({ read: readSheet, delay: () => 700 });
    open.push(provider);
    const variables = {
      DATABASE_URL: postgres.url,
      QUIRE_PLAN: 'batch 2x3',
      LOG_LEVEL: 'warn',
      OPENAI_API_KEY: 'test',
      OPENAI_MODEL: 'test-model',
      OPENAI_BASE_URL: provider.baseURL,
    };
    const before = [1, 2, 3].map(
      (number) => new Host({ ...variables, OPENAI_PROJECT_ID: `before-${number}` }, server),
    );
    const now = before.map(
      (_, index) => new Host({ ...variables, QUIRE_ENGINE: 'dbos', OPENAI_PROJECT_ID: `now-${index + 1}` }),
    );
    const running = () => [...before, ...now].filter(({ isRunning }) => isRunning);
    open.push({ close: () => Promise.all(running().map((host) => host.kill())) });
    let cookie = '';
    const documents: { id: string | undefined; golden: ReturnType<typeof tenPageDocument> }[] = [];
    const upload = async (host: Host, count: number) => {
      for (let index = 0; index < count; index++) {
        const golden = tenPageDocument(documents.length);
        const { id } = await host.upload(await goldenPdf(golden, `update-${documents.length}`));
        documents.push({ id, golden });
      }
    };
    for (const host of before) {
      host.cookie = cookie;
      await host.start();
      cookie = host.cookie;
      await upload(host, 5);
    }
    for (const [index, host] of now.entries()) {
      host.cookie = cookie;
      await host.start();
      await upload(host, 3);
      await upload(before[index] ?? host, 2);
      expect(await before[index]?.stop()).toBe(0);
    }
    for (const [index, { id, golden }] of documents.entries()) {
      const { result } = (await now[index % now.length]?.finished(id)) ?? {};
      expect(isGolden(result?.documents[0], golden)).toBe(true);
    }
    const askedBy = new Map<string, string[]>();
    for (const { pages, project = '' } of provider.calls) {
      for (const { text } of pages) askedBy.set(text, [...(askedBy.get(text) ?? []), project]);
    }
    expect([...askedBy.values()].filter(({ length }) => length > 1)).toEqual([]);
    for (const host of now) expect(await host.stop()).toBe(0);
  });
});
