import { SettingsError } from '../settings.js';
import type { Client, Database, Query } from './database.js';
import { ask, ignore, ownPool, withConnection, type PostgresPool } from './postgres-pool.js';
import { ReadingLock } from './reading-lock.js';

const LEAST_CONNECTIONS = 2;
/** A process that hangs, or is cut off, holds up others by its locks no longer than this. */
const BEGIN = `BEGIN; SET LOCAL idle_in_transaction_session_timeout = '10s'`;

/**
 * A PostgreSQL server at an address, through a pool of our own.
 *
 * @param most connections, from 2
 * @param name of the connections, as the server shows them
 */
export function openPostgres(address: string, most: number, name = 'quire'): Database {
  const pool = ownPool(address, most, name);
  const database = pooled(pool);
  return {
    ...database,
    address,
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
  let lock: ReadingLock | undefined;
  return {
    address: undefined,
    query: (sql, parameters) => withConnection(pool, (client) => ask(client, sql, parameters)),
    transaction: (work, limit) =>
      withConnection(pool, async (client) => {
        const query: Query = (sql, parameters) => ask(client, sql, parameters, limit?.limitMs);
        await query(BEGIN);
        // A client of `pg`, which an app's own pool has as well.
        const result = await work(query, client as unknown as Client);
        await query('COMMIT');
        return result;
      }),
    async reserve() {
      lock ??= new ReadingLock(pool);
      if (!lock.isHeld) await lock.take();
    },
    isReserved: () => lock?.isHeld ?? false,
    close() {
      lock?.give();
      pool.removeListener('error', ignore);
      return Promise.resolve();
    },
  };
}
