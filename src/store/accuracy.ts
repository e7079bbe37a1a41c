import type { AnswerForm } from '../llm/wire.js';
import type { ProcessingPlan } from '../processor/plan.js';
import type { Database } from './database.js';
import { parsed } from './json.js';

/** Values that people looked at, counted: those of one field that were read in one way. */
export interface LookedAt {
  /** null for fields of documents that are gone whose names were not kept. */
  field: string | null;
  plan: ProcessingPlan;
  /** null where it is not known, and so the form. */
  model: string | null;
  answerForm: AnswerForm | null;
  confirmed: number;
  corrected: number;
}

/** What people said of values, as it stands now. */
export interface LookedAtInAll {
  documents: number;
  counts: LookedAt[];
}

/**
 * The values that people confirmed and corrected, one row each. Of a value what was said last counts; one that was
 * corrected to what was read is a confirmed one, and one that is to be looked at again is none.
 *
 * @param where which corrections are looked at
 */
export function judged(where = 'true'): string {
  return `SELECT document_id, field, plan, model, answer_form, at,
      action = 'corrected' AND value IS DISTINCT FROM read_value AS is_corrected
    FROM (
      SELECT DISTINCT ON (document_id, reading, account, field)
        document_id, field, plan::text AS plan, model, answer_form, action, at, value, read_value
      FROM quire.corrections WHERE ${where} ORDER BY document_id, reading, account, field, number DESC
    ) AS last WHERE action IN ('confirmed', 'corrected')`;
}

/** How many of them there are of each kind. */
export const COUNTS = `count(*) FILTER (WHERE NOT is_corrected) AS confirmed,
  count(*) FILTER (WHERE is_corrected) AS corrected`;

/**
 * Counts the values of all owners that people confirmed and corrected, those of documents that are gone, too.
 *
 * @param days so many until now, by when it was said; undefined for all
 */
export async function lookedAt(database: Database, days: number | undefined): Promise<LookedAtInAll> {
  // In one statement: a document that goes meanwhile is counted once.
  const rows = await database.query(
    `SELECT field, plan, model, answer_form, grouping(field) = 1 AS in_all, ${COUNTS},
       count(DISTINCT document_id) AS documents
     FROM (${judged()}) AS judged WHERE $1::integer IS NULL OR at >= now() - $1 * interval '1 day'
     GROUP BY GROUPING SETS ((field, plan, model, answer_form), ())
     UNION ALL
     SELECT nullif(field, ''), plan, nullif(model, ''), nullif(answer_form, ''), false, confirmed, corrected, 0
     FROM quire.past_reviews WHERE ${OF_LATE}
     UNION ALL
     SELECT NULL, NULL, NULL, NULL, true, 0, 0, documents FROM quire.past_reviewed_documents WHERE ${OF_LATE}`,
    [days ?? null],
  );
  const inAll = rows.filter(({ in_all: isInAll }) => isInAll === true);
  return {
    documents: inAll.reduce((sum, { documents }) => sum + Number(documents), 0),
    counts: rows
      .filter(({ in_all: isInAll }) => isInAll === false)
      .map((row) => ({
        field: row.field as string | null,
        plan: parsed(row.plan) as ProcessingPlan,
        model: row.model as string | null,
        answerForm: row.answer_form as AnswerForm | null,
        confirmed: Number(row.confirmed),
        corrected: Number(row.corrected),
      })),
  };
}

/** Days are kept of what is gone: the first one counts as a whole. */
const OF_LATE = `$1::integer IS NULL OR day >= ((now() - $1 * interval '1 day') AT TIME ZONE 'UTC')::date`;
