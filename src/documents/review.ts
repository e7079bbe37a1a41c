import { fieldNamed, isFilled, textOf, type AccountRecord, type FieldValue } from '../processor/merge.js';
import { accountRecords } from '../stages/record.js';
import type { SupportedEvidence } from '../stages/support/support.js';
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
  const values = accountRecords(entry).flatMap((account, index) =>
    Object.entries(account.result).map(([field, read]) =>
      valueOf(
        account,
        field,
        read,
        evidence?.[index],
        said.get(keyOfValue({ account: account.accountNumber, field })),
      ),
    ),
  );
  return values.sort((a, b) => (doubt(a) < doubt(b) ? -1 : Number(doubt(a) > doubt(b))));
}

/** The value of this name, {@link keepable} or not; undefined where nothing was read as that. */
export function valueToReview(
  { entry, evidence }: ReviewedDocument,
  named: ValueName,
): ValueToReview | undefined {
  const wanted = keyOfValue(named);
  for (const [index, account] of accountRecords(entry).entries()) {
    const { accountNumber } = account;
    const own = fieldNamed(account.result, named.field);
    if (own !== undefined && keyOfValue({ account: accountNumber, field: named.field }) === wanted) {
      return valueOf(account, named.field, own, evidence?.[index], undefined);
    }
  }
  return undefined;
}

function valueOf(
  { accountNumber: account }: AccountRecord,
  field: string,
  read: FieldValue,
  evidence: SupportedEvidence | undefined,
  said: Correction | undefined,
): ValueToReview {
  const known =
    evidence?.support && Object.hasOwn(evidence.support, field) ? evidence.support[field] : undefined;
  return {
    account,
    field,
    value: textOf(read),
    said,
    confidence: typeof read === 'string' ? null : read.confidence,
    support: known?.support ?? null,
    reasons: known?.reasons ?? [],
  };
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
