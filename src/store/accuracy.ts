import type { AnswerForm } from '../llm/wire.js';
import type { ProcessingPlan } from '../processor/plan.js';
import type { Database } from './database.js';
import { parsed } from './json.js';

/** Values that people looked at, counted: those of one field that were read in one way. */
export interface LookedAt {
  field: string;
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
 * Counts the values of all owners that people confirmed and corrected. Of a value what was said last counts; one
 * that was corrected to what was read is a confirmed one, and one that is to be looked at again is none.
 *
 * @param days so many until now, by when it was said; undefined for all
 */
export async function lookedAt(database: Database, days: number | undefined): Promise<LookedAtInAll> {
  const rows = await database.query(
    `SELECT field, plan, model, answer_form, grouping(field) = 1 AS in_all,
       count(*) FILTER (WHERE NOT is_corrected) AS confirmed,
       count(*) FILTER (WHERE is_corrected) AS corrected,
       count(DISTINCT document_id) AS documents
     FROM (
       SELECT DISTINCT ON (document_id, reading, account, field)
         document_id, field, plan::text AS plan, model, answer_form, action, at,
         action = 'corrected' AND value IS DISTINCT FROM read_value AS is_corrected
       FROM quire.corrections ORDER BY document_id, reading, account, field, number DESC
     ) AS last
     WHERE action IN ('confirmed', 'corrected') AND ($1::integer IS NULL OR at >= now() - $1 * interval '1 day')
     GROUP BY GROUPING SETS ((field, plan, model, answer_form), ())`,
    [days ?? null],
  );
  return {
    documents: Number(rows.find(({ in_all: inAll }) => inAll === true)?.documents),
    counts: rows
      .filter(({ in_all: inAll }) => inAll === false)
      .map((row) => ({
        field: String(row.field),
        plan: parsed(row.plan) as ProcessingPlan,
        model: row.model as string | null,
        answerForm: row.answer_form as AnswerForm | null,
        confirmed: Number(row.confirmed),
        corrected: Number(row.corrected),
      })),
  };
}
