/**
 * The text rules of the system being replaced are Python's. JavaScript's `trim`, `\s`, `\w` and
 * `length` differ from them in small ways (U+0085, U+001C-1F, U+FEFF, digits of other scripts,
 * surrogate pairs), so the rules that decide a record are spelled out here once.
 */

/** Python's `str.isspace`, and so its `\s`, as the inside of a character class. */
export const PYTHON_SPACE =
  '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/** Python's `\w` for text, as the inside of a character class (needs the `u` flag). */
export const PYTHON_WORD = '\\p{L}\\p{N}_';

const SPACE = new RegExp(`[${PYTHON_SPACE}]`);

/** Python's `str.strip()`. */
export function strip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE.test(text.charAt(start))) start++;
  while (end > start && SPACE.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Python's `len(text)`: Unicode code points, not UTF-16 units. */
export function codePointLength(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    if (isSurrogatePair(text, i)) {
      length--;
      i++;
    }
  }
  return length;
}

/** Python's `text[:count]`: the first `count` code points; never half of a surrogate pair. */
export function firstCodePoints(text: string, count: number): string {
  if (text.length <= count) return text;
  let end = 0;
  for (let taken = 0; taken < count && end < text.length; taken++) end += isSurrogatePair(text, end) ? 2 : 1;
  return text.slice(0, end);
}

/** Whether a text holds plain letters, digits and signs alone, of ASCII. */
export function isAscii(text: string): boolean {
  return !/\P{ASCII}/u.test(text);
}

function isSurrogatePair(text: string, index: number): boolean {
  return (
    isBetween(text.charCodeAt(index), 0xd800, 0xdbff) && isBetween(text.charCodeAt(index + 1), 0xdc00, 0xdfff)
  );
}

function isBetween(value: number, low: number, high: number): boolean {
  return value >= low && value <= high;
}
