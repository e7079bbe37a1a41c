/**
 * What each reason says for a value or against it, in tenths of the natural logarithm of the odds that it is right:
 * 10 make them 2.7 times as good. Fitted on made pages, for one wrong value in twenty
 * (`npm run bench -- support`), so that the support of a value is the share of its like that are right.
 */
export const POINTS = {
  /** It stands on a page that it was read on, word for word. */
  stands: 30,
  /** ... in another writing: "May 4, 2024" for "05/04/2024". */
  stands_otherwise: 31,
  /** Some of its parts stand there, and some nowhere. */
  stands_in_part: -5,
  /** All its words stand on the page, but not together. Set: the fit has three such values. */
  scattered: -10,
  figures_nowhere: -35,
  words_nowhere: -23,
  /** The label beside it, or above, has the very words of the field's name. */
  label_exact: 29,
  label_close: 27,
  label_partly: 12,
  /** No label of the page has them. */
  label_nowhere: 6,
  /** Another label of the page names the field, and the value does not stand there. */
  label_elsewhere: -27,
  label_perhaps_elsewhere: 0,
  /** It stands beside the first of several such labels, and the field is of the second. */
  label_of_another: -22,
  /** It is a part of what stands behind its label, or runs on into what stands beside that. */
  not_whole: -69,
  /** How sure OCR was of its least sure word: 90 and more, 70 and more, less. */
  ocr_sure: 1,
  ocr_unsure: -4,
  ocr_doubtful: -9,
  /** A date that exists, a ZIP code of its state and the like; or none where the field's name asks for one. */
  form_right: 11,
  form_wrong: -25,
  /** "Opening + paid in - paid out = closing", or the number of a table's rows. */
  adds_up: 10,
  /** OCR read it in a column that adds up to the total under it. */
  column_adds_up: 1,
  does_not_add_up: -10,
  /** Other pages of the account gave the same value, or another. */
  other_pages_agree: 13,
  other_pages_differ: -2,
  /**
   * Another answer about the page said the same, or not: one that was not used, or that of the other path. Set, not
   * fitted: a model that is right says it again 97 times in 100, one that is wrong every second time.
   */
  read_again_same: 7,
  read_again_differs: -28,
} as const;

export type Reason = keyof typeof POINTS;

/** Points of a value about which nothing is known. */
const BASE = -5;

/** @returns 0 to 100, in tenths */
export function supportFor(reasons: readonly Reason[]): number {
  const points = reasons.reduce((sum, reason) => sum + POINTS[reason], BASE);
  return Math.round(1_000 / (1 + Math.exp(-points / 10))) / 10;
}
