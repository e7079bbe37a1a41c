import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import type { Model } from '../llm/request.js';
import { ModelService } from '../llm/service.js';
import type { AnswerForm } from '../llm/wire.js';
import { AnswersByPage } from './answers.js';
import {
  BatchAsking,
  pageResult,
  type AccountPages,
  type AccountResult,
  type Asking,
  type FailedPage,
  type TextByPage,
} from './asking.js';
import { mergePageResults, type AccountRecord, type PageResult } from './merge.js';
import { isBlank, preparePage } from './page.js';
import { MOST_PAGES_A_BATCH, MOST_WORKERS, type ProcessingPlan } from './plan.js';
import type { Reading } from './reading.js';
import { readUnit, type UnitTools } from './unit.js';

export type { AccountPages, AccountResult, Asking, FailedPage, TextByPage } from './asking.js';

export interface ProcessorSettings {
  model: Model;
  /** Failed or unusable answers of its own after which a page is given up, from 1. */
  pageAttempts: number;
  /** How batches are answered where a reading does not say. Default: as lines. */
  answerForm?: AnswerForm | undefined;
}

/** A reading in batches; `answerForm`: how they are answered, where not as the settings say. */
export type BatchReading = Omit<Reading, 'plan'> & { answerForm?: AnswerForm | undefined };

/** Thrown for a page that was given up, where there is no list of failed pages to put it in. */
export class PageFailedError extends Error {
  override readonly name = 'PageFailedError';

  constructor(readonly failed: FailedPage) {
    super(`Page ${failed.page} was given up: ${failed.reason}`);
  }
}

/** Turns accounts' pages into records: page by page, or in batches with the same result. */
export class PageProcessor {
  readonly #settings: ProcessorSettings;

  constructor(settings: ProcessorSettings) {
    this.#settings = settings;
  }

  /**
   * One page, one call: the path of the system being replaced. A blank page asks nothing.
   *
   * @param pageNumber from 1
   * @returns null when the page has no fields
   * @throws {PageFailedError} when the page was given up; the signal's reason on abort
   */
  async processSinglePageWithLlm(
    accountNumber: string | null,
    pageText: string,
    pageNumber: number,
    reading: Omit<Reading, 'plan'>,
  ): Promise<PageResult | null> {
    if (isBlank(pageText)) return null;
    const page = preparePage(pageNumber, pageText, false);
    const { inPlace = pLimit(1) } = reading;
    const tools = this.#tools(reading, { path: 'single-page', answerForm: 'objects' }, inPlace);
    const known = (await tools.answers.find([[page]])).get(pageNumber);
    if (known) {
      tools.caller.emit({ type: 'page_done', page: pageNumber, answer_form: known.answerForm });
      return pageResult(pageNumber, known.fields);
    }
    const unit = { name: `${documentName(reading)}/${pageNumber}`, kind: page.kind, pages: [page] };
    const outcome = (await readUnit(unit, tools)).get(pageNumber);
    if (outcome && 'failed' in outcome) {
      throw new PageFailedError({ page: pageNumber, account: accountNumber, reason: outcome.failed });
    }
    return pageResult(pageNumber, outcome?.fields ?? []);
  }

  /** Batches, one after the other: {@link processBatchesParallel} with a single worker. */
  processBatchPagesWithLlm(
    accounts: readonly AccountPages[],
    texts: TextByPage,
    batchSize: number,
    reading: BatchReading,
  ): Promise<AccountResult[]> {
    return this.processBatchesParallel(accounts, texts, batchSize, 1, reading);
  }

  /**
   * Batches of all accounts in one pool, the longest first. The results are those of asking page by
   * page, whatever the order in which answers arrive (DESIGN, Ten ways a batch goes wrong).
   *
   * @param batchSize pages a call, 1 to 10
   * @param maxWorkers calls at once for this document, 1 to 20
   * @returns a result for each account, in their order
   * @throws {RangeError} for sizes out of range; the signal's reason on abort
   */
  async processBatchesParallel(
    accounts: readonly AccountPages[],
    texts: TextByPage,
    batchSize: number,
    maxWorkers: number,
    reading: BatchReading,
  ): Promise<AccountResult[]> {
    return this.beginBatches(batchSize, maxWorkers, reading).finish(accounts, texts);
  }

  /**
   * The same for a document whose pages come one by one: batches are asked about as soon as their pages are known.
   *
   * @param onBroken told of what `finish` will throw, as soon as that is known. Default: nobody is.
   * @throws {RangeError} for sizes out of range
   */
  beginBatches(
    batchSize: number,
    maxWorkers: number,
    reading: BatchReading,
    onBroken: (error: unknown) => void = () => undefined,
  ): Asking {
    checkWithin('batchSize', batchSize, MOST_PAGES_A_BATCH);
    checkWithin('maxWorkers', maxWorkers, MOST_WORKERS);
    setMaxListeners(0, reading.signal);
    const answerForm = reading.answerForm ?? this.#settings.answerForm ?? 'lines';
    const tools = this.#tools(reading, { path: 'batch', answerForm }, pLimit(maxWorkers));
    return new BatchAsking(documentName(reading), batchSize, tools, onBroken);
  }

  /** {@link mergePageResults} as a method, where callers of the old processor look for it. */
  mergePageResults(
    accountNumber: string | null,
    pageResults: readonly PageResult[],
    pages: readonly number[],
  ): AccountRecord | null {
    return mergePageResults(accountNumber, pageResults, pages);
  }

  /** What all units of a reading share. */
  #tools(
    {
      id,
      signal,
      usage,
      queue,
      answers,
      finishing = (work) => work,
      emit = () => undefined,
      alsoRead = () => undefined,
    }: Omit<Reading, 'plan'>,
    { path, answerForm }: { path: ProcessingPlan['path']; answerForm: AnswerForm },
    inPlace: UnitTools['inPlace'],
  ): UnitTools {
    const { model, pageAttempts } = this.#settings;
    const service = ModelService.of(model.client);
    return {
      model,
      answerForm,
      pageAttempts,
      signal,
      clock: service.clock,
      finishing,
      answers: new AnswersByPage(answers, id, { model, path, answerForm }),
      caller: { usage, queue: queue ?? service.queue.document(), emit },
      inPlace,
      alsoRead,
    };
  }
}

function checkWithin(name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new RangeError(`${name} must be a whole number from 1 to ${most}, got ${String(value)}`);
  }
}

function documentName({ id = 'pages' }: Omit<Reading, 'plan'>): string {
  return id;
}
