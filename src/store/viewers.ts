import type { Database } from './database.js';

/** So long after they were last seen, somebody is taken to have gone, in seconds. */
const GONE_AFTER_S = 15;

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
    // A document deleted meanwhile is open nowhere.
    await this.#database.query(
      `WITH gone AS (
         DELETE FROM quire.viewers WHERE document_id = $1 AND seen_at < now() - interval '${GONE_AFTER_S} seconds'
           AND viewer <> $2
       )
       INSERT INTO quire.viewers (document_id, viewer, name)
       SELECT id, $2, $3 FROM quire.documents WHERE id = $1
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
}
