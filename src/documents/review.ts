import { isFilled, textOf } from '../processor/merge.js';
import { accountRecords } from '../stages/record.js';
import type { Reason } from '../stages/support/table.js';
import {
  keepable,
  keyOfValue,
  type Correction,
  type ReviewedDocument,
  type ValueName,
} from '../store/corrections.js';

/** A value that was read, with what can be checked of it and what was said of it last. */
export interface ValueToReview extends ValueName {
  value: string;
  confidence: number | null;
  /** null for a field without a value, and where it is not known. */
  support: number | null;
  reasons: readonly Reason[];
  said: Correction | undefined;
}

/** All values of a document, the doubtful ones first; those that are empty, of which nothing can be checked, last. */
export function valuesToReview(
  { entry, evidence }: ReviewedDocument,
  corrections: readonly Correction[],
): ValueToReview[] {
  const said = new Map(corrections.map((correction) => [keyOfValue(correction), correction]));
  const values = accountRecords(entry).flatMap(({ accountNumber: account, result }, index) => {
    const supports = evidence?.[index]?.support;
    return Object.entries(result).map(([field, read]): ValueToReview => {
      const known = supports && Object.hasOwn(supports, field) ? supports[field] : undefined;
      return {
        ...{ account, field, value: textOf(read) },
        confidence: typeof read === 'string' ? null : read.confidence,
        support: known?.support ?? null,
        reasons: known?.reasons ?? [],
        said: said.get(keyOfValue({ account, field })),
      };
    });
  });
  return values.sort((a, b) => (doubt(a) < doubt(b) ? -1 : Number(doubt(a) > doubt(b))));
}

/** What is said of a value that was read as something else meanwhile does not hold any more. */
export function isReadAnew({ value, said }: ValueToReview): boolean {
  return said !== undefined && said.action !== 'reopened' && said.readValue !== keepable(value);
}

/** The support of a value of which it is not known, for its place in the order. */
const UNKNOWN = 50;

function doubt({ value, support }: ValueToReview): number {
  if (support !== null) return support;
  return isFilled(value) ? UNKNOWN : Infinity;
}
