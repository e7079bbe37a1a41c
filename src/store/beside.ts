import type { Database } from './database.js';
import type { SupportedEvidence } from '../stages/support/support.js';
import type { StoredDocument } from './document.js';
import { JsonText } from './json-text.js';
import { json, parsed } from './json.js';

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

/** Changes the evidence of a document that is read, as it then stands; nothing where there is none. */
export function changeEvidence(
  database: Database,
  id: string,
  change: (document: StoredDocument, evidence: SupportedEvidence[]) => SupportedEvidence[] | undefined,
): Promise<void> {
  return database.transaction(async (query) => {
    const [row] = await query(
      `SELECT document::text AS document, evidence::text AS evidence FROM quire.documents
       WHERE id = $1 AND status <> 'extracting' AND evidence IS NOT NULL FOR UPDATE`,
      [id],
    );
    if (!row) return;
    const document = parsed(row.document) as StoredDocument;
    const changed = change(document, parsed(row.evidence) as SupportedEvidence[]);
    if (!changed) return;
    await query('UPDATE quire.documents SET evidence = $2::json WHERE id = $1', [id, json(changed)]);
  });
}
