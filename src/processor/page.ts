import type { PageKind } from './instructions.js';
import { speaksToModel } from './signs/signs.js';
import { taggedPage, type SentPage } from '../llm/wire.js';
import { codePointLength, firstCodePoints, strip } from '../text.js';

/** How much of a page goes to the model, in code points (CURRENT_SYSTEM, One page through the model). */
const PAGE_LIMIT = 12_000;

/** A page with less text than this, trimmed, is blank: nothing is asked about it (DESIGN, row 7). */
const BLANK_BELOW = 10;

const STRONG_PHRASES = [
  "DRIVER'S LICENSE",
  'DRIVERS LICENSE',
  'DRIVER LICENSE',
  'LICENSE NUMBER',
  'DL #',
  ...`ALABAMA ALASKA ARIZONA ARKANSAS CALIFORNIA COLORADO CONNECTICUT DELAWARE FLORIDA GEORGIA
  HAWAII IDAHO ILLINOIS INDIANA IOWA KANSAS KENTUCKY LOUISIANA MAINE MARYLAND MASSACHUSETTS MICHIGAN
  MINNESOTA MISSISSIPPI MISSOURI MONTANA NEBRASKA NEVADA OHIO OKLAHOMA OREGON PENNSYLVANIA TENNESSEE
  TEXAS UTAH VERMONT VIRGINIA WASHINGTON WISCONSIN WYOMING`.split(/\s+/),
  ...['HAMPSHIRE', 'JERSEY', 'MEXICO', 'YORK'].map((name) => `NEW ${name}`),
  ...['NORTH', 'SOUTH'].flatMap((side) => [`${side} CAROLINA`, `${side} DAKOTA`]),
  'RHODE ISLAND',
  'WEST VIRGINIA',
];

const WEAK_PHRASES = [
  'EXPIRATION DATE',
  'ISSUE DATE',
  'DATE OF BIRTH',
  'HEIGHT',
  'WEIGHT',
  'EYE COLOR',
  'HAIR COLOR',
  'RESTRICTIONS',
  'ENDORSEMENTS',
  'LICENSE CLASS',
  'ISSUING STATE',
  'DOCUMENT DISCRIMINATOR',
  'ORGAN DONOR',
];

/** A page ready to be asked about: its text as it is sent. */
export interface Page extends SentPage {
  kind: PageKind;
  /** At most so many tokens of input: tokenizers need fewer than one for two bytes of UTF-8. */
  tokens: number;
  /** About how many labelled values stand on it: what the length of its answer follows. */
  values: number;
  /** It is asked about alone, so that it can change no other page's answer. */
  alone: boolean;
}

/** Which instruction a page is read with (CURRENT_SYSTEM, One page through the model). */
function pageKind(text: string): PageKind {
  const upper = text.toUpperCase();
  const isLicence =
    STRONG_PHRASES.some((phrase) => upper.includes(phrase)) ||
    WEAK_PHRASES.filter((phrase) => upper.includes(phrase)).length >= 2;
  return isLicence ? 'licence' : 'loan';
}

export function isBlank(text: string): boolean {
  return codePointLength(strip(text)) < BLANK_BELOW;
}

/** Whether only the beginning of the page's text is sent. */
export function isTruncated(text: string): boolean {
  return text.length > PAGE_LIMIT && codePointLength(text) > PAGE_LIMIT;
}

/** "Label: value", or a label of which the columns were parted by spaces. */
const LABELLED_VALUE = /\p{L}[.)#]?(?::[^\S\n]*| {2,})(?=\S)/gu;

/** What of a page's text goes to the model. */
export function sentText(text: string): string {
  return firstCodePoints(text, PAGE_LIMIT);
}

/**
 * The kind is told from the whole text, the text that is sent is cut, as the old system does.
 *
 * @param mayShare whether a call may hold other pages besides: only then does it matter, and take the time, to see
 *   whether the page speaks to the model. Default: it may.
 */
export function preparePage(number: number, text: string, mayShare = true): Page {
  const page = { number, text: sentText(text) };
  return {
    ...page,
    kind: pageKind(text),
    tokens: Math.ceil(Buffer.byteLength(taggedPage(page)) / 2),
    values: page.text.match(LABELLED_VALUE)?.length ?? 0,
    alone: !mayShare || speaksToModel(page.text, number),
  };
}
