import { SettingsError } from '../settings.js';
import type { Database, StoreError } from './database.js';
import type { PostgresPool } from './postgres-pool.js';
import { openPostgres, usePool } from './postgres.js';

/** Where documents are kept: the first of these that is given. */
export interface StoreSettings {
  /** An app's own pool of connections to a PostgreSQL server, which stays the app's to end. */
  pool?: PostgresPool | undefined;
  /** Address of a PostgreSQL server, like `postgres://user@host/database`. */
  url?: string | undefined;
  /** Where the embedded database keeps its files, without a server. */
  dataDir?: string | undefined;
  /** Whether page texts and words stay when their document is read. Default: true. */
  keepsPages?: boolean | undefined;
}

/** @throws {SettingsError} when what is given cannot be used */
export function openDatabase(
  { pool, url, dataDir }: StoreSettings,
  onInUse?: (error: StoreError) => void,
): Database | Promise<Database> {
  if (pool) return usePool(pool);
  if (url) return openPostgres(url);
  if (dataDir) return embedded(dataDir, onInUse);
  throw new SettingsError('A store needs a pool, a url or a dataDir.');
}

/** Loaded when it is used: it is large. */
async function embedded(dataDir: string, onInUse?: (error: StoreError) => void): Promise<Database> {
  const { openEmbeddedPostgres } = await import('./embedded-postgres.js');
  return openEmbeddedPostgres(dataDir, onInUse);
}
