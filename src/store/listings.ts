import pLimit from 'p-limit';
import { formatPlan, processingPlan } from '../processor/plan.js';
import type { Database, Parameter, Row } from './database.js';
import { accountRecords } from '../stages/record.js';
import type {
  DocumentInList,
  ListedDocument,
  ProcessedDocument,
  ProcessingCost,
  StoredDocument,
} from './document.js';
import { json, parsed, UUID } from './json.js';
import { reviewsOf } from './reviews.js';
import { LACKS_REVIEW, searching, type DocumentSearch } from './search.js';

export interface PageOfDocuments {
  /** The newest first. */
  documents: DocumentInList[];
  /** What the next page comes after; null at the end. */
  next: string | null;
}

/** A place in a list, as `next` names it. */
interface Place {
  /** Of the upload, since 1970. */
  microseconds: string;
  id: string;
}

/** The columns that hold what a list shows of a document, as they are set by `listed`. */
export const LISTED = `listing = $2, llm_calls = $3, input_tokens = $4, output_tokens = $5, cost_usd = $6,
  unknown_usage_calls = $7`;

export function listed(document: ListedDocument): Parameter[] {
  const { llm_calls, input_tokens, output_tokens, cost_usd, unknown_usage_calls } = document.processing_cost;
  const listing = json(listingOf(document));
  return [listing, llm_calls, input_tokens, output_tokens, cost_usd, unknown_usage_calls ?? null];
}

/** What is kept for lists: the document without its records, and what they lack. */
interface Listing extends ListedDocument, Lacking {
  /** Of its record; null without one, and undefined where nothing has become of the document since this is kept. */
  values?: number | null;
}

type Lacking = Pick<DocumentInList, 'failed_pages' | 'needs_review'>;

function listingOf({ documents, ...document }: ListedDocument & Partial<StoredDocument>): Listing {
  return {
    ...document,
    failed_pages: (documents ?? []).reduce((total, { failed_pages }) => total + failed_pages.length, 0),
    values: documents?.[0] ? valuesIn(documents[0]) : null,
    // Last, where a search looks for it.
    needs_review: (documents ?? []).some(({ needs_human_review }) => needs_human_review),
  };
}

function valuesIn(record: ProcessedDocument): number {
  return accountRecords(record).reduce((total, { total_fields }) => total + total_fields, 0);
}

/** What a listing tells of the document itself. */
export function documentIn(listing: unknown): ListedDocument {
  const {
    failed_pages: _failed,
    values: _values,
    needs_review: _review,
    ...document
  } = parsed(listing) as Listing;
  return document;
}

/** A place in the list: the microsecond of the upload, and the id. It stays one when its document is gone. */
export const PLACE = /^(\d{1,16})_([-0-9a-f]{36})$/;
export const MICROSECONDS = '(extract(epoch FROM uploaded_at) * 1000000)::bigint::text AS microseconds';
const BATCH = 5;
/** Found in one look through the documents of an owner. */
const SEARCHED_AT_ONCE = 100;

/**
 * Lists of documents, without their records: a record can be megabytes, and a list must not grow with
 * what is in it. Versions up to 0.1.0 kept records alone; what lists need of those is filled in from
 * them, one at a time.
 */
export class Listings {
  readonly #database: Database;
  readonly #oneByOne = pLimit(1);

  constructor(database: Database) {
    this.#database = database;
  }

  /** @returns undefined when `after` is neither the `next` of a page nor the id of a document of the owner */
  async page(
    owner: string,
    limit: number,
    after?: string,
    search: DocumentSearch = {},
  ): Promise<PageOfDocuments | undefined> {
    const place = after === undefined ? [] : await this.#placeOf(after, owner);
    if (!place) return undefined;
    const asked = await this.#asked(search, owner, [owner, limit + 1, ...place]);
    const rows = await this.#database.query(
      `SELECT id, ${MICROSECONDS}, listing::text AS listing, plan::text AS plan
       FROM quire.documents WHERE owner = $1
       ${after === undefined ? '' : `AND ${comesAfter(3)}`}
       ${asked.condition} ORDER BY uploaded_at DESC, id DESC LIMIT $2`,
      asked.parameters,
    );
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return { documents: await this.#shown(rows.slice(0, limit)), next: last ? placeIn(last) : null };
  }

  /** Rows of documents as a list shows them. */
  async #shown(rows: readonly Row[]): Promise<DocumentInList[]> {
    const reviews = await reviewsOf(
      this.#database,
      rows.map(({ id }) => String(id)),
    );
    const documents: DocumentInList[] = [];
    for (const { id, listing, plan } of rows) {
      const found = await this.#listing(String(id), listing);
      if (!found) continue;
      const { values, ...document } = found;
      const checked = reviews.get(document.id) ?? 0;
      const isKnown = typeof values === 'number' && checked !== 'unknown';
      documents.push({
        ...document,
        plan: planIn(plan),
        review: isKnown ? { checked, total: values } : null,
      });
    }
    return documents;
  }

  /** Documents by their ids, as a list shows them, in this order; those that are gone are left out. */
  async shown(ids: readonly string[]): Promise<DocumentInList[]> {
    const rows = await this.#database.query(
      'SELECT id, listing::text AS listing, plan::text AS plan FROM quire.documents WHERE id = ANY($1::uuid[])',
      [ids],
    );
    const byId = new Map(rows.map((row) => [String(row.id), row]));
    return this.#shown(ids.map((id) => byId.get(id)).filter((row) => row !== undefined));
  }

  /** How many documents the owner has, or of those that are searched for. */
  async count(owner: string, search: DocumentSearch = {}): Promise<number> {
    const asked = await this.#asked(search, owner, [owner]);
    const [row] = await this.#database.query(
      `SELECT count(*) AS count FROM quire.documents WHERE owner = $1 ${asked.condition}`,
      asked.parameters,
    );
    return Number(row?.count);
  }

  /** A condition on rows, with the parameters of the statement. */
  async #asked(
    search: DocumentSearch,
    owner: string,
    parameters: Parameter[],
  ): Promise<{ condition: string; parameters: Parameter[] }> {
    while (await this.#fillFor(search, owner));
    const { conditions, values } = searching(search, parameters.length + 1);
    return {
      condition: conditions.map((condition) => `AND ${condition}`).join(' '),
      parameters: [...parameters, ...values],
    };
  }

  /** Fills in what a search goes by. @returns whether there may be more */
  async #fillFor({ name, state }: DocumentSearch, owner: string): Promise<boolean> {
    if (state === 'done' || state === 'needs_review') {
      return this.#fill(`owner = $1 AND status = 'completed' AND ${LACKS_REVIEW}`, [owner], SEARCHED_AT_ONCE);
    }
    return name ? this.fill(owner) : false;
  }

  async #listing(id: string, kept: unknown): Promise<Listing | undefined> {
    const listing = kept === null ? undefined : (parsed(kept) as ListedDocument & Partial<Lacking>);
    return listing?.needs_review === undefined ? this.#found(id) : (listing as Listing);
  }

  /**
   * What all documents of the owner cost. In money null as soon as one has calls without a price; one none of
   * whose calls told its usage is left out of the sum, and its calls stand beside it.
   */
  async costs(owner: string): Promise<ProcessingCost> {
    while (await this.fill(owner));
    const [sums] = await this.#database.query(
      `SELECT sum(llm_calls) AS llm_calls, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
         coalesce(bool_or(cost_usd IS NULL AND input_tokens + output_tokens > 0), false) AS is_unpriced,
         coalesce(bool_or(cost_usd IS NULL), false) AS is_partial,
         coalesce(sum(cost_usd), 0) AS cost_usd,
         CASE WHEN count(*) = 0 THEN 0 ELSE sum(unknown_usage_calls) END AS unknown_usage_calls
       FROM quire.documents WHERE owner = $1`,
      [owner],
    );
    const inputTokens = Number(sums?.input_tokens);
    const isNothingTold = sums?.is_partial === true && inputTokens === 0;
    const isKnown = sums?.is_unpriced !== true && !isNothingTold;
    const unknown = sums?.unknown_usage_calls;
    return {
      llm_calls: Number(sums?.llm_calls),
      input_tokens: inputTokens,
      output_tokens: Number(sums?.output_tokens),
      cost_usd: isKnown ? Number(sums?.cost_usd) : null,
      ...(unknown !== null && { unknown_usage_calls: Number(unknown) }),
    };
  }

  /**
   * Fills in a few listings that are missing, of one owner's documents or of anybody's.
   *
   * @returns whether there may be more
   */
  async fill(owner?: string): Promise<boolean> {
    return owner === undefined
      ? this.#fill('listing IS NULL', [], BATCH)
      : this.#fill('listing IS NULL AND owner = $1', [owner], BATCH);
  }

  async #fill(where: string, parameters: Parameter[], most: number): Promise<boolean> {
    const rows = await this.#database.query(
      `SELECT id FROM quire.documents WHERE ${where} LIMIT ${most}`,
      parameters,
    );
    for (const { id } of rows) await this.#found(String(id));
    return rows.length === most;
  }

  /** What a list shows of a document, filled in where it is missing; undefined when there is none of this id. */
  async of(id: string): Promise<ListedDocument | undefined> {
    const listing = await this.#found(id);
    return listing && documentIn(json(listing));
  }

  #found(id: string): Promise<Listing | undefined> {
    return this.#oneByOne(() =>
      this.#database.transaction(async (query) => {
        // Locked, so that no other process writes the document meanwhile.
        const [row] = await query(
          `SELECT CASE WHEN ${LACKS_REVIEW} THEN document ELSE listing END::text AS document,
             ${LACKS_REVIEW} AS is_missing
           FROM quire.documents WHERE id = $1 FOR UPDATE`,
          [id],
        );
        if (!row) return undefined;
        const document = parsed(row.document) as StoredDocument;
        if (row.is_missing !== true) return document as ListedDocument as Listing;
        await query(`UPDATE quire.documents SET ${LISTED} WHERE id = $1`, [id, ...listed(document)]);
        return listingOf(document);
      }),
    );
  }

  async #placeOf(after: string, owner: string): Promise<Parameter[] | undefined> {
    const place = placeOf(after);
    if (place) return [place.microseconds, place.id];
    if (!UUID.test(after)) return undefined;
    const [row] = await this.#database.query(
      `SELECT ${MICROSECONDS} FROM quire.documents WHERE id = $1 AND owner = $2`,
      [after, owner],
    );
    return row && [String(row.microseconds), after];
  }
}

/** A condition on rows of documents. @param first the number of the first of the two parameters of a place */
export function comesAfter(first: number): string {
  return `(uploaded_at, id) < (timestamptz 'epoch' + $${first}::bigint * interval '1 microsecond', $${first + 1}::uuid)`;
}

export function placeOf(after: string): Place | undefined {
  const [, microseconds, id] = PLACE.exec(after) ?? [];
  return microseconds !== undefined && id !== undefined && UUID.test(id) ? { microseconds, id } : undefined;
}

export function placeIn({ microseconds, id }: Row): string {
  return `${String(microseconds)}_${String(id)}`;
}

function planIn(kept: unknown): string | null {
  const plan = kept === null ? undefined : processingPlan.safeParse(parsed(kept)).data;
  return plan ? formatPlan(plan) : null;
}
