/** Values of a statement: JSON goes in as text, bytes as they are. */
export type Parameter =
  string | number | boolean | null | Uint8Array | readonly (string | number | Uint8Array)[];
export type Row = Record<string, unknown>;
export type Query = (sql: string, parameters?: readonly Parameter[]) => Promise<Row[]>;

/** PostgreSQL, on a server or in this process: the same statements run on both. */
export interface Database {
  query: Query;
  /** All of `work` or nothing of it. */
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T>;
  /**
   * Holds a lock of the whole session on `executor` until the database is closed, this process ends or
   * the connection breaks, after which it is taken again: so others can tell that this process lives.
   */
  hold(executor: number): Promise<void>;
  /** Whether a lock that is not held tells that its process has ended; not while locks are taken again. */
  canJudge(): boolean;
  close(): Promise<void>;
}

/** Why the store does not do what it was asked. */
export type StoreTrouble = 'unreachable' | 'disk_full' | 'in_use';

const SAYS: Readonly<Record<StoreTrouble, string>> = {
  unreachable: 'The database cannot be reached.',
  disk_full: 'There is too little space left on the disk.',
  in_use:
    'The folder QUIRE_DATA_DIR is in use by another process. Give each process a folder of its own, or set DATABASE_URL.',
};

/** The store cannot be used for now; what was asked of it may be asked again. */
export class StoreError extends Error {
  override readonly name = 'StoreError';

  constructor(
    readonly trouble: StoreTrouble,
    options?: ErrorOptions,
  ) {
    super(SAYS[trouble], options);
  }
}

/** The first key of the session locks that tell which executors live. */
export const EXECUTOR_LOCKS = 0x71756972;
