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

/**
 * Keeps events of a document that this process reads; those that are there already stay as they are.
 *
 * @returns whether the document is still this process's to read
 */
export async function keepEvents(
  query: Query,
  id: string,
  executor: number,
  events: readonly StoredEvent[],
): Promise<boolean> {
  const rows = await query(
    `WITH mine AS (
       SELECT id FROM quire.documents WHERE id = $1 AND executor = $2 AND status = 'extracting' FOR SHARE
     ), kept AS (
       INSERT INTO quire.events (document_id, number, at, event)
       SELECT mine.id, given.number, given.at::timestamptz, given.event::json
       FROM mine, unnest($3::integer[], $4::text[], $5::text[]) AS given (number, at, event)
       ON CONFLICT DO NOTHING
     )
     SELECT id FROM mine`,
    [
      id,
      executor,
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
