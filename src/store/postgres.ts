import { Pool } from 'pg';
import { SettingsError } from '../settings.js';
import type { Database, Query } from './database.js';
import { ExecutorLock } from './executor-lock.js';
import { ask, CONNECT_LIMIT_MS, ignore, withConnection, type PostgresPool } from './postgres-pool.js';

/** One is kept for the lock. */
const MOST_CONNECTIONS = 11;
const LEAST_CONNECTIONS = 2;

/** A PostgreSQL server at an address, through a pool of our own. */
export function openPostgres(connectionString: string): Database {
  const pool = new Pool({
    connectionString,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    keepAlive: true,
    application_name: 'quire',
    max: MOST_CONNECTIONS,
  });
  // One that is just being closed may break all the same.
  pool.on('error', ignore);
  const database = pooled(pool);
  return {
    ...database,
    async close() {
      await database.close();
      await pool.end();
    },
  };
}

/** A PostgreSQL server through an app's own pool, which stays the app's to end. */
export function usePool(pool: PostgresPool): Database {
  checkPool(pool);
  return pooled(pool);
}

/** @throws {SettingsError} for what is no pool, or one that is too small */
export function checkPool(pool: PostgresPool): void {
  const { connect, query, options } = pool as Partial<PostgresPool>;
  if (typeof connect !== 'function' || typeof query !== 'function') {
    throw new SettingsError('The database given must be an address or a pool of pg.');
  }
  if ((options?.max ?? LEAST_CONNECTIONS) < LEAST_CONNECTIONS) {
    throw new SettingsError(
      `The pool given as the database must have room for ${LEAST_CONNECTIONS} connections or more: one is kept while Quire is open.`,
    );
  }
}

function pooled(pool: PostgresPool): Database {
  // A connection that breaks while nobody uses it: the next statement finds out for itself.
  pool.on('error', ignore);
  let lock: ExecutorLock | undefined;
  return {
    query: (sql, parameters) => withConnection(pool, (client) => ask(client, sql, parameters)),
    transaction: (work, limit) =>
      withConnection(pool, async (client) => {
        const query: Query = (sql, parameters) => ask(client, sql, parameters, limit?.limitMs);
        await query('BEGIN');
        const result = await work(query);
        await query('COMMIT');
        return result;
      }),
    async hold(executor) {
      lock = new ExecutorLock(pool, executor);
      await lock.take();
    },
    canJudge: () => lock?.canJudge() ?? false,
    close() {
      lock?.give();
      pool.removeListener('error', ignore);
      return Promise.resolve();
    },
  };
}
