import type { Field } from '../llm/wire.js';
import type { AnswerCache } from '../processor/answers.js';
import type { Database } from './database.js';
import { json, parsed } from './json.js';

/**
 * The answers one document was given or can use: those of its owner's documents. An answer of somebody
 * else's is never used, because a page beside it may have been made to mislead the model.
 */
export function answersOf(database: Database, document: string, owner: string): AnswerCache {
  const keep: AnswerCache['keep'] = async (answers) => {
    // A document deleted meanwhile keeps nothing: locked, so that one that is just being deleted is waited for. Two
    // pages may be the same.
    await database.query(
      `INSERT INTO quire.answers (document_id, key, fields)
       SELECT id, key, fields::json FROM quire.documents, unnest($2::text[], $3::text[]) AS given (key, fields)
       WHERE id = $1 FOR KEY SHARE OF documents ON CONFLICT DO NOTHING`,
      [document, answers.map(({ key }) => key), answers.map(({ fields }) => json(fields))],
    );
  };
  return {
    find: async (keys) => {
      // Chosen before they are read: the same pages in a thousand documents are one answer to read.
      const rows = await database.query(
        `SELECT key, fields::text AS fields, document_id <> $3 AS borrowed
         FROM quire.answers JOIN (
           SELECT DISTINCT ON (key) key, document_id FROM quire.answers JOIN quire.documents ON id = document_id
           WHERE key = ANY($1::text[]) AND owner = $2 ORDER BY key, document_id <> $3
         ) AS chosen USING (key, document_id)`,
        [keys, owner, document],
      );
      const found = rows.map(({ key, fields }) => ({ key: String(key), fields: parsed(fields) as Field[] }));
      // An answer from another document is this one's from now on, and stays when the other is deleted.
      const borrowed = found.filter((_, index) => rows[index]?.borrowed === true);
      if (borrowed.length > 0) await keep(borrowed);
      return new Map(found.map(({ key, fields }) => [key, fields]));
    },
    keep,
  };
}
