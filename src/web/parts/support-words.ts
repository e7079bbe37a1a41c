import type { Reason } from '../../stages/support/table.js';

/** What each reason says for a value or against it, in plain words (docs/support.md). */
const SAID: Record<Reason, string> = {
  stands: 'It stands on its page, word for word.',
  stands_otherwise: 'It stands on its page in another writing.',
  stands_in_part: 'A part of it stands on its page, another nowhere.',
  scattered: 'All its words stand on its page, but not together.',
  figures_nowhere: 'Its figures stand nowhere on its page.',
  words_nowhere: 'Its words stand nowhere on its page.',
  label_exact: 'The label beside it has the words of the field’s name.',
  label_close: 'The label beside it has most words of the field’s name.',
  label_partly: 'The label beside it has some words of the field’s name.',
  label_nowhere: 'No label on the page has the words of the field’s name.',
  label_elsewhere: 'Another label on the page names the field, and the value does not stand there.',
  label_perhaps_elsewhere:
    'Another label on the page may name the field, and the value does not stand there.',
  label_of_another: 'It stands beside the label of another one of several such fields.',
  not_whole: 'It is only a part of what stands behind its label, or runs on into something else.',
  form_right: 'It has the form that the field asks for.',
  form_wrong: 'It does not have the form that the field asks for.',
  ocr_sure: 'It was read from a picture, and its print is clear.',
  ocr_unsure: 'It was read from a picture, and a word of it is not quite clear.',
  ocr_doubtful: 'It was read from a picture, and a word of it is hard to read.',
  adds_up: 'The sums of the page add up with it.',
  column_adds_up: 'The column that it stands in adds up.',
  does_not_add_up: 'The sums of the page do not add up with it.',
  other_pages_agree: 'Other pages of the account say the same.',
  other_pages_differ: 'Another page of the account says something else.',
  read_again_same: 'When the page was read again, the answer was the same.',
  read_again_differs: 'When the page was read again, the answer was another.',
};

/** A reason of a value's support, in a sentence. */
export function reasonSentence(reason: string): string {
  return Object.hasOwn(SAID, reason) ? SAID[reason as Reason] : reason;
}

export type SupportLevel = 'good' | 'fair' | 'doubtful';

const GOOD = 95;
const FAIR = 75;

/** How far a value can be trusted, in a word. */
export function supportLevel(support: number): SupportLevel {
  if (support >= GOOD) return 'good';
  return support >= FAIR ? 'fair' : 'doubtful';
}
