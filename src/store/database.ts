/** Values of a statement: JSON goes in as text, bytes as they are. */
export type Parameter =
  string | number | boolean | null | Uint8Array | readonly (string | number | Uint8Array)[];
export type Row = Record<string, unknown>;
export type Query = (sql: string, parameters?: readonly Parameter[]) => Promise<Row[]>;
/** A connection to a server: a client of `pg`, whose types are nothing for who uses this module. */
export interface Client {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}

/** PostgreSQL, on a server or in this process: the same statements run on both. */
export interface Database {
  query: Query;
  /** Where it is; undefined where no other process can reach it, or an app keeps that to itself. */
  readonly address: string | undefined;
  /**
   * All of `work` or nothing of it.
   *
   * @param work also gets the connection of the transaction, where there is one
   * @param limit milliseconds that one statement may take on a server; 0 for no limit
   */
  transaction<T>(
    work: (query: Query, client?: Client) => Promise<T>,
    limit?: { limitMs: number },
  ): Promise<T>;
  /**
   * Keeps the documents for this process to read until the database is closed. Where the connection breaks that
   * keeps them so, they are reserved again as soon as nobody else has them.
   *
   * @throws {StoreError} `shared` when another process reads them
   */
  reserve(): Promise<void>;
  /** Whether they are this process's to read at present. */
  isReserved(): boolean;
  close(): Promise<void>;
}

/** Why the store does not do what it was asked. */
export type StoreTrouble = keyof typeof SAYS;

const SAYS = {
  unreachable: 'The database cannot be reached.',
  disk_full: 'There is too little space left on the disk.',
  shared:
    'The database is in use by another Quire. This one goes on when that one ends; several at once need QUIRE_ENGINE=dbos, all of them.',
  in_use:
    'The folder QUIRE_DATA_DIR is in use by another Quire. Give each one a folder of its own, or let them share a PostgreSQL.',
  changed_migration:
    'The database was brought up to date by another build: a migration that has run is not the one of this version. Start the build that was used before, or restore a backup from before it.',
} as const;
export const STORE_TROUBLES = Object.keys(SAYS) as StoreTrouble[];

/** The store cannot be used for now; what was asked of it may be asked again. Its message says what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  /** Of the error behind it, like `ECONNREFUSED` or the SQLSTATE `57P01`. */
  readonly code: string | undefined;

  constructor(
    readonly trouble: StoreTrouble,
    options?: ErrorOptions,
  ) {
    super(SAYS[trouble], options);
    this.code = codeOf(options?.cause);
  }
}

export function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/** Whether a statement leaves the database as it is. */
export function isReading(sql: string): boolean {
  return /^\s*SELECT\b/.test(sql);
}

/**
 * The first key of the session locks of those that read. Versions up to 0.2.0 hold one each, with a number of their
 * own from 1 as the second.
 */
export const READING_LOCKS = 0x71756972;

/** Of `pg_locks`: those of them that are held on this database, or waited for. */
export const IS_READING_LOCK = `locktype = 'advisory' AND classid = ${READING_LOCKS} AND objsubid = 2
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
