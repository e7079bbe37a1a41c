import { loggable, type Logger } from '../logger.js';
import { evidenceOf } from '../stages/evidence.js';
import { pagesOfFewFields } from '../stages/few-fields.js';
import { supportOf } from '../stages/support/support.js';
import { StoreError } from '../store/database.js';
import type { KeptWithRecord, ListedDocument, StoredDocument } from '../store/document.js';
import { withStoreRetry } from '../store/retry.js';
import type { Store } from '../store/store.js';
import type { UnfinishedDocument } from '../store/unfinished.js';
import { endedDocument, type ToldOfEnds } from './ended.js';
import type { EventLog } from './event-log.js';
import type { KeptEvent } from './events.js';
import type { NotesOfEvents } from './notes.js';
import { failedDocument, outcomeOf } from './outcome.js';
import type { Progress } from './progress.js';
import type { Ended } from './reading.js';

interface KeepTools {
  store: Store;
  /** Who is told that a document has ended. */
  told: ToldOfEnds;
  logger: Logger;
}

/**
 * Keeps what came of a reading; a record that cannot be kept is a document that failed.
 *
 * @returns whether it was kept as it is: not when the document was deleted or cancelled meanwhile, or another process
 *   has it
 */
export async function keepEnd(
  { store, told, logger }: KeepTools,
  { document, sender, run }: Pick<UnfinishedDocument, 'document' | 'sender' | 'run'>,
  ended: Ended,
  {
    progress,
    notes,
    log,
    signal,
  }: { progress: Progress; notes: NotesOfEvents; log: EventLog; signal: AbortSignal },
): Promise<boolean> {
  const beside = 'record' in ended ? await besideRecord(logger, document.id, ended, notes) : undefined;
  const events = await log.takeLast(ended.end, signal);
  const finish = async (
    outcome: StoredDocument | ListedDocument,
    kept: KeptEvent[],
    more?: KeptWithRecord,
  ): Promise<boolean> => {
    const about = endedDocument(outcome, ended.end, sender);
    const webhook = told.event(about);
    const isOurs = await withStoreRetry(() => store.finish(outcome, run, kept, more, webhook), signal);
    // What another process reads by now is told by that one.
    if (!isOurs) return false;
    log.show(kept);
    told.ended(about);
    return true;
  };
  try {
    return await finish(outcomeOf(document, ended, progress), events, beside);
  } catch (error) {
    if (signal.aborted || error instanceof StoreError) throw error;
    logger.error({ document: document.id, ...loggable(error) }, 'a record was not kept');
    const reason = 'Keeping what was read failed unexpectedly.';
    const last = { ...ended.end, type: 'failed', error: reason } as const;
    const failed = events.map((event, index) =>
      index === events.length - 1 ? { ...event, ...last } : event,
    );
    await finish(failedDocument(document, progress, reason), failed);
    return false;
  }
}

/** A document is not lost over what stands beside its record. */
async function besideRecord(
  logger: Logger,
  id: string,
  { record, texts, alsoRead, readAs }: Extract<Ended, { record: unknown }>,
  notes: NotesOfEvents,
): Promise<KeptWithRecord> {
  const evidence = await evidenceOf(record, texts).catch((error: unknown) => {
    logger.error({ document: id, ...loggable(error) }, 'the evidence of a document was not found');
    return null;
  });
  const supports =
    evidence &&
    (await supportOf(record, texts, evidence, alsoRead).catch((error: unknown) => {
      logger.error({ document: id, ...loggable(error) }, 'the support of a document was not found');
      return [];
    }));
  const supported = evidence?.map((account, index) => ({ ...account, support: supports?.[index] ?? {} }));
  for (const few of pagesOfFewFields(record, texts.texts)) notes.fewFields(few);
  return { evidence: supported ?? null, notes: notes.all(record.page_mapping), readAs };
}
