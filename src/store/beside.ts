import type { Database } from './database.js';
import { JsonText } from './json-text.js';

/** What stands beside a document's records, as it is kept: where values stand can take many megabytes. */
export interface BesideRecordNow {
  /** null where a version before read them. */
  evidence: JsonText | null;
  notes: JsonText;
  isBeingRead: boolean;
}

/** What stands beside a document's records; undefined when the owner has none of this id. */
export async function besideOf(
  database: Database,
  id: string,
  owner: string,
): Promise<BesideRecordNow | undefined> {
  const [row] = await database.query(
    `SELECT evidence::text AS evidence, notes::text AS notes, status FROM quire.documents
     WHERE id = $1 AND owner = $2`,
    [id, owner],
  );
  if (!row) return undefined;
  const { evidence, notes, status } = row as {
    evidence: string | null;
    notes: string | null;
    status: string;
  };
  return {
    evidence: evidence === null ? null : new JsonText(evidence),
    notes: new JsonText(notes ?? '[]'),
    isBeingRead: status === 'extracting',
  };
}
