import { textOf } from '../processor/merge.js';
import { pagesWith, type PartEvidence } from '../stages/evidence.js';
import { accountRecords } from '../stages/record.js';
import { keyOfValue, type Correction, type ReviewedDocument } from '../store/corrections.js';
import { correctedValue } from './corrected.js';

/** A field of a record with all that is known of its value. */
export interface ExportedField {
  /** Empty for a document in which no page names an account. */
  account: string;
  field: string;
  /** As it was read. */
  value: string;
  /** The person's in place of it; undefined where what was read holds. */
  corrected: string | undefined;
  confidence: number | undefined;
  support: number | undefined;
  /** Where it stands, or, where a version before read it, that gave it. */
  pages: number[];
}

/** All fields of a document, account by account, as they stand in its record. */
export function* exportedFields(
  { entry, evidence }: ReviewedDocument,
  corrections: readonly Correction[],
): Generator<ExportedField, void> {
  const said = new Map(corrections.map((each) => [keyOfValue(each), each]));
  for (const [index, account] of accountRecords(entry).entries()) {
    const known = evidence?.[index];
    for (const [field, read] of Object.entries(account.result)) {
      const value = textOf(read);
      const parts = own(known?.fields, field);
      yield {
        account: account.accountNumber ?? '',
        field,
        value,
        corrected: correctedValue(read, said.get(keyOfValue({ account: account.accountNumber, field }))),
        confidence: typeof read === 'string' ? undefined : read.confidence,
        support: own(known?.support, field)?.support ?? undefined,
        pages: parts ? pagesOf(parts) : pagesWith(field, value, account),
      };
    }
  }
}

function pagesOf(parts: readonly PartEvidence[]): number[] {
  const pages = parts.flatMap((part) => ('places' in part ? part.places.map(({ page }) => page) : []));
  return [...new Set(pages)].sort((a, b) => a - b);
}

/** Of this name, and nothing that every object has: a model may name a field `constructor`. */
function own<T>(named: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return named && Object.hasOwn(named, name) ? named[name] : undefined;
}
