import type { Field, PageAnswer } from '../llm/wire.js';
import { strip } from '../text.js';
import { indexPage, soughtFor, stands } from './locate.js';
import type { Page } from './page.js';
import { searchForm } from './search-form.js';

/**
 * Finds the pages of a batch whose answer is not to be trusted because a value slipped from one
 * page into another's answer (DESIGN, row 10). A value has slipped when
 * - a part of it ("Mary Smith" in "John Smith, Mary Smith") stands on a neighbour and not on its own
 *   page; or
 * - it stands on both, but under this very label ("Branch: Main") only on the neighbour, whose own
 *   answer lacks it: the two answers were swapped.
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
    const fields = answer && 'fields' in answer ? answer.fields : [];
    return { number, fields, reported: new Set(fields.map(labelled)), page: indexPage(text) };
  });
  const slipped = new Set<number>();
  for (const own of sheets) {
    for (const field of own.fields) {
      const values = valueParts(field.value).map((part) => soughtFor(part.slice(0, KNOWN_BY)));
      if (values.length === 0) continue;
      const foreign = values.filter((value) => !stands(value, own.page));
      const label = searchForm(labelled(field));
      if (foreign.length === 0 && own.page.plain.includes(label)) continue;
      const sources = sheets.filter(({ page, reported }) =>
        foreign.length > 0
          ? foreign.some((value) => stands(value, page))
          : page.plain.includes(label) && !reported.has(labelled(field)),
      );
      for (const source of sources) slipped.add(own.number).add(source.number);
    }
  }
  return slipped;
}

function labelled({ name, value }: Field): string {
  return `${name}: ${value}`;
}

/** Enough of a value to know it by; what a model makes up may be endless. */
const KNOWN_BY = 200;

/** A value's parts: lists are joined with a comma and a space, as the instructions ask. */
export function valueParts(value: string): string[] {
  return value
    .split(/[,;]\s+|\n/)
    .map(strip)
    .filter((part) => part !== '');
}
