import type { Clock } from '../clock.js';
import { askModel, type Caller } from '../llm/call.js';
import type { FailureReason } from '../llm/failure-reason.js';
import { ModelFailure } from '../llm/failure.js';
import type { Model } from '../llm/request.js';
import { withRetries } from '../llm/retry.js';
import type { AnswerForm, Field, PageAnswer } from '../llm/wire.js';
import type { AnswersByPage } from './answers.js';
import { halves, type Batch } from './batches.js';
import { doubtfulPages } from './grounding.js';
import { INSTRUCTIONS } from './instructions.js';
import type { Page } from './page.js';
import type { BatchFailure, PageEvent } from './reading.js';

/** A batch that failed this often for transient reasons is asked again page by page. */
const BATCH_FAILURES = 3;

/** A page whose trouble will not go away is asked about this often. */
const PERMANENT_FAILURES = 2;

type PageFields = Extract<PageAnswer, { fields: Field[] }>;

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
  answerForm: AnswerForm;
  /** Failed or unusable answers after which a page is given up, from 1. */
  pageAttempts: number;
  answers: AnswersByPage;
  caller: Caller & { emit: (event: PageEvent) => void };
  signal: AbortSignal;
  /** Of the model's service. */
  clock: Clock;
  /** Of the reading: waited for before it is broken off. */
  finishing: <T>(work: Promise<T>) => Promise<T>;
  /**
   * Waits for one of the places that the document's calls have. Held for one call and the keeping of its answer,
   * not from one try to the next: what fails again and again keeps nobody else from being asked, who may show
   * that the service is well, or that it is not.
   */
  inPlace: <T>(call: () => Promise<T>) => Promise<T>;
  /** Handed what an answer said of a page that has the fields of another one. */
  alsoRead: (page: number, fields: readonly Field[]) => void;
}

/**
 * Reads the pages of a unit: asks about them together, checks the answer, asks again about each page that
 * was not answered well, and keeps every answer as it comes (DESIGN, Ten ways a batch goes wrong). A batch
 * that is too large for the service is asked about in halves.
 *
 * @returns what came of each page, by its number
 * @throws the signal's reason on abort; never for a page that was given up
 */
export async function readUnit(unit: Unit, tools: UnitTools): Promise<Map<number, PageOutcome>> {
  const outcomes = new Map<number, PageOutcome>();
  const askAlone = async (page: Page, asked: Asked) => {
    outcomes.set(page.number, await askPage(page, unit.name, asked, tools));
  };
  const [only, ...more] = unit.pages;
  if (only && more.length === 0) {
    await askAlone(only, { purpose: 'first', isSecondTry: false });
    return outcomes;
  }
  const answered = await askBatch(unit, tools);
  if (answered === 'too_large') {
    const parts = await Promise.all(halves(unit.pages).map((pages) => readUnit({ ...unit, pages }, tools)));
    return new Map(parts.flatMap((part) => [...part]));
  }
  for (const [page, fields] of answered.used) outcomes.set(page, { fields });
  const salvage = unit.pages.filter(({ number }) => !outcomes.has(number));
  if (salvage.length > 0) {
    const pages = salvage.map(({ number }) => number);
    tools.caller.emit({ type: 'salvage_started', unit: unit.name, pages });
  }
  await Promise.all(
    salvage.map((page) =>
      askAlone(page, { purpose: 'salvage', isSecondTry: answered.misfitting.has(page.number) }),
    ),
  );
  for (const { number } of salvage) {
    const outcome = outcomes.get(number);
    const unused = answered.unused.get(number);
    if (unused && outcome && 'fields' in outcome) tools.alsoRead(number, unused);
  }
  return outcomes;
}

interface Asked {
  purpose: 'first' | 'salvage';
  /** Some field of the page did not fit before: one that does not now is left out. */
  isSecondTry: boolean;
}

/** Asks about one page alone until there is a usable answer, or it is given up. */
async function askPage(
  page: Page,
  unit: string,
  { purpose, isSecondTry }: Asked,
  {
    model,
    answerForm,
    pageAttempts,
    answers,
    caller,
    signal,
    clock,
    finishing,
    inPlace,
    alsoRead,
  }: UnitTools,
): Promise<PageOutcome> {
  const patience = { failures: pageAttempts, unusable: pageAttempts, permanent: PERMANENT_FAILURES };
  const instruction = INSTRUCTIONS[answerForm][page.kind];
  const question = { instruction, answerForm, pages: [page] };
  let mayMisfit = isSecondTry;
  /** Better than none where the page would be given up. */
  let partial: PageFields | undefined;
  const ask = async () => {
    const [answer] = await askModel(model, question, caller, { unit, purpose, signal });
    if (!answer) throw new ModelFailure('page_missing');
    if ('fault' in answer) throw new ModelFailure(answer.fault);
    const isTriedAgain = answer.misfits && (!mayMisfit || answer.fields.length === 0);
    if (answer.misfits && answer.fields.length > 0) partial = answer;
    if (!isTriedAgain) return keep(answer);
    mayMisfit = true;
    throw new ModelFailure('page_malformed');
  };
  const keep = async (answer: PageFields) => {
    await finishing(answers.keep([page], [{ page, fields: answer.fields }]));
    return answer;
  };
  const done = ({ fields, misfits }: PageFields): PageOutcome => {
    if (partial && partial.fields !== fields) alsoRead(page.number, partial.fields);
    if (misfits) caller.emit({ type: 'field_dropped', page: page.number, fields: misfits });
    caller.emit({ type: 'page_done', page: page.number, answer_form: answerForm });
    return { fields };
  };
  try {
    return done(await withRetries(() => inPlace(ask), patience, signal, clock));
  } catch (error) {
    if (!(error instanceof ModelFailure)) throw error;
    if (partial) return done(await keep(partial));
    const { reason, service = null } = error;
    caller.emit({ type: 'page_failed', page: page.number, reason, service });
    return { failed: reason };
  }
}

/** What a batch was answered. */
interface BatchAnswer {
  /** The fields of the pages that were answered well, by page number, */
  used: Map<number, Field[]>;
  /** and of those that were not. */
  unused: Map<number, Field[]>;
  /** Pages with fields in no form that can be read. */
  misfitting: Set<number>;
}

/**
 * Asks about a batch of two and more pages. Transient failures are tried again; a batch that failed for
 * good, broke off or was refused is left to salvage as a whole, and so is each page that the answer left
 * out, got wrong or mixed up with another.
 */
async function askBatch(
  unit: Unit,
  { model, answerForm, answers, caller, signal, clock, finishing, inPlace }: UnitTools,
): Promise<BatchAnswer | 'too_large'> {
  const { name, kind, pages } = unit;
  const patience = { failures: BATCH_FAILURES, unusable: 1, permanent: 1 };
  const numbers = pages.map(({ number }) => number);
  const question = { instruction: INSTRUCTIONS[answerForm][kind], answerForm, pages };
  const checked = (failure: BatchFailure | null) =>
    caller.emit({ type: 'batch_checked', unit: name, pages: numbers, failure });
  const checkAndKeep = async (given: readonly PageAnswer[]): Promise<BatchAnswer> => {
    const { usable, failure } = await check(pages, given);
    checked(failure);
    await answers.keep(pages, usable);
    const used = new Map(usable.map(({ page, fields }) => [page.number, fields]));
    const unused = new Map<number, Field[]>();
    for (const [index, { number }] of pages.entries()) {
      const answer = given[index];
      if (answer && 'fields' in answer && !used.has(number)) unused.set(number, answer.fields);
    }
    return {
      used,
      unused,
      misfitting: new Set(numbers.filter((_, index) => hasMisfits(given[index]))),
    };
  };
  const ask = async () => {
    let given: PageAnswer[];
    try {
      given = await askModel(model, question, caller, { unit: name, purpose: 'first', signal });
    } catch (error) {
      // Of an outage it says nothing about the batch, which is asked again as it is.
      if (error instanceof ModelFailure && !error.isOfService) checked(error.reason);
      throw error;
    }
    return finishing(checkAndKeep(given));
  };
  try {
    const answer = await withRetries(() => inPlace(ask), patience, signal, clock);
    for (const page of answer.used.keys()) {
      caller.emit({ type: 'page_done', page, answer_form: answerForm });
    }
    return answer;
  } catch (error) {
    if (!(error instanceof ModelFailure)) throw error;
    if (error.reason === 'too_large') return 'too_large';
    return { used: new Map(), unused: new Map(), misfitting: new Set() };
  }
}

function hasMisfits(answer: PageAnswer | undefined): boolean {
  return answer !== undefined && 'fields' in answer && (answer.misfits ?? 0) > 0;
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
    const isUsable = answer && 'fields' in answer && !hasMisfits(answer) && !suspect.has(page.number);
    return isUsable ? { page, fields: answer.fields } : [];
  });
  const [doubt] = [...doubts.values()].sort(
    (a, b) => Number(b === 'value_slipped') - Number(a === 'value_slipped'),
  );
  const misfit = answers.some(hasMisfits) ? 'field_malformed' : null;
  return { usable, failure: faults[0]?.fault ?? doubt ?? misfit };
}
