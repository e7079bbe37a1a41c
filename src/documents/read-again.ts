import type { ComparedField } from '../comparison/compare.js';
import type { ReadAgain } from '../comparison/shadow.js';
import { loggable, type Logger } from '../logger.js';
import type { DocumentRecord } from '../stages/record.js';
import { isSameValue } from '../stages/support/same-value.js';
import { readOnceMore, type SupportedEvidence } from '../stages/support/support.js';
import type { StoredDocument } from '../store/document.js';
import type { Store } from '../store/store.js';

/**
 * Keeps the record of a document's other reading, and adds to the support of its values whether that says the same.
 * Never rejects.
 */
export async function keepReadAgain(
  opened: () => Promise<{ store: Store }>,
  logger: Logger,
  id: string,
  { record, other, fields }: ReadAgain,
): Promise<void> {
  try {
    const { store } = await opened();
    await store.keepOtherReading(id, (document, evidence) =>
      isOf(document, record)
        ? { record: other, evidence: evidence && supportedBy(evidence, fields) }
        : undefined,
    );
  } catch (error) {
    logger.warn({ document: id, ...loggable(error) }, 'the other reading of a document was not kept');
  }
}

/** Whether a document still has this record: it may have been read anew since. */
function isOf({ documents }: StoredDocument, { accounts, document }: DocumentRecord): boolean {
  const [kept] = documents;
  return JSON.stringify([kept?.accounts, kept?.document]) === JSON.stringify([accounts, document]);
}

function supportedBy(
  evidence: readonly SupportedEvidence[],
  fields: readonly ComparedField[],
): SupportedEvidence[] {
  return evidence.map((ofAccount) => {
    const { account, support } = ofAccount;
    if (!support) return ofAccount;
    const merged = fields.filter((field) => field.scope === 'merged' && field.account === account);
    const readings = new Map(merged.map((field) => [field.field, field]));
    const entries = Object.entries(support).map(([name, of]) => {
      const { control = null, candidate = null } = readings.get(name) ?? {};
      // What one of the paths left out, it said nothing of.
      if (control === null || candidate === null) return [name, of] as const;
      return [name, readOnceMore(of, isSameValue(control, candidate))] as const;
    });
    return { ...ofAccount, support: Object.fromEntries(entries) };
  });
}
