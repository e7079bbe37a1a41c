import type { MadeField } from './pen.js';
import { made } from './values.js';

/** A page with the field that is to be given wrongly. */
export interface Wronged {
  field: MadeField;
  page: readonly MadeField[];
  /** Those of all pages of the document. */
  all: readonly MadeField[];
  random: () => number;
}

/** Makes a wrong value; undefined where the field has none of its kind. */
type Mistake = (wronged: Wronged) => string | undefined;

function one<T>(from: readonly T[], random: () => number): T | undefined {
  return from[Math.floor(random() * from.length)];
}

function others({ field, page }: Wronged): MadeField[] {
  return page.filter((other) => other !== field && other.value !== field.value);
}

/** Kinds of error that the table is fitted on. */
export const FITTED: Record<string, Mistake> = {
  'another value of the page': (wronged) => one(others(wronged), wronged.random)?.value,
  'a character misread': ({ field: { value }, random }) => {
    const places = Array.from(value, (char, at) => (/[\p{L}\d]/u.test(char) ? at : -1)).filter(
      (at) => at >= 0,
    );
    const at = one(places, random);
    if (at === undefined) return undefined;
    const from = /\d/.test(value[at] ?? '') ? '0123456789' : 'abcdefghijklmnopqrstuvwxyz';
    const char =
      one(
        Array.from(from).filter((other) => other !== value[at]?.toLowerCase()),
        random,
      ) ?? '';
    return value.slice(0, at) + char + value.slice(at + 1);
  },
  'made up': ({ field, random }) => made(field.kind, random),
  'its end left out': ({ field: { value } }) => /^(.+)[ .-]\S+$/.exec(value)?.[1]?.replace(/[,.]$/, ''),
};

/** Kinds of error that nothing was fitted on. */
export const UNSEEN: Record<string, Mistake> = {
  'the value beside it': (wronged) => {
    const { field } = wronged;
    const far = (other: MadeField) => Math.abs(other.x - field.x) + 4 * Math.abs(other.y - field.y);
    return others(wronged).sort((a, b) => far(a) - far(b))[0]?.value;
  },
  'another of its kind on the page': (wronged) =>
    one(
      others(wronged).filter(({ kind }) => kind === wronged.field.kind),
      wronged.random,
    )?.value,
  'one of its kind from another page': ({ field, page, all, random }) => {
    const elsewhere = all.filter((other) => !page.includes(other));
    const ofKind = elsewhere.filter(({ kind, value }) => kind === field.kind && value !== field.value);
    return one(ofKind, random)?.value;
  },
  'two digits changed places': ({ field: { value }, random }) => {
    const places = Array.from(value.matchAll(/\d(?=\d)/g), ({ index }) => index).filter(
      (at) => value[at] !== value[at + 1],
    );
    const at = one(places, random);
    if (at === undefined) return undefined;
    return value.slice(0, at) + (value[at + 1] ?? '') + (value[at] ?? '') + value.slice(at + 2);
  },
  'the point moved': ({ field: { value, kind } }) =>
    kind === 'amount' || kind === 'rate' ? value.replace(/(\d)\.(\d)(\d)/, '$1$2.$3') : undefined,
  'its beginning left out': ({ field: { value } }) => /^\S+ (.*[\p{L}\d].*)$/u.exec(value)?.[1],
  'run on into the next label': (wronged) => {
    const { field } = wronged;
    const next = others(wronged).find(({ x, y, label }) => label !== '' && y === field.y && x > field.x);
    return next && `${field.value} ${next.label}`;
  },
  'its label for the value': ({ field: { label } }) => (label === '' ? undefined : label),
};
