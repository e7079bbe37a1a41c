import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import type { ExportedField } from '../documents/exported-fields.js';

const COLUMNS = ['account', 'field', 'value', 'corrected_value', 'confidence', 'support', 'pages'] as const;

/** A plain negative number: a sign, digits, perhaps in groups of three, and decimals. Nothing that is reckoned. */
const NEGATIVE = /^-(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?$/;
/** Some spreadsheets pass over what stands before a formula. */
const HIDDEN_FORMULA = /^[\s\p{C}]+[=+\-@＝＋－＠]/u;
/** Where another sign parts cells than a comma, a value is parted at it, or at a line break: quotes do not hold then. */
const INNER_FORMULA = /([;|\t\r\n][\s\p{C}"]*)(?=[=+\-@＝＋－＠])/gu;

/**
 * Fields as CSV (RFC 4180) that spreadsheets open as it is: in UTF-8 with a byte order mark, and nothing in it is a
 * formula. What begins like one gets an apostrophe before it, but for negative numbers.
 */
export function csvOf(fields: Iterable<ExportedField>): AsyncIterable<Uint8Array> {
  const csv = stringify({
    bom: true,
    header: true,
    columns: [...COLUMNS],
    record_delimiter: 'windows',
    quote_record_delimiter: true,
    escape_formulas: true,
    cast: {
      string: (value) => {
        if (NEGATIVE.test(value)) return { value, escape_formulas: false };
        const safe = value.replace(INNER_FORMULA, "$1'");
        return HIDDEN_FORMULA.test(value) ? { value: `'${safe}`, escape_formulas: false } : safe;
      },
    },
  });
  return Readable.from(rowsOf(fields)).pipe(csv);
}

function* rowsOf(
  fields: Iterable<ExportedField>,
): Generator<Record<(typeof COLUMNS)[number], unknown>, void> {
  for (const { corrected, confidence, support, pages, ...field } of fields) {
    yield {
      ...field,
      corrected_value: corrected,
      confidence,
      support,
      // A single comma between two would be a decimal one in some countries.
      pages: pages.join('; '),
    };
  }
}
