import type { ComparedField } from '../comparison/compare.js';
import { loggable, type Logger } from '../logger.js';
import type { DocumentRecord } from '../stages/record.js';
import { isSameValue } from '../stages/support/same-value.js';
import { readOnceMore, type SupportedEvidence } from '../stages/support/support.js';
import type { StoredDocument } from '../store/document.js';
import type { Store } from '../store/store.js';

/** A document that was read a second time for comparison. */
interface ReadAgain {
  id: string;
  /** As it was served. */
  record: DocumentRecord;
  fields: readonly ComparedField[];
}

/** Adds to the support of a document's values whether its other reading says the same. Never rejects. */
export async function keepReadAgain(
  opened: () => Promise<{ store: Store }>,
  logger: Logger,
  { id, record, fields }: ReadAgain,
): Promise<void> {
  try {
    const { store } = await opened();
    await store.changeEvidence(id, (document, evidence) =>
      isOf(document, record) ? supportedBy(evidence, fields) : undefined,
    );
  } catch (error) {
    logger.warn({ document: id, ...loggable(error) }, 'the support of a document was not kept');
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
