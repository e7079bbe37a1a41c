import { formatPlan } from '../processor/plan.js';
import type { LookedAt, LookedAtInAll } from '../store/accuracy.js';
import { wilsonInterval } from '../wilson.js';

const MOST_FIELDS = 200;

const NOTE =
  'Only values that a person looked at are counted. Doubtful ones are looked at first, so this is no rate of all values.';

/** How often values had to be corrected, by what they are and how they were read. */
export function accuracyOf({ documents, counts }: LookedAtInAll, days: number | undefined) {
  const fields = by(counts, ({ field }) => field);
  const [all] = by(counts, () => null);
  return {
    days: days ?? null,
    documents,
    all: all ? rateOf(all) : null,
    by_field: fields.slice(0, MOST_FIELDS),
    more_fields: Math.max(0, fields.length - MOST_FIELDS),
    by_path: by(counts, ({ plan }) => plan.path),
    by_plan: by(counts, ({ plan }) => formatPlan(plan)),
    by_model: by(counts, ({ model }) => model),
    by_answer_form: by(counts, ({ answerForm }) => answerForm),
    note: NOTE,
  };
}

type Counts = Pick<LookedAt, 'confirmed' | 'corrected'>;

function by(counts: readonly LookedAt[], nameOf: (of: LookedAt) => string | null) {
  const sums = new Map<string | null, Counts>();
  for (const each of counts) {
    const name = nameOf(each);
    const { confirmed, corrected } = sums.get(name) ?? { confirmed: 0, corrected: 0 };
    sums.set(name, {
      confirmed: confirmed + each.confirmed,
      corrected: corrected + each.corrected,
    });
  }
  return Array.from(sums, ([name, sum]) => ({ name, ...rateOf(sum) })).sort(
    (a, b) => b.least - a.least || b.values - a.values || ((a.name ?? '') < (b.name ?? '') ? -1 : 1),
  );
}

function rateOf({ confirmed, corrected }: Counts) {
  const values = confirmed + corrected;
  return { values, confirmed, corrected, rate: corrected / values, ...wilsonInterval(corrected, values) };
}
