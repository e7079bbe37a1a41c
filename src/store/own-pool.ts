import { Pool } from 'pg';
import { CONNECT_LIMIT_MS, ignore } from './postgres-pool.js';

/**
 * A pool of our own, whose connections may break at any time: whoever awaits a statement is told.
 *
 * @param most connections, from 1
 * @param name of the connections, as the server shows them
 */
export function ownPool(address: string, most: number, name: string): Pool {
  const pool = new Pool({
    connectionString: address,
    max: most,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    keepAlive: true,
    application_name: name,
  });
  pool.on('error', ignore);
  // A server that shuts down may end a session in the same breath in which it was begun or has answered, before
  // whoever is lent the connection can listen for that.
  pool.on('connect', (client) => client.on('error', ignore));
  return pool;
}
