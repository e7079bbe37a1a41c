import { partedSearchForm } from '../../processor/search-form.js';

/** What the names of fields and the labels of pages are compared by. */
export interface LabelWords {
  words: readonly string[];
  /** Which of several: "2" of "Signer2_Name". */
  number?: string | undefined;
  /** ... and of what: "signer", which the label may leave out. */
  owner?: string | undefined;
}

/** Short forms, and words for the same. */
const SAME: Readonly<Record<string, readonly string[]>> = {
  acct: ['account'],
  addr: ['address'],
  amt: ['amount'],
  apy: ['annual', 'percentage', 'yield'],
  birthdate: ['date', 'birth'],
  dl: ['driver', 'license'],
  dob: ['date', 'birth'],
  exp: ['expiration'],
  expires: ['expiration'],
  expiry: ['expiration'],
  gender: ['sex'],
  holder: ['owner'],
  issued: ['issue'],
  licence: ['license'],
  nr: ['number'],
  no: ['number'],
  num: ['number'],
  opened: ['open'],
  opening: ['open'],
  previous: ['open'],
  prior: ['open'],
  beginning: ['open'],
  ending: ['closing'],
  new: ['closing'],
  ssn: ['social', 'security'],
  tel: ['phone'],
  telephone: ['phone'],
};
/** The short forms that labels are written in, and what they stand for. */
export function wordsOfShortForms(): Set<string> {
  return new Set([...Object.keys(SAME), ...Object.values(SAME).flat()]);
}

/** They tell no label from another. */
const EMPTY = new Set(['a', 'an', 'and', 'as', 'at', 'by', 'for', 'in', 'of', 'on', 'or', 's', 'the', 'to']);
const MOST_WORDS = 12;

/** The words of a label ("Date of birth:"), in the form they are compared in. */
export function labelWords(text: string): LabelWords {
  return read(text, false);
}

/** The words of a field's name ("Signer1_DOB"). */
export function nameWords(name: string): LabelWords {
  return read(name, true);
}

function read(text: string, isName: boolean): LabelWords {
  const words: string[] = [];
  let number: string | undefined;
  let owner: string | undefined;
  for (const word of partedSearchForm(text).split(' ')) {
    if (number === undefined && /^\d{1,2}$/.test(word)) {
      number = String(Number(word));
      owner = isName ? words.at(-1) : undefined;
    }
    if (word === '' || /^\p{N}/u.test(word) || EMPTY.has(word)) continue;
    const singular = word.length > 3 && !word.endsWith('ss') ? word.replace(/s$/, '') : word;
    const same = Object.hasOwn(SAME, singular) ? SAME[singular] : undefined;
    words.push(...(same ?? [singular]));
    if (words.length >= MOST_WORDS) break;
  }
  const rest = words.filter((word) => word !== owner);
  return rest.length > 0
    ? { words: [...new Set(rest)], number, owner }
    : { words: [...new Set(words)], number };
}

/** Of a label that says something of another one ("Signer 1 Name" for Signer2_Name) so much is left. */
const OTHER_NUMBER = 0.3;
/** Of one that names the owner alone: "Fund" over the names of funds. */
const OWNER_ALONE = 0.4;

/**
 * How well a label names a field, 0 to 1: the share of the field's words that it has, and of its own that are the
 * field's, in equal parts.
 */
export function affinity(name: LabelWords, label: LabelWords): number {
  const shared = label.words.filter((word) => name.words.includes(word)).length;
  const hasOwner = name.owner !== undefined && label.words.includes(name.owner);
  if (shared === 0) return hasOwner ? OWNER_ALONE / label.words.length : 0;
  const known = shared + (hasOwner ? 1 : 0);
  const share = (shared / name.words.length + known / label.words.length) / 2;
  const isOther = name.number !== undefined && label.number !== undefined && name.number !== label.number;
  return isOther ? share * OTHER_NUMBER : share;
}
