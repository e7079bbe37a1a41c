/** The part of a pool of the package `pg` that is used; the caller's may come from any copy of version 8. */
export interface PostgresPool {
  query(sql: string, values: unknown[]): Promise<{ rows: unknown[] }>;
  connect(): Promise<PostgresConnection>;
}

/** One connection taken out of a pool. */
export interface PostgresConnection {
  query(sql: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
  on(event: 'error' | 'end', listener: (error: Error) => void): unknown;
  off(event: 'error' | 'end', listener: (error: Error) => void): unknown;
  /** @param destroy closes the connection instead of giving it back */
  release(destroy?: boolean): void;
}
