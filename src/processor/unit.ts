import { askModel, type Caller, type Model } from '../llm/call.js';
import { ModelFailure, type FailureReason } from '../llm/failure.js';
import { withRetries } from '../llm/retry.js';
import type { Field, PageAnswer } from '../llm/wire.js';
import type { AnswersByPage } from './answers.js';
import type { Batch } from './batches.js';
import { doubtfulPages } from './grounding.js';
import { INSTRUCTIONS } from './instructions.js';
import type { Page } from './page.js';
import type { BatchFailure, PageEvent } from './reading.js';

/** A batch that failed this often for transient reasons is asked again page by page. */
const BATCH_FAILURES = 3;

/** A page whose trouble will not go away is asked about this often. */
const PERMANENT_FAILURES = 2;

/** What came of asking about a page. */
export type PageOutcome = { fields: Field[] } | { failed: FailureReason };

/** A batch with its salvage: what it does depends on its pages and the kept answers alone. */
export interface Unit extends Batch {
  /** Of the document, in the planned order: `<document>/<number>`. */
  name: string;
}

/** What a unit is read with. */
export interface UnitTools {
  model: Model;
  /** Failed or unusable answers after which a page is given up, from 1. */
  pageAttempts: number;
  answers: AnswersByPage;
  caller: Caller & { emit: (event: PageEvent) => void };
  signal: AbortSignal;
  /** Of the reading: waited for before it is broken off. */
  finishing: <T>(work: Promise<T>) => Promise<T>;
  /**
   * Waits for one of the places that the document's calls have. Held for one call and the keeping of its answer,
   * not from one try to the next: what fails again and again keeps nobody else from being asked, who may show
   * that the service is well, or that it is not.
   */
  inPlace: <T>(call: () => Promise<T>) => Promise<T>;
}

/**
 * Reads the pages of a unit: asks about them together, checks the answer, asks again about each page that
 * was not answered well, and keeps every answer as it comes (DESIGN, Ten ways a batch goes wrong).
 *
 * @returns what came of each page, by its number
 * @throws the signal's reason on abort; never for a page that was given up
 */
export async function readUnit(unit: Unit, tools: UnitTools): Promise<Map<number, PageOutcome>> {
  const outcomes = new Map<number, PageOutcome>();
  const askAlone = async (page: Page, purpose: 'first' | 'salvage') => {
    outcomes.set(page.number, await askPage(page, unit.name, purpose, tools));
  };
  const [only, ...more] = unit.pages;
  if (only && more.length === 0) {
    await askAlone(only, 'first');
    return outcomes;
  }
  const answered = await askBatch(unit, tools);
  for (const [page, fields] of answered) outcomes.set(page, { fields });
  const salvage = unit.pages.filter(({ number }) => !outcomes.has(number));
  if (salvage.length > 0) {
    const pages = salvage.map(({ number }) => number);
    tools.caller.emit({ type: 'salvage_started', unit: unit.name, pages });
  }
  await Promise.all(salvage.map((page) => askAlone(page, 'salvage')));
  return outcomes;
}

/** Asks about one page alone until there is a usable answer, or it is given up. */
async function askPage(
  page: Page,
  unit: string,
  purpose: 'first' | 'salvage',
  { model, pageAttempts, answers, caller, signal, finishing, inPlace }: UnitTools,
): Promise<PageOutcome> {
  const patience = { failures: pageAttempts, unusable: pageAttempts, permanent: PERMANENT_FAILURES };
  const ask = async () => {
    const instruction = INSTRUCTIONS[page.kind];
    const [answer] = await askModel(model, instruction, [page], caller, { unit, purpose, signal });
    if (!answer) throw new ModelFailure('page_missing');
    if ('fault' in answer) throw new ModelFailure(answer.fault);
    const { fields } = answer;
    await finishing(answers.keep([page], [{ page, fields }]));
    return fields;
  };
  try {
    const fields = await withRetries(() => inPlace(ask), patience, signal);
    caller.emit({ type: 'page_done', page: page.number });
    return { fields };
  } catch (error) {
    if (!(error instanceof ModelFailure)) throw error;
    caller.emit({ type: 'page_failed', page: page.number, reason: error.reason });
    return { failed: error.reason };
  }
}

/**
 * Asks about a batch of two and more pages. Transient failures are tried again; a batch that failed for
 * good, broke off or was refused is left to salvage as a whole, and so is each page that the answer left
 * out, got wrong or mixed up with another.
 *
 * @returns the fields of the pages that were answered well, by page number
 */
async function askBatch(
  unit: Unit,
  { model, answers, caller, signal, finishing, inPlace }: UnitTools,
): Promise<Map<number, Field[]>> {
  const { name, kind, pages } = unit;
  const patience = { failures: BATCH_FAILURES, unusable: 1, permanent: 1 };
  const numbers = pages.map(({ number }) => number);
  const checked = (failure: BatchFailure | null) =>
    caller.emit({ type: 'batch_checked', unit: name, pages: numbers, failure });
  const checkAndKeep = async (given: readonly PageAnswer[]) => {
    const { usable, failure } = await check(pages, given);
    checked(failure);
    await answers.keep(pages, usable);
    return usable;
  };
  const ask = async () => {
    let given: PageAnswer[];
    try {
      const options = { unit: name, purpose: 'first', signal } as const;
      given = await askModel(model, INSTRUCTIONS[kind], pages, caller, options);
    } catch (error) {
      if (error instanceof ModelFailure) checked(error.reason);
      throw error;
    }
    return finishing(checkAndKeep(given));
  };
  try {
    const usable = await withRetries(() => inPlace(ask), patience, signal);
    for (const { page } of usable) caller.emit({ type: 'page_done', page: page.number });
    return new Map(usable.map(({ page, fields }) => [page.number, fields]));
  } catch (error) {
    if (error instanceof ModelFailure) return new Map();
    throw error;
  }
}

/** The answers of a batch that can be used, and why the others cannot. */
async function check(
  pages: readonly Page[],
  answers: readonly PageAnswer[],
): Promise<{ usable: { page: Page; fields: Field[] }[]; failure: BatchFailure | null }> {
  const doubts = await doubtfulPages(pages, answers);
  const faults = answers.flatMap((answer) => ('fault' in answer ? answer : []));
  const suspect = new Set(doubts.keys());
  for (const { claimed } of faults) if (claimed !== undefined) suspect.add(claimed);
  const usable = pages.flatMap((page, index) => {
    const answer = answers[index];
    const isUsable = answer && 'fields' in answer && !suspect.has(page.number);
    return isUsable ? { page, fields: answer.fields } : [];
  });
  const [doubt] = [...doubts.values()].sort(
    (a, b) => Number(b === 'value_slipped') - Number(a === 'value_slipped'),
  );
  return { usable, failure: faults[0]?.fault ?? doubt ?? null };
}
