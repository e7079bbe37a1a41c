import { randomUUID } from 'node:crypto';
import type { Shadow } from '../comparison/shadow.js';
import type { ServiceError } from '../llm/service-error.js';
import type { Queue } from '../llm/turns.js';
import { UsageLedger, type PriceTable } from '../llm/usage.js';
import type { AnswerCache } from '../processor/answers.js';
import { fieldsOf } from '../processor/asking.js';
import type { Fields } from '../processor/merge.js';
import type { PageProcessor } from '../processor/processor.js';
import type { Reading } from '../processor/reading.js';
import type { Decision } from '../rollout/decision.js';
import type { PageTexts } from '../stages/page-texts.js';
import { PdfError } from '../stages/pdf-error.js';
import { runPipeline, type TextSource } from '../stages/pipeline.js';
import { isRead, type DocumentRecord } from '../stages/record.js';
import type { OtherReadings } from '../stages/support/support.js';
import { StoreError } from '../store/database.js';
import type { ReadAs } from '../store/document.js';
import type { Sender } from '../store/unfinished.js';
import { AskedAs } from './asked-as.js';
import { figuresOf, noOutcome, type DocumentEvent, type EndEvent } from './events.js';

/** What an event is about, for whoever watches all documents. */
export interface EventSource {
  requestId: string | undefined;
  /** Of a document that is kept. */
  documentId: string | undefined;
  decision: Decision;
  /** What was thrown, with the event of a reading that failed. */
  error?: unknown;
}

/** Told of every event of every document, as it happens: metrics, the log and the automatic rollback are made from them. */
export type Watch = (event: DocumentEvent, source: EventSource) => void;

export interface ReadingTools {
  processor: PageProcessor;
  prices: PriceTable;
  /** Told the `model/tier` that a call was billed at, where `prices` lacks it. */
  onUnpricedTier: (name: string) => void;
  shadow: Shadow;
  watch: Watch;
  /** As it is asked for. */
  modelName: string;
}

/** One document to be read. */
export interface ReadingRequest {
  sender: Sender;
  /** The id it is kept under, where it is. */
  documentId?: string | undefined;
  decision: Decision;
  signal: AbortSignal;
  queue?: Queue | undefined;
  answers?: AnswerCache | undefined;
  finishing?: Reading['finishing'];
  emit: (event: DocumentEvent) => void;
}

/** How a reading ended: with a record, or with what was thrown. */
export type Ended =
  | {
      end: EndEvent;
      record: DocumentRecord;
      texts: PageTexts;
      alsoRead: OtherReadings;
      readAs: ReadAs;
      /** Has it compared in the shadow, where that was decided: to be called once the record is kept or served. */
      compare: () => void;
    }
  | { end: EndEvent; error: unknown };

/**
 * Reads a document once, under its plan to the end.
 *
 * @param source where its page texts come from
 * @returns its last event, which is not emitted: a document that is kept has ended once that is kept
 */
export async function readDocument(
  { processor, prices, onUnpricedTier, shadow, watch, modelName }: ReadingTools,
  { sender, documentId, decision, signal, queue, answers, finishing, emit }: ReadingRequest,
  source: TextSource,
): Promise<Ended> {
  const startedAt = performance.now();
  const requestId = sender.requestId ?? randomUUID();
  const about: EventSource = { requestId, documentId, decision };
  const usage = new UsageLedger(prices, undefined, onUnpricedTier);
  let service: ServiceError | null = null;
  let texts: PageTexts = { texts: new Map(), totalPages: 0, ocrPages: [], unreadablePages: [] };
  let totalPages: number | null = null;
  const alsoRead = new Map<number, Fields[]>();
  const asked = new AskedAs(modelName);
  const told = (event: DocumentEvent) => {
    asked.note(event);
    if (event.type === 'pages_counted') totalPages = event.total_pages;
    if (event.type === 'call_ended' || event.type === 'page_failed') service = event.service ?? service;
    watch(event, about);
    emit(event);
  };
  const seconds = () => Math.round(performance.now() - startedAt) / 1_000;
  const kept: TextSource = async (signal, onPage) => (texts = await source(signal, onPage));
  try {
    const { plan } = decision;
    const id = documentId ?? requestId;
    const record = await runPipeline(processor, kept, {
      id,
      plan,
      signal,
      usage,
      queue,
      answers,
      finishing,
      emit: told,
      alsoRead: (page, fields) => alsoRead.set(page, [...(alsoRead.get(page) ?? []), fieldsOf(fields)]),
    });
    const outcome = figuresOf(record, { totalPages, service, seconds: seconds() });
    const end: EndEvent = isRead(record)
      ? { type: 'completed', ...outcome }
      : { type: 'failed', error: null, ...outcome };
    watch(end, about);
    const { shadow: batchPlan } = decision;
    // Where words stand is nothing to compare, and would fill the memory.
    const { words: _words, ...compared } = texts;
    const compare = () => {
      if (batchPlan) shadow.consider({ requestId, documentId, texts: compared, record, batchPlan });
    };
    return { end, record, texts, alsoRead, readAs: asked.inAll, compare };
  } catch (error) {
    const figures = { total_pages: totalPages, service, usage: usage.total(), seconds: seconds() };
    const outcome = { ...noOutcome(decision.plan), ...figures };
    // One that the store is away for is read later.
    const end: EndEvent =
      signal.aborted || error instanceof StoreError
        ? { type: 'broken_off', ...outcome }
        : { type: 'failed', error: messageOf(error), ...outcome };
    // An abort says nothing that its caller does not know.
    watch(end, { ...about, error: signal.aborted ? undefined : error });
    return { end, error };
  } finally {
    decision.admission?.done();
  }
}

/** For the person who sent the document. */
function messageOf(error: unknown): string {
  return error instanceof PdfError ? error.message : 'Reading the document failed unexpectedly.';
}
