import { NUMBER, readings } from '../numbers.js';

/** A number with the signs that belong to it; what is a part of a date or of a longer number is none. */
const AMOUNT = new RegExp(
  `(?<![\\d.,]|\\d[-/])(-?\\p{Sc}?-?)(${NUMBER.source})(\\s?%|\\p{Sc})?(?![-/]?\\d)`,
  'gu',
);

/**
 * The numbers of a page by what they say, each as it is printed: undefined for one that is printed in several ways.
 */
export function printedAmounts(pageText: string): Map<number, string | undefined> {
  const printed = new Map<number, string | undefined>();
  for (const [, before = '', run = '', after = ''] of pageText.matchAll(AMOUNT)) {
    const digits = run.replace(/[.,'’\s]+$/, '');
    const form = before + digits + (digits === run ? after : '');
    for (const reading of readings(digits)) {
      const amount = Number(reading) * (before.includes('-') ? -1 : 1);
      printed.set(amount, !printed.has(amount) || printed.get(amount) === form ? form : undefined);
    }
  }
  return printed;
}
