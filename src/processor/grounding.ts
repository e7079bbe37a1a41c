import type { Field, PageAnswer } from '../llm/wire.js';
import type { Page } from './page.js';

/**
 * Finds the pages of a batch whose answer is not to be trusted because a value slipped from one
 * page into another's answer (DESIGN, row 10). A value has slipped when a neighbour's text holds it
 * and its own page's text does not; so has a labelled value ("Branch: Main Street") that the
 * neighbour holds in these words and the own page does not, which tells apart short values that
 * occur on both pages. Both the page with the slipped value and the one it came from are named: the
 * answers may have been swapped, and the other half may be an empty list, which shows nothing.
 *
 * Values that stand on no page (a date written another way) are the model's own reading and pass.
 *
 * @param answers an answer for each of `pages`, in their order
 * @returns numbers of the pages to ask about again
 */
export function slippedPages(pages: readonly Page[], answers: readonly PageAnswer[]): Set<number> {
  const texts = pages.map((page) => ({ number: page.number, words: words(page.text), raw: page.text }));
  const slipped = new Set<number>();
  texts.forEach((own, index) => {
    const answer = answers[index];
    if (!answer || 'fault' in answer) return;
    const neighbours = texts.filter((text) => text !== own);
    for (const field of answer.fields) {
      for (const phrase of phrases(field)) {
        if (holds(own, phrase)) continue;
        for (const source of neighbours.filter((neighbour) => holds(neighbour, phrase))) {
          slipped.add(own.number).add(source.number);
        }
      }
    }
  });
  return slipped;
}

interface Phrase {
  words: string;
  raw: string;
}

function phrases({ name, value }: Field): Phrase[] {
  const raw = value.trim();
  if (raw === '') return [];
  return [
    { words: words(value), raw },
    { words: words(`${name} ${value}`), raw: `${name}: ${raw}` },
  ];
}

function holds(text: Phrase, phrase: Phrase): boolean {
  // A value of signs alone ("-", an emoji) has no words to look for.
  return phrase.words === ' ' ? text.raw.includes(phrase.raw) : text.words.includes(phrase.words);
}

/** The words alone, in lower case, each with a space on both sides, so that whole words compare. */
function words(text: string): string {
  return ` ${text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ')} `.replace(/ {2,}/g, ' ');
}
