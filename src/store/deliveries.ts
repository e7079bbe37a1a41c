import { randomUUID } from 'node:crypto';
import type { Database, Query } from './database.js';
import { json } from './json.js';

/** Something the app's webhook is still to be told. */
export interface Delivery {
  /** The same at every try. */
  id: string;
  document: string;
  /** JSON, byte for byte as it was kept. */
  event: string;
  /** Tries so far that have failed. */
  attempts: number;
}

/** Keeps what the app's webhook is to be told of a document, in the transaction that makes it true. */
export async function keepDelivery(query: Query, document: string, event: object): Promise<void> {
  await query('INSERT INTO quire.deliveries (id, document_id, event) VALUES ($1, $2, $3)', [
    randomUUID(),
    document,
    json(event),
  ]);
}

/** What is still to be told to the app's webhook, by whichever process comes first. It goes with its document. */
export class Deliveries {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Takes what is due, the longest due first.
   *
   * @param leaseMs milliseconds for which nobody else takes it: after that, whoever took it has died
   */
  async takeDue(most: number, leaseMs: number): Promise<Delivery[]> {
    // Most often there is nothing, and looking needs no space on the disk.
    const [some] = await this.#database.query(
      'SELECT 1 FROM quire.deliveries WHERE next_at <= clock_timestamp() LIMIT 1',
    );
    if (!some) return [];
    const rows = await this.#database.query(
      `WITH due AS MATERIALIZED (
         SELECT id AS found FROM quire.deliveries WHERE next_at <= clock_timestamp()
         ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED
       )
       UPDATE quire.deliveries SET next_at = clock_timestamp() + $2 * interval '1 millisecond'
       FROM due WHERE id = found RETURNING id, document_id, event::text AS event, attempts`,
      [most, leaseMs],
    );
    return rows.map(({ id, document_id, event, attempts }) => ({
      id: String(id),
      document: String(document_id),
      event: String(event),
      attempts: Number(attempts),
    }));
  }

  /** Its try was broken off, and counts as none. */
  async giveBack(id: string): Promise<void> {
    await this.#database.query('UPDATE quire.deliveries SET next_at = clock_timestamp() WHERE id = $1', [id]);
  }

  /** Its try has failed: has it tried again after so many milliseconds. */
  async later(id: string, ms: number): Promise<void> {
    await this.#database.query(
      `UPDATE quire.deliveries SET attempts = attempts + 1, next_at = clock_timestamp() + $2 * interval '1 millisecond' WHERE id = $1`,
      [id, ms],
    );
  }

  /** It was delivered, or is given up. */
  async done(id: string): Promise<void> {
    await this.#database.query('DELETE FROM quire.deliveries WHERE id = $1', [id]);
  }
}
