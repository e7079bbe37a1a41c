import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { mostUnderWay } from '../call-times.js';
import { Fleet } from '../fleet.js';
import { readSheet } from '../golden-pdf.js';
import { Postgres } from '../postgres.js';
import { Provider } from '../provider.js';
import { until } from '../until.js';
import { atMost } from './figures.js';

const DOCUMENTS = 60;
const PAGES = 10 * DOCUMENTS;
const CALL_MS = 500;
const CALLS_AT_ONCE = 12;
const CALLS_A_MINUTE = 1_200;
const AT_REST_MS = 10_000;
const SAMPLE_EVERY_MS = 500;

/** What the database has done since it began to count. */
interface Done {
  statements: number;
  /** Those of the engine's package. */
  ofEngine: number;
  transactions: number;
  walBytes: number;
  /** Tables and indexes of Quire and its engine, as they are now. */
  keptBytes: number;
}

interface Figures {
  name: string;
  replicas: number;
  seconds: number;
  calls: number;
  underWay: number;
  shareOfCap: number;
  shareOfRate: number;
  atRest: Done;
  read: Done;
  connections: number;
}

/** The same documents read by one process and by three under the same limits, and what that asks of the database. */
export async function replicas(): Promise<void> {
  const local = { QUIRE_ENGINE: 'local', LLM_MAX_CONCURRENCY: String(CALLS_AT_ONCE) };
  const figures = [
    await measured('one process, `local`', 1, local),
    await measured('one replica', 1, {}),
    await measured('three replicas', 3, {}),
  ];
  const [, one, three] = figures;
  const columns: [string, (of: Figures) => number, number][] = [
    ['seconds', ({ seconds }) => seconds, 1],
    ['documents/h', ({ seconds }) => (DOCUMENTS * 3_600) / seconds, 0],
    ['calls', ({ calls }) => calls, 0],
    ['most calls at once', ({ underWay }) => underWay, 0],
    ['% of the cap', ({ shareOfCap }) => 100 * shareOfCap, 0],
    ['% of the rate', ({ shareOfRate }) => 100 * shareOfRate, 0],
    ['statements a page', ({ read }) => read.statements / PAGES, 1],
    ['of the engine', ({ read }) => read.ofEngine / PAGES, 1],
    ['transactions a page', ({ read }) => read.transactions / PAGES, 1],
    ['kB written a page', ({ read }) => read.walBytes / PAGES / 1_000, 1],
    ['kB kept a page', ({ read }) => read.keptBytes / PAGES / 1_000, 1],
    ['connections a replica', (of) => of.connections / of.replicas, 1],
    ['statements a second at rest', ({ atRest }) => atRest.statements / (AT_REST_MS / 1_000), 1],
  ];
  const table = [
    `${DOCUMENTS} documents of 10 pages, calls of ${CALL_MS} ms, ${CALLS_AT_ONCE} at once and ${CALLS_A_MINUTE} a minute at most.`,
    '',
    `| | ${columns.map(([title]) => title).join(' | ')} |`,
    `|---|${columns.map(() => '--:').join('|')}|`,
    ...figures.map(
      (row) =>
        `| ${row.name} | ${columns.map(([, figure, digits]) => figure(row).toFixed(digits)).join(' | ')} |`,
    ),
  ];
  process.stdout.write(`${table.join('\n')}\n`);
  atMost(1.15, "three replicas' time to one's", (three?.seconds ?? NaN) / (one?.seconds ?? NaN));
}

async function measured(name: string, count: number, variables: Record<string, string>): Promise<Figures> {
  const postgres = await Postgres.start({ shared_preload_libraries: 'pg_stat_statements' });
  const provider = await Provider.start({ read: readSheet, delay: () => CALL_MS });
  const fleet = new Fleet({
    url: postgres.url,
    provider,
    variables: {
      LLM_GLOBAL_CONCURRENCY: String(CALLS_AT_ONCE),
      LLM_REQUESTS_PER_MINUTE: String(CALLS_A_MINUTE),
      OWNER_DOCUMENTS_WAITING: String(DOCUMENTS),
      UPLOADS_ARRIVING_PER_OWNER: String(DOCUMENTS),
      ...variables,
    },
  });
  const database = new Client({ connectionString: postgres.url });
  await database.connect();
  try {
    for (let index = 0; index < count; index++) await fleet.add();
    await database.query('CREATE EXTENSION pg_stat_statements');
    const atRest = await done(database, () => sleep(AT_REST_MS));
    let connections = 0;
    let seconds = NaN;
    const read = await done(database, async () => {
      const started = performance.now();
      await fleet.upload(DOCUMENTS);
      await until('all documents have ended', async () => {
        await sleep(SAMPLE_EVERY_MS);
        const { rows } = await database.query<{ connections: number; unended: number }>(NOW);
        const [now] = rows;
        connections = Math.max(connections, now?.connections ?? 0);
        return now?.unended === 0;
      });
      seconds = (Math.max(...provider.calls.map(({ endedAt = NaN }) => endedAt)) - started) / 1_000;
    });
    const wrong = await fleet.notGolden();
    if (wrong.length > 0) throw new Error(`Not golden: ${wrong.join('; ')}`);
    const { calls } = provider;
    const busyMs = calls.reduce((sum, { startedAt, endedAt = NaN }) => sum + endedAt - startedAt, 0);
    return {
      name,
      replicas: count,
      seconds,
      calls: calls.length,
      underWay: mostUnderWay(calls),
      atRest,
      read,
      connections,
      shareOfCap: busyMs / 1_000 / (CALLS_AT_ONCE * seconds),
      shareOfRate: calls.length / ((CALLS_A_MINUTE / 60) * seconds),
    };
  } finally {
    await fleet.close();
    await database.end();
    await provider.close();
    await postgres.close();
  }
}

/** The bench's own connection is none of a replica. */
const NOW = `
  SELECT (SELECT count(*)::integer FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()) AS connections,
    (SELECT count(*)::integer FROM quire.documents WHERE status = 'extracting') AS unended`;

const COUNTS = `
  SELECT (SELECT sum(calls) FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat%')::float8 AS statements,
    (SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query LIKE '%quire\\_engine%')::float8 AS engine,
    (SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database())::float8
      AS transactions,
    (SELECT wal_bytes FROM pg_stat_wal)::float8 AS wal,
    (SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE nspname IN ('quire', 'quire_engine') AND relkind = 'r')::float8 AS kept`;

/** What the database does while something happens. */
async function done(database: Client, work: () => Promise<void>): Promise<Done> {
  const before = await counted(database);
  await work();
  const after = await counted(database);
  return {
    statements: after.statements - before.statements,
    ofEngine: after.ofEngine - before.ofEngine,
    transactions: after.transactions - before.transactions,
    walBytes: after.walBytes - before.walBytes,
    keptBytes: after.keptBytes - before.keptBytes,
  };
}

async function counted(database: Client): Promise<Done> {
  const { rows } = await database.query<Record<string, number>>(COUNTS);
  const [{ statements = NaN, engine = NaN, transactions = NaN, wal = NaN, kept = NaN } = {}] = rows;
  return { statements, ofEngine: engine, transactions, walBytes: wal, keptBytes: kept };
}
