import type { ProcessingPlan } from '../processor/plan.js';
import type { SupportedEvidence } from '../stages/support/support.js';
import type { Database, Query, Row } from './database.js';
import type { ProcessedDocument, ReadAs, StoredDocument } from './document.js';
import { json, parsed } from './json.js';

/**
 * What a person says of a value: that it was read right, that it is another one, or that what was said last no longer
 * counts.
 */
type Verdict = { action: 'confirmed' | 'reopened' } | { action: 'corrected'; value: string };

/** A value of a document. */
export interface ValueName {
  /** null for a document in which no page names an account. */
  account: string | null;
  field: string;
}

/**
 * A text as the database can keep it: models and PDFs can hold NUL and half of a surrogate pair. What was read is held
 * against what is kept in this form.
 */
export function keepable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** The same for a value and for what is kept of it. */
export function keyOfValue({ account, field }: ValueName): string {
  return JSON.stringify([account === null ? null : keepable(account), keepable(field)]);
}

/** What a person said of a value, as it is kept. */
export interface Correction extends ValueName {
  /** Of all there are, growing. */
  number: number;
  /** The document's reading whose value they saw. */
  reading: number;
  action: Verdict['action'];
  /** As it was read, {@link keepable}; so are the names. */
  readValue: string;
  /** The person's; null unless it was corrected. */
  value: string | null;
  /** The user's id; null for who has none. */
  person: string | null;
  personName: string | null;
  /** ISO 8601. */
  at: string;
}

export interface NewCorrection extends ValueName {
  verdict: Verdict;
  readValue: string;
  person: string | undefined;
  personName: string | undefined;
  /** Under which the value was read. */
  plan: ProcessingPlan;
}

/** A document with a record, whose values are reviewed. */
export interface ReviewedDocument {
  entry: ProcessedDocument;
  /** null where a version before read it. */
  evidence: SupportedEvidence[] | null;
  /** Which of its readings gave the record, from 1. */
  reading: number;
  isBeingRead: boolean;
}

/** What became of a new one. */
export type Added =
  | { added: Correction }
  | { before: Correction | undefined }
  | { notAdded: 'being_read' | 'gone' | 'read_anew' };

/** What people say of values. Only ever added to: what was said last of a value counts. */
export class Corrections {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** A document as its values are reviewed; undefined where it has no record, or is not there. */
  async reviewed(document: string): Promise<ReviewedDocument | undefined> {
    const [row] = await this.#database.query(
      `SELECT document::text AS document, evidence::text AS evidence, reading, status FROM quire.documents WHERE id = $1`,
      [document],
    );
    const [entry] = row ? (parsed(row.document) as StoredDocument).documents : [];
    if (!row || !entry) return undefined;
    return {
      entry,
      evidence: row.evidence === null ? null : (parsed(row.evidence) as SupportedEvidence[]),
      reading: Number(row.reading),
      isBeingRead: row.status === 'extracting',
    };
  }

  /** Those of a document that count, one a value, in the order they were said. */
  async of(document: string): Promise<Correction[]> {
    const rows = await this.#database.query(
      `SELECT * FROM (
         SELECT DISTINCT ON (account, field) ${COLUMNS} FROM quire.corrections WHERE document_id = $1
         ORDER BY account, field, corrections.number DESC
       ) AS last ORDER BY length(number), number`,
      [document],
    );
    return rows.map(correction);
  }

  /** The number of the last one of a document, 0 without any. */
  async revision(document: string): Promise<number> {
    const [row] = await this.#database.query(
      'SELECT coalesce(max(number), 0) AS number FROM quire.corrections WHERE document_id = $1',
      [document],
    );
    return Number(row?.number);
  }

  /**
   * Adds one, if nobody else said something of the value meanwhile and it is still what was read.
   *
   * @param seen the number of the last one of this value that the person knows, 0 for none
   * @param reading the document's reading whose value they saw
   */
  add(
    document: string,
    { readValue, verdict, person, personName, plan, ...named }: NewCorrection,
    { seen, reading }: { seen: number; reading: number },
  ): Promise<Added> {
    const account = named.account === null ? null : keepable(named.account);
    const field = keepable(named.field);
    return this.#database.transaction(async (query) => {
      // Locked, so that of two at once one comes after the other, and none comes beside a retry.
      const [found] = await query(
        'SELECT status, reading, read_as::text AS read_as FROM quire.documents WHERE id = $1 FOR UPDATE',
        [document],
      );
      if (!found) return { notAdded: 'gone' };
      if (found.status === 'extracting') return { notAdded: 'being_read' };
      if (Number(found.reading) !== reading) return { notAdded: 'read_anew' };
      const readAs = typeof found.read_as === 'string' ? (parsed(found.read_as) as ReadAs) : undefined;
      const before = await lastOf(query, document, { account, field });
      if ((before?.number ?? 0) !== seen) return { before };
      const [row] = await query(
        `INSERT INTO quire.corrections (document_id, reading, account, field, action, read_value, value, person,
           person_name, plan, answer_form, model)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING ${COLUMNS}`,
        [
          document,
          reading,
          account,
          field,
          verdict.action,
          keepable(readValue),
          verdict.action === 'corrected' ? verdict.value : null,
          person ?? null,
          personName ?? null,
          json(plan),
          readAs?.answer_form ?? null,
          readAs?.model ?? null,
        ],
      );
      if (!row) throw new Error('A correction that is added comes back.');
      return { added: correction(row) };
    });
  }
}

const COLUMNS = `corrections.number::text AS number, reading, account, field, action, read_value, value, person,
  person_name, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at`;

async function lastOf(
  query: Query,
  document: string,
  { account, field }: ValueName,
): Promise<Correction | undefined> {
  const [row] = await query(
    `SELECT ${COLUMNS} FROM quire.corrections
     WHERE document_id = $1 AND account IS NOT DISTINCT FROM $2 AND field = $3
     ORDER BY corrections.number DESC LIMIT 1`,
    [document, account, field],
  );
  return row && correction(row);
}

function correction(row: Row): Correction {
  const kept = row as {
    number: string;
    reading: number;
    account: string | null;
    field: string;
    action: Verdict['action'];
    read_value: string;
    value: string | null;
    person: string | null;
    person_name: string | null;
    at: string;
  };
  const { number, read_value: readValue, person_name: personName, ...rest } = kept;
  return { ...rest, number: Number(number), readValue, personName };
}
