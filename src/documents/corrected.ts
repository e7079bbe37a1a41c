import { textOf, type AccountRecord, type FieldValue } from '../processor/merge.js';
import type { DocumentRecord } from '../stages/record.js';
import { keepable, keyOfValue, type Correction } from '../store/corrections.js';

/** The value a person gave in place of one that was read; undefined where what was read holds. */
export function correctedValue(read: FieldValue, said: Correction | undefined): string | undefined {
  if (said?.action !== 'corrected' || said.value === null) return undefined;
  // One that was read anew as something else is looked at again first.
  return keepable(textOf(read)) === said.readValue ? said.value : undefined;
}

/**
 * A record with people's values in place of those that were read, in `result` alone: what each page gave stays as it
 * was read, and so do confidence and figures.
 *
 * @param corrections those that count, one a value
 */
export function corrected<R extends Pick<DocumentRecord, 'accounts' | 'document'>>(
  record: R,
  corrections: readonly Correction[],
): R {
  const said = new Map(corrections.map((each) => [keyOfValue(each), each]));
  const withValues = (account: AccountRecord): AccountRecord => {
    const result = Object.entries(account.result).map(([field, read]) => {
      const value = correctedValue(read, said.get(keyOfValue({ account: account.accountNumber, field })));
      if (value === undefined) return [field, read] as const;
      return [field, typeof read === 'string' ? value : { ...read, value }] as const;
    });
    return { ...account, result: Object.fromEntries(result) };
  };
  const { document } = record;
  return {
    ...record,
    accounts: record.accounts.map(withValues),
    ...(document && { document: withValues(document) }),
  };
}
