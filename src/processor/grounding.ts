import type { Field, PageAnswer } from '../llm/wire.js';
import { pauses } from '../pauses.js';
import { isAscii, strip } from '../text.js';
import { fieldsMissing } from './labelled.js';
import { indexPage, soughtFor, stands, standsAsIs, type IndexedPage } from './locate.js';
import type { Page } from './page.js';
import { Steps, TooManySteps } from './steps.js';
import {
  areWritten,
  figuresOf,
  isFigure,
  wordsBesideFigures,
  writingsOf,
  type Figures,
  type Writings,
} from './writings.js';

/** Why a batch's answer for a page is not trusted, and the page is asked about alone. */
export type Doubt =
  /** A value stands on a neighbour and not on its own page, or the answers of two pages were swapped. */
  | 'value_slipped'
  /** An amount, a number, a date or an identity stands nowhere on its page, in no usual writing. */
  | 'value_not_found'
  /** Labelled values stand on the page, and the answer has none of them, or clearly fewer. */
  | 'fields_missing'
  /** There are more values than can be checked. */
  | 'too_many_values';

/** Of one page's answer; those of a page full of fine print stay far below. */
const MOST_FIELDS = 1_000;
const MOST_PARTS = 3_000;
/** For the values of one page. A step takes some 10 ns, so other work of the process waits 50 ms at most. */
const MOST_STEPS = 5_000_000;
/** Enough of a value to know it by; what a model makes up may be endless. */
const KNOWN_BY = 200;
/** A sign repeated without end is known by fewer: each is searched for letter by letter. */
const SIGNS_KNOWN_BY = 20;

/** Names of fields that hold persons, or the numbers they are known by. */
const IDENTITY =
  /name|holder|owner|signer|borrower|beneficiar|trustee|payee|ssn|dob|licen[cs]e|passport|_by$|cif|tax_?id|account_?n/i;

const MOST_WORDS_OF_NAME = 6;

/** A page of a batch with its answer. */
interface Sheet {
  number: number;
  fields: readonly Field[];
  reported: ReadonlySet<string>;
  page: IndexedPage;
  /** Read when a value asks for it. */
  writings: () => Writings;
  text: string;
}

/**
 * Finds the pages of a batch whose answer is not to be trusted (DESIGN, row 10; docs/hostile-pages.md):
 * - a part of a value ("Mary Smith" in "John Smith, Mary Smith") stands on a neighbour and not on its own
 *   page; or it stands on both, but under this very label ("Branch: Main") only on the neighbour, whose own
 *   answer lacks it: the two answers were swapped;
 * - an amount, a number, a date or an identity stands nowhere on the page, in no usual writing. Other values
 *   that stand on no page are the model's own reading and pass;
 * - labelled values stand on the page, and the answer has none or clearly fewer.
 *
 * The page a slipped value came from is named, too: its own answer may be the other half of a swap. Lets other
 * work of the process go on in between.
 *
 * @param answers an answer for each of `pages`, in their order
 * @returns by number, the pages to ask about again, and why
 */
export async function doubtfulPages(
  pages: readonly Page[],
  answers: readonly PageAnswer[],
): Promise<Map<number, Doubt>> {
  const sheets = pages.map((page, index) => sheetOf(page, answers[index]));
  const doubts = new Map<number, Doubt>();
  const pause = pauses();
  for (const [index, own] of sheets.entries()) {
    const answer = answers[index];
    if (!answer || !('fields' in answer)) continue;
    await pause();
    const doubt = (number: number, why: Doubt): void => {
      if (!doubts.has(number) || why === 'value_slipped') doubts.set(number, why);
    };
    try {
      if (fieldsMissing(own.text, own.fields)) doubt(own.number, 'fields_missing');
      await checkValues(own, sheets, doubt, pause);
    } catch (error) {
      if (!(error instanceof TooManySteps)) throw error;
      doubt(own.number, 'too_many_values');
    }
  }
  return doubts;
}

function sheetOf({ number, text }: Page, answer: PageAnswer | undefined): Sheet {
  const fields = answer && 'fields' in answer ? answer.fields : [];
  let writings: Writings | undefined;
  return {
    number,
    fields,
    reported: new Set(fields.slice(0, MOST_FIELDS).map(labelled)),
    page: indexPage(text),
    writings: () => (writings ??= writingsOf(text)),
    text,
  };
}

/** @throws {TooManySteps} when there are more values than can be checked */
async function checkValues(
  own: Sheet,
  sheets: readonly Sheet[],
  doubt: (number: number, why: Doubt) => void,
  pause: () => Promise<void>,
): Promise<void> {
  if (own.fields.length > MOST_FIELDS) throw new TooManySteps();
  const steps = new Steps(MOST_STEPS);
  const neighbours = sheets.filter((sheet) => sheet !== own);
  let parts = 0;
  for (const field of own.fields) {
    await pause();
    const values = valueParts(field.value);
    parts += values.length;
    if (parts > MOST_PARTS) throw new TooManySteps();
    if (values.length === 0) continue;
    const missing = values
      .map((value) => new ValuePart(knownBy(value)))
      .filter(({ sought }) => !stands(sought, own.page, steps))
      .filter((part) => !part.isFigure || !isWritten(part, own, steps));
    const named = labelled(field);
    const label = soughtFor(named);
    if (missing.length === 0 && standsAsIs(label, own.page, steps)) continue;
    for (const neighbour of neighbours) {
      const isSource =
        missing.length > 0
          ? missing.some(({ sought }) => stands(sought, neighbour.page, steps))
          : standsAsIs(label, neighbour.page, steps) && !neighbour.reported.has(named);
      if (!isSource) continue;
      doubt(own.number, 'value_slipped');
      doubt(neighbour.number, 'value_slipped');
    }
    for (const part of missing) {
      if (!part.isFigure && (!isIdentity(field, part.text) || isWritten(part, own, steps))) continue;
      doubt(own.number, 'value_not_found');
      for (const neighbour of neighbours) {
        await pause();
        if (!isWritten(part, neighbour, steps)) continue;
        doubt(own.number, 'value_slipped');
        doubt(neighbour.number, 'value_slipped');
      }
    }
  }
}

/** A part of a value, read once for all the pages it is looked for on. */
class ValuePart {
  readonly sought: ReturnType<typeof soughtFor>;
  #figures: Figures | undefined;
  #words: string[] | undefined;

  constructor(readonly text: string) {
    this.sought = soughtFor(text);
  }

  get isFigure(): boolean {
    return isFigure(this.text);
  }

  get figures(): Figures {
    return (this.#figures ??= figuresOf(this.text));
  }

  get words(): readonly string[] {
    return (this.#words ??= wordsBesideFigures(this.text));
  }
}

/** Whether a value stands on a page in another writing: its dates and numbers, and its words in any order. */
function isWritten({ text, figures, words }: ValuePart, { page, writings }: Sheet, steps: Steps): boolean {
  // "Smith, John" is "John Smith"; words that are scattered over the page are not.
  if (!/\d/.test(text) && words.length > MOST_WORDS_OF_NAME) return false;
  return (
    areWritten(figures, writings(), steps) &&
    words.every((word) => isLost(word, page) || stands(soughtFor(word), page, steps))
  );
}

/** Fonts and OCR lose the letters they do not know: a page without any such letter shows nothing by lacking one. */
function isLost(word: string, { text }: IndexedPage): boolean {
  return !isAscii(word) && isAscii(text);
}

/** Names, and the numbers that persons and papers are known by. */
function isIdentity({ name }: Field, value: string): boolean {
  return IDENTITY.test(name.slice(0, KNOWN_BY)) && /[\p{L}\p{N}]/u.test(value);
}

function labelled({ name, value }: Field): string {
  return `${name.slice(0, KNOWN_BY)}: ${knownBy(value)}`;
}

/** The beginning of a value, in whole words. */
function knownBy(value: string): string {
  const most = /[\p{L}\p{N}]/u.test(value.slice(0, KNOWN_BY)) ? KNOWN_BY : SIGNS_KNOWN_BY;
  if (value.length <= most) return value;
  return value.slice(0, most).replace(/(?<=[^\p{L}\p{N}])[\p{L}\p{N}]+$/u, '');
}

/** A value's parts: lists are joined with a comma and a space, as the instructions ask. "May 4, 2024" is one. */
export function valueParts(value: string): string[] {
  return value
    .split(/(?<!\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2}),\s+|;\s+|\n/i)
    .map(strip)
    .filter((part) => part !== '');
}
