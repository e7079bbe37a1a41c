import type { AccountEvidence } from '../stages/evidence.js';
import type { Database } from './database.js';
import type { BesideRecord, Note } from './document.js';
import { parsed } from './json.js';

export interface BesideRecordNow extends BesideRecord {
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
  return (
    row && {
      evidence: row.evidence === null ? null : (parsed(row.evidence) as AccountEvidence[]),
      notes: row.notes === null ? [] : (parsed(row.notes) as Note[]),
      isBeingRead: row.status === 'extracting',
    }
  );
}
