import { findDates } from '../../processor/writings.js';
import type { Draw } from './draw.js';

const NAMES = split('january february march april may june july august september october november december');
const OF_DATES = new Set([
  ...NAMES,
  ...NAMES.map((name) => name.slice(0, 3)),
  ...split('sept st nd rd th of day'),
]);
const LONGEST_SHORT = 3;

function split(words: string): string[] {
  return words.split(' ');
}

/** Whether a word is the name of a month, in lower case. */
export function isMonthName(word: string): boolean {
  return word === 'sept' || NAMES.some((name) => name === word || name.slice(0, LONGEST_SHORT) === word);
}

/** Whether a word may stand in a date, in lower case. */
export function isOfDates(word: string): boolean {
  return OF_DATES.has(word);
}

/** What a date says; an empty part is not said. The last two digits of a year: some write no more. */
interface Said {
  year: string;
  month: string;
  day: string;
}

/** A part of a writing that is replaced: a run of digits, or the name of a month. */
interface Part {
  start: number;
  text: string;
  of: keyof Said;
}

const PARTS_OF_EIGHT: Readonly<Record<string, readonly [keyof Said, number][]>> = {
  year: [
    ['year', 4],
    ['month', 2],
    ['day', 2],
  ],
  month: [
    ['month', 2],
    ['day', 2],
    ['year', 4],
  ],
  day: [
    ['day', 2],
    ['month', 2],
    ['year', 4],
  ],
};

/**
 * Dates in place of a document's: each the same wherever and however it is written, on another day of another month. A day or month of one digit
 * stays one of one digit, and one that may be a month stays such a one: all writings stay dates.
 */
export class InventedDates {
  readonly #draw: Draw;
  readonly #originals = new Set<string>();
  readonly #months = new Map<number, number>();
  readonly #invented = new Map<string, Said>();

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  /** Makes a date of the document known; all of them, before the first is replaced. */
  note(text: string): void {
    this.#originals.add(keyOf(read(text).said));
  }

  /** The name of a month that stands alone. */
  month(name: string): string {
    const month = Number(saidBy(name, 'month'));
    const invented = this.#months.get(month) ?? ((month + this.#draw(11)) % 12) + 1;
    this.#months.set(month, invented);
    return nameLike(name, invented);
  }

  replaced(text: string): string {
    const { said, parts } = read(text);
    const key = keyOf(said);
    const invented = this.#invented.get(key) ?? this.#invent(said);
    this.#invented.set(key, invented);
    let result = text;
    // From the end: the name of another month moves what stands behind it.
    for (const { start, text: part, of } of [...parts].sort((a, b) => b.start - a.start)) {
      result = result.slice(0, start) + written(invented[of], part, of) + result.slice(start + part.length);
    }
    return result;
  }

  #invent(said: Said): Said {
    let invented = said;
    for (let tries = 0; tries < 100 && this.#originals.has(keyOf(invented)); tries++) {
      invented = {
        // Earlier, so that a date of birth stays one.
        year: said.year && twoDigits((Number(said.year) + 99 - this.#draw(9)) % 100),
        month: said.month && this.#monthLike(said.month),
        day: said.day && this.#dayLike(said.day),
      };
    }
    return invented;
  }

  /** Another one. */
  #monthLike(month: string): string {
    return Number(month) < 10 ? this.#other(month, 1, 9) : this.#other(month, 10, 12);
  }

  #dayLike(day: string): string {
    return Number(day) > 12 ? this.#other(day, 13, 28) : this.#monthLike(day);
  }

  #other(than: string, least: number, most: number): string {
    const drawn = least + this.#draw(most - least);
    return twoDigits(drawn < Number(than) ? drawn : drawn + 1);
  }
}

function keyOf({ year, month, day }: Said): string {
  return `${year}-${month}-${day}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

/** A part as the one in its place is written. */
function written(invented: string, part: string, of: keyof Said): string {
  if (of === 'month' && /^\p{L}/u.test(part)) {
    return nameLike(part, Number(invented));
  }
  if (of === 'year' && part.length === 4) return yearLike(part, invented);
  return String(Number(invented)).padStart(part.length, '0');
}

/** The whole name where it was one; "May", which is both, is a short one. */
function nameLike(name: string, month: number): string {
  const isWhole = name.length > LONGEST_SHORT && NAMES.includes(name.toLowerCase());
  const whole = NAMES[month - 1] ?? '';
  const lower = isWhole ? whole : whole.slice(0, LONGEST_SHORT);
  if (/^\p{Lu}{2}/u.test(name)) return lower.toUpperCase();
  return /^\p{Lu}/u.test(name) ? lower.charAt(0).toUpperCase() + lower.slice(1) : lower;
}

/** The year of these last two digits, at most 99 years before another. */
function yearLike(year: string, lastTwo: string): string {
  const century = Math.floor(Number(year) / 100) - (Number(lastTwo) > Number(year) % 100 ? 1 : 0);
  return String(century * 100 + Number(lastTwo)).padStart(4, '0');
}

/** @param text a date alone */
function read(text: string): { said: Said; parts: Part[] } {
  const lower = text.toLowerCase();
  const runs = Array.from(lower.matchAll(/\d+|\p{L}{3,}/gu), ({ 0: run, index }) => ({
    start: index,
    text: text.slice(index, index + run.length),
  })).filter(({ text: run }) => /^\d/.test(run) || NAMES.some((name) => name.startsWith(monthOf(run))));
  const [reading = ''] = findDates(lower).flatMap(({ readings }) => readings);
  const parts = partsOf(runs, reading);
  const said: Said = { year: '', month: '', day: '' };
  for (const { of, text: part } of parts) said[of] = saidBy(part, of);
  return { said, parts };
}

function monthOf(word: string): string {
  return word.toLowerCase().slice(0, 3);
}

function saidBy(part: string, of: keyof Said): string {
  if (of === 'year') return part.slice(-2);
  if (/^\d/.test(part)) return twoDigits(Number(part));
  return twoDigits(NAMES.findIndex((name) => name.startsWith(monthOf(part))) + 1);
}

/**
 * @param runs of digits, and names of months
 * @param reading year, month and day as they were read, with lines between
 */
function partsOf(runs: readonly { start: number; text: string }[], reading: string): Part[] {
  const [first, second] = runs;
  if (first?.text.length === 8 && /^\d{8}$/.test(first.text)) return partsOfEight(first, reading);
  const named = runs.findIndex(({ text }) => !/^\d/.test(text));
  const rest = runs.filter((_, index) => index !== named);
  const month: Part[] = named < 0 ? [] : runs.slice(named, named + 1).map((run) => ({ ...run, of: 'month' }));
  const order = orderOf(rest, { isNamed: named >= 0, isMonthFirst: isMonth(first, second, reading) });
  return [...month, ...rest.slice(0, order.length).map((run, at) => ({ ...run, of: order[at] ?? 'day' }))];
}

function orderOf(
  rest: readonly { text: string }[],
  { isNamed, isMonthFirst }: { isNamed: boolean; isMonthFirst: boolean },
): (keyof Said)[] {
  if (isNamed && rest.length === 1) return rest[0]?.text.length === 4 ? ['year'] : ['day'];
  if (isNamed) return ['day', 'year'];
  if (rest.length === 2) return rest[1]?.text.length === 4 ? ['month', 'year'] : ['month', 'day'];
  if (rest[0]?.text.length === 4) return ['year', 'month', 'day'];
  return isMonthFirst ? ['month', 'day', 'year'] : ['day', 'month', 'year'];
}

function isMonth(
  first: { text: string } | undefined,
  second: { text: string } | undefined,
  reading: string,
): boolean {
  const [, month, day] = reading.split('-').map(Number);
  return Number(first?.text) === month && Number(second?.text) === day;
}

function partsOfEight({ start, text }: { start: number; text: string }, reading: string): Part[] {
  const [year = '', month = '', day = ''] = reading.split('-');
  const forms = { year: year + month + day, month: month + day + year, day: day + month + year };
  const [form = 'month'] = Object.entries(forms).find(([, digits]) => digits === text) ?? [];
  let at = 0;
  return (PARTS_OF_EIGHT[form] ?? []).map(([of, length]) => {
    const part = { start: start + at, text: text.slice(at, at + length), of };
    at += length;
    return part;
  });
}
