import { setTimeout as sleep } from 'node:timers/promises';
import { EXECUTOR_LOCKS, StoreError } from './database.js';
import { ask, connect, ignore, type PostgresClient, type PostgresPool } from './postgres-pool.js';

const AGAIN_AFTER_MS = 500;
/** When a server restarts all connections break, and other processes get so long to hold their locks again. */
const SETTLED_MS = 10_000;

/**
 * The lock by which others tell that this process lives, on a connection that is kept for it. Where that
 * breaks, the lock is taken again.
 */
export class ExecutorLock {
  readonly #pool: PostgresPool;
  readonly #executor: number;
  readonly #closing = new AbortController();
  #client: PostgresClient | undefined;
  /** By `performance.now()`. */
  #heldSince = Infinity;
  #wasBroken = false;

  constructor(pool: PostgresPool, executor: number) {
    this.#pool = pool;
    this.#executor = executor;
  }

  /** @throws {StoreError} when it cannot be taken now */
  async take(): Promise<void> {
    const client = await connect(this.#pool);
    const ended = new Promise<void>((resolve) => client.on('end', resolve));
    try {
      // Never waits: a server may keep a session that broke off, and its lock, for hours.
      const sql = 'SELECT pg_try_advisory_lock($1, $2) AS held';
      const [lock] = await ask(client, sql, [EXECUTOR_LOCKS, this.#executor]);
      if (lock?.held !== true || this.#closing.signal.aborted) throw new StoreError('unreachable');
    } catch (error) {
      client.release(true);
      throw error;
    }
    this.#client = client;
    this.#heldSince = performance.now();
    void ended.then(() => this.#takeAgain());
  }

  /** Whether the locks of others that are not held tell anything. */
  canJudge(): boolean {
    return performance.now() - this.#heldSince >= (this.#wasBroken ? SETTLED_MS : 0);
  }

  /** Gives it up with its connection: in a pool, the lock would live on. */
  give(): void {
    this.#closing.abort();
    this.#client?.release(true);
    this.#client = undefined;
  }

  async #takeAgain(): Promise<void> {
    this.#client?.release(true);
    this.#client = undefined;
    this.#heldSince = Infinity;
    this.#wasBroken = true;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        return await this.take();
      } catch {
        await sleep(AGAIN_AFTER_MS, undefined, { signal, ref: false }).catch(ignore);
      }
    }
  }
}
