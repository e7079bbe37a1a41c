import type { Parameter } from './database.js';

/** How it stands with a document, for people who look for one. */
export const DOCUMENT_STATES = ['reading', 'done', 'needs_review', 'failed'] as const;
export type DocumentState = (typeof DOCUMENT_STATES)[number];

/** Which of an owner's documents are looked for. Default: all. */
export interface DocumentSearch {
  /** Part of the document's name or its file's, in upper or lower case. */
  name?: string | undefined;
  state?: DocumentState | undefined;
}

// In the text of a listing, because PostgreSQL cannot look into JSON that holds U+0000; it is what stands last there.
const [YES, NO] = ['"needs_review":true}', '"needs_review":false}'];
const NEEDS_REVIEW = `right(listing::text, ${YES.length}) = '${YES}'`;

/** Listings that versions up to 0.2.0 wrote do not tell it. */
export const LACKS_REVIEW = `(listing IS NULL OR (${NEEDS_REVIEW} OR right(listing::text, ${NO.length}) = '${NO}') IS NOT TRUE)`;

const OF_STATE: Readonly<Record<DocumentState, string>> = {
  reading: `status = 'extracting'`,
  done: `status = 'completed' AND NOT (${NEEDS_REVIEW})`,
  needs_review: `status = 'completed' AND ${NEEDS_REVIEW}`,
  failed: `status = 'failed'`,
};

/**
 * Conditions on rows of documents, all of which must hold.
 *
 * @param next the number of the first parameter
 */
export function searching(
  { name, state }: DocumentSearch,
  next: number,
): { conditions: string[]; values: Parameter[] } {
  const conditions: string[] = [];
  const values: Parameter[] = [];
  if (state !== undefined) conditions.push(OF_STATE[state]);
  if (name) {
    conditions.push(`listing::text ~ $${next}`);
    values.push(patternOf(name));
  }
  return { conditions, values };
}

/** The start of a name in a listing, and whole characters of it: no part of an escape is taken for text. */
const BEFORE = '"(?:document_name|filename)":"(?:[^"\\\\]|\\\\u[0-9a-fA-F]{4}|\\\\[^u])*';

/**
 * A pattern of PostgreSQL that finds a text in the names of a listing as they are written there. It names both cases
 * of each letter: what a database knows of them depends on its locale.
 */
function patternOf(text: string): string {
  const letters = Array.from(text, (letter) => {
    const lower = letter.toLowerCase();
    const cases = new Set([letter, lower, letter.toUpperCase(), lower.toUpperCase()]);
    return `(?:${[...cases].map(literal).join('|')})`;
  });
  return BEFORE + letters.join('');
}

function literal(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(/[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]/g, '\\$&');
}
