import { beforeOwnTag, labelledValues } from '../processor/labelled.js';
import { accountRecords, type DocumentRecord } from './record.js';

/** A page whose answer is far shorter than the page. */
export interface FewFields {
  page: number;
  /** Fields that its answer has. */
  given: number;
  /** Labelled values and rows of tables that stand on it. */
  standing: number;
}

/** On a page with fewer values it is no sign that some are left out. */
const ENOUGH = 10;
/** A row of a table has so many cells at least, some of them with a digit. */
const FEWEST_CELLS = 3;

/**
 * Pages whose answer has fewer than half as many fields as labelled values and rows of tables stand on the page:
 * a model that has to say very much may leave much of it out without a word, and of a very long page only the
 * first part is sent.
 */
export function pagesOfFewFields(
  record: Pick<DocumentRecord, 'accounts' | 'document'>,
  texts: ReadonlyMap<number, string>,
): FewFields[] {
  const found: FewFields[] = [];
  for (const { pages, page_data: data } of accountRecords(record)) {
    for (const page of pages) {
      const fields = data[page];
      if (!fields) continue;
      const lines = beforeOwnTag(texts.get(page) ?? '').split('\n');
      const given = Object.keys(fields).length;
      const standing = lines.filter((line) => labelledValues(line) > 0 || isTableRow(line)).length;
      if (standing >= ENOUGH && given * 2 < standing) found.push({ page, given, standing });
    }
  }
  return found;
}

/** Pages are laid out with wide gaps between columns. */
function isTableRow(line: string): boolean {
  const cells = line.trim().split(/ {2,}|\t/);
  return cells.length >= FEWEST_CELLS && cells.some((cell) => /\d/.test(cell));
}
