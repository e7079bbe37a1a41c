import { NUMBER, readings } from '../numbers.js';
import type { Steps } from './steps.js';

/** The amounts, numbers and dates of a text, in a form that does not depend on how they are written. */
export interface Writings {
  /** "1,204.50", "$1.204,50" and "1204.5" are "1204.5"; in words, too. */
  numbers: ReadonlySet<string>;
  /** ISO dates, both readings of "05/06/2024"; year and month of dates without a day. */
  dates: ReadonlySet<string>;
  /** Runs of digits in the order of the text. */
  groups: readonly string[];
  /** Whether a group and the next are parted by so little that they may be one number ("123-45-6789"). */
  joined: readonly boolean[];
  /** Where a group stands in the order. */
  at: ReadonlyMap<string, number[]>;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH = `(${MONTHS.join('|')})[a-z]{0,6}\\.?`;
const DAY = '(\\d{1,2})(?:st|nd|rd|th)?';
const YEAR = "'?(\\d{4}|\\d{2})";

/** Ways to write a date, and which of a match's parts are year, month and day; two readings where both are usual. */
const DATES: readonly { form: RegExp; parts: readonly [year: number, month: number, day: number][] }[] = [
  { form: /(?<!\d)(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)/g, parts: [[1, 3, 4]] },
  {
    form: /(?<!\d)(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?!\d)/g,
    parts: [
      [4, 1, 3],
      [4, 3, 1],
    ],
  },
  { form: new RegExp(`${MONTH}[ -]?${DAY}(?:, ?| |-)${YEAR}(?!\\d)`, 'g'), parts: [[3, 1, 2]] },
  {
    form: new RegExp(`(?<!\\d)${DAY}[- ]?(?:of |day of )?${MONTH},?[- ]?${YEAR}(?!\\d)`, 'g'),
    parts: [[3, 2, 1]],
  },
  { form: /(?<!\d)(\d{4})(\d{2})(\d{2})(?!\d)/g, parts: [[1, 2, 3]] },
  {
    form: /(?<!\d)(\d{2})(\d{2})(\d{4})(?!\d)/g,
    parts: [
      [3, 1, 2],
      [3, 2, 1],
    ],
  },
  { form: new RegExp(`(?<!\\d )${MONTH},? ?(\\d{4})(?!\\d)`, 'g'), parts: [[2, 1, 0]] },
];

interface FoundDate {
  start: number;
  end: number;
  /** Its readings; none when it is no date after all ("45/45/2024"). */
  readings: string[];
}

export function findDates(text: string): FoundDate[] {
  return DATES.flatMap(({ form, parts }) =>
    Array.from(text.matchAll(form), (match) => ({
      start: match.index,
      end: match.index + match[0].length,
      readings: parts.flatMap(([year, month, day]) =>
        isoDates(match[year], match[month], match[day], day === 0),
      ),
    })).filter(({ readings }) => readings.length > 0),
  );
}

function isoDates(year = '', month = '', day = '', isMonthOnly: boolean): string[] {
  const number = /^\d/.test(month) ? Number(month) : MONTHS.indexOf(month.slice(0, 3)) + 1;
  if (number < 1 || number > 12) return [];
  const years = year.length === 2 ? [`19${year}`, `20${year}`] : [year];
  const months = years.map((of) => `${of}-${String(number).padStart(2, '0')}`);
  if (isMonthOnly) return months;
  if (Number(day) < 1 || Number(day) > 31) return [];
  return months.map((of) => `${of}-${day.padStart(2, '0')}`);
}

const UNITS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

/** Numbers in words, as cheques and agreements have them: "two thousand five hundred". */
function numbersInWords(text: string): string[] {
  const found: string[] = [];
  let [sum, part, isNumber] = [0, 0, false];
  const end = () => {
    if (isNumber) found.push(String(sum + part));
    [sum, part, isNumber] = [0, 0, false];
  };
  for (const [word] of text.matchAll(/[a-z]+|\d+/g)) {
    const unit = UNITS.indexOf(word);
    const ten = TENS.indexOf(word);
    if (unit >= 0) part += unit;
    else if (ten >= 0) part += (ten + 2) * 10;
    else if (isNumber && word === 'hundred') part *= 100;
    else if (isNumber && (word === 'thousand' || word === 'million')) {
      [sum, part] = [sum + part * (word === 'thousand' ? 1_000 : 1_000_000), 0];
    } else if (!isNumber || word !== 'and') {
      end();
      continue;
    }
    isNumber = true;
  }
  end();
  return found;
}

function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ');
}

/** Reads the amounts, numbers and dates of a page's text. */
export function writingsOf(pageText: string): Writings {
  const text = plain(pageText);
  const numbers = new Set(Array.from(text.matchAll(NUMBER), ([run]) => readings(run)).flat());
  for (const number of numbersInWords(text)) numbers.add(number);
  const groups: string[] = [];
  const joined: boolean[] = [];
  const at = new Map<string, number[]>();
  for (const { 0: group, index } of text.matchAll(/\d+/g)) {
    const places = at.get(group);
    if (places) places.push(groups.length);
    else at.set(group, [groups.length]);
    groups.push(group);
    joined.push(/^[-\s./()+,']{1,3}\d/.test(text.slice(index + group.length, index + group.length + 4)));
  }
  return { numbers, dates: new Set(findDates(text).flatMap((date) => date.readings)), groups, joined, at };
}

/** The dates of a text, each place read once. */
function datesApart(text: string): FoundDate[] {
  const apart: FoundDate[] = [];
  for (const date of findDates(text)) {
    if (apart.every(({ start, end }) => date.end <= start || date.start >= end)) apart.push(date);
  }
  return apart;
}

function withoutDates(text: string, dates: readonly FoundDate[]): string {
  let rest = text;
  for (const { start, end } of dates) rest = rest.slice(0, start) + ' '.repeat(end - start) + rest.slice(end);
  return rest;
}

/** What of a value can be looked for in other writings: its dates, and each of its numbers. */
export interface Figures {
  dates: readonly (readonly string[])[];
  numbers: readonly { digits: string; readings: readonly string[] }[];
}

/** The dates and numbers of a value; none of a value without digits. */
export function figuresOf(value: string): Figures {
  const text = plain(value);
  const dates = datesApart(text);
  const rest = withoutDates(text, dates);
  // One number in groups ("(555) 010-0199", "123-45-6789") is looked for as a whole first.
  const numbers = Array.from(rest.matchAll(/\d(?:[-./(),+'’ ]{0,2}\d)*/g), ([run]) => ({
    digits: run.replace(/\D/g, ''),
    readings: Array.from(run.matchAll(NUMBER), ([number]) => number),
  }));
  return { dates: dates.map(({ readings }) => readings), numbers };
}

/** Whether every date and number of a value stands in a text, in whatever usual writing. */
export function areWritten({ dates, numbers }: Figures, on: Writings, steps: Steps): boolean {
  return (
    dates.every((date) => date.some((reading) => on.dates.has(reading))) &&
    numbers.every(
      ({ digits, readings: runs }) =>
        standsInGroups(digits, on, steps) ||
        runs.every((run) => readings(run).some((number) => on.numbers.has(number))),
    )
  );
}

/** Whether digits stand in the text, whatever parts them there. */
function standsInGroups(digits: string, { groups, joined, at }: Writings, steps: Steps): boolean {
  for (let length = 1; length <= digits.length; length++) {
    const starts = at.get(digits.slice(0, length)) ?? [];
    steps.spend(length + starts.length);
    for (const start of starts) {
      let [read, next] = [length, start];
      while (read < digits.length && joined[next] === true) {
        const group = groups[++next] ?? '';
        steps.spend(1);
        if (!digits.startsWith(group, read)) break;
        read += group.length;
      }
      if (read === digits.length) return true;
    }
  }
  return false;
}

/** Letters that an amount, a number or a date may have: months, currencies, units, what hides digits. */
const LETTERS_OF_FIGURES = new RegExp(
  `^(?:${MONTH}|usd?|eur|gbp|cad|chf|dollars?|cents?|euros?|percent|pct|apr|apy|years?|yrs?|months?|mos?|weeks?|days?|hours?|k|cr|dr|x+|st|nd|rd|th|no|nr|of)$`,
);
const LONGEST_FIGURE = 60;

/** Whether a value is an amount, a number or a date and nothing else: "$1,204.50", "5 years", "XXX-XX-6789". */
export function isFigure(value: string): boolean {
  return /\d/.test(value) && value.length <= LONGEST_FIGURE && wordsBesideFigures(value).length === 0;
}

/** The words of a value that belong to no date and no number. */
export function wordsBesideFigures(value: string): string[] {
  return (plain(value).match(/[\p{L}\p{M}]+/gu) ?? []).filter((word) => !LETTERS_OF_FIGURES.test(word));
}
