import { processingPlan, type ProcessingPlan } from '../processor/plan.js';
import type { Database } from './database.js';
import { parsed } from './json.js';

/** A document of late, with nothing of its contents and nothing that names its owner. */
export interface RecentDocument {
  id: string;
  status: string;
  /** null where a version before took it in and did not decide it, or a later one wrote it. */
  plan: ProcessingPlan | null;
  /** ISO 8601, of its upload. */
  uploadedAt: string;
  /** Calls of all its readings that have ended; null where that is not known. */
  calls: number | null;
  /** Its first event and its last; undefined where a version before kept none. */
  first: unknown;
  last: unknown;
  /** ISO 8601, of its last event. */
  lastAt: string | null;
}

const ISO = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** The documents that came last, of all owners, the newest first. Of each, two events are read, by their numbers. */
export async function recentDocuments(database: Database, limit: number): Promise<RecentDocument[]> {
  const rows = await database.query(
    `SELECT newest.id, status, plan, llm_calls, ${ISO('uploaded_at')} AS uploaded_at,
       first.event::text AS first, last.event::text AS last, ${ISO('last.at')} AS last_at
     FROM (
       SELECT id, status, plan::text AS plan, llm_calls, uploaded_at
       FROM quire.documents ORDER BY uploaded_at DESC LIMIT $1
     ) AS newest
     LEFT JOIN quire.events AS first ON first.document_id = newest.id AND first.number = 1
     LEFT JOIN LATERAL (
       SELECT event, at FROM quire.events WHERE document_id = newest.id ORDER BY number DESC LIMIT 1
     ) AS last ON true
     ORDER BY newest.uploaded_at DESC, newest.id`,
    [limit],
  );
  return rows.map((row) => ({
    id: String(row.id),
    status: String(row.status),
    plan: typeof row.plan === 'string' ? (processingPlan.safeParse(parsed(row.plan)).data ?? null) : null,
    uploadedAt: String(row.uploaded_at),
    calls: row.llm_calls === null ? null : Number(row.llm_calls),
    first: typeof row.first === 'string' ? parsed(row.first) : undefined,
    last: typeof row.last === 'string' ? parsed(row.last) : undefined,
    lastAt: typeof row.last_at === 'string' ? row.last_at : null,
  }));
}
