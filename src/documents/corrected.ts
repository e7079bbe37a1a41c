import { fieldNamed, textOf, type AccountRecord } from '../processor/merge.js';
import type { DocumentRecord } from '../stages/record.js';
import type { Correction } from '../store/corrections.js';

/** The value a person gave in place of one that was read; undefined where what was read holds. */
export function correctedValue(
  account: AccountRecord,
  field: string,
  of: Correction | undefined,
): string | undefined {
  if (of?.action !== 'corrected' || of.value === null) return undefined;
  const read = fieldNamed(account.result, field);
  // One that was read anew as something else is looked at again first.
  return read !== undefined && textOf(read) === of.readValue ? of.value : undefined;
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
  const withValues = (account: AccountRecord): AccountRecord => {
    const ofAccount = new Map(
      corrections.filter((each) => each.account === account.accountNumber).map((each) => [each.field, each]),
    );
    const result = Object.entries(account.result).map(([name, field]) => {
      const value = correctedValue(account, name, ofAccount.get(name));
      if (value === undefined) return [name, field] as const;
      return [name, typeof field === 'string' ? value : { ...field, value }] as const;
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
