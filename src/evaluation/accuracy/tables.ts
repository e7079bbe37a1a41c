import type { Accuracy, ErrorRate, ErrorRateOf } from '../../api/accuracy.js';
import { aligned } from '../report/terminal.js';
import { count, percent } from '../report/wording.js';

const HEADINGS = ['corrected', 'of', 'share', '95 % interval'];
/** A field's name is a model's, and may be endless. */
const LONGEST_NAME = 60;

/** The figures for a terminal. */
export function accuracyTables(accuracy: Accuracy): string {
  const { days, documents, all, more_fields: more } = accuracy;
  const since = days === null ? '' : ` in the last ${count(days, 'day')}`;
  if (all === null) {
    return `Nobody confirmed or corrected a value${since}: there is nothing to measure. Review a document first.`;
  }
  const lists: [string, readonly ErrorRateOf[], unknown?: string][] = [
    ['By field', accuracy.by_field, 'others, of documents that are gone'],
    ['By path', accuracy.by_path],
    ['By plan', accuracy.by_plan],
    ['By model', accuracy.by_model],
    ['By answer form', accuracy.by_answer_form],
  ];
  // One width for all, so that columns stand beneath each other.
  const table = aligned([
    ['', ...HEADINGS],
    row('All values', all),
    ...lists.flatMap(([heading, rates, unknown]) => [
      [],
      [heading],
      ...rates.map((rate) => row(`  ${nameOf(rate, unknown)}`, rate)),
    ]),
  ]);
  return [
    `${count(all.values, 'value')} of ${count(documents, 'document')} were looked at${since}, and ${all.corrected} corrected.`,
    accuracy.note,
    '',
    ...table,
    ...(more > 0 ? ['', `${count(more, 'more field')} with smaller shares or fewer values: not shown.`] : []),
  ].join('\n');
}

function nameOf({ name }: ErrorRateOf, unknown = 'not known'): string {
  if (name === null) return unknown;
  const line = name.replace(/\s+/g, ' ');
  return line.length > LONGEST_NAME ? `${line.slice(0, LONGEST_NAME - 1)}…` : line;
}

function row(name: string, { corrected, values, rate, least, most }: ErrorRate): string[] {
  return [name, String(corrected), String(values), percent(rate), `${percent(least)} to ${percent(most)}`];
}
