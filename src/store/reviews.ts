import type { Database } from './database.js';

/**
 * How many values of each document people have confirmed or corrected; none for those of which nobody said anything.
 * `unknown` where some of it was said of an earlier reading: the value may have been read as something else since.
 */
export async function reviewsOf(
  database: Database,
  ids: readonly string[],
): Promise<Map<string, number | 'unknown'>> {
  if (ids.length === 0) return new Map();
  const rows = await database.query(
    `SELECT document_id, count(*) AS checked, bool_and(last.reading = documents.reading) AS is_known
     FROM (
       SELECT DISTINCT ON (document_id, account, field) document_id, reading, action
       FROM quire.corrections WHERE document_id = ANY($1::uuid[])
       ORDER BY document_id, account, field, number DESC
     ) AS last JOIN quire.documents ON documents.id = document_id
     WHERE action <> 'reopened' GROUP BY document_id`,
    [ids],
  );
  return new Map(
    rows.map(({ document_id, checked, is_known }) => [
      String(document_id),
      is_known === true ? Number(checked) : 'unknown',
    ]),
  );
}
