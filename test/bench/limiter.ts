import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { Store } from '../../src/index.js';
import { CallQueue } from '../../src/llm/queue.js';
import type { DocumentQueue } from '../../src/llm/turns.js';
import { openPostgres } from '../../src/store/postgres.js';
import { SharedCalls, type SharedCallSettings } from '../../src/store/shared-calls.js';
import type { Database } from '../../src/store/database.js';
import { Postgres } from '../postgres.js';

const REPLICAS = 30;
const OWNERS = 20;
/** Calls of a document that wait or are under way at once. */
const WORKERS = 3;
/** A call's time in milliseconds, and what comes to it on the way to the service. */
const CALL_MS = { least: 3_000, most: 9_000 };
const WAY_MS = { least: 2, most: 20 };
/** Clock ticks a second of `/proc`. */
const TICKS = 100;

interface Load {
  name: string;
  limits: Pick<SharedCallSettings, 'concurrency' | 'requestsPerMinute'>;
  documentsAtOnce: number;
  seconds: number;
  /** Whether replicas are told of free places, or only ask again and again, as behind PgBouncer. */
  listens?: boolean;
}

/** Multiples of 360 documents of 10 pages an hour, a call a page: one call a second. */
const LOADS: Load[] = [
  { name: '10x, by rate', limits: { requestsPerMinute: 600 }, documentsAtOnce: 2, seconds: 62 },
  { name: '10x, by cap', limits: { concurrency: 60 }, documentsAtOnce: 2, seconds: 15 },
  {
    name: '10x, by cap, polling',
    limits: { concurrency: 60 },
    documentsAtOnce: 2,
    seconds: 15,
    listens: false,
  },
  { name: '100x, by rate', limits: { requestsPerMinute: 6_000 }, documentsAtOnce: 10, seconds: 62 },
  { name: '100x, by cap', limits: { concurrency: 600 }, documentsAtOnce: 10, seconds: 15 },
  { name: '1,000x, by rate', limits: { requestsPerMinute: 60_000 }, documentsAtOnce: 80, seconds: 15 },
];

/** Thirty replicas that want more calls than a service allows, against `quire.take` on a real PostgreSQL. */
export async function limiter(): Promise<void> {
  const postgres = await Postgres.start();
  try {
    await (await Store.open({ url: postgres.url })).close();
    const rows: string[][] = [];
    for (const load of LOADS) rows.push(await simulate(postgres.url, load));
    const titles = [
      'load',
      'calls a second',
      'share of the limit used',
      'most in 2 s',
      'most in 60 s',
      'over the limit',
      'most under way',
      'an owner, of the mean',
      'statements a second',
      'take p50 ms',
      'take p95 ms',
      'CPU of the database',
    ];
    process.stdout.write(
      [titles, titles.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |\n`).join(''),
    );
  } finally {
    await postgres.close();
  }
}

/** What the service sees. */
class Service {
  readonly arrivals: number[] = [];
  readonly byOwner = new Map<string, number>();
  underWay = 0;
  mostUnderWay = 0;
  /** Sum of calls under way over milliseconds. */
  busyMs = 0;

  async serve(owner: string): Promise<void> {
    const ms = between(CALL_MS);
    await sleep(between(WAY_MS));
    this.arrivals.push(performance.now());
    this.byOwner.set(owner, (this.byOwner.get(owner) ?? 0) + 1);
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    await sleep(ms);
    this.underWay--;
    this.busyMs += ms;
  }

  mostWithin(ms: number): number {
    let most = 0;
    let first = 0;
    for (const [index, at] of this.arrivals.entries()) {
      while ((this.arrivals[first] ?? at) <= at - ms) first++;
      most = Math.max(most, index - first + 1);
    }
    return most;
  }

  /** Calls that a service would turn down which counts over windows of so many milliseconds. */
  over(limit: number, ms: number): number {
    const served: number[] = [];
    let turnedDown = 0;
    for (const at of this.arrivals) {
      while ((served[0] ?? at) <= at - ms) served.shift();
      if (served.length >= limit) turnedDown++;
      else served.push(at);
    }
    return turnedDown;
  }
}

async function simulate(url: string, load: Load): Promise<string[]> {
  const { limits, seconds, listens = true } = load;
  const admin = new Client(url);
  await admin.connect();
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const service = new Service();
  const times: number[] = [];
  let statements = 0;
  const name = randomUUID();
  const replicas = await Promise.all(
    Array.from({ length: REPLICAS }, async () => {
      const database = openPostgres(url, 10);
      const timed: Database['query'] = async (sql, parameters) => {
        statements++;
        const from = performance.now();
        const result = await database.query(sql, parameters);
        if (sql.includes('quire.take')) times.push(performance.now() - from);
        return result;
      };
      const replica = randomUUID();
      const settings = { service: name, replica, leaseMs: 60_000, ...limits };
      const calls = new SharedCalls({ query: timed }, settings, (error) => {
        throw error;
      });
      const queue = new CallQueue();
      queue.cap(1_000);
      const share = queue.share(calls);
      const listener = new Client(url);
      await listener.connect();
      listener.on('notification', ({ payload }) => {
        if (payload === '' || payload === replica) share.look();
      });
      if (listens) await listener.query('LISTEN quire_calls');
      return { database, queue, share, calls, listener };
    }),
  );
  const reading: Promise<void>[] = [];
  for (const { queue } of replicas) {
    for (let number = 0; number < load.documentsAtOnce; number++) {
      const [document, run] = [randomUUID(), randomUUID()];
      await admin.query(
        `INSERT INTO quire.documents (id, owner, status, document, sender, run)
         VALUES ($1, 'o', 'extracting', '{}', '{}', $2)`,
        [document, run],
      );
      const owner = `owner ${Math.floor(Math.random() * OWNERS)}`;
      const of = queue.document(undefined, owner, { document, run, onLost: () => process.exit(1) });
      for (let worker = 0; worker < WORKERS; worker++) reading.push(read(of, owner, service, stop.signal));
    }
  }
  // Those under way come to a steady number first.
  await sleep(CALL_MS.most);
  service.arrivals.length = 0;
  service.byOwner.clear();
  service.busyMs = 0;
  times.length = 0;
  statements = 0;
  const cpuBefore = await cpuSeconds(admin);
  const from = performance.now();
  await sleep(seconds * 1_000);
  const measuredS = (performance.now() - from) / 1_000;
  const cpu = (await cpuSeconds(admin)) - cpuBefore;
  const row = figures(load, service, { measuredS, cpu, statements, times });
  stop.abort();
  await Promise.allSettled(reading);
  for (const { share, calls, listener, database } of replicas) {
    share.end();
    await calls.close();
    await listener.end();
    await database.close();
  }
  await admin.end();
  return row;
}

function figures(
  { name, limits }: Load,
  service: Service,
  {
    measuredS,
    cpu,
    statements,
    times,
  }: { measuredS: number; cpu: number; statements: number; times: number[] },
): string[] {
  const { concurrency, requestsPerMinute } = limits;
  const perSecond = service.arrivals.length / measuredS;
  const used = concurrency
    ? service.busyMs / 1_000 / measuredS / concurrency
    : (60 * perSecond) / (requestsPerMinute ?? NaN);
  const shares = [...service.byOwner.values()].map(
    (calls) => (calls * service.byOwner.size) / service.arrivals.length,
  );
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(share * sorted.length)] ?? NaN).toFixed(1);
  const over = requestsPerMinute
    ? service.over(requestsPerMinute / 30, 2_000) + service.over(requestsPerMinute, 60_000)
    : Math.max(0, service.mostUnderWay - (concurrency ?? Infinity));
  const within = (ms: number, part: number) =>
    measuredS * 1_000 < ms
      ? ''
      : `${service.mostWithin(ms)}${requestsPerMinute ? ` of ${requestsPerMinute / part}` : ''}`;
  return [
    name,
    perSecond.toFixed(1),
    `${(100 * used).toFixed(0)} %`,
    within(2_000, 30),
    within(60_000, 1),
    String(over),
    `${service.mostUnderWay}${concurrency ? ` of ${concurrency}` : ''}`,
    `${Math.min(...shares).toFixed(2)} - ${Math.max(...shares).toFixed(2)}`,
    (statements / measuredS).toFixed(0),
    at(0.5),
    at(0.95),
    `${((100 * cpu) / measuredS).toFixed(0)} %`,
  ];
}

async function read(of: DocumentQueue, owner: string, service: Service, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await of.run(() => service.serve(owner), signal);
}

/** Of all sessions of the server, in seconds. */
async function cpuSeconds(admin: Client): Promise<number> {
  const { rows } = await admin.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'`,
  );
  const stats = await Promise.all(
    rows.map(({ pid }) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
  );
  const ticks = stats.map((stat) => {
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  });
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS;
}

function between({ least, most }: { least: number; most: number }): number {
  return least + Math.random() * (most - least);
}
