import type { OcrCache } from '../stages/document-ocr.js';
import type { OcrText } from '../stages/ocr.js';
import { decodeWords, encodeWords } from '../processor/words.js';
import type { Database } from './database.js';
import { json, parsed } from './json.js';

/** What is kept of a picture that OCR read. */
interface Kept extends Omit<OcrText, 'words' | 'print'> {
  words: string;
  print: { rows: number[]; height: number };
}

/**
 * What OCR read of one document in a terminal.
 *
 * @param document names it by its bytes
 * @param reader names all that decides what OCR reads of a picture
 */
export function terminalScansOf(database: Database, document: string, reader: string): OcrCache {
  const key = (picture: string) => `${reader} ${picture}`;
  return {
    find: async (picture) => {
      const [row] = await database.query(
        'SELECT page::text AS page FROM quire.terminal_scans WHERE document = $1 AND picture = $2',
        [document, key(picture)],
      );
      if (!row) return undefined;
      const { words, print, ...kept } = parsed(row.page) as Kept;
      const { rows, height } = print;
      return { ...kept, words: decodeWords(words), print: { rows: Float32Array.from(rows), height } };
    },
    keep: async (picture, { words, print, ...read }) => {
      const { rows, height } = print;
      const kept: Kept = { ...read, words: encodeWords(words), print: { rows: [...rows], height } };
      await database.query(
        `INSERT INTO quire.terminal_scans (document, picture, page) VALUES ($1, $2, $3::json)
         ON CONFLICT DO NOTHING`,
        [document, key(picture), json(kept)],
      );
    },
  };
}

/** Forgets what was read of these documents. */
export async function forgetTerminalScans(database: Database, documents: readonly string[]): Promise<void> {
  await database.query('DELETE FROM quire.terminal_scans WHERE document = ANY($1::text[])', [documents]);
}
