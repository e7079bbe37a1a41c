import { detectAccountNumbers, splitAccounts } from '../../stages/accounts.js';
import { isClosed, isOfForms } from '../../stages/form-words.js';
import { InventedDates } from './dates.js';
import type { Draw } from './draw.js';
import { digitsOf, InventedNumbers } from './numbers.js';
import { piecesOf, type Piece } from './pieces.js';
import { saysNothing, Standing, tokensOf } from './values.js';
import { InventedWords, signsOf } from './words.js';

type Texts = ReadonlyMap<number, string>;

/** Texts in which nothing is left of the person and the things a document is about. */
export interface InventedTexts {
  texts: Map<number, string>;
  /** Words and numbers. */
  replaced: number;
  kept: number;
}

/** Streets and people that no field holds: words of forms are parts of their names there. */
const PERSONAL = new RegExp(
  [
    /(?<!\p{Nd})\p{Nd}{1,6}\p{L}? (?:[\p{L}.'’-]{1,30} ){1,4}(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|way|place|pl|circle|highway|hwy|parkway|terrace)(?!\p{L})/u,
    /(?<=(?<!\p{L})(?:mr|mrs|ms|dr|prof)\.? )(?:[\p{L}'’.-]{1,30} ?){1,3}/u,
  ]
    .map(({ source }) => source)
    .join('|'),
  'giu',
);

/** Another draw may do better: an invented number can be one of the document by chance. */
const TRIES = 10;

/**
 * Replaces every word and number of a document that does not belong to forms themselves by an invented one of the same
 * form: accounts are found on the same pages, and a name is the same name on each.
 *
 * @param values of its record and of those who reviewed it, and whatever else must not stand in the texts
 * @returns undefined when a value would still stand in the texts, or accounts would be found on other pages
 */
export async function inventedTexts(
  texts: Texts,
  values: ReadonlySet<string>,
  draw: Draw,
): Promise<InventedTexts | undefined> {
  const telling = [...values].filter((value) => !saysNothing(value));
  const standing = new Standing(telling);
  const before = await accountsOn(texts);
  for (let tries = 0; tries < TRIES; tries++) {
    const invented = new Replacement(texts, { values, telling, standing }, draw).run();
    const hasValue = [...invented.texts.values()].some((text) => standing.isIn(text));
    if (!hasValue && (await accountsOn(invented.texts)) === before) return invented;
  }
  return undefined;
}

/** Which pages belong together, in words that do not depend on the numbers of accounts. */
async function accountsOn(texts: Texts): Promise<string> {
  const { accounts, unassignedPages, inPassing } = await splitAccounts(texts);
  return JSON.stringify([
    accounts.map(({ pages }) => pages),
    unassignedPages,
    inPassing.map(({ page, joined }) => [page, joined]),
  ]);
}

interface Given {
  values: ReadonlySet<string>;
  /** Those of the values that say something of somebody. */
  telling: readonly string[];
  standing: Standing;
}

class Replacement {
  readonly #texts: Texts;
  readonly #standing: Standing;
  readonly #draw: Draw;
  readonly #pages: Map<number, Piece[]>;
  readonly #ofValues: ReadonlySet<string>;
  readonly #words: InventedWords;
  readonly #numbers: InventedNumbers;
  readonly #dates: InventedDates;
  readonly #times = new Map<string, string>();
  #replaced = 0;
  #kept = 0;

  constructor(texts: Texts, { values, telling, standing }: Given, draw: Draw) {
    this.#texts = texts;
    this.#standing = standing;
    this.#draw = draw;
    const accounts = new Set(Array.from(texts.values(), detectAccountNumbers).flat());
    this.#pages = new Map(Array.from(texts, ([page, text]) => [page, piecesOf(text, accounts)]));
    this.#ofValues = new Set(telling.flatMap(wordsOfValue));
    const pieces = [...this.#pages.values()].flat();
    const originals = new Set(
      Array.from(texts.values(), tokensOf).flatMap((tokens) => tokens.map(({ word }) => word)),
    );
    this.#words = new InventedWords(
      draw,
      (word) => originals.has(word) || this.#ofValues.has(word) || isOfForms(word) || isClosed(word),
    );
    const numbers = [
      ...pieces.flatMap(({ kind, text }) => {
        if (kind === 'email') return text.match(/\p{Nd}+/gu) ?? [];
        return kind === 'number' ? [text] : [];
      }),
      ...values,
    ];
    this.#numbers = new InventedNumbers(draw, new Set(numbers.map(digitsOf)), accounts);
    this.#dates = new InventedDates(draw);
    for (const { kind, text } of pieces) if (kind === 'date') this.#dates.note(text);
  }

  run(): InventedTexts {
    const texts = new Map(Array.from(this.#pages, ([page, pieces]) => [page, this.#page(page, pieces)]));
    return { texts, replaced: this.#replaced, kept: this.#kept };
  }

  #page(page: number, pieces: readonly Piece[]): string {
    const inValues = new Set<number>();
    const text = this.#texts.get(page) ?? '';
    for (const tokens of this.#standing.places(text)) {
      for (const { start } of tokens) inValues.add(start);
    }
    for (const { 0: found, index } of text.matchAll(PERSONAL)) {
      for (const { start } of tokensOf(found)) inValues.add(index + start);
    }
    return pieces
      .map((piece, at) => this.#piece(piece, pieces.slice(Math.max(0, at - 2), at), inValues))
      .join('');
  }

  #piece(piece: Piece, before: readonly Piece[], inValues: ReadonlySet<number>): string {
    const { kind, start, text } = piece;
    if (kind === 'rest') return signsOf(text, this.#words, this.#draw);
    const isKept =
      kind === 'label' ||
      (kind === 'labelled_number' && !inValues.has(start)) ||
      (kind === 'word' && !inValues.has(start) && this.#staysAsWord(text, before));
    if (isKept) {
      this.#kept++;
      return text;
    }
    this.#replaced++;
    if (kind === 'word') return this.#word(text, before);
    if (kind === 'email') return this.#email(text);
    if (kind === 'date') return this.#dates.replaced(text);
    return kind === 'time' ? this.#time(text) : this.#numbers.replaced(text);
  }

  #staysAsWord(text: string, before: readonly Piece[]): boolean {
    const lower = text.toLowerCase();
    if (text.length === 1) return lower === 'x' || text === 'a' || (text === 's' && isPossessive(before));
    if (this.#ofValues.has(lower)) return false;
    return isOfForms(text);
  }

  /** A letter alone is the same again after the same word only: an initial of a name. */
  #word(text: string, before: readonly Piece[]): string {
    if (Array.from(text).length > 1) return this.#words.replaced(text);
    const [word] = before.filter(({ kind }) => kind === 'word').slice(-1);
    if (word === undefined || Array.from(word.text).length === 1) return this.#words.once(text);
    const [initial = ''] = Array.from(this.#words.replaced(`${text}${word.text}`));
    return initial;
  }

  /** Nothing of it stays, words of forms neither: "page.branch@trust.com" may be somebody. */
  #email(text: string): string {
    const parts = text.matchAll(/(\p{L}[\p{L}\p{M}]*)|(\p{Nd}+)|[^\p{L}\p{Nd}]+/gu);
    return Array.from(parts, ([part, word, number]) => {
      if (word !== undefined) return this.#word(word, []);
      return number === undefined ? signsOf(part, this.#words, this.#draw) : this.#numbers.replaced(number);
    }).join('');
  }

  #time(text: string): string {
    const known = this.#times.get(text);
    if (known !== undefined) return known;
    const [hours = '', ...others] = text.split(':');
    // Of one digit or two, as it was.
    const hour = hours.length === 1 ? 1 + this.#draw(9) : 10 + this.#draw(3);
    const time = [hour, ...others.map(() => String(this.#draw(60)).padStart(2, '0'))].join(':');
    this.#times.set(text, time);
    return time;
  }
}

function isPossessive(before: readonly Piece[]): boolean {
  return /['’]$/.test(before.at(-1)?.text ?? '');
}

/** Words that must not stand anywhere, in lower case; those of dates and of forms' choices may. */
function wordsOfValue(value: string): string[] {
  const words = piecesOf(value, new Set()).flatMap(({ kind, text }) => {
    if (kind === 'email') return text.match(/\p{L}[\p{L}\p{M}]*/gu) ?? [];
    return kind === 'word' ? [text] : [];
  });
  return words.filter((word) => word.length > 1 && !isClosed(word)).map((word) => word.toLowerCase());
}
