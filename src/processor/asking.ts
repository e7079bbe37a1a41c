import type { FailureReason } from '../llm/failure-reason.js';
import type { TokenBudget } from '../llm/request.js';
import type { Field } from '../llm/wire.js';
import { pauses } from '../pauses.js';
import { fits, longestFirst, planBatches, type Batch } from './batches.js';
import { mergeFields, mergePageResults, type AccountRecord, type Fields, type PageResult } from './merge.js';
import { isBlank, preparePage, type Page } from './page.js';
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

/** A document that is being asked about. */
export interface Asking {
  /**
   * Asks about a page before all are known: as soon as may be, and in no more calls than later.
   *
   * @param account what it belongs to; of each account, pages come in ascending order
   */
  ahead(account: string | null, page: number, text: string): void;
  /**
   * Asks about what is left, and waits for all.
   *
   * @returns a result for each account, in their order
   * @throws the signal's reason on abort
   */
  finish(accounts: readonly AccountPages[], texts: TextByPage): Promise<AccountResult[]>;
}

/**
 * The batches of one document. Those that are asked about ahead depend on the order of its pages alone, not on when
 * each was read.
 */
export class BatchAsking implements Asking {
  readonly #name: string;
  readonly #batchSize: number;
  readonly #tools: UnitTools;
  readonly #onBroken: (error: unknown) => void;
  /** Pages that came ahead and are not asked about yet, by account and kind. */
  readonly #waiting = new Map<string, Page[]>();
  /** What came of those that are. */
  readonly #ahead = new Map<number, PageOutcome | undefined>();
  readonly #asked: Promise<void>[] = [];
  #units = 0;

  /**
   * @param name of the document, for its units
   * @param batchSize pages a call
   * @param onBroken told of what `finish` will throw, as soon as that is known
   */
  constructor(name: string, batchSize: number, tools: UnitTools, onBroken: (error: unknown) => void) {
    this.#name = name;
    this.#batchSize = batchSize;
    this.#tools = tools;
    this.#onBroken = onBroken;
  }

  ahead(account: string | null, number: number, text: string): void {
    if (isBlank(text)) return;
    const page = preparePage(number, text, this.#batchSize > 1);
    const { kind } = page;
    if (page.alone) {
      this.#begin({ kind, pages: [page] });
      return;
    }
    const key = `${kind} ${account}`;
    const before = this.#waiting.get(key) ?? [];
    let waiting = [...before, page];
    if (before.length > 0 && !fits(waiting, this.#budget)) {
      this.#begin({ kind, pages: before });
      waiting = [page];
    }
    const isWhole = waiting.length === this.#batchSize;
    if (isWhole) this.#begin({ kind, pages: waiting });
    this.#waiting.set(key, isWhole ? [] : waiting);
  }

  async finish(accounts: readonly AccountPages[], texts: TextByPage): Promise<AccountResult[]> {
    const { answers, caller } = this.#tools;
    const work: { account: AccountPages; pages: Page[]; outcomes: Map<number, PageOutcome> }[] = [];
    for (const account of accounts) {
      const left = account.pages.filter((page) => !this.#ahead.has(page));
      work.push({ account, pages: await askedPages(left, texts, this.#batchSize > 1), outcomes: new Map() });
    }
    const plan = (pages: readonly Page[]) => planBatches(pages, this.#batchSize, this.#budget);
    const known = await answers.find(work.flatMap(({ pages }) => plan(pages)).map(({ pages }) => pages));
    for (const [page, { answerForm }] of known)
      caller.emit({ type: 'page_done', page, answer_form: answerForm });
    const batches = work.flatMap(({ pages, outcomes }) => {
      for (const { number } of pages) {
        const answer = known.get(number);
        if (answer) outcomes.set(number, { fields: answer.fields });
      }
      const missing = pages.filter(({ number }) => !outcomes.has(number));
      return plan(missing).map((batch) => ({ ...batch, outcomes }));
    });
    const rest = longestFirst(batches).map(({ outcomes, ...batch }) => this.#read(batch, outcomes));
    await Promise.all([...this.#asked, ...rest]);
    return work.map(({ account, outcomes }) =>
      accountResult(account, (page) => outcomes.get(page) ?? this.#ahead.get(page)),
    );
  }

  get #budget(): TokenBudget {
    return this.#tools.model.budget;
  }

  #begin(batch: Batch): void {
    for (const { number } of batch.pages) this.#ahead.set(number, undefined);
    const read = this.#findOrRead(batch);
    read.catch(this.#onBroken);
    this.#asked.push(read);
  }

  async #findOrRead({ kind, pages }: Batch): Promise<void> {
    const { answers, caller } = this.#tools;
    const known = await answers.find([pages]);
    for (const [page, { fields, answerForm }] of known) {
      this.#ahead.set(page, { fields });
      caller.emit({ type: 'page_done', page, answer_form: answerForm });
    }
    const missing = pages.filter(({ number }) => !known.has(number));
    if (missing.length > 0) await this.#read({ kind, pages: missing }, this.#ahead);
  }

  async #read(batch: Batch, outcomes: Map<number, PageOutcome | undefined>): Promise<void> {
    const unit = { ...batch, name: `${this.#name}/${++this.#units}` };
    for (const [page, outcome] of await readUnit(unit, this.#tools)) outcomes.set(page, outcome);
  }
}

/** Each page once, in order, and only those with text (DESIGN, row 7). */
async function askedPages(pages: readonly number[], texts: TextByPage, mayShare: boolean): Promise<Page[]> {
  const asked: Page[] = [];
  const pause = pauses();
  for (const number of ascending(pages)) {
    const text = texts.get(number) ?? '';
    await pause();
    if (!isBlank(text)) asked.push(preparePage(number, text, mayShare));
  }
  return asked;
}

function accountResult(
  { accountNumber, pages }: AccountPages,
  outcomeOf: (page: number) => PageOutcome | undefined,
): AccountResult {
  const results: PageResult[] = [];
  const failedPages: FailedPage[] = [];
  for (const page of ascending(pages)) {
    const outcome = outcomeOf(page);
    if (outcome && 'failed' in outcome) {
      failedPages.push({ page, account: accountNumber, reason: outcome.failed });
    } else if (outcome) {
      const result = pageResult(page, outcome.fields);
      if (result) results.push(result);
    }
  }
  return { accountNumber, record: mergePageResults(accountNumber, results, ascending(pages)), failedPages };
}

/** What the fields of a page come to; null for none. */
export function pageResult(page: number, fields: readonly Field[]): PageResult | null {
  return fields.length === 0 ? null : { page_number: page, extracted_data: fieldsOf(fields) };
}

/** The fields of a page's answer; a name that it has twice is merged. */
export function fieldsOf(fields: readonly Field[]): Fields {
  return mergeFields(fields.map(({ name, value, confidence }) => [name, { value, confidence }] as const));
}

function ascending(pages: readonly number[]): number[] {
  return [...new Set(pages)].sort((a, b) => a - b);
}
