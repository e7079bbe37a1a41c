import { processingPlan, type ProcessingPlan } from '../processor/plan.js';
import type { DocumentRecord } from '../stages/record.js';
import type { SupportedEvidence } from '../stages/support/support.js';
import type { Database } from './database.js';
import type { ListedDocument, StoredDocument } from './document.js';
import { JsonText } from './json-text.js';
import { json, parsed } from './json.js';

/** A reading of a document whose record is kept. */
export interface Reading {
  /** From 1; a shadow has that of the reading it was compared with. */
  number: number;
  /** `current`: what is shown. `served`: what was, before the document was read again. `shadow`: the other path's. */
  kind: 'current' | 'served' | 'shadow';
  /** null where it is not known. */
  plan: ProcessingPlan | null;
  /** ISO 8601. */
  keptAt: string;
}

/** What is kept of a document's readings. */
export interface ReadingsOfDocument {
  /** Of the document, as its owner named it. */
  name: string;
  isBeingRead: boolean;
  /** The latest first. */
  readings: Reading[];
}

/** The readings of a document; undefined when the owner has none of this id. */
export async function readingsOf(
  database: Database,
  id: string,
  owner: string,
): Promise<ReadingsOfDocument | undefined> {
  const rows = await database.query(
    `SELECT status, listing::text AS listing, number, kind, plan,
       to_char(kept_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS kept_at
     FROM (
       SELECT id, status, listing, reading, document FROM quire.documents WHERE id = $1 AND owner = $2
     ) AS shown LEFT JOIN LATERAL (
       SELECT shown.reading AS number, 'current' AS kind, quire.plan_in(record)::text AS plan,
         quire.processed_at(shown.document) AS kept_at
       FROM quire.record_in(shown.document) AS record WHERE record IS NOT NULL
       UNION ALL
       SELECT number, kind, plan::text, kept_at FROM quire.readings WHERE document_id = shown.id
     ) AS kept ON true ORDER BY number DESC, kind`,
    [id, owner],
  );
  const [document] = rows;
  if (!document) return undefined;
  // A version before kept none; it is filled in soon.
  const listing = document.listing === null ? undefined : (parsed(document.listing) as ListedDocument);
  return {
    name: listing?.document_name ?? '',
    isBeingRead: document.status === 'extracting',
    readings: rows
      .filter(({ number }) => number !== null)
      .map(({ number, kind, plan, kept_at }) => ({
        number: Number(number),
        kind: kind as Reading['kind'],
        plan: plan === null ? null : (processingPlan.safeParse(parsed(plan)).data ?? null),
        keptAt: String(kept_at),
      })),
  };
}

/** The record of a reading as it is kept; undefined when the owner has none. */
export async function readingRecord(
  database: Database,
  id: string,
  owner: string,
  { number, kind }: Pick<Reading, 'number' | 'kind'>,
): Promise<JsonText | undefined> {
  const [row] =
    kind === 'current'
      ? await database.query(
          `SELECT quire.record_in(document) AS record FROM quire.documents
           WHERE id = $1 AND owner = $2 AND reading = $3`,
          [id, owner, number],
        )
      : await database.query(
          `SELECT record::text AS record FROM quire.documents JOIN quire.readings ON document_id = id
           WHERE id = $1 AND owner = $2 AND number = $3 AND kind = $4`,
          [id, owner, number, kind],
        );
  return typeof row?.record === 'string' ? new JsonText(row.record) : undefined;
}

/** What is to be kept of a document's other reading. */
export interface OtherReading {
  /** Takes the place of the record kept of a shadow before. */
  record: DocumentRecord;
  /** The document's evidence as it stands from now on; null leaves it. */
  evidence: SupportedEvidence[] | null;
}

/**
 * Keeps the record of a document's other path, under the number of the reading it was compared with.
 *
 * @param other what is to be kept beside the document as it then stands, with its evidence; undefined for nothing
 */
export function keepOtherReading(
  database: Database,
  id: string,
  other: (document: StoredDocument, evidence: SupportedEvidence[] | null) => OtherReading | undefined,
): Promise<void> {
  return database.transaction(async (query) => {
    const [row] = await query(
      `SELECT reading, document::text AS document, evidence::text AS evidence FROM quire.documents
       WHERE id = $1 AND status <> 'extracting' FOR UPDATE`,
      [id],
    );
    if (!row) return;
    const before = row.evidence === null ? null : (parsed(row.evidence) as SupportedEvidence[]);
    const kept = other(parsed(row.document) as StoredDocument, before);
    if (!kept) return;
    await query(`DELETE FROM quire.readings WHERE document_id = $1 AND kind = 'shadow'`, [id]);
    await query(
      `INSERT INTO quire.readings (document_id, number, kind, plan, record) VALUES ($1, $2, 'shadow', $3, $4)`,
      [id, Number(row.reading), json(kept.record.plan), json(kept.record)],
    );
    if (!kept.evidence) return;
    await query('UPDATE quire.documents SET evidence = $2::json WHERE id = $1', [id, json(kept.evidence)]);
  });
}
