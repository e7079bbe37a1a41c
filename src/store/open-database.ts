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
  /** The most connections to it, from 2. Default: 10. */
  connections?: number | undefined;
  /** What the server calls them. Default: `quire`. */
  connectionName?: string | undefined;
  /** Where the embedded database keeps its files, without a server. */
  dataDir?: string | undefined;
  /** Whether page texts and words stay when their document is read. Default: true. */
  keepsPages?: boolean | undefined;
}

const USUAL_CONNECTIONS = 10;

/** @throws {SettingsError} when what is given cannot be used */
export function openDatabase(
  { pool, url, connections = USUAL_CONNECTIONS, connectionName, dataDir }: StoreSettings,
  onInUse?: (error: StoreError) => void,
): Database | Promise<Database> {
  if (pool) return usePool(pool);
  if (url) return openPostgres(url, connections, connectionName);
  if (dataDir) return embedded(dataDir, onInUse);
  throw new SettingsError('A store needs a pool, a url or a dataDir.');
}

/** Loaded when it is used: it is large. */
async function embedded(dataDir: string, onInUse?: (error: StoreError) => void): Promise<Database> {
  const { openEmbeddedPostgres } = await import('./embedded-postgres.js');
  return openEmbeddedPostgres(dataDir, onInUse);
}
