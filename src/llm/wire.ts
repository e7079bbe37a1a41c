import type { FailureReason } from './failure-reason.js';

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

/**
 * What an answer holds for one page: its fields, and how many others are in no form that can be read; or why that
 * part of the answer cannot be used.
 */
export type PageAnswer =
  { fields: Field[]; misfits?: number | undefined } | { fault: FailureReason; claimed?: number };

/** A field of an answer is an object, or one line `name|value|confidence`, which takes a third fewer tokens. */
export type AnswerForm = (typeof ANSWER_FORMS)[number];
export const ANSWER_FORMS = ['objects', 'lines'] as const;

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

const FIELD = {
  objects: {
    type: 'object',
    properties: {
      name: { type: 'string' },
      value: { type: 'string' },
      confidence: { type: 'integer' },
    },
    required: ['name', 'value', 'confidence'],
    additionalProperties: false,
  },
  lines: { type: 'string', pattern: '^[^|]+[|][\\s\\S]*[|][0-9]{1,3}$' },
};

/** What an answer must look like, as the model service is told. */
export interface AnswerFormat {
  type: 'json_schema';
  json_schema: { name: string; strict: true; schema: Record<string, unknown> };
}

/**
 * The strict schema of an answer for `count` pages: the same for every call with as many pages.
 *
 * @param hasPattern whether the pattern of a line is told, which some services refuse
 */
export function answerFormat(count: number, form: AnswerForm = 'objects', hasPattern = true): AnswerFormat {
  const keys = Array.from({ length: count }, (_, index) => answerKey(index));
  const page = {
    type: 'object',
    properties: {
      page_number: { type: 'integer' },
      fields: { type: 'array', items: form === 'objects' || hasPattern ? FIELD[form] : { type: 'string' } },
    },
    required: ['page_number', 'fields'],
    additionalProperties: false,
  };
  return {
    type: 'json_schema',
    json_schema: {
      name: 'page_fields',
      strict: true,
      schema: {
        type: 'object',
        properties: Object.fromEntries(keys.map((key) => [key, page])),
        required: keys,
        additionalProperties: false,
      },
    },
  };
}

/** The key of a page's answer, by its place in the request. */
export function answerKey(index: number): string {
  return `page_${index + 1}`;
}
