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

/** Roles of an account's fields in "opening + movements = closing". */
const OPENING = /(?:opening|previous|beginning|starting|prior)_?(?:\w+_)?balance/i;
const CLOSING = /(?:closing|new|ending|current|final)_?(?:\w+_)?balance/i;
const IN = /deposit|credit|interest_(?:paid|earned)|additions/i;
const OUT = /withdraw|debit|checks?_?(?:paid|total)|total_checks|charges|fees|payments?_made|subtractions/i;
const MOST_MOVEMENTS = 12;

/** The fields that take part in "opening + paid in - paid out = closing", and whether that holds. */
export interface Balance {
  names: string[];
  addsUp: boolean;
}

/**
 * Whether the balances of an account fit what its fields say was paid in and out.
 *
 * @returns undefined where there is nothing to check
 */
export function balanced(fields: readonly (readonly [name: string, value: string])[]): Balance | undefined {
  const cents = fields.flatMap(([name, value]) => {
    const amount = centsOf(value);
    return amount === undefined ? [] : [{ name, amount }];
  });
  const only = (role: RegExp) => {
    const found = cents.filter(({ name }) => role.test(name));
    return found.length === 1 ? found[0] : undefined;
  };
  const [opening, closing] = [only(OPENING), only(CLOSING)];
  if (!opening || !closing) return undefined;
  const rest = cents.filter(({ name }) => !OPENING.test(name) && !CLOSING.test(name));
  const into = rest.filter(({ name }) => IN.test(name) && !OUT.test(name));
  const out = rest.filter(({ name }) => OUT.test(name) && !IN.test(name));
  if (into.length === 0 || out.length === 0 || into.length + out.length > MOST_MOVEMENTS) return undefined;
  const sum = (of: typeof cents) => of.reduce((all, { amount }) => all + Math.abs(amount), 0);
  return {
    names: [opening, closing, ...into, ...out].map(({ name }) => name),
    addsUp: opening.amount + sum(into) - sum(out) === closing.amount,
  };
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
  /^\s*(?:\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?|\d{4}-\d{2}-\d{2}|[A-Z][a-z]{2} \d{1,2})\s.*\d\s*$/gm;

/** Whether a field is the number of something, as far as its name and its value go. */
export function isCount(name: string, value: string): boolean {
  return COUNT.test(name) && /^\d{1,4}$/.test(value.trim());
}

/** How many rows of tables, with a date each, stand in a text. */
export function datedRows(text: string): number {
  return text.match(DATED_ROW)?.length ?? 0;
}
