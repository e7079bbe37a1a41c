import type { Field, PageAnswer } from '../llm/wire.js';
import { strip } from '../text.js';
import type { Page } from './page.js';

/**
 * Finds the pages of a batch whose answer is not to be trusted because a value slipped from one
 * page into another's answer (DESIGN, row 10). A value has slipped when
 * - a neighbour's text holds it and its own page's text does not; or
 * - a neighbour's text holds it under this very label ("Branch: Main") and its own page's text does
 *   not, while the neighbour's answer lacks it: the two answers were swapped, and the value occurs
 *   on both pages.
 *
 * The page with the slipped value is named, and so is the one it came from, whose own answer may be
 * the other half of a swap: an empty list shows nothing by itself. Values that stand on no page (a
 * date written another way) are the model's own reading and pass.
 *
 * @param answers an answer for each of `pages`, in their order
 * @returns numbers of the pages to ask about again
 */
export function slippedPages(pages: readonly Page[], answers: readonly PageAnswer[]): Set<number> {
  const sheets = pages.map(({ number, text }, index) => {
    const answer = answers[index];
    return { number, fields: answer && 'fields' in answer ? answer.fields : [], text: phrase(text) };
  });
  const slipped = new Set<number>();
  for (const own of sheets) {
    for (const field of own.fields.filter(({ value }) => strip(value) !== '')) {
      const value = phrase(field.value);
      const labelled = phrase(`${field.name}: ${field.value}`);
      const isHere = holds(own.text, value);
      if (isHere && holds(own.text, labelled)) continue;
      const sources = sheets.filter((other) =>
        isHere ? holds(other.text, labelled) && !reports(other.fields, field) : holds(other.text, value),
      );
      for (const source of sources) slipped.add(own.number).add(source.number);
    }
  }
  return slipped;
}

function reports(fields: readonly Field[], { name, value }: Field): boolean {
  return fields.some((field) => field.name === name && field.value === value);
}

/** A text in two forms: as it is, and as words to be compared. */
interface Phrase {
  words: string;
  raw: string;
}

function phrase(text: string): Phrase {
  return { words: words(text), raw: strip(text) };
}

function holds(text: Phrase, sought: Phrase): boolean {
  // A value of signs alone ("-", an emoji) has no words to look for.
  return sought.words === ' ' ? text.raw.includes(sought.raw) : text.words.includes(sought.words);
}

/** The words alone, in lower case, each with a space on both sides, so that whole words compare. */
function words(text: string): string {
  return ` ${text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ')} `.replace(/ {2,}/g, ' ');
}
