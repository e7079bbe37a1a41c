import { codePointLength, strip } from '../text.js';

/**
 * What a page's text layer is worth: 'sound' is all there is to read of the page; 'scan' is a page to be read
 * by OCR; 'beside pictures' is sound text on a page that holds more than its text says.
 */
export type TextLayer = 'sound' | 'scan' | 'beside pictures';

/** What is known of a page besides its text. */
export interface PageFacts {
  /** The sound text that is seen on the page. */
  text: string;
  /** The share of its characters for which the PDF does not say which they are. */
  unsound: number;
  /** How many these are. */
  lost: number;
  /** The share of the page that pictures cover. */
  pictures: number;
  paths: number;
  /** Of the lines of paths that are more than rules and boxes. */
  segments: number;
}

/** A page with less text than this, in code points, may be a scan with a few words of somebody's on it. */
const SHORT = 20;
/** Left by PDF editors on trial, mostly on top of scans they have read badly. */
const TRIAL_WATERMARK = /pdf-xchange|clicktobuynow/i;
const UNSOUND = 0.2;
const SOME_LOST = 3;
const MOST_OF_PAGE = 0.5;
const SOME_OF_PAGE = 0.02;
/** Beside little text: more than a few rules. */
const MANY_PATHS = 100;
const MANY_SEGMENTS = 300;
/** A page of letters drawn as paths, beside a line of print. */
const PAGE_OF_SEGMENTS = 5_000;
const SEGMENTS_A_CHARACTER = 200;

export function textLayer({ text, unsound, lost, pictures, paths, segments }: PageFacts): TextLayer {
  if (unsound >= UNSOUND || TRIAL_WATERMARK.test(text.replace(/\s+/g, ''))) return 'scan';
  const length = codePointLength(strip(text));
  const isDrawn = paths >= MANY_PATHS || segments >= MANY_SEGMENTS;
  if (length === 0) return pictures > 0 || paths > 0 ? 'scan' : 'sound';
  if (length < SHORT && isDrawn) return 'scan';
  // An amount in a font without a map is on the page, and not in the text.
  if (lost >= SOME_LOST) return 'beside pictures';
  const isMore = pictures >= MOST_OF_PAGE || (length < SHORT && pictures >= SOME_OF_PAGE);
  const isOutlined = segments >= Math.max(PAGE_OF_SEGMENTS, SEGMENTS_A_CHARACTER * length);
  return isMore || isOutlined ? 'beside pictures' : 'sound';
}
