import type { Field, PageAnswer } from '../llm/wire.js';
import { strip } from '../text.js';
import type { Page } from './page.js';

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
    return { number, fields, reported: new Set(fields.map(labelled)), text: searchable(text) };
  });
  const slipped = new Set<number>();
  for (const own of sheets) {
    for (const field of own.fields) {
      const values = parts(field.value);
      if (values.length === 0) continue;
      const foreign = values.filter((value) => !stands(value, own.text));
      const label = words(labelled(field));
      if (foreign.length === 0 && own.text.words.includes(label)) continue;
      const sources = sheets.filter(({ text, reported }) =>
        foreign.length > 0
          ? foreign.some((value) => stands(value, text))
          : text.words.includes(label) && !reported.has(labelled(field)),
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
function parts(value: string): string[] {
  return value
    .split(/[,;]\s+|\n/)
    .map((entry) => strip(entry).slice(0, KNOWN_BY))
    .filter((entry) => entry !== '');
}

/** A text in the forms it is searched in: in lower case, each word with a space on both sides. */
interface Searchable {
  raw: string;
  words: string;
  /** The same with words parted that OCR ran together: "BranchMain Street", "Number12345678". */
  readonly parted: string;
}

function searchable(text: string): Searchable {
  let parted: string | undefined;
  // Seldom needed, and the costliest form.
  return {
    raw: text,
    words: words(text),
    get parted() {
      return (parted ??= words(part(text)));
    },
  };
}

function part(text: string): string {
  return text.replace(/(?<=\p{Ll})(?=\p{Lu})|(?<=\p{L})(?=\p{N})/gu, ' ');
}

/** Whole words only: "John Smith" does not stand in "John Smithson", nor "12 Oak" in "112 Oak". */
function stands(value: string, text: Searchable): boolean {
  const sought = searchable(value);
  // A value of signs alone ("-", an emoji) has no words to look for.
  if (sought.words === ' ') return text.raw.includes(value);
  return text.words.includes(sought.words) || text.parted.includes(sought.parted);
}

function words(text: string): string {
  return ` ${text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ')} `.replace(/ {2,}/g, ' ');
}
