import { codeOf, StoreError, type Parameter, type Row } from './database.js';

interface Session {
  query(sql: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
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

/** A connection that may break at any time: whoever awaits a statement is told. */
export async function connect(pool: PostgresPool): Promise<PostgresClient> {
  const client = await pool.connect().catch(named);
  client.on('error', ignore);
  return client;
}

/** Gives a connection back as it was. */
export function release(client: PostgresClient): void {
  client.removeListener('error', ignore);
  client.release();
}

export async function ask(
  session: Session,
  sql: string,
  parameters: readonly Parameter[] = [],
): Promise<Row[]> {
  const values = parameters.map((value) =>
    value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value,
  );
  return (await session.query(sql, values).catch(named)).rows as Row[];
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
