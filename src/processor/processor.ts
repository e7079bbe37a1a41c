import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import type { FailureReason } from '../llm/failure.js';
import type { Asking, CallReport, Model } from '../llm/model.js';
import { processPacer, type Pacing } from '../llm/pacing.js';
import type { UsageLedger } from '../llm/usage.js';
import type { Field } from '../llm/wire.js';
import { askBatch, askPage, type BatchFailure, type PageOutcome } from './asking.js';
import { longestFirst, planBatches, type Batch } from './batches.js';
import { KeptAnswers, type AnswerShelf } from './kept-answers.js';
import { MOST_PAGES_A_BATCH, MOST_WORKERS } from './plan.js';
import { mergeFields, mergePageResults, type AccountRecord, type PageResult } from './merge.js';
import { isBlank, preparePage, type Page } from './page.js';

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
}

/** What belongs to one run over a document. */
export interface Run {
  usage: UsageLedger;
  /** Aborts the run; calls under way are broken off. */
  signal: AbortSignal;
  /** Where calls wait for their turn. Default: with all others of the process. */
  pacing?: Pacing | undefined;
  /** Where answers are kept as they come, and found again. Default: nowhere. */
  answers?: AnswerShelf | undefined;
  /** Called each time a page that was asked about is done, answered or given up. */
  onPageDone?: (() => void) | undefined;
  /** Called after every call about a batch: null when all its pages were answered well. */
  onBatch?: ((failure: BatchFailure | null) => void) | undefined;
  /** Called after every request to the model. */
  onCall?: ((call: CallReport) => void) | undefined;
}

/** Thrown for a page that was given up, where there is no list of failed pages to put it in. */
export class PageFailedError extends Error {
  override readonly name = 'PageFailedError';

  constructor(readonly failed: FailedPage) {
    super(`Page ${failed.page} was given up: ${failed.reason}`);
  }
}

/** What came of each page of an account that was asked about. */
type Outcomes = Map<number, PageOutcome>;

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
    run: Run,
  ): Promise<PageResult | null> {
    if (isBlank(pageText)) return null;
    const page = preparePage(pageNumber, pageText);
    const kept = new KeptAnswers(run.answers, this.#settings.model, 'single-page');
    const fields = (await kept.find([page])).get(pageNumber);
    if (fields) {
      run.onPageDone?.();
      return pageResult(pageNumber, fields);
    }
    const outcome = await this.#askPage(page, 'first', kept, run);
    if ('failed' in outcome) {
      throw new PageFailedError({ page: pageNumber, account: accountNumber, reason: outcome.failed });
    }
    return pageResult(pageNumber, outcome.fields);
  }

  /** Batches, one after the other: {@link processBatchesParallel} with a single worker. */
  processBatchPagesWithLlm(
    accounts: readonly AccountPages[],
    texts: TextByPage,
    batchSize: number,
    run: Run,
  ): Promise<AccountResult[]> {
    return this.processBatchesParallel(accounts, texts, batchSize, 1, run);
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
    run: Run,
  ): Promise<AccountResult[]> {
    checkWithin('batchSize', batchSize, MOST_PAGES_A_BATCH);
    checkWithin('maxWorkers', maxWorkers, MOST_WORKERS);
    setMaxListeners(0, run.signal);
    const { model } = this.#settings;
    const pool = pLimit(maxWorkers);
    const kept = new KeptAnswers(run.answers, model, 'batch');
    const process = async ({ outcomes, ...batch }: Batch & { outcomes: Outcomes }) => {
      const askAlone = async (page: Page, purpose: Asking['purpose']) => {
        outcomes.set(page.number, await pool(() => this.#askPage(page, purpose, kept, run)));
      };
      const [only, ...more] = batch.pages;
      if (only && more.length === 0) return askAlone(only, 'first');
      const { answered, salvage } = await pool(async () => {
        const outcome = await askBatch(model, batch, asking('first', run), run.onBatch);
        await kept.keep(outcome.answered);
        return outcome;
      });
      for (const { page, fields } of answered) {
        outcomes.set(page.number, { fields });
        run.onPageDone?.();
      }
      // Back through the pool and not within the batch's own turn, which would lock it.
      await Promise.all(salvage.map((page) => askAlone(page, 'salvage')));
    };
    const work = accounts.map((account) => ({
      account,
      asked: askedPages(account.pages, texts),
      outcomes: new Map() as Outcomes,
    }));
    const known = await kept.find(work.flatMap(({ asked }) => asked));
    const batches = work.flatMap(({ asked, outcomes }) => {
      for (const { number } of asked) {
        const fields = known.get(number);
        if (!fields) continue;
        outcomes.set(number, { fields });
        run.onPageDone?.();
      }
      const missing = asked.filter(({ number }) => !outcomes.has(number));
      return planBatches(missing, batchSize, model.budget).map((batch) => ({ ...batch, outcomes }));
    });
    await Promise.all(longestFirst(batches).map(process));
    return work.map(({ account, outcomes }) => accountResult(account, outcomes));
  }

  /** {@link mergePageResults} as a method, where callers of the old processor look for it. */
  mergePageResults(...merging: Parameters<typeof mergePageResults>): AccountRecord | null {
    return mergePageResults(...merging);
  }

  async #askPage(page: Page, purpose: Asking['purpose'], kept: KeptAnswers, run: Run): Promise<PageOutcome> {
    const { model, pageAttempts } = this.#settings;
    const outcome = await askPage(model, page, pageAttempts, asking(purpose, run));
    if ('fields' in outcome) await kept.keep([{ page, fields: outcome.fields }]);
    run.onPageDone?.();
    return outcome;
  }
}

function checkWithin(name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new RangeError(`${name} must be a whole number from 1 to ${most}, got ${String(value)}`);
  }
}

function asking(purpose: Asking['purpose'], { pacing, usage, signal, onCall }: Run): Asking {
  return { pacer: pacing ?? processPacer, usage, purpose, signal, onCall };
}

/** Each page once, in order, and only those with text (DESIGN, row 7). */
function askedPages(pages: readonly number[], texts: TextByPage): Page[] {
  return ascending(pages).flatMap((number) => {
    const text = texts.get(number) ?? '';
    return isBlank(text) ? [] : [preparePage(number, text)];
  });
}

function accountResult({ accountNumber, pages }: AccountPages, outcomes: Readonly<Outcomes>): AccountResult {
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
