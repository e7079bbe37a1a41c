import { processingPlan, type ProcessingPlan } from '../processor/plan.js';
import type { Database } from './database.js';
import { keepDelivery } from './deliveries.js';
import { DOCUMENT_VERSION, type StoredDocument } from './document.js';
import { STOPPED } from './events.js';
import { json, parsed, UUID } from './json.js';
import { LISTED, listed, MICROSECONDS, PLACE } from './listings.js';
import { senderOf, type Sender } from './unfinished.js';

/** A document that is read or waits for that, without anything of its contents. */
export interface UnendedDocument {
  id: string;
  owner: string;
  /** null where a version before took it in and did not decide it, or a later one wrote it. */
  plan: ProcessingPlan | null;
  /** Seconds since its upload. */
  ageS: number;
  /** The replica that reads it, by its id and its name; null where there are none, or none has begun. */
  replica: { id: string; name: string } | null;
}

export interface PageOfUnended {
  /** The oldest first. */
  documents: UnendedDocument[];
  /** How many there are in all. */
  total: number;
  /** What the next page comes after; null at the end. */
  next: string | null;
}

/**
 * Documents of all owners that have not ended.
 *
 * @param after the `next` of the page before
 * @returns undefined when `after` is none
 */
export async function unendedDocuments(
  database: Database,
  limit: number,
  after?: string,
): Promise<PageOfUnended | undefined> {
  const [, microseconds, id] = PLACE.exec(after ?? '') ?? [];
  if (after !== undefined && (microseconds === undefined || !UUID.test(id ?? ''))) return undefined;
  const rows = await database.query(
    `SELECT documents.id, owner, plan::text AS plan, replica, name, ${MICROSECONDS},
       extract(epoch FROM now() - uploaded_at)::float8 AS age
     FROM quire.documents LEFT JOIN quire.replicas ON replicas.id = replica
     WHERE status = 'extracting' AND ($2::bigint IS NULL
       OR (uploaded_at, documents.id) > (timestamptz 'epoch' + $2 * interval '1 microsecond', $3::uuid))
     ORDER BY uploaded_at, documents.id LIMIT $1`,
    [limit + 1, microseconds ?? null, id ?? null],
  );
  const [count] = await database.query(
    `SELECT count(*) AS count FROM quire.documents WHERE status = 'extracting'`,
  );
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    documents: rows.slice(0, limit).map((row) => ({
      id: String(row.id),
      owner: String(row.owner),
      plan: row.plan === null ? null : (processingPlan.safeParse(parsed(row.plan)).data ?? null),
      ageS: Number(row.age),
      replica: typeof row.name === 'string' ? { id: String(row.replica), name: row.name } : null,
    })),
    total: Number(count?.count),
    next: last ? `${String(last.microseconds)}_${String(last.id)}` : null,
  };
}

/** How a document is cancelled. */
export interface Cancelling {
  /** What becomes of it. */
  end: (document: StoredDocument) => StoredDocument;
  /** Its last event. */
  event: { type: string };
  /** What the app's webhook is told of it, as it has ended; undefined for nothing. */
  told: (document: StoredDocument, sender: Sender) => object | undefined;
  /** Whether page texts and words stay. */
  keepsPages: boolean;
  /** Whether all replicas are told. */
  isShared: boolean;
}

/**
 * Ends a document that has not ended, whichever process has it: what that one still writes of it is
 * refused.
 */
export async function cancelDocument(
  database: Database,
  id: string,
  { end, event, told, keepsPages, isShared }: Cancelling,
): Promise<'cancelled' | 'ended' | 'later' | 'unknown'> {
  if (!UUID.test(id)) return 'unknown';
  return database.transaction(async (query) => {
    const [row] = await query(
      'SELECT document::text AS document, sender::text AS sender, status, version FROM quire.documents WHERE id = $1 FOR UPDATE',
      [id],
    );
    if (!row) return 'unknown';
    if (row.status !== 'extracting') return 'ended';
    if (Number(row.version) > DOCUMENT_VERSION) return 'later';
    const ended = end(parsed(row.document) as StoredDocument);
    await query(
      `UPDATE quire.documents SET ${LISTED}, document = $8, status = $9, page_texts = NULL WHERE id = $1${isShared ? ` RETURNING ${STOPPED}` : ''}`,
      [id, ...listed(ended)].concat([json(ended), ended.status]),
    );
    await query(
      `INSERT INTO quire.events (document_id, number, at, event)
       SELECT $1, coalesce(max(number), 0) + 1, now(), $2 FROM quire.events WHERE document_id = $1`,
      [id, json(event)],
    );
    if (!keepsPages) await query('DELETE FROM quire.pages WHERE document_id = $1', [id]);
    const delivery = told(ended, senderOf(row.sender));
    if (delivery) await keepDelivery(query, id, delivery);
    return 'cancelled';
  });
}

/** Documents that have failed and may be asked again. */
export interface FailedDocuments {
  /** The one that failed first comes first; not all of them, where there are more than were asked for. */
  some: { id: string; owner: string }[];
  total: number;
}

/**
 * Documents of all owners that failed of late.
 *
 * @param hours how far back
 * @param except those that failed with this error
 */
export async function failedOfLate(
  database: Database,
  hours: number,
  most: number,
  except: string,
): Promise<FailedDocuments> {
  const rows = await database.query(
    `SELECT id, owner, count(*) OVER () AS total
     FROM quire.documents CROSS JOIN LATERAL (
       SELECT coalesce((SELECT at FROM quire.events WHERE document_id = id ORDER BY number DESC LIMIT 1), uploaded_at) AS at
     ) AS failed
     WHERE status = 'failed' AND failed.at > now() - $1::float8 * interval '1 hour'
       AND strpos(coalesce(listing::text, ''), $3) = 0
     ORDER BY failed.at, id LIMIT $2`,
    // Found in the text, because PostgreSQL cannot look into JSON that holds U+0000.
    [hours, Math.max(most, 1), `"error":${json(except)}`],
  );
  return {
    some: rows.slice(0, most).map(({ id, owner }) => ({ id: String(id), owner: String(owner) })),
    total: Number(rows[0]?.total ?? 0),
  };
}
