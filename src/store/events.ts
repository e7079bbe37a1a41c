import type { Database, Query } from './database.js';
import { json, parsed } from './json.js';

/** Something that became of a document; the store only keeps it. */
export interface StoredEvent {
  type: string;
  /** Of the document's events, from 1, growing by one. */
  number: number;
  /** ISO 8601. */
  at: string;
}

/** The events of a document, and how it stands with it. */
export interface EventsOfDocument {
  owner: string;
  isBeingRead: boolean;
  events: StoredEvent[];
}

/** By what whoever reads a document may write what comes of it: its run, null while nobody has begun. */
export interface Claim<Run extends string | null = string> {
  id: string;
  run: Run;
}

/** The channels that tell all replicas of a document, by its id: that something became of it... */
export const NEWS_CHANNEL = 'quire_documents';
/** ...that it is to be read no more... */
export const STOPPED_CHANNEL = 'quire_stopped';
/** ...and that it is gone. */
export const DELETED_CHANNEL = 'quire_deleted';

/** Of the document in a column `id`. */
const TOLD = `pg_notify('${NEWS_CHANNEL}', id::text)`;
export const STOPPED = `pg_notify('${STOPPED_CHANNEL}', id::text)`;
export const DELETED = `pg_notify('${DELETED_CHANNEL}', id::text)`;

/**
 * Keeps events of a reading; those that are there already stay as they are.
 *
 * @param isTold whether all replicas are to be told
 * @returns whether the document is still this reading's
 */
export async function keepEvents(
  query: Query,
  { id, run }: Claim<string | null>,
  events: readonly StoredEvent[],
  isTold = false,
): Promise<boolean> {
  const rows = await query(
    `WITH mine AS (
       SELECT id FROM quire.documents WHERE id = $1 AND run IS NOT DISTINCT FROM $2::uuid AND status = 'extracting' FOR SHARE
     ), kept AS (
       INSERT INTO quire.events (document_id, number, at, event)
       SELECT mine.id, given.number, given.at::timestamptz, given.event::json
       FROM mine, unnest($3::integer[], $4::text[], $5::text[]) AS given (number, at, event)
       ON CONFLICT DO NOTHING
     )
     SELECT id${isTold ? `, ${TOLD}` : ''} FROM mine`,
    [
      id,
      run,
      events.map(({ number }) => number),
      events.map(({ at }) => at),
      events.map(({ number: _number, at: _at, ...event }) => json(event)),
    ],
  );
  return rows.length > 0;
}

/**
 * @param after the number of the last event that is known, 0 for none
 * @returns undefined when there is no such document
 */
export async function eventsOf(
  database: Database,
  id: string,
  after: number,
): Promise<EventsOfDocument | undefined> {
  const rows = await database.query(
    `SELECT owner, status, number, event::text AS event,
       to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
     FROM quire.documents LEFT JOIN quire.events ON document_id = id AND number > $2
     WHERE id = $1 ORDER BY number`,
    [id, after],
  );
  const [document] = rows;
  return (
    document && {
      owner: String(document.owner),
      isBeingRead: document.status === 'extracting',
      events: rows
        .filter(({ number }) => number !== null)
        .map(({ number, at, event }) => ({
          ...(parsed(event) as { type: string }),
          number: Number(number),
          at: String(at),
        })),
    }
  );
}
