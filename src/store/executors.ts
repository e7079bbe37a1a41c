import { EXECUTOR_LOCKS, type Database } from './database.js';

/** Longer than a process takes to hold its lock again, in milliseconds. */
const MISSING_MS = 1_500;

/** The numbers that processes hold at present, as `held`. */
export const LIVING = `(
  SELECT array_agg(objid::bigint) AS held FROM pg_locks
  WHERE locktype = 'advisory' AND classid = ${EXECUTOR_LOCKS} AND objsubid = 2
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
) AS living`;

/** The processes that share a database, told apart by the numbers they hold locks on. */
export class Executors {
  readonly #database: Database;
  readonly #own: number;
  /** Executors without a lock, and since when by `performance.now()`; undefined before the first look. */
  #missing: Map<number, number> | undefined;

  constructor(database: Database, own: number) {
    this.#database = database;
    this.#own = own;
  }

  /**
   * Those with unfinished documents whose lock is gone for good. A server that restarts takes all locks
   * away, not all at once, and they are taken again: so a lock must be missing for a while, except at the
   * first look of a process, and means nothing where one's own is not held.
   */
  async ended(): Promise<number[]> {
    const rows = this.#database.canJudge()
      ? await this.#database.query(
          `SELECT DISTINCT executor FROM quire.documents, ${LIVING}
           WHERE status = 'extracting' AND executor <> ALL(held) AND $1 = ANY(held)`,
          [this.#own],
        )
      : [];
    const now = performance.now();
    const isFirstLook = this.#missing === undefined;
    const before = this.#missing ?? new Map<number, number>();
    this.#missing = new Map(rows.map(({ executor: e }) => [Number(e), before.get(Number(e)) ?? now]));
    return [...this.#missing].flatMap(([executor, since]) =>
      isFirstLook || now - since >= MISSING_MS ? executor : [],
    );
  }
}
