import type { Database, Parameter } from './database.js';
import { comesAfter, MICROSECONDS, placeIn, placeOf, type Listings } from './listings.js';
import { LACKS_REVIEW, searching, type DocumentSearch } from './search.js';
import { WHOSE, whoseIn, type WhoseDocument } from './whose.js';

/** A document of any owner that a list may have, if who asks may read it. */
export interface Candidate extends WhoseDocument {
  id: string;
  /** What the ones after it are asked for with. */
  place: string;
  /** Whether it is one of those that are searched for. */
  isFound: boolean;
}

export interface AskedCandidates {
  limit: number;
  /** The place of the last one; undefined for the first ones. */
  after: string | undefined;
  search: DocumentSearch;
}

/**
 * The next documents of all owners, the newest first, each with whether it is searched for: a statement that gave those
 * alone could go through all documents there are.
 *
 * @returns undefined when `after` is no place
 */
export async function candidatesIn(
  database: Database,
  listings: Listings,
  { limit, after, search }: AskedCandidates,
): Promise<Candidate[] | undefined> {
  const place = after === undefined ? undefined : placeOf(after);
  if (after !== undefined && !place) return undefined;
  const begin: Parameter[] = place ? [limit, place.microseconds, place.id] : [limit];
  const { conditions, values } = searching(search, begin.length + 1);
  const look = (listing: string) =>
    database.query(
      `SELECT id, ${WHOSE}, ${MICROSECONDS}, ${listing}::text AS listing, ${LACKS_REVIEW} AS is_lacking,
         (${['true', ...conditions].join(' AND ')}) AS is_found
       FROM quire.documents ${place ? `WHERE ${comesAfter(2)}` : ''}
       ORDER BY documents.uploaded_at DESC, id DESC LIMIT $1`,
      [...begin, ...values],
    );
  let rows = await look('listing');
  const lacking = rows.filter(({ is_lacking }) => is_lacking === true);
  if (lacking.length > 0) {
    for (const { id } of lacking) await listings.of(String(id));
    // A process of the version before may have written one anew meanwhile.
    rows = await look('coalesce(listing, document)');
  }
  return rows.map((row) => ({
    ...whoseIn(row),
    id: String(row.id),
    place: placeIn(row),
    isFound: row.is_found === true,
  }));
}
