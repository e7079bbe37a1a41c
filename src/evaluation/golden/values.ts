import { isClosed } from '../../stages/form-words.js';

/** What of a record holds fields, or is one's value. */
const HOLDERS = new Set(['result', 'page_data', 'fields', 'value', 'accountNumber']);

/** What the fields of a record hold, whatever form it has. */
export function valuesIn(record: unknown, values = new Set<string>()): Set<string> {
  if (typeof record !== 'object' || record === null) return values;
  for (const [key, part] of Object.entries(record)) {
    if (HOLDERS.has(key)) addTexts(part, values);
    else valuesIn(part, values);
  }
  return values;
}

function addTexts(value: unknown, to: Set<string>): void {
  if (typeof value === 'string') to.add(value);
  else if (typeof value === 'number') to.add(String(value));
  else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) addTexts(part, to);
  }
}

export interface Token {
  /** In lower case. */
  word: string;
  /** As it is written. */
  text: string;
  start: number;
}

/** The words and runs of digits of a text. */
export function tokensOf(text: string): Token[] {
  return Array.from(text.matchAll(/[\p{L}\p{M}]+|\p{N}+/gu), ({ 0: token, index }) => ({
    word: token.normalize('NFKC').toLowerCase(),
    text: token,
    start: index,
  }));
}

const MOST_CLOSED_WORDS = 6;
const MOST_CLOSED_DIGITS = 2;
const LONGEST_SHORT = 3;

/** Whether a value tells nothing of anybody: it is short, or a choice that a form offers ("Checking", "12 months"). */
export function saysNothing(value: string): boolean {
  const tokens = tokensOf(value);
  const digits = tokens.filter(({ word }) => /^\p{N}/u.test(word)).map(({ word }) => word);
  const words = tokens.filter(({ word }) => !/^\p{N}/u.test(word));
  const length = tokens.reduce((sum, { text }) => sum + text.length, 0);
  if (length <= LONGEST_SHORT || (words.length === 0 && /^0*$/.test(digits.join('')))) return true;
  return (
    words.length <= MOST_CLOSED_WORDS &&
    words.every(({ text }) => isClosed(text)) &&
    digits.join('').length <= MOST_CLOSED_DIGITS
  );
}

/** Where values stand in texts: as the same words and digits one after the other, whatever parts them. */
export class Standing {
  readonly #byFirst = new Map<string, string[][]>();

  constructor(values: Iterable<string>) {
    for (const value of values) {
      const words = tokensOf(value).map(({ word }) => word);
      const [first] = words;
      if (first === undefined) continue;
      const others = this.#byFirst.get(first);
      if (others) others.push(words);
      else this.#byFirst.set(first, [words]);
    }
  }

  /** Where the words of values stand in a text. */
  *places(text: string): Generator<Token[]> {
    const tokens = tokensOf(text);
    for (const [at, { word }] of tokens.entries()) {
      for (const words of this.#byFirst.get(word) ?? []) {
        if (words.every((each, offset) => tokens[at + offset]?.word === each)) {
          yield tokens.slice(at, at + words.length);
        }
      }
    }
  }

  isIn(text: string): boolean {
    return this.places(text).next().done !== true;
  }
}
