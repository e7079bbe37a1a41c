import type { GivenRun } from '../engine/given.js';
import type { DocumentQueue } from '../llm/turns.js';
import type { Decisions } from '../rollout/decision.js';
import type { TextSource } from '../stages/pipeline.js';
import type { DocumentRecord } from '../stages/record.js';
import type { DocumentContext } from './context.js';
import type { DocumentEvent } from './events.js';
import { ProgressOfEvents } from './progress.js';
import { readDocument, type ReadingTools } from './reading.js';

/** A document that a caller gives, and keeps itself. */
export interface GivenDocument {
  countPages: (signal: AbortSignal) => Promise<number | undefined>;
  source: TextSource;
}

/**
 * Reads it, and tells the caller how far it is.
 *
 * @throws what the source throws for a document that cannot be read; the signal's reason on abort
 */
export async function readForCaller(
  tools: ReadingTools,
  decisions: Decisions,
  { countPages, source }: GivenDocument,
  {
    signal,
    queue,
    finishing,
    answers,
    onProgress,
    ...sender
  }: Omit<DocumentContext, 'onWait'> & GivenRun & { queue: DocumentQueue },
): Promise<DocumentRecord> {
  // One that is aborted meanwhile is decided all the same, and told as one that was broken off.
  const counted = () => countPages(signal).catch(() => undefined);
  const decision = await decisions.decideCounted(sender, counted);
  const { plan, reason } = decision;
  tools.watch(
    { type: 'accepted', plan, reason },
    { requestId: sender.requestId, documentId: undefined, decision },
  );
  const progress = new ProgressOfEvents();
  const emit = (event: DocumentEvent) => {
    if (!progress.update(event)) return;
    try {
      onProgress?.(progress.now);
    } catch {
      // Showing progress is the caller's business; a document is not lost over it.
    }
  };
  const request = { sender, decision, signal, queue, answers, finishing, emit };
  const ended = await readDocument(tools, request, source);
  emit(ended.end);
  if ('error' in ended) throw ended.error;
  ended.compare();
  return ended.record;
}
