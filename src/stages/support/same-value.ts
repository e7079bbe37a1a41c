import { searchForm } from '../../processor/search-form.js';
import { Steps, TooManySteps } from '../../processor/steps.js';
import { isFigure } from '../../processor/writings.js';
import { ReadPage } from './read-page.js';

/** A value of usual length takes a few hundred. */
const MOST_STEPS = 100_000;

/** Whether two values say the same, in whatever case and writing: "05/04/2024" and "May 4, 2024". */
export function isSameValue(a: string, b: string): boolean {
  if (a === b) return true;
  if (isNegative(a) !== isNegative(b)) return false;
  if (!isFigure(a) || !isFigure(b)) return searchForm(a) === searchForm(b);
  const steps = new Steps(MOST_STEPS);
  try {
    return new ReadPage(b).isWritten(a, steps) && new ReadPage(a).isWritten(b, steps);
  } catch (error) {
    if (error instanceof TooManySteps) return false;
    throw error;
  }
}

function isNegative(value: string): boolean {
  return /^[-–]|^[$] ?-|^\([$]?[\d.,]+\)$/.test(value.trim());
}
