import { detectAccountNumbers, splitAccounts } from '../../stages/accounts.js';
import { isClosed, isGivenNameToo, isOfForms } from '../../stages/form-words.js';
import { ibanCheck } from './check-digits.js';
import { InventedDates, isMonthName } from './dates.js';
import type { Draw } from './draw.js';
import { InventedNumbers } from './numbers.js';
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

const NUMBER_WORDS = `(?:${[
  'zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen',
  '(?:twen|thir|for|fif|six|seven|eigh|nine)t(?:y|ieth)|hundred|thousand|million',
  'first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|\\p{L}{3,5}teenth',
].join('|')})`;

/** Streets, cities and people that no field holds, and numbers in words: words of forms are parts of them there. */
const PERSONAL = [
  /(?<!\p{Nd})\p{Nd}{1,6}\p{L}?[ \n]{1,3}(?:[\p{L}.'’-]{1,30}[ \n]{1,3}){1,4}(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|way|place|pl|circle|highway|hwy|parkway|terrace)(?!\p{L})/giu,
  /(?<=(?<!\p{L})(?:mr|mrs|ms|dr|prof)\.? )(?:[\p{L}'’.-]{1,30} ?){1,3}/giu,
  // "Mobile, AL 36602", "Portland, OR"
  /(?<=^|[,:;\n]|\p{Nd} | {2})[ \p{L}.'’-]{2,40}(?=,?[ \n]{1,3}\p{Lu}{2},? {1,3}\p{Nd}{5}(?!\p{Nd}))/gmu,
  /(?<=[\p{L}.,][ \n]{1,3})\p{Lu}{2}(?=,? {1,3}\p{Nd}{5}(?!\p{Nd}))/gu,
  /(?<=\p{Ll}, )\p{Lu}{2}(?![\p{L}\p{N}])/gu,
  new RegExp(
    `(?<!\\p{L})${NUMBER_WORDS}(?:(?:[ -]{1,2}(?:and )?${NUMBER_WORDS}){1,12}|(?= day of ))(?!\\p{L})`,
    'giu',
  ),
];

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
  /** Words of the document, in lower case. */
  readonly #whole = new Set<string>();
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
    for (const { kind, text } of pieces) if (kind === 'word') this.#whole.add(text.toLowerCase());
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
        if (kind === 'iban') return text.slice(4).match(DIGITS_OF_IBAN) ?? [];
        return kind === 'number' ? [text] : [];
      }),
      ...values,
    ];
    this.#numbers = new InventedNumbers(draw, numbers, accounts);
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
    for (const form of PERSONAL) {
      for (const { 0: found, index } of text.matchAll(form)) {
        for (const { start } of tokensOf(found)) inValues.add(index + start);
      }
    }
    let longer = 0;
    return pieces
      .map((piece, at) => {
        const made = this.#piece(piece, new Around(pieces, at), inValues);
        // What comes after the name of another month keeps its column.
        if (piece.kind === 'rest') return inColumn(made, longer);
        longer = made.length - piece.text.length;
        return made;
      })
      .join('');
  }

  #piece(piece: Piece, around: Around, inValues: ReadonlySet<number>): string {
    const { kind, start, text } = piece;
    if (kind === 'rest') return signsOf(text, this.#words, this.#draw);
    const isKept =
      kind === 'label' ||
      (kind === 'labelled_number' && !inValues.has(start)) ||
      // Digits are hidden by such.
      (kind === 'word' && /^x{2,}$/i.test(text)) ||
      (kind === 'word' && !inValues.has(start) && this.#staysAsWord(text, around));
    const isMonth = isKept && kind === 'word' && /^\p{Lu}/u.test(text) && isMonthName(text.toLowerCase());
    if (isKept && !isMonth) {
      this.#kept++;
      return text;
    }
    this.#replaced++;
    if (isMonth) return this.#dates.month(text);
    if (kind === 'word') return this.#word(text, around);
    if (kind === 'email') return this.#email(text);
    if (kind === 'iban') return this.#iban(text);
    if (kind === 'date') return this.#dates.replaced(text);
    return kind === 'time' ? this.#time(text) : this.#numbers.replaced(text);
  }

  #staysAsWord(text: string, around: Around): boolean {
    const lower = text.toLowerCase();
    if (text.length === 1) return lower === 'x' || text === 'a' || (text === 's' && around.isPossessive);
    if (this.#ofValues.has(lower)) return false;
    if (isGivenNameToo(text) && around.names.some((name) => !isOfForms(name))) return false;
    return isOfForms(text);
  }

  #word(text: string, around: Around): string {
    if (Array.from(text).length === 1) return this.#letter(text, around);
    // "Kel-" at the end of a line and "ler" in the next are the halves of a word that stands elsewhere.
    for (const [first, second] of [
      [text, around.restOfBroken],
      [around.beginOfBroken, text],
    ] as const) {
      if (first === undefined || second === undefined || !this.#whole.has((first + second).toLowerCase()))
        continue;
      const letters = Array.from(this.#words.replaced(first + second));
      const { length } = Array.from(first);
      return (first === text ? letters.slice(0, length) : letters.slice(length)).join('');
    }
    return this.#words.replaced(text);
  }

  /** A letter alone is the same again beside the same word or number only: it begins or parts a name, or a number. */
  #letter(text: string, around: Around): string {
    const beside = around.besideLetter;
    if (beside === undefined) return this.#words.once(text);
    const [letter = ''] = Array.from(this.#words.replaced(`${text}${beside}`));
    return letter;
  }

  /** Of the same country, and proven by digits of its own. */
  #iban(text: string): string {
    const country = text.slice(0, 2);
    const account = text
      .slice(4)
      .replace(DIGITS_OF_IBAN, (digits) => this.#numbers.replaced(digits))
      .replace(/[A-Z]+/g, (letters) => this.#words.replaced(letters));
    return country + ibanCheck(country, account.replace(/\s/g, '')) + account;
  }

  /** Nothing of it stays, words of forms neither: "page.branch@trust.com" may be somebody. */
  #email(text: string): string {
    const parts = text.matchAll(/(\p{L}[\p{L}\p{M}]*)|(\p{Nd}+)|[^\p{L}\p{Nd}]+/gu);
    return Array.from(parts, ([part, word, number]) => {
      if (word !== undefined)
        return Array.from(word).length > 1 ? this.#words.replaced(word) : this.#words.once(word);
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

/** As they stand in its groups. */
const DIGITS_OF_IBAN = /\d(?: ?\d)*/g;

/** Signs with so many spaces fewer, where there are enough to part what they part. */
function inColumn(signs: string, fewer: number): string {
  const [spaces = ''] = /^ */.exec(signs) ?? [];
  if (fewer === 0 || spaces.length < 3) return signs;
  return ' '.repeat(Math.max(2, spaces.length - fewer)) + signs.slice(spaces.length);
}

/** What stands beside a word. */
class Around {
  readonly #pieces: readonly Piece[];
  readonly #at: number;

  constructor(pieces: readonly Piece[], at: number) {
    this.#pieces = pieces;
    this.#at = at;
  }

  get isPossessive(): boolean {
    return /['’]$/.test(this.#pieces[this.#at - 1]?.text ?? '');
  }

  /** The second half of a word that is broken at the end of its line. */
  get restOfBroken(): string | undefined {
    return this.#wordBehind(1, BROKEN);
  }

  get beginOfBroken(): string | undefined {
    return this.#wordBehind(-1, BROKEN);
  }

  /** Words with a capital right before and behind, as in a name. */
  get names(): string[] {
    return [this.#wordBehind(-1, /^ $/), this.#wordBehind(1, /^ (?:\p{Lu}\. )?$/u)].flatMap((word) =>
      word !== undefined && /^\p{Lu}/u.test(word) ? word : [],
    );
  }

  /** What a letter alone belongs to: the number it touches, "O'" to its name, an initial to the name beside it. */
  get besideLetter(): string | undefined {
    const [before, after] = [this.#pieces[this.#at - 1], this.#pieces[this.#at + 1]];
    for (const number of [after, before]) {
      if (number?.kind === 'number' && /\p{Nd}{4}/u.test(number.text)) return number.text;
    }
    const words = [
      this.#wordBehind(1, /^['’]$/),
      this.#wordBehind(-1, /^,? {1,2}$/),
      this.#wordBehind(1, /^\.? ?$/),
    ].flatMap((word) => (word !== undefined && Array.from(word).length > 1 ? word : []));
    return words.find((word) => !isOfForms(word)) ?? words[0];
  }

  #wordBehind(step: 1 | -1, parted: RegExp): string | undefined {
    const [between, other] = [this.#pieces[this.#at + step], this.#pieces[this.#at + 2 * step]];
    const isBeside = between?.kind === 'rest' && parted.test(between.text) && other?.kind === 'word';
    return isBeside ? other.text : undefined;
  }
}

const BROKEN = /^[-\u2010] *\n *$/;

/** Words that must not stand anywhere, in lower case; those of dates and of forms' choices may. */
function wordsOfValue(value: string): string[] {
  const words = piecesOf(value, new Set()).flatMap(({ kind, text }) => {
    if (kind === 'email') return text.match(/\p{L}[\p{L}\p{M}]*/gu) ?? [];
    return kind === 'word' ? [text] : [];
  });
  return words.filter((word) => word.length > 1 && !isClosed(word)).map((word) => word.toLowerCase());
}
