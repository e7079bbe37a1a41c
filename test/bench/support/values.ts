import { pick } from '../../random.js';

/** What kind of value a field has: wrong ones are made to look like it. */
export type Kind =
  | 'person'
  | 'company'
  | 'address'
  | 'date'
  | 'amount'
  | 'phone'
  | 'email'
  | 'ssn'
  | 'routing'
  | 'id'
  | 'rate'
  | 'word'
  | 'count';

type Random = () => number;

const FIRST =
  'Ana Boris Chen Dalia Edwin Fatima Greta Hugo Imani Jonas Keiko Lars Mona Nils Olga Pedro'.split(' ');
const LAST =
  'Abbott Bianchi Castro Dubois Eriksen Foster Grant Hoffman Ivanov Jensen Keller Lindgren Moreau Novak Ortiz Price'.split(
    ' ',
  );
const STREETS = 'Maple Harbor Quarry Lake Spring Chestnut Mill Prospect Willow Union'.split(' ');
const PLACES: readonly (readonly [city: string, state: string, zip: number])[] = [
  ['Springfield', 'IL', 62_701],
  ['Austin', 'TX', 78_701],
  ['Dayton', 'OH', 45_402],
  ['Portland', 'OR', 97_201],
  ['Salem', 'MA', 1_970],
  ['Reno', 'NV', 89_501],
];
const COMPANIES = [
  'Northwind Supply',
  'Acme Tool',
  'Blue Ridge Dairy',
  'Harbor Freightways',
  'Stone Mill Bakery',
];
const WORDS = [
  'Consumer',
  'Personal',
  'Individual',
  'Joint',
  'Savings',
  'Checking',
  'Married',
  'Single',
  'Monthly',
];
const MONTHS = ['January', 'March', 'May', 'June', 'August', 'October', 'December'] as const;

export function one<T>(random: Random, from: readonly T[]): T {
  return pick(random, from as [T, ...T[]]);
}

function digits(random: Random, count: number): string {
  return Array.from(
    { length: count },
    (_, at) => Math.floor(random() * (at === 0 ? 9 : 10)) + (at === 0 ? 1 : 0),
  ).join('');
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

export function money(cents: number): string {
  return (cents / 100).toLocaleString('en-US', { minimumFractionDigits: 2 });
}

/** A number whose check digit is right. */
function routing(random: Random): string {
  const start = `0${digits(random, 7)}`;
  const weights = [3, 7, 1, 3, 7, 1, 3, 7];
  const sum = weights.reduce((all, weight, at) => all + weight * Number(start[at]), 0);
  return start + String((10 - (sum % 10)) % 10);
}

const MADE: Record<Kind, (random: Random) => string> = {
  person: (random) =>
    `${one(random, FIRST)} ${random() < 0.4 ? `${one(random, FIRST).charAt(0)}. ` : ''}${one(random, LAST)}`,
  company: (random) => `${one(random, COMPANIES)} ${one(random, ['LLC', 'Inc', 'Co'])}`,
  address: (random) => {
    const [city, state, zip] = one(random, PLACES);
    const street = `${digits(random, 3)} ${one(random, STREETS)} ${one(random, ['Street', 'Avenue', 'Road'])}`;
    return `${street}, ${city}, ${state} ${String(zip).padStart(5, '0')}`;
  },
  date: (random) => {
    const [year, month, day] = [
      1960 + Math.floor(random() * 65),
      Math.floor(random() * 12) + 1,
      Math.floor(random() * 28) + 1,
    ];
    if (random() < 0.25) return `${one(random, MONTHS)} ${day}, ${year}`;
    return `${two(month)}/${two(day)}/${year}`;
  },
  amount: (random) => `${random() < 0.5 ? '$' : ''}${money(Math.floor(random() ** 2 * 9_000_000) + 1_000)}`,
  phone: (random) =>
    random() < 0.5
      ? `(${two(20 + Math.floor(random() * 70))}${digits(random, 1)}) ${digits(random, 3)}-${digits(random, 4)}`
      : `5${digits(random, 2)}-${digits(random, 3)}-${digits(random, 4)}`,
  email: (random) => `${one(random, LAST).toLowerCase()}${digits(random, 2)}@example.com`,
  ssn: (random) =>
    `${two(10 + Math.floor(random() * 50))}${digits(random, 1)}-${digits(random, 2)}-${digits(random, 4)}`,
  routing,
  id: (random) =>
    `${random() < 0.5 ? one(random, ['A', 'K', 'TX', 'R']) : ''}${digits(random, 6 + Math.floor(random() * 3))}`,
  rate: (random) => `${(random() * 9).toFixed(2)}%`,
  word: (random) => one(random, WORDS),
  count: (random) => digits(random, 1 + Math.floor(random() * 2)),
};

export function made(kind: Kind, random: Random): string {
  return MADE[kind](random);
}
