import { randomUUID } from 'node:crypto';
import type { ServiceError } from '../llm/failure.js';
import { processPacer, type Pacing } from '../llm/pacing.js';
import { UsageLedger, type PriceTable } from '../llm/usage.js';
import { loggable, type Logger } from '../logger.js';
import { formatPlan, type ProcessingPlan } from '../processor/plan.js';
import type { AnswerShelf } from '../processor/kept-answers.js';
import type { PageProcessor } from '../processor/processor.js';
import type { PageTexts } from '../stages/page-texts.js';
import { runPipeline, type TextSource } from '../stages/pipeline.js';
import type { OnProgress } from '../stages/progress.js';
import { isRead, type DocumentRecord, type MissingPage } from '../stages/record.js';
import { StoreError } from '../store/database.js';
import type { FlagContext } from '../rollout/flags.js';
import type { Shadow } from '../comparison/shadow.js';
import type { BatchFailure } from '../processor/asking.js';
import type { CallReport } from '../llm/model.js';
import type { Decision, Decisions } from '../rollout/decision.js';
import type { Usage } from '../llm/usage.js';

/** What belongs to one request. */
export interface RequestContext extends FlagContext {
  /** Names the request in the log. Default: a new id. */
  requestId?: string | undefined;
  /** The id the document is kept under, for those that are. */
  documentId?: string;
  signal: AbortSignal;
  onProgress?: OnProgress | undefined;
  /** Whether somebody waits for the plan: it is then decided a second after the start at the latest. */
  isPlanAwaited?: boolean;
  /** The plan a document was started with before; it is kept. */
  resumedPlan?: ProcessingPlan | undefined;
  pacing?: Pacing;
  answers?: AnswerShelf;
}

/** A request whose plan is being decided. */
export interface OpenRequest {
  plan: Promise<ProcessingPlan>;
  /**
   * Reads the document, once: under its plan to the end, told of in metrics and in one line of the log,
   * and compared in the shadow afterwards.
   *
   * @throws what the source throws for a document that cannot be read; the signal's reason on abort
   */
  read(source: TextSource): Promise<DocumentRecord>;
}

/** Told of what becomes of documents. */
export interface Watcher {
  decided(decision: Decision): void;
  called(path: ProcessingPlan['path'], call: CallReport): void;
  batchCalled(failure: BatchFailure | null): void;
  documentCompleted(record: DocumentRecord): void;
  documentLost(plan: ProcessingPlan, outcome: 'failed' | 'aborted', usage: Usage): void;
}

export interface RequestTools {
  decisions: Decisions;
  shadow: Shadow;
  metrics: Watcher;
  modelHealth: { called(call: CallReport): void };
  processor: PageProcessor;
  prices: PriceTable;
  logger: Logger;
}

/** Begins a request, which is decided once. */
export function openRequest(
  { decisions, metrics, modelHealth, shadow, processor, prices, logger }: RequestTools,
  context: RequestContext,
): OpenRequest {
  const { userId, sessionId, properties, documentId, signal, onProgress, answers } = context;
  // A line of its own, or each of its calls would count as a document.
  const pacing = context.pacing ?? processPacer.line();
  const requestId = context.requestId ?? randomUUID();
  const opening = new Opening();
  if (context.resumedPlan || !decisions.needsPageCount) opening.counted(undefined);
  if (context.isPlanAwaited) opening.limit(OPENING_LIMIT_MS);
  const deciding = opening.pageCount.then((pageCount) => {
    const counted = pageCount === undefined ? properties : { pageCount, ...properties };
    const decision = context.resumedPlan
      ? decisions.resume(context.resumedPlan)
      : decisions.decide({ userId, sessionId, properties: counted }, pageCount);
    metrics.decided(decision);
    return decision;
  });
  const log = (level: 'info' | 'warn', fields: object, message: string) =>
    logger[level]({ request_id: requestId, ...(documentId && { document: documentId }), ...fields }, message);

  const read = async (source: TextSource): Promise<DocumentRecord> => {
    const startedAt = performance.now();
    let service: ServiceError | null = null;
    const usage = new UsageLedger(prices);
    let texts: PageTexts | undefined;
    const watched: TextSource = async (signal, onPage) => {
      texts = await source(signal, (done) => {
        opening.counted(done.totalPages);
        onPage(done);
      });
      opening.counted(texts.totalPages);
      return texts;
    };
    try {
      const record = await runPipeline(processor, watched, {
        plan: deciding.then(({ plan }) => plan),
        usage,
        signal,
        onProgress,
        pacing,
        answers,
        onCall: (call) => {
          service = call.service ?? service;
          // A call that was broken off says nothing of the service.
          if (!signal.aborted) modelHealth.called(call);
          void deciding.then(({ plan }) => metrics.called(plan.path, call));
        },
        onBatch: (failure) => {
          metrics.batchCalled(failure);
          void deciding.then(({ admission }) => admission?.onBatch(failure));
        },
      });
      const { reason, shadow: batchPlan } = await deciding;
      const { calls, salvage_calls, prompt_tokens, completion_tokens, cost_usd } = record.usage;
      const about = { plan: formatPlan(record.plan), reason, pages: texts?.totalPages };
      const used = { calls, salvage_calls, prompt_tokens, completion_tokens, cost_usd };
      const failed = record.failed_pages;
      const missing = {
        failed_pages: failed.length,
        ...(failed.length > 0 && { failed_by_reason: countedByReason(failed), service }),
      };
      metrics.documentCompleted(record);
      const fields = { ...about, ...missing, ...used, ...record.timings, seconds: secondsSince(startedAt) };
      if (isRead(record)) log('info', fields, 'document read');
      else log('warn', fields, 'document failed');
      if (batchPlan && texts) shadow.consider({ requestId, documentId, texts, record, batchPlan });
      return record;
    } catch (error) {
      opening.counted(undefined);
      const { plan, reason } = await deciding;
      // A document that the store is away for is read later.
      const outcome = signal.aborted || error instanceof StoreError ? 'aborted' : 'failed';
      metrics.documentLost(plan, outcome, usage.total());
      const about = { plan: formatPlan(plan), reason, pages: texts?.totalPages, calls: usage.total().calls };
      const why = signal.aborted ? {} : { ...loggable(error), service };
      log('warn', { ...about, ...why, seconds: secondsSince(startedAt) }, `document ${outcome}`);
      throw error;
    } finally {
      void deciding.then(({ admission }) => admission?.done());
    }
  };
  return { plan: deciding.then(({ plan }) => plan), read };
}

function countedByReason(failed: readonly MissingPage[]): Partial<Record<MissingPage['reason'], number>> {
  const counts: Partial<Record<MissingPage['reason'], number>> = {};
  for (const { reason } of failed) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

function secondsSince(startedAt: number): number {
  return Math.round(performance.now() - startedAt) / 1_000;
}

/** An upload is answered, with its plan, after this at the latest: the number of pages is then unknown. */
const OPENING_LIMIT_MS = 1_000;

/** The number of pages, from which on a request can be decided; undefined when it does not come in time. */
class Opening {
  #timer: NodeJS.Timeout | undefined;
  #resolve: (pages: number | undefined) => void = () => undefined;
  readonly pageCount = new Promise<number | undefined>((resolve) => (this.#resolve = resolve));

  limit(ms: number): void {
    this.#timer = setTimeout(() => this.counted(undefined), ms);
  }

  /** Counts once. */
  counted(pages: number | undefined): void {
    clearTimeout(this.#timer);
    this.#resolve(pages);
  }
}
