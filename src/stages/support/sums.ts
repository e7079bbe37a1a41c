import { partedSearchForm } from '../../processor/search-form.js';
import type { Span } from '../../processor/words.js';

/** An amount as it is printed, in cents. */
interface Amount extends Span {
  right: number;
  cents: number;
}

const AMOUNT = /(?<![\d.,/-])([-–(+]? ?)[$]? ?(\d{1,3}(?:,\d{3})+|\d+)\.(\d{2})(?!\d|[.,]\d)\)?/g;
const TOTAL = /\btotals?\b|gross pay|account value/i;
/** Amounts of one column end at most so many columns apart. */
const ASKEW = 2;
const MOST_ROWS = 80;
/** So many rows without an amount end a column. */
const MOST_EMPTY = 3;

/** Where the amounts stand that add up to the total which is printed under them, with the total. */
export function summedAmounts(text: string): Span[] {
  const found: Span[] = [];
  let lineStart = 0;
  const rows = text.split('\n').map((line) => {
    const amounts = amountsOf(line, lineStart);
    lineStart += line.length + 1;
    return { amounts, isTotal: TOTAL.test(line) };
  });
  for (const [row, { amounts, isTotal }] of rows.entries()) {
    if (!isTotal) continue;
    for (const total of amounts) found.push(...addends(rows, row, total));
  }
  return found;
}

function addends(
  rows: readonly { amounts: readonly Amount[]; isTotal: boolean }[],
  totalRow: number,
  total: Amount,
): Amount[] {
  const items: Amount[] = [];
  let [sum, empty] = [0, 0];
  for (let row = totalRow - 1; row >= Math.max(0, totalRow - MOST_ROWS) && empty < MOST_EMPTY; row--) {
    const { amounts = [], isTotal = false } = rows[row] ?? {};
    const item = amounts.find(({ right }) => Math.abs(right - total.right) <= ASKEW);
    empty = item ? 0 : empty + 1;
    if (!item) continue;
    if (isTotal) break;
    items.push(item);
    sum += item.cents;
    if (items.length > 1 && Math.abs(sum) === Math.abs(total.cents)) return [...items, total];
  }
  return [];
}

function amountsOf(line: string, lineStart: number): Amount[] {
  return Array.from(
    line.matchAll(AMOUNT),
    ({ 0: printed, 1: sign = '', 2: whole = '', 3: cents = '', index }) => ({
      start: lineStart + index,
      end: lineStart + index + printed.length,
      right: index + printed.length,
      cents: (/[-–(]/.test(sign) ? -1 : 1) * (Number(whole.replaceAll(',', '')) * 100 + Number(cents)),
    }),
  );
}

/** Roles of an account's fields in "opening + paid in - paid out = closing", by the words of their names. */
const OPENING = /^(?:\w+ )?(?:opening|previous|beginning|starting|prior) (?:\w+ )?balance$/;
const CLOSING = /^(?:\w+ )?(?:closing|new|ending|current|final) (?:\w+ )?balance$/;
const IN = /\b(?:deposits?|credits?|additions|interest)\b/;
const OUT = /\b(?:withdrawals?|debits?|checks|charges|fees|subtractions)\b/;
/** What was counted, set or summed over more than the statement's time is no movement. */
const NO_MOVEMENT =
  /\b(?:number|count|no|ytd|year|limit|card|line|rate|average|minimum|maximum|date|pending|available|direct|item|\d+)\b/;
const MOST_MOVEMENTS = 6;

/** The fields that take part in "opening + paid in - paid out = closing", and whether that holds. */
export interface Balance {
  names: ReadonlySet<string>;
  addsUp: boolean;
}

/**
 * Whether the balances of an account fit what its fields say was paid in and out: all of them or some, because a sum
 * may have others in it.
 *
 * @returns undefined where there is nothing to check
 */
export function balanced(fields: readonly (readonly [name: string, value: string])[]): Balance | undefined {
  const amounts = fields.flatMap(([name, value]) => {
    const cents = centsOf(value);
    return cents === undefined ? [] : [{ name, words: partedSearchForm(name).trim(), cents }];
  });
  const only = (role: RegExp) => {
    const found = amounts.filter(({ words }) => role.test(words));
    return found.length === 1 ? found[0] : undefined;
  };
  const [opening, closing] = [only(OPENING), only(CLOSING)];
  if (!opening || !closing) return undefined;
  const movements = amounts.flatMap((amount) => {
    const { words, cents } = amount;
    if (amount === opening || amount === closing || NO_MOVEMENT.test(words)) return [];
    const [isIn, isOut] = [IN.test(words), OUT.test(words)];
    return isIn === isOut ? [] : [{ ...amount, cents: isIn ? Math.abs(cents) : -Math.abs(cents), isIn }];
  });
  const hasBoth = movements.some(({ isIn }) => isIn) && movements.some(({ isIn }) => !isIn);
  if (!hasBoth || movements.length > MOST_MOVEMENTS) return undefined;
  const fitting = subsets(movements)
    .filter((some) => some.length > 0)
    .find((some) => opening.cents + some.reduce((sum, { cents }) => sum + cents, 0) === closing.cents);
  const taking = fitting ?? movements;
  return {
    names: new Set([opening, closing, ...taking].map(({ name }) => name)),
    addsUp: fitting !== undefined,
  };
}

/** All ways to take some of a few, those with all of them first. */
function subsets<T>(of: readonly T[]): T[][] {
  const [first, ...rest] = of;
  if (first === undefined) return [[]];
  const without = subsets(rest);
  return [...without.map((some) => [first, ...some]), ...without];
}

function centsOf(value: string): number | undefined {
  const [, sign = '', whole = '', cents = '00'] =
    /^([-–(]?) ?[$+=]? ?(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d{2}))?\)?$/.exec(value.trim()) ?? [];
  if (whole === '') return undefined;
  return (sign === '' ? 1 : -1) * (Number(whole.replaceAll(',', '')) * 100 + Number(cents));
}

const COUNT =
  /(?:number|count|no)_?of_?(?:transactions|items|checks|deposits|withdrawals|entries)|(?:transactions|items|entries)_?(?:count|number)$/i;
const DATED_ROW =
  /^[^\S\n]*(?:\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?|\d{4}-\d{2}-\d{2}|[A-Z][a-z]{2} \d{1,2})[^\S\n].*\d/gm;

/** Whether a field is the number of something, as far as its name and its value go. */
export function isCount(name: string, value: string): boolean {
  return COUNT.test(name) && /^\d{1,4}$/.test(value.trim());
}

/** How many rows of tables, with a date each, stand in a text. */
export function datedRows(text: string): number {
  return text.match(DATED_ROW)?.length ?? 0;
}
