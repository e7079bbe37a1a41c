import { z } from 'zod';
import { ModelFailure, type FailureReason } from './failure.js';

/** A page as it goes to the model: its number in the document, from 1, and the text that is sent. */
export interface SentPage {
  number: number;
  text: string;
}

/** One value the model read on a page. `confidence` is 0 to 100. */
export interface Field {
  name: string;
  value: string;
  confidence: number;
}

/** What an answer holds for one page: its fields, or why that part of the answer cannot be used. */
export type PageAnswer = { fields: Field[] } | { fault: FailureReason; claimed?: number };

/**
 * The user message: the pages in order, each between tags that carry its number. Tags within a
 * page's text are neutralised, so no text can end its page or start another (DESIGN, Wire format).
 */
export function userMessage(pages: readonly SentPage[]): string {
  return pages.map(taggedPage).join('\n');
}

/** One page as it stands in the user message. */
export function taggedPage({ number, text }: SentPage): string {
  return `<page number="${number}">\n${neutralise(text)}\n</page>`;
}

function neutralise(text: string): string {
  return text.toWellFormed().replace(/<(?=\/?page)/gi, '&lt;');
}

const FIELD_SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    value: { type: 'string' },
    confidence: { type: 'integer' },
  },
  required: ['name', 'value', 'confidence'],
  additionalProperties: false,
};

const PAGE_SCHEMA = {
  type: 'object',
  properties: {
    page_number: { type: 'integer' },
    fields: { type: 'array', items: FIELD_SCHEMA },
  },
  required: ['page_number', 'fields'],
  additionalProperties: false,
};

/** What an answer must look like, as the model service is told. */
export interface AnswerFormat {
  type: 'json_schema';
  json_schema: { name: string; strict: true; schema: Record<string, unknown> };
}

/** The strict schema of an answer for `count` pages: the same for every call with as many pages. */
export function answerFormat(count: number): AnswerFormat {
  const keys = Array.from({ length: count }, (_, index) => answerKey(index));
  return {
    type: 'json_schema',
    json_schema: {
      name: 'page_fields',
      strict: true,
      schema: {
        type: 'object',
        properties: Object.fromEntries(keys.map((key) => [key, PAGE_SCHEMA])),
        required: keys,
        additionalProperties: false,
      },
    },
  };
}

function answerKey(index: number): string {
  return `page_${index + 1}`;
}

/** Characters; 4,000 tokens a page are far fewer. */
const LONGEST_ANSWER_PER_PAGE = 100_000;

/** Levels of objects and lists; an answer needs four. */
const DEEPEST_ANSWER = 40;

const answer = z.record(z.string(), z.unknown());
const pageAnswer = z.object({ page_number: z.int(), fields: z.array(z.unknown()) });
const nothing = z.object({ name: z.string(), value: z.null() });
const field = z.object({
  name: z.string(),
  // A figure that is not quoted has lost digits already: 1500.00, or the end of a long account number.
  value: z.string(),
  confidence: z
    .union([z.number(), z.string().trim().min(1).transform(Number)])
    .pipe(z.number().min(0).max(100)),
});

/**
 * Reads the model's answer, page by page, in the order of `pages`. Everything the schema asks for
 * is checked here as well, because many compatible servers accept a schema and ignore it. What they
 * commonly do is tolerated: text around the JSON object (a code fence, a greeting), a confidence in
 * quotes, fields without a name or with null for a value, which are left out.
 *
 * @throws {ModelFailure} `not_json` when there is no JSON object to read, `too_long` when there is
 *   more than could be asked for
 */
export function readAnswer(content: string, pages: readonly SentPage[]): PageAnswer[] {
  if (content.length > LONGEST_ANSWER_PER_PAGE * pages.length) throw new ModelFailure('too_long');
  const parsed = answer.safeParse(parseObject(content));
  if (!parsed.success) throw new ModelFailure('not_json');
  return pages.map(({ number }, index) => {
    const part = parsed.data[answerKey(index)];
    if (part === undefined) return { fault: 'page_missing' };
    const page = pageAnswer.safeParse(part);
    if (!page.success) return { fault: 'page_malformed' };
    if (page.data.page_number !== number) return { fault: 'page_mixed_up', claimed: page.data.page_number };
    const fields = z
      .array(field)
      .safeParse(page.data.fields.filter((given) => !nothing.safeParse(given).success));
    return fields.success
      ? { fields: fields.data.filter(({ name }) => name !== '') }
      : { fault: 'page_malformed' };
  });
}

function parseObject(content: string): unknown {
  const object = content.slice(content.indexOf('{'), content.lastIndexOf('}') + 1);
  if (isNestedDeeper(object, DEEPEST_ANSWER)) return undefined;
  try {
    return JSON.parse(object);
  } catch {
    return undefined;
  }
}

/** Whether objects and lists stand in each other deeper than `most` levels; parsing them takes long. */
function isNestedDeeper(json: string, most: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (inString && character === '\\') at += 1;
    else if (character === '"') inString = !inString;
    else if (inString) continue;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    if (depth > most) return true;
  }
  return false;
}
