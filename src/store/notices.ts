import { Client } from 'pg';
import { every } from '../rounds.js';
import { CONNECT_LIMIT_MS, ignore } from './postgres-pool.js';

const AGAIN_AFTER_MS = 1_000;

/**
 * What the processes that share a database tell each other, by LISTEN and NOTIFY on a connection of its own. It
 * only makes things quicker: behind PgBouncer, or while the connection is made again, nothing comes, so whoever
 * follows something looks for itself from time to time as well.
 */
export class Notices {
  readonly #address: string;
  readonly #name: string;
  readonly #followers = new Map<string, Set<(payload: string) => void>>();
  readonly #closing = new AbortController();
  #client: Client | undefined;
  readonly #listening: Promise<void>;

  /**
   * @param address of the server
   * @param name of the connection, as the server shows it
   */
  constructor(address: string, name: string) {
    this.#address = address;
    this.#name = name;
    const rounds = { closing: this.#closing.signal, onTrouble: ignore };
    this.#listening = every(AGAIN_AFTER_MS, () => this.#listen(), rounds);
  }

  /**
   * @param channel a name in plain letters
   * @returns ends it
   */
  follow(channel: string, follower: (payload: string) => void): () => void {
    const followers = this.#followers.get(channel) ?? new Set();
    if (followers.size === 0) void this.#client?.query(`LISTEN ${channel}`).catch(ignore);
    this.#followers.set(channel, followers.add(follower));
    return () => void followers.delete(follower);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#client?.end().catch(ignore);
    await this.#listening;
  }

  /** Resolves when the connection has ended. */
  async #listen(): Promise<void> {
    const client = new Client({
      connectionString: this.#address,
      application_name: this.#name,
      connectionTimeoutMillis: CONNECT_LIMIT_MS,
      keepAlive: true,
    });
    client.on('error', ignore);
    const ended = new Promise<void>((resolve) => client.on('end', resolve));
    client.on('notification', ({ channel, payload = '' }) => {
      for (const follower of this.#followers.get(channel) ?? []) follower(payload);
    });
    try {
      await client.connect();
      for (const channel of this.#followers.keys()) await client.query(`LISTEN ${channel}`);
      this.#client = client;
      if (!this.#closing.signal.aborted) await ended;
    } finally {
      this.#client = undefined;
      await client.end().catch(ignore);
    }
  }
}
