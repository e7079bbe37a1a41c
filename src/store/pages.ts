import { setImmediate } from 'node:timers/promises';
import { decodeWords, encodeWords, listWords, type PageWord, type PageWords } from '../processor/words.js';
import type { PageTexts } from '../stages/page-texts.js';
import type { Database, Query } from './database.js';
import { json, parsed } from './json.js';

/** Pages are packed and kept a few at a time: packing one full of words takes milliseconds. */
const AT_ONCE = 10;

/**
 * Keeps the text of each page with its words, of which boxes and confidences are kept: the words themselves
 * are those of the text.
 */
export async function keepPages(
  query: Query,
  id: string,
  { texts, words = new Map() }: Pick<PageTexts, 'texts' | 'words'>,
): Promise<void> {
  const pages = [...words];
  for (let from = 0; from < pages.length; from += AT_ONCE) {
    const some = pages.slice(from, from + AT_ONCE);
    await query(
      `INSERT INTO quire.pages (document_id, number, page)
       SELECT $1, number, page::json FROM unnest($2::integer[], $3::text[]) AS given (number, page)
       ON CONFLICT (document_id, number) DO UPDATE SET page = excluded.page`,
      [
        id,
        some.map(([number]) => number),
        some.map(([number, ofPage]) => json({ text: texts.get(number) ?? '', words: encodeWords(ofPage) })),
      ],
    );
    await setImmediate();
  }
}

/** The words of a document's pages, by page number. */
export async function wordsOf(database: Database, id: string): Promise<Map<number, PageWords>> {
  const rows = await database.query(
    'SELECT number, page::text AS page FROM quire.pages WHERE document_id = $1 ORDER BY number',
    [id],
  );
  return new Map(
    rows.map(({ number, page }) => {
      const { words } = parsed(page) as { words: string };
      return [Number(number), decodeWords(words)];
    }),
  );
}

/** The words of one page in the order of its text; none where they are not kept. */
export async function wordsOfPage(database: Database, id: string, number: number): Promise<PageWord[]> {
  const [row] = await database.query(
    'SELECT page::text AS page FROM quire.pages WHERE document_id = $1 AND number = $2',
    [id, number],
  );
  if (!row) return [];
  const { text, words } = parsed(row.page) as { text: string; words: string };
  return listWords(text, decodeWords(words));
}
