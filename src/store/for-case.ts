import type { Database } from './database.js';
import type { StoredDocument } from './document.js';
import { parsed } from './json.js';

/** A document, and what people said of its values. */
export interface DocumentForCase {
  document: StoredDocument;
  /** Of the pages whose text was kept, by number, ascending. */
  texts: Map<number, string>;
  /** Records of other readings of it, as they are kept. */
  otherRecords: unknown[];
  /** Every value that was shown to a person or given by one. */
  said: string[];
  /** How many values are confirmed or corrected as it stands. */
  reviewed: number;
}

/** @returns undefined when there is no document of this id */
export async function documentForCase(database: Database, id: string): Promise<DocumentForCase | undefined> {
  const [row] = await database.query('SELECT document::text AS document FROM quire.documents WHERE id = $1', [
    id,
  ]);
  if (!row) return undefined;
  const pages = await database.query(
    'SELECT number, page::text AS page FROM quire.pages WHERE document_id = $1 ORDER BY number',
    [id],
  );
  const readings = await database.query(
    'SELECT record::text AS record FROM quire.readings WHERE document_id = $1',
    [id],
  );
  const said = await database.query(
    `SELECT read_value, value, action IN ('confirmed', 'corrected') AND number = max(number)
       OVER (PARTITION BY reading, account, field) AS is_reviewed
     FROM quire.corrections WHERE document_id = $1`,
    [id],
  );
  return {
    document: parsed(row.document) as StoredDocument,
    texts: new Map(
      pages.map(({ number, page }) => [Number(number), (parsed(page) as { text: string }).text]),
    ),
    otherRecords: readings.map(({ record }) => parsed(record)),
    said: said
      .flatMap(({ read_value: read, value }) => [read, value])
      .filter((value) => typeof value === 'string'),
    reviewed: said.filter(({ is_reviewed: isReviewed }) => isReviewed === true).length,
  };
}
