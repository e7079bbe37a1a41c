import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import type { Model } from '../llm/request.js';
import type { FailureReason } from '../llm/failure-reason.js';
import { ModelService } from '../llm/service.js';
import type { AnswerForm, Field } from '../llm/wire.js';
import { pauses } from '../pauses.js';
import { AnswersByPage } from './answers.js';
import { longestFirst, planBatches } from './batches.js';
import { mergeFields, mergePageResults, type AccountRecord, type PageResult } from './merge.js';
import { isBlank, preparePage, type Page } from './page.js';
import { MOST_PAGES_A_BATCH, MOST_WORKERS, type ProcessingPlan } from './plan.js';
import type { Reading } from './reading.js';
import { readUnit, type PageOutcome, type UnitTools } from './unit.js';

/** Page texts by page number, from 1. A page without an entry is a page without text. */
export type TextByPage = ReadonlyMap<number, string>;

/** An account and its pages, in any order, repeated or not; null for a document that names none. */
export interface AccountPages {
  accountNumber: string | null;
  pages: readonly number[];
}

/** A page that was given up, with the reason in the terms of `llm/failure.ts`. */
export interface FailedPage {
  page: number;
  account: string | null;
  reason: FailureReason;
}

/** What came of an account: its record (null when no page has fields) and the pages that are missing. */
export interface AccountResult {
  accountNumber: string | null;
  record: AccountRecord | null;
  failedPages: FailedPage[];
}

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
    const page = preparePage(pageNumber, pageText);
    const { inPlace = pLimit(1) } = reading;
    const tools = this.#tools(reading, { path: 'single-page', answerForm: 'objects' }, inPlace);
    const known = (await tools.answers.find([[page]])).get(pageNumber);
    if (known) {
      tools.caller.emit({ type: 'page_done', page: pageNumber });
      return pageResult(pageNumber, known);
    }
    const unit = { name: unitName(reading, pageNumber), kind: page.kind, pages: [page] };
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
    checkWithin('batchSize', batchSize, MOST_PAGES_A_BATCH);
    checkWithin('maxWorkers', maxWorkers, MOST_WORKERS);
    setMaxListeners(0, reading.signal);
    const answerForm = reading.answerForm ?? this.#settings.answerForm ?? 'lines';
    const tools = this.#tools(reading, { path: 'batch', answerForm }, pLimit(maxWorkers));
    const work: { account: AccountPages; pages: Page[]; outcomes: Map<number, PageOutcome> }[] = [];
    for (const account of accounts) {
      work.push({ account, pages: await askedPages(account.pages, texts), outcomes: new Map() });
    }
    const { budget } = this.#settings.model;
    const whole = work.flatMap(({ pages }) => planBatches(pages, batchSize, budget));
    const known = await tools.answers.find(whole.map(({ pages }) => pages));
    for (const page of known.keys()) tools.caller.emit({ type: 'page_done', page });
    const batches = work.flatMap(({ pages, outcomes }) => {
      for (const { number } of pages) {
        const fields = known.get(number);
        if (fields) outcomes.set(number, { fields });
      }
      const missing = pages.filter(({ number }) => !outcomes.has(number));
      return planBatches(missing, batchSize, budget).map((batch) => ({ ...batch, outcomes }));
    });
    const read = async ({ outcomes, ...batch }: (typeof batches)[number], index: number) => {
      const unit = { ...batch, name: unitName(reading, index + 1) };
      for (const [page, outcome] of await readUnit(unit, tools)) outcomes.set(page, outcome);
    };
    await Promise.all(longestFirst(batches).map(read));
    return work.map(({ account, outcomes }) => accountResult(account, outcomes));
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
    }: Omit<Reading, 'plan'>,
    { path, answerForm }: { path: ProcessingPlan['path']; answerForm: AnswerForm },
    inPlace: UnitTools['inPlace'],
  ): UnitTools {
    const { model, pageAttempts } = this.#settings;
    return {
      model,
      answerForm,
      pageAttempts,
      signal,
      finishing,
      answers: new AnswersByPage(answers, id, { model, path, answerForm }),
      caller: { usage, queue: queue ?? ModelService.of(model.client).queue.document(), emit },
      inPlace,
    };
  }
}

function checkWithin(name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new RangeError(`${name} must be a whole number from 1 to ${most}, got ${String(value)}`);
  }
}

function unitName({ id = 'pages' }: Omit<Reading, 'plan'>, number: number): string {
  return `${id}/${number}`;
}

/** Each page once, in order, and only those with text (DESIGN, row 7). */
async function askedPages(pages: readonly number[], texts: TextByPage): Promise<Page[]> {
  const asked: Page[] = [];
  const pause = pauses();
  for (const number of ascending(pages)) {
    const text = texts.get(number) ?? '';
    await pause();
    if (!isBlank(text)) asked.push(preparePage(number, text));
  }
  return asked;
}

function accountResult(
  { accountNumber, pages }: AccountPages,
  outcomes: ReadonlyMap<number, PageOutcome>,
): AccountResult {
  const results: PageResult[] = [];
  const failedPages: FailedPage[] = [];
  for (const page of ascending(pages)) {
    const outcome = outcomes.get(page);
    if (outcome && 'failed' in outcome) {
      failedPages.push({ page, account: accountNumber, reason: outcome.failed });
    } else if (outcome) {
      const result = pageResult(page, outcome.fields);
      if (result) results.push(result);
    }
  }
  return { accountNumber, record: mergePageResults(accountNumber, results, ascending(pages)), failedPages };
}

function pageResult(page: number, fields: readonly Field[]): PageResult | null {
  if (fields.length === 0) return null;
  const extracted = mergeFields(
    fields.map(({ name, value, confidence }) => [name, { value, confidence }] as const),
  );
  return { page_number: page, extracted_data: extracted };
}

function ascending(pages: readonly number[]): number[] {
  return [...new Set(pages)].sort((a, b) => a - b);
}
