import { z } from 'zod';
import { ModelFailure } from './failure.js';
import { objectsIn } from './json-objects.js';
import { printedAmounts } from './printed-amount.js';
import { answerKey, type Field, type PageAnswer, type SentPage } from './wire.js';

/** Characters; 4,000 tokens a page are far fewer. */
const LONGEST_ANSWER_PER_PAGE = 100_000;

const wholeNumber = z.union([
  z.int(),
  z
    .string()
    .regex(/^\s*\d{1,9}\s*$/)
    .transform(Number),
]);
const pageAnswer = z.object({ page_number: wholeNumber, fields: z.array(z.unknown()) });
const field = z.object({
  name: z.string(),
  value: z.unknown().optional(),
  confidence: z.unknown().optional(),
});
const textual = z.union([z.string(), z.boolean().transform(String)]);
const listOfText = z.array(textual).transform((values) => values.join(', '));
const textOrList = z.union([textual, listOfText]);

/**
 * Reads the model's answer, page by page, in the order of `pages`. Everything the schema asks for is checked here
 * as well, because many compatible servers accept a schema and ignore it. The envelope is read generously: text
 * around the object, the object twice, in parts or wrapped, and fields as objects or as lines. The content is not:
 * a page counts only under its key or with its number, and a field that fits no form is left out and counted.
 *
 * @throws {ModelFailure} `not_json` when there is no JSON object to read, `too_long` when there is more than could
 *   be asked for
 */
export function readAnswer(content: string, pages: readonly SentPage[]): PageAnswer[] {
  if (content.length > LONGEST_ANSWER_PER_PAGE * pages.length) throw new ModelFailure('too_long');
  const objects = objectsIn(content);
  if (objects.length === 0) throw new ModelFailure('not_json');
  const parts = partsByKey(objects, pages);
  const answers = pages.map((page, index) => readPage(parts.get(answerKey(index)), page));
  return withConfidencesOfHundred(answers);
}

/**
 * Each page's part, by its key. Of an object that comes twice the last one counts: the first is a draft. An object
 * for each page is as good as one for all.
 */
function partsByKey(objects: readonly unknown[], pages: readonly SentPage[]): Map<string, unknown> {
  const parts = new Map<string, unknown>();
  const keys = new Set(pages.map((_, index) => answerKey(index)));
  for (const object of objects.flatMap(unwrapped).reverse()) {
    const own = ownParts(object, keys, pages);
    if (own.some(([key]) => parts.has(key))) continue;
    for (const [key, part] of own) parts.set(key, part);
  }
  return parts;
}

function ownParts(
  object: object,
  keys: ReadonlySet<string>,
  pages: readonly SentPage[],
): [string, unknown][] {
  const own = Object.entries(object).filter(([key]) => keys.has(key));
  if (own.length > 0) return own;
  // Under no key, and with a key too many, it could be the rests of two pages.
  const page = pageAnswer.strict().safeParse(object);
  const index = pages.findIndex(({ number }) => number === page.data?.page_number);
  return page.success && index >= 0 ? [[answerKey(index), object]] : [];
}

/** What alone stands under a foreign key is what was asked for, in a wrapping of the model's. */
function unwrapped(object: unknown): object[] {
  if (!isObject(object)) return [];
  const entries = Object.entries(object) as [string, unknown][];
  const isAnswer = entries.some(([key]) => /^page_\d+$/.test(key)) || pageAnswer.safeParse(object).success;
  if (isAnswer) return [object];
  const [inner, ...more] = entries.map(([, value]) => value).filter(isObject);
  if (!inner || more.length > 0) return [object];
  return Array.isArray(inner) ? inner.filter(isObject) : [inner];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function readPage(part: unknown, { number, text }: SentPage): PageAnswer {
  if (part === undefined) return { fault: 'page_missing' };
  const page = pageAnswer.safeParse(part);
  if (!page.success) return { fault: 'page_malformed' };
  if (page.data.page_number !== number) return { fault: 'page_mixed_up', claimed: page.data.page_number };
  const given = page.data.fields.filter((one) => !isNothing(one));
  let amounts: ReadonlyMap<number, string | undefined> | undefined;
  const printed = (amount: number) => (amounts ??= printedAmounts(text)).get(amount);
  const read = given.map((one) => (typeof one === 'string' ? lineField(one) : objectField(one, printed)));
  const fields = read.flatMap((one) => (one && one.name !== '' ? one : []));
  const misfits = read.filter((one) => one === undefined).length;
  return { fields, ...(misfits > 0 && { misfits }) };
}

function isNothing(field: unknown): boolean {
  const { name, value } = isObject(field) ? (field as { name?: unknown; value?: unknown }) : {};
  return typeof name === 'string' && value === null;
}

function objectField(given: unknown, printed: (amount: number) => string | undefined): Field | undefined {
  const parsed = field.safeParse(given);
  if (!parsed.success) return undefined;
  const { name, value, confidence } = parsed.data;
  // A figure that is not quoted has lost digits already (1500.00, the end of a long account number): the page has them.
  const text = typeof value === 'number' ? printed(value) : textOrList.safeParse(value).data;
  return text === undefined ? undefined : { name, value: text, confidence: confidenceIn(confidence) };
}

/** `name|value|confidence`, parted at the first and the last bar: a value may hold bars of its own. */
function lineField(line: string): Field | undefined {
  const first = line.indexOf('|');
  const last = line.lastIndexOf('|');
  const confidence = /^\s*(-?\d+(?:\.\d+)?)\s*%?\s*$/.exec(line.slice(last + 1))?.[1];
  if (first < 0 || last === first || confidence === undefined) return undefined;
  return {
    name: line.slice(0, first).trim(),
    value: line.slice(first + 1, last),
    confidence: Number(confidence),
  };
}

/** Told in words, or not at all, it is no confidence. */
function confidenceIn(given: unknown): number {
  const told = typeof given === 'string' ? Number(given.replace(/%\s*$/, '').trim() || NaN) : given;
  return typeof told === 'number' && Number.isFinite(told) ? told : 0;
}

/** Some models tell shares of 1: told by the whole answer, where none is above 1 and some is a fraction. */
function withConfidencesOfHundred(answers: PageAnswer[]): PageAnswer[] {
  const all = answers.flatMap((answer) => ('fields' in answer ? answer.fields : []));
  const areShares =
    all.every(({ confidence }) => confidence <= 1) &&
    all.some(({ confidence }) => !Number.isInteger(confidence));
  for (const one of all) {
    const percent = areShares ? Math.round(one.confidence * 10_000) / 100 : one.confidence;
    one.confidence = Math.min(100, Math.max(0, percent));
  }
  return answers;
}
