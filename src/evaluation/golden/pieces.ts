import { findDates } from '../../processor/writings.js';
import { accountMentions } from '../../stages/accounts.js';
import { isIban } from './check-digits.js';
import { isMonthName, isOfDates } from './dates.js';

/** A part of a page's text; all pieces together are the text. */
export interface Piece {
  kind: 'label' | 'labelled_number' | 'date' | 'time' | 'number' | 'iban' | 'email' | 'word' | 'rest';
  start: number;
  text: string;
}

const DIGIT = '\\p{Nd}';
/** "Page 2 of 7", "Signer 1": which of several, on the form itself. */
const LABELLED_NUMBER =
  /(?<=(?<!\p{L})(?:page|signer|owner|holder|applicant|borrower|beneficiary|part|section|item|schedule)s? {0,2}#? ?)\p{Nd}{1,2}(?: ?(?:of|\/) ?\p{Nd}{1,3})?(?![\p{Nd}\p{L}]|[-./,]\p{Nd})/giu;
/** Whatever words and numbers it is made of. It begins where such signs do, so that looking for it takes no longer. */
const EMAIL = /(?<![\p{L}\p{M}\p{N}._%+'-])[\p{L}\p{M}\p{N}._%+'-]+@[\p{L}\p{M}\p{N}.-]+/gu;
/** Letters alone that are no initials. */
const SHORT_LABEL = /(?<![\p{L}\p{M}])(?:e-mails?|n\/a|c\/o)(?![\p{L}\p{M}])/giu;
const COUNTRY_OF_PHONE = /\+1(?=[ .-]?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})/g;
/** Parted in fours, or not at all. */
const IBAN = /(?<![\p{L}\p{N}])[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?(?![\p{L}\p{N}])/gu;
/** Without a day, and without a year: dates beside those of records. */
const OTHER_DATES =
  /(?<![\p{Nd}/.-])(?:(?:0?[1-9]|1[0-2])\/(?:19|20)\d\d|(?:0?[1-9]|1[0-2])\/(?:0?[1-9]|[12]\d|3[01]))(?![\p{Nd}/.-])/gu;
const MONTH_AND_DAY =
  /(?<![\p{L}\p{N}])(?:\p{L}{3,9}\.? (?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?|(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?(?: day)?(?: of)? \p{L}{3,9})(?![\p{L}\p{N}])/giu;
const TIME = /(?<![\p{Nd}:])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?![\p{Nd}:])/gu;
/** One number in whatever writing: "1,204.50", "123-45-6789", "(555) 010-0199", "1 2 3 4 5". */
const NUMBER = new RegExp(
  [
    `\\(${DIGIT}{3}\\) ?${DIGIT}{3}[ .-]${DIGIT}{4}(?!${DIGIT})`,
    `(?<!${DIGIT})${DIGIT}{3} ${DIGIT}{3}[ -]${DIGIT}{4}(?!${DIGIT})`,
    `(?<!${DIGIT})${DIGIT}{3} ${DIGIT}{2} ${DIGIT}{4}(?!${DIGIT})`,
    `(?<!${DIGIT})${DIGIT}{4}(?: ${DIGIT}{4}){2,}(?: ${DIGIT}{1,3})?(?!${DIGIT})`,
    `(?<!${DIGIT})${DIGIT}(?:[ |]{1,3}${DIGIT}(?!${DIGIT})){3,}`,
    `${DIGIT}+(?:[-./,'’:]${DIGIT}+)*`,
  ].join('|'),
  'gu',
);
const WORD = /\p{L}[\p{L}\p{M}]*/gu;

/** Takes a page's text apart: what stands first in the order of rules has its place. */
export function piecesOf(text: string, accounts: ReadonlySet<string>): Piece[] {
  const claims = new Claims(text);
  for (const { start, end } of accountMentions(text)) {
    const digits = /\d+$/.exec(text.slice(start, end))?.[0].length ?? 0;
    claims.claim('label', start, end - digits);
    claims.claim('number', end - digits, end);
  }
  for (const { 0: run, index } of text.matchAll(/\d{8,}/g)) {
    if (accounts.has(run.replace(/^0+(?=.)/, ''))) claims.claim('number', index, index + run.length);
  }
  claims.all('email', EMAIL);
  for (const { 0: found, index } of text.matchAll(IBAN)) {
    if (isIban(found)) claims.claim('iban', index, index + found.length);
  }
  claims.all('label', SHORT_LABEL);
  claims.all('label', COUNTRY_OF_PHONE);
  claims.all('labelled_number', LABELLED_NUMBER);
  // A date may go on in the next line.
  const lower = lowered(text).replaceAll('\n', ' ');
  for (const { start, end } of findDates(lower)) {
    // "Maria 12, 2024" begins like a month.
    const words = lower.slice(start, end).match(/\p{L}+/gu) ?? [];
    if (words.every((word) => isOfDates(word))) claims.claim('date', start, end);
  }
  claims.all('date', OTHER_DATES);
  for (const { 0: found, index } of text.matchAll(MONTH_AND_DAY)) {
    const words = found.toLowerCase().match(/\p{L}{3,}/gu) ?? [];
    if (words.some(isMonthName) && words.every(isOfDates)) claims.claim('date', index, index + found.length);
  }
  claims.all('time', TIME);
  claims.all('number', NUMBER);
  claims.all('word', WORD);
  return claims.pieces();
}

/** Places of a text that are spoken for; none overlap. */
class Claims {
  readonly #text: string;
  readonly #taken: Uint8Array;
  readonly #pieces: Piece[] = [];

  constructor(text: string) {
    this.#text = text;
    this.#taken = new Uint8Array(text.length);
  }

  claim(kind: Piece['kind'], start: number, end: number): void {
    if (start >= end || this.#taken.subarray(start, end).includes(1)) return;
    this.#taken.fill(1, start, end);
    this.#pieces.push({ kind, start, text: this.#text.slice(start, end) });
  }

  all(kind: Piece['kind'], form: RegExp): void {
    for (const { 0: found, index } of this.#text.matchAll(form)) {
      this.#claimFree(kind, index, index + found.length);
    }
  }

  /** What of a place is free: a label may begin within a word. */
  #claimFree(kind: Piece['kind'], start: number, end: number): void {
    let from = start;
    while (from < end) {
      let to = from + 1;
      while (to < end && this.#taken[to] === this.#taken[from]) to++;
      if (this.#taken[from] === 0) this.claim(kind, from, to);
      from = to;
    }
  }

  /** What nobody claimed is the rest. */
  pieces(): Piece[] {
    const pieces: Piece[] = [];
    let end = 0;
    for (const piece of this.#pieces.sort((a, b) => a.start - b.start)) {
      if (piece.start > end)
        pieces.push({ kind: 'rest', start: end, text: this.#text.slice(end, piece.start) });
      pieces.push(piece);
      end = piece.start + piece.text.length;
    }
    if (end < this.#text.length) pieces.push({ kind: 'rest', start: end, text: this.#text.slice(end) });
    return pieces;
  }
}

/** In lower case, each character at its place. */
function lowered(text: string): string {
  const lower = text.toLowerCase();
  if (lower.length === text.length) return lower;
  return text.replace(/[^\p{ASCII}]|[A-Z]/gu, (char) => {
    const small = char.toLowerCase();
    return small.length === char.length ? small : char;
  });
}
