import { setTimeout as sleep } from 'node:timers/promises';
import { IS_READING_LOCK, READING_LOCKS, StoreError } from './database.js';
import { ask, connect, ignore, type PostgresClient, type PostgresPool } from './postgres-pool.js';
import { LIVES } from './replicas.js';

const AGAIN_AFTER_MS = 500;

/** Whether others read what is kept here: processes of versions up to 0.2.0, or replicas. */
const OTHERS = `SELECT EXISTS (
    SELECT FROM pg_locks WHERE ${IS_READING_LOCK} AND objid <> 0
  ) OR EXISTS (SELECT FROM quire.replicas WHERE ${LIVES}) AS others`;

/**
 * The lock of the one process that reads what a server keeps, on a connection that is kept for it. Where that
 * breaks, the lock is taken again, unless another process was quicker.
 */
export class ReadingLock {
  readonly #pool: PostgresPool;
  readonly #closing = new AbortController();
  #client: PostgresClient | undefined;

  constructor(pool: PostgresPool) {
    this.#pool = pool;
  }

  get isHeld(): boolean {
    return this.#client !== undefined;
  }

  /** @throws {StoreError} `shared` when another process reads; `unreachable` when it cannot be taken now */
  async take(): Promise<void> {
    const client = await connect(this.#pool);
    const ended = new Promise<void>((resolve) => client.on('end', resolve));
    try {
      // Never waits: a server may keep a session that broke off, and its lock, for hours.
      const [lock] = await ask(client, `SELECT pg_try_advisory_lock(${READING_LOCKS}, 0) AS held`);
      const [found] = lock?.held === true ? await ask(client, OTHERS) : [];
      if (found?.others !== false) throw new StoreError('shared');
      if (this.#closing.signal.aborted) throw new StoreError('unreachable');
    } catch (error) {
      client.release(true);
      throw error;
    }
    this.#client = client;
    void ended.then(() => this.#takeAgain());
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
