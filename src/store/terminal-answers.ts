import type { AnswerCache } from '../processor/answers.js';
import type { Field } from '../llm/wire.js';
import type { Database } from './database.js';
import { json, parsed } from './json.js';

/** The answers that documents read in a terminal were given: those of everybody who reads with this database. */
export function terminalAnswersOf(database: Database): AnswerCache {
  return {
    find: async (keys) => {
      const rows = await database.query(
        'SELECT key, fields::text AS fields FROM quire.terminal_answers WHERE key = ANY($1::text[])',
        [keys],
      );
      return new Map(rows.map(({ key, fields }) => [String(key), parsed(fields) as Field[]]));
    },
    keep: async (answers) => {
      // Two pages may be the same.
      await database.query(
        `INSERT INTO quire.terminal_answers (key, fields)
         SELECT key, fields::json FROM unnest($1::text[], $2::text[]) AS given (key, fields)
         ON CONFLICT DO NOTHING`,
        [answers.map(({ key }) => key), answers.map(({ fields }) => json(fields))],
      );
    },
  };
}

/** Forgets what was kept more than `days` days ago of documents that were read in a terminal. */
export async function expireOfTerminal(database: Database, days: number): Promise<void> {
  for (const table of ['terminal_answers', 'terminal_scans']) {
    await database.query(`DELETE FROM quire.${table} WHERE kept_at < now() - $1 * interval '1 day'`, [days]);
  }
}
