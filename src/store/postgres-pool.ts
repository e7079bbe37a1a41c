import { codeOf, StoreError, type Parameter, type Row } from './database.js';

/** Milliseconds that a free connection is waited for. */
export const CONNECT_LIMIT_MS = 5_000;
/** Milliseconds that a statement may take where nothing else is said. */
const QUERY_LIMIT_MS = 30_000;

interface Session {
  /** @param statement `query_timeout` in milliseconds, 0 for as long as the pool allows */
  query(statement: { text: string; values: unknown[]; query_timeout: number }): Promise<{ rows: unknown[] }>;
}

/** A connection of a pool, as `pg` has them. */
export interface PostgresClient extends Session {
  /** @param destroy whether the connection is closed instead of given back */
  release(destroy?: boolean): void;
  on(event: 'error' | 'end', listener: () => void): unknown;
  removeListener(event: 'error' | 'end', listener: () => void): unknown;
}

/** A pool of connections to a PostgreSQL server, as `pg` has them. */
export interface PostgresPool extends Session {
  readonly options?: { max?: number | undefined };
  connect(): Promise<PostgresClient>;
  on(event: 'error', listener: () => void): unknown;
  removeListener(event: 'error', listener: () => void): unknown;
}

/**
 * A connection that may break at any time: whoever awaits a statement is told.
 *
 * @throws {StoreError} `unreachable`, also when an app uses all connections of its pool itself
 */
export async function connect(pool: PostgresPool): Promise<PostgresClient> {
  const connecting = pool.connect();
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    limit = setTimeout(resolve, CONNECT_LIMIT_MS, undefined);
  });
  const client = await Promise.race([connecting, late])
    .catch(named)
    .finally(() => clearTimeout(limit));
  if (!client) {
    connecting.then((unused) => unused.release(), ignore);
    throw new StoreError('unreachable');
  }
  client.on('error', ignore);
  return client;
}

/** Lends a connection to `work`: afterwards it is given back as it was, or closed when `work` fails. */
export async function withConnection<T>(
  pool: PostgresPool,
  work: (client: PostgresClient) => Promise<T>,
): Promise<T> {
  const client = await connect(pool);
  try {
    const result = await work(client);
    client.removeListener('error', ignore);
    client.release();
    return result;
  } catch (error) {
    // The server undoes what a closed connection had begun.
    client.release(true);
    throw error;
  }
}

/** @param limitMs milliseconds that the answer may take; 0 for as long as the pool allows */
export async function ask(
  session: Session,
  sql: string,
  parameters: readonly Parameter[] = [],
  limitMs = QUERY_LIMIT_MS,
): Promise<Row[]> {
  const values = parameters.map((value) =>
    value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value,
  );
  const answer = await session.query({ text: sql, values, query_timeout: limitMs }).catch(named);
  return answer.rows as Row[];
}

/** SQLSTATE of statements at fault themselves, as against a server that is away, full, shutting down or shut. */
const AWAY = /^(08|28|3D|40|57|58|55P03|53[123]|25006)/;
const STATEMENT = /^[0-9A-Z]{5}$/;

function named(error: unknown): never {
  const code = codeOf(error) ?? '';
  if (code === '53100') throw new StoreError('disk_full', { cause: error });
  if (STATEMENT.test(code) && !AWAY.test(code) && !code.startsWith('E')) throw error;
  throw new StoreError('unreachable', { cause: error });
}

export function ignore(): void {
  // Whoever awaits a statement is told.
}
