import type { RunFigures } from '../figures.js';

/** How figures are put into words, the same in the reports and on the terminal. */

const UNKNOWN = 'not known';
/** There is nothing to work a figure out from. */
const NONE = '–';

/** A share from 0 to 1 in percent. All or nothing is never shown for what only comes near it. */
export function percent(share: number | null): string {
  if (share === null) return NONE;
  if (share === 0 || share === 1) return `${share * 100} %`;
  return `${Math.min(99.99, Math.max(0.01, share * 100)).toFixed(2)} %`;
}

/** In USD. Calls of which no usage is known make it a lower bound. */
export function cost({ cost_usd: usd, unknown_usage_calls: unknown }: RunFigures): string {
  if (usd === null) return UNKNOWN;
  return `${unknown > 0 ? 'at least ' : ''}${usd === 0 ? '0' : usd.toPrecision(3)}`;
}

export function times(ratio: number | null): string {
  return ratio === null ? NONE : `${ratio.toFixed(2)} ×`;
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
