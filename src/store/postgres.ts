import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Pool, type ClientConfig } from 'pg';
import {
  EXECUTOR_LOCKS,
  StoreError,
  type Database,
  type Parameter,
  type Query,
  type Row,
} from './database.js';

const MOST_CONNECTIONS = 10;
const CONNECT_LIMIT_MS = 5_000;
const QUERY_LIMIT_MS = 30_000;
const RECONNECT_MS = 500;
/** After the connection broke, as all do when a server restarts, others get so long to hold their locks again. */
const SETTLED_MS = 2 * CONNECT_LIMIT_MS;

/** A PostgreSQL server, through `pg`. */
export function openPostgres(connectionString: string): Promise<Database> {
  const config: ClientConfig = {
    connectionString,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    query_timeout: QUERY_LIMIT_MS,
    keepAlive: true,
    application_name: 'quire',
  };
  const pool = new Pool({ ...config, max: MOST_CONNECTIONS });
  // A connection that breaks while nobody uses it: the next statement finds out for itself.
  pool.on('error', () => undefined);
  const closing = new AbortController();
  let holder: Client | undefined;
  /** By `performance.now()`; Infinity while the lock is not held. */
  let heldSince = Infinity;
  let isRestarted = false;

  const transaction = async <T>(work: (query: Query) => Promise<T>): Promise<T> => {
    const client = await pool.connect().catch(named);
    client.on('error', ignore);
    const query: Query = async (sql, parameters = []) => rows(client.query(sql, values(parameters)));
    try {
      await query('BEGIN');
      const result = await work(query);
      await query('COMMIT');
      client.off('error', ignore);
      client.release();
      return result;
    } catch (error) {
      client.off('error', ignore);
      // The server undoes what a closed connection had begun.
      client.release(true);
      throw error;
    }
  };

  const hold = async (executor: number): Promise<void> => {
    const client = new Client(config);
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    client.on('error', ignore);
    try {
      await client.connect().catch(named);
      // Never waits: a server may keep a session that broke off, and its lock, for hours.
      const taken = client.query('SELECT pg_try_advisory_lock($1, $2) AS held', [EXECUTOR_LOCKS, executor]);
      const [lock] = await rows(taken);
      if (lock?.held !== true || closing.signal.aborted) throw new StoreError('unreachable');
    } catch (error) {
      await client.end().catch(ignore);
      throw error;
    }
    holder = client;
    heldSince = performance.now();
    void ended.then(() => {
      heldSince = Infinity;
      isRestarted = true;
      return holdAgain(executor);
    });
  };
  const holdAgain = async (executor: number): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        return await hold(executor);
      } catch {
        await sleep(RECONNECT_MS, undefined, { signal: closing.signal }).catch(ignore);
      }
    }
  };

  return Promise.resolve({
    query: (sql, parameters = []) => rows(pool.query(sql, values(parameters))),
    transaction,
    hold,
    canJudge: () => performance.now() - heldSince >= (isRestarted ? SETTLED_MS : 0),
    async close() {
      closing.abort();
      await holder?.end().catch(ignore);
      await pool.end();
    },
  });
}

function values(parameters: readonly Parameter[]): unknown[] {
  return parameters.map((value) =>
    value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value,
  );
}

async function rows(result: Promise<{ rows: unknown[] }>): Promise<Row[]> {
  return (await result.catch(named)).rows as Row[];
}

/** SQLSTATE of statements at fault themselves, as against a server that is away, full or shutting down. */
const AWAY = /^(08|40|57|58|55P03|53[123]|25006)/;
const STATEMENT = /^[0-9A-Z]{5}$/;

function named(error: unknown): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === '53100') throw new StoreError('disk_full', { cause: error });
  if (STATEMENT.test(code) && !AWAY.test(code) && !code.startsWith('E')) throw error;
  throw new StoreError('unreachable', { cause: error });
}

function ignore(): void {
  // Whoever awaits the statement is told.
}
