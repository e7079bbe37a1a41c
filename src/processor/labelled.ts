import type { Field } from '../llm/wire.js';

/** "Label: value" on a line of its own: a few words, a colon, and what is no sentence. */
const LABELLED = /^[^\S\n]*(\p{L}[\p{L}\p{M}\d _.'’()/#&-]{0,60}?)[^\S\n]?:[^\S\n]+(\S[^\n]{0,120})$/gmu;
const MOST_LABEL_WORDS = 5;
const MOST_VALUE_WORDS = 10;
/** From so many labelled values on, an answer with fewer than half as many fields is clearly too short. */
const ENOUGH = 3;

/** Which account a page is about is told from its text, so that models may leave it out. */
const ACCOUNT_NUMBER = /\b(?:account|acct)\b[\s_]*(?:number|no\b|nr\b|#|s\b)|^account_?n(?:umber|o)/i;

/**
 * Whether an answer has no field though labelled values stand on its page, or clearly fewer than those. Meant
 * to spare good answers: pages of terms hold colons that label nothing, and what a page puts behind a tag of
 * its own was made to mislead.
 */
export function fieldsMissing(pageText: string, fields: readonly Field[]): boolean {
  const labels = labelledValues(beforeOwnTag(pageText));
  const read = fields.filter(
    ({ name, value }) => value !== '' && !ACCOUNT_NUMBER.test(name.slice(0, 200)),
  ).length;
  if (read === 0) return labels > 0;
  return labels >= ENOUGH && read * 2 < labels;
}

/** A page's text up to a tag of its own: what stands behind one was made to mislead. */
export function beforeOwnTag(pageText: string): string {
  return pageText.slice(0, /<\/?page/i.exec(pageText)?.index);
}

/** How many values with a label stand in a text, account numbers aside. */
export function labelledValues(text: string): number {
  return Array.from(text.matchAll(LABELLED)).filter(
    ([, label = '', value = '']) =>
      !ACCOUNT_NUMBER.test(label) &&
      label.trim().split(/\s+/).length <= MOST_LABEL_WORDS &&
      value.trim().split(/\s+/).length <= MOST_VALUE_WORDS &&
      // A form that nobody has filled in.
      /[\p{L}\p{N}]/u.test(value),
  ).length;
}
