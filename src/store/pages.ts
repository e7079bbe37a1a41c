import { decodeWords, encodeWords, type PageWords } from '../processor/words.js';
import type { PageTexts } from '../stages/page-texts.js';
import type { Database, Query } from './database.js';
import { json, parsed } from './json.js';

/**
 * Keeps the text of each page with its words, of which boxes and confidences are kept: the words themselves
 * are those of the text.
 */
export async function keepPages(
  query: Query,
  id: string,
  { texts, words }: Pick<PageTexts, 'texts' | 'words'>,
): Promise<void> {
  const pages = [...(words ?? [])].map(([number, ofPage]) => ({
    number,
    page: json({ text: texts.get(number) ?? '', words: encodeWords(ofPage) }),
  }));
  await query(
    `INSERT INTO quire.pages (document_id, number, page)
     SELECT $1, number, page::json FROM unnest($2::integer[], $3::text[]) AS given (number, page)
     ON CONFLICT (document_id, number) DO UPDATE SET page = excluded.page`,
    [id, pages.map(({ number }) => number), pages.map(({ page }) => page)],
  );
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
