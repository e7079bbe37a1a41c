import type { Clock } from '../clock.js';
import type { Candidate } from '../store/candidates.js';
import type { PageOfDocuments } from '../store/listings.js';
import type { DocumentSearch } from '../store/search.js';
import type { Store } from '../store/store.js';
import type { Access } from './access.js';
import type { HostRequest } from './host-request.js';
import type { AskedPage } from './page-query.js';
import { SealedPlaces } from './sealed-places.js';

/** Looked at side by side, with one query. */
const AT_ONCE = 25;
/** Looked at for one answer: who may read none of very many is answered as soon as who may read all. */
const MOST_LOOKED_AT = 500;
/** And no longer than this, in milliseconds: the app's rule may ask somebody else. */
const LONGEST_MS = 1_000;

export interface OthersTools {
  store: Store;
  access: Access;
  clock: Clock;
}

export interface AskedOthers extends AskedPage {
  /** The key of who asks. */
  owner: string;
  search: DocumentSearch;
}

/**
 * Documents of other owners that the app lets who asks read, the newest first. A page may have fewer than its number,
 * or none, and yet a next one: it goes on where this one stopped looking.
 *
 * The app is asked about every document, also about those that are not searched for: what is answered, and how soon,
 * must not tell who may not read a document what is in its name.
 *
 * @returns undefined when `after` is not the `next` of a page of theirs
 * @throws {UnknownSenderError} when the app's rule failed
 */
export async function pageOfOthers(
  { store, access, clock }: OthersTools,
  request: HostRequest,
  { owner, limit, after, search }: AskedOthers,
): Promise<PageOfDocuments | undefined> {
  const places = new SealedPlaces(await store.secret('places of others'));
  let place = after === undefined ? undefined : places.open(after, owner);
  if (after !== undefined && place === undefined) return undefined;
  const begun = clock.now();
  const found: Candidate[] = [];
  let isEnd = false;
  let looked = 0;
  // One more than is shown tells whether there is a next page.
  while (!isEnd && found.length <= limit && looked < MOST_LOOKED_AT && clock.now() - begun < LONGEST_MS) {
    const candidates = await store.candidates({ limit: AT_ONCE, after: place, search });
    if (!candidates) return undefined;
    const may = await Promise.all(
      candidates.map(async (one) => one.owner !== owner && (await access.mayReadOther(request, one.id, one))),
    );
    found.push(...candidates.filter(({ isFound }, index) => isFound && may[index]));
    looked += candidates.length;
    place = candidates.at(-1)?.place;
    isEnd = candidates.length < AT_ONCE;
  }
  const shown = found.slice(0, limit);
  const stopped = found.length > limit ? shown.at(-1)?.place : place;
  const isLast = isEnd && found.length <= limit;
  return {
    documents: await store.shown(shown.map(({ id }) => id)),
    next: isLast || stopped === undefined ? null : places.seal(stopped, owner),
  };
}
