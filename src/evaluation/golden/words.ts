import { PYTHON_SPACE } from '../../text.js';
import type { Draw } from './draw.js';

const VOWELS = 'aeiou';
const CONSONANTS = 'bcdfghjklmnprstvwxyz';
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const TRIES = 200;

/** A letter's kind, and letters of it. What is of none of these is one of the last that fits. */
const ALPHABETS: readonly (readonly [RegExp, string])[] = [
  [/(?=\p{Lu})\p{Script=Greek}/u, 'ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ'],
  [/(?=\p{Ll})\p{Script=Greek}/u, 'αβγδεζηθικλμνξοπρστυφχψω'],
  [/(?=\p{Lu})\p{Script=Cyrillic}/u, 'АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЭЮЯ'],
  [/(?=\p{Ll})\p{Script=Cyrillic}/u, 'абвгдежзиклмнопрстуфхцчшэюя'],
  [/\p{Lu}/u, LETTERS.toUpperCase()],
  [/\p{Ll}/u, LETTERS],
  [/(?=\p{Lo})\p{Script=Han}/u, '山水木火土金日月田川天地人大小中上下'],
  [/(?=\p{Lo})\p{Script=Hiragana}/u, 'あいうえおかきくけこさしすせそたちつてと'],
  [/(?=\p{Lo})\p{Script=Katakana}/u, 'アイウエオカキクケコサシスセソタチツテト'],
  [/(?=\p{Lo})\p{Script=Hangul}/u, '가나다라마바사아자차카타파하'],
  [/(?=\p{Lo})\p{Script=Arabic}/u, 'ابتثجحدرسشصعفقكلمنهوي'],
  [/(?=\p{Lo})\p{Script=Hebrew}/u, 'אבגדהוזחטיכלמנסעפצקרשת'],
  [/(?=\p{Lo})\p{Script=Thai}/u, 'กขคงจฉชซดตถทนบปผพมยรลวสห'],
  [/\p{Lt}/u, 'ǅǈǋ'],
  [/\p{Lm}/u, 'ʰʲʷ'],
  [/\p{L}/u, 'ƻǀǁǂ'],
];

/**
 * Words in place of a document's: each the same wherever it stands, with as many letters of the same kind in the
 * same places.
 */
export class InventedWords {
  readonly #draw: Draw;
  readonly #isTaken: (word: string) => boolean;
  readonly #invented = new Map<string, string>();
  readonly #used = new Set<string>();

  /** @param isTaken whether a word, in lower case, must not stand for another */
  constructor(draw: Draw, isTaken: (word: string) => boolean) {
    this.#draw = draw;
    this.#isTaken = isTaken;
  }

  replaced(word: string): string {
    const key = word.normalize('NFC').toLowerCase();
    const invented = this.#invented.get(key) ?? this.#invent(key);
    let at = 0;
    return Array.from(word, (letter) => {
      return this.#inPlaceOf(letter, /\p{M}/u.test(letter) ? '' : invented.charAt(at++));
    }).join('');
  }

  /** The same without keeping it: letter by letter, a text in an alphabet of its own could be solved. */
  once(text: string): string {
    return Array.from(text, (letter) => this.#inPlaceOf(letter, this.#one(LETTERS))).join('');
  }

  /** @param invented a letter from a to z, or none */
  #inPlaceOf(letter: string, invented: string): string {
    if (/\p{M}/u.test(letter)) return '\u0301';
    const [, alphabet] = ALPHABETS.find(([kind]) => kind.test(letter)) ?? [];
    if (alphabet === undefined) return letter;
    const at = invented === '' ? this.#draw(LETTERS.length) : LETTERS.indexOf(invented);
    return Array.from(alphabet)[at % Array.from(alphabet).length] ?? '';
  }

  #invent(key: string): string {
    const { length } = Array.from(key.replace(/\p{M}/gu, ''));
    for (const isFree of [
      (word: string) => !this.#used.has(word) && !this.#isTaken(word),
      (word: string) => !this.#isTaken(word),
      (word: string) => word !== key,
    ]) {
      for (let tries = 0; tries < TRIES; tries++) {
        const word = this.#word(length, tries > TRIES / 2);
        if (!isFree(word)) continue;
        this.#used.add(word);
        this.#invented.set(key, word);
        return word;
      }
    }
    return this.#word(length, true);
  }

  #word(length: number, isAnyLetters: boolean): string {
    const first = this.#draw(2);
    return Array.from({ length }, (_, at) => {
      if (isAnyLetters) return this.#one(LETTERS);
      return this.#one((at + first) % 2 === 0 ? CONSONANTS : VOWELS);
    }).join('');
  }

  #one(letters: string): string {
    return letters.charAt(this.#draw(letters.length));
  }
}

/** Signs that stay: they part, frame and mark, and spell nothing. */
const SIGN = new RegExp(
  `[${PYTHON_SPACE}\\p{P}\\p{Sc}\\p{Sm}^\`~´¨°©®™§\\u2190-\\u21ff\\u2500-\\u25ff\\u2610-\\u2612\\u2713-\\u2718]`,
  'u',
);

/** What is neither word nor number, with nothing in it that could spell. */
export function signsOf(text: string, words: InventedWords, draw: Draw): string {
  return Array.from(text, (char) => {
    if (/\p{L}|\p{M}/u.test(char)) return words.once(char);
    if (/\p{Nd}/u.test(char)) return String(draw(10));
    if (/\p{No}/u.test(char)) return '½¼¾'.charAt(draw(3));
    if (/\p{Nl}/u.test(char)) return 'ⅠⅡⅢ'.charAt(draw(3));
    return SIGN.test(char) ? char : '·';
  }).join('');
}
