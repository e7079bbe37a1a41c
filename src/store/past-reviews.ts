import { isNameOfForms } from '../stages/form-words.js';
import { COUNTS, judged } from './accuracy.js';
import type { Query } from './database.js';

/** Names that are kept of a day's reviews; models write them, from what stands in documents. */
const MOST_FIELDS_A_DAY = 200;
const LONGEST_FIELD = 80;
/** Services name themselves what they like. */
const MOST_MODELS_A_DAY = 20;
const LONGEST_MODEL = 200;

/** Counting goes on one after the other. */
const COUNTING_LOCK = 0x71756972_66;

/**
 * Adds what was said of the values of documents that are about to go to the counts that stay, in the transaction in
 * which they are locked and deleted: so nothing is counted twice, or while the document is still counted.
 *
 * Of the names of fields those stay that forms have; in others a model may have written a person.
 */
export async function keepCountsOf(query: Query, documents: readonly string[]): Promise<void> {
  const ofDocuments = judged('document_id = ANY($1::uuid[])');
  const counts = await query(
    `SELECT ${DAY} AS day, field, plan, coalesce(model, '') AS model, coalesce(answer_form, '') AS answer_form,
       ${COUNTS}
     FROM (${ofDocuments}) AS judged GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5`,
    [documents],
  );
  if (counts.length === 0) return;
  await query('SELECT pg_advisory_xact_lock($1)', [COUNTING_LOCK]);
  const kept = await query(
    'SELECT DISTINCT day::text AS day, field, model FROM quire.past_reviews WHERE day = ANY($1::date[])',
    [counts.map(({ day }) => String(day))],
  );
  const fields = new Bounded(MOST_FIELDS_A_DAY);
  const models = new Bounded(MOST_MODELS_A_DAY);
  for (const { day, field, model } of kept) {
    fields.kept(String(day), String(field));
    models.kept(String(day), String(model));
  }
  const nameOf = (field: string) => (field.length <= LONGEST_FIELD && isNameOfForms(field) ? field : '');
  const column = (name: string) => counts.map((row) => String(row[name]));
  await query(
    `INSERT INTO quire.past_reviews AS past (day, field, plan, model, answer_form, confirmed, corrected)
     SELECT day, field, plan, model, answer_form, sum(confirmed), sum(corrected)
     FROM unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
       AS counts (day, field, plan, model, answer_form, confirmed, corrected)
     GROUP BY day, field, plan, model, answer_form
     ON CONFLICT (day, field, plan, model, answer_form) DO UPDATE
       SET confirmed = past.confirmed + excluded.confirmed, corrected = past.corrected + excluded.corrected`,
    [
      column('day'),
      counts.map(({ day, field }) => fields.kept(String(day), nameOf(String(field)))),
      column('plan'),
      counts.map(({ day, model }) => models.kept(String(day), String(model).slice(0, LONGEST_MODEL))),
      column('answer_form'),
      column('confirmed'),
      column('corrected'),
    ],
  );
  await query(
    `INSERT INTO quire.past_reviewed_documents AS past (day, documents)
     SELECT day::date, count(*) FROM (
       SELECT max(${DAY}) AS day FROM (${ofDocuments}) AS judged GROUP BY document_id
     ) AS reviewed GROUP BY day
     ON CONFLICT (day) DO UPDATE SET documents = past.documents + excluded.documents`,
    [documents],
  );
}

const DAY = `to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD')`;

/** At most so many names a day; the others are one. */
class Bounded {
  readonly #most: number;
  readonly #byDay = new Map<string, Set<string>>();

  constructor(most: number) {
    this.#most = most;
  }

  /** The name where it is one of those of the day, and otherwise none. */
  kept(day: string, name: string): string {
    const names = this.#byDay.get(day) ?? new Set();
    this.#byDay.set(day, names);
    if (name === '' || names.has(name)) return name;
    if (names.size === this.#most) return '';
    names.add(name);
    return name;
  }
}
