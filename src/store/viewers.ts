import type { Database } from './database.js';

/** So long after they were last seen, somebody is taken to have gone, in seconds. */
const GONE_AFTER_S = 15;
/** So long after they were last seen, nothing is kept of them, in seconds. */
const FORGOTTEN_AFTER_S = 60;
/** Of a document, those without a name that are kept at once: each window of theirs is one more. */
const MOST_NAMELESS = 50;

/** Who has a document open for review. */
export class Viewers {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Notes that somebody has a document open, and says who else has.
   *
   * @param viewer the same for all windows of one person
   * @returns the names of others, null for who has none
   */
  async see(document: string, viewer: string, name: string | undefined): Promise<(string | null)[]> {
    // A document deleted meanwhile is open nowhere: locked, so that one that is just being deleted is waited for.
    await this.#database.query(
      `INSERT INTO quire.viewers (document_id, viewer, name)
       SELECT id, $2, $3 FROM quire.documents WHERE id = $1
         AND ($3::text IS NOT NULL
           OR EXISTS (SELECT FROM quire.viewers WHERE document_id = $1 AND viewer = $2)
           OR (SELECT count(*) FROM quire.viewers WHERE document_id = $1 AND name IS NULL) < ${MOST_NAMELESS})
       FOR KEY SHARE
       ON CONFLICT (document_id, viewer) DO UPDATE SET seen_at = clock_timestamp(), name = excluded.name`,
      [document, viewer, name ?? null],
    );
    const rows = await this.#database.query(
      `SELECT name FROM quire.viewers WHERE document_id = $1 AND viewer <> $2
         AND seen_at >= now() - interval '${GONE_AFTER_S} seconds' ORDER BY name, viewer LIMIT 10`,
      [document, viewer],
    );
    return rows.map(({ name: other }) => other as string | null);
  }

  /** Forgets who has gone. */
  async forgetGone(): Promise<void> {
    const gone = `seen_at < now() - interval '${FORGOTTEN_AFTER_S} seconds'`;
    const [some] = await this.#database.query(`SELECT 1 FROM quire.viewers WHERE ${gone} LIMIT 1`);
    if (!some) return;
    // Who comes back now has a row locked already, and is not waited for.
    await this.#database.query(
      `DELETE FROM quire.viewers WHERE (document_id, viewer) IN (
         SELECT document_id, viewer FROM quire.viewers WHERE ${gone} FOR UPDATE SKIP LOCKED
       )`,
    );
  }
}
