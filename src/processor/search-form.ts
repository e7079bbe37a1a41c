/**
 * A text as it is searched: in lower case, signs left out, each word with a space on both sides. So whole
 * words are found only: "John Smith" does not stand in "John Smithson", nor "12 Oak" in "112 Oak".
 */
export function searchForm(text: string): string {
  return ` ${text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ')} `.replace(/ {2,}/g, ' ');
}

/** Where words are parted that OCR ran together: "BranchMain Street", "Number12345678". */
const JOINTS = /(?<=\p{Ll})(?=\p{Lu})|(?<=\p{L})(?=\p{N})/gu;

/** The search form of a text with such words parted. */
export function partedSearchForm(text: string): string {
  return searchForm(part(text));
}

function part(text: string): string {
  return text.replace(JOINTS, ' ');
}

/** Where each word of a search form stands. */
export interface FormWords {
  /** In the form, ascending. */
  at: Uint32Array;
  /** In the text, in UTF-16 units; `ends` behind the last. */
  starts: Uint32Array;
  ends: Uint32Array;
}

/** The words of `searchForm(text)`. */
export function formWords(text: string): FormWords {
  const lower = text.toLowerCase();
  const original = lower.length === text.length ? undefined : originals(text);
  const [at, starts, ends]: [number[], number[], number[]] = [[], [], []];
  let inForm = 1;
  for (const { 0: word, index } of lower.matchAll(/[\p{L}\p{N}]+/gu)) {
    const last = index + word.length - 1;
    at.push(inForm);
    starts.push(original?.[index] ?? index);
    ends.push((original?.[last] ?? last) + 1);
    inForm += word.length + 1;
  }
  return { at: Uint32Array.from(at), starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) };
}

/** The words of `partedSearchForm(text)`. */
export function partedFormWords(text: string): FormWords {
  const words = formWords(part(text));
  const joints = Array.from(text.matchAll(JOINTS), ({ index }) => index);
  let spaces = 0;
  for (const [number, start] of words.starts.entries()) {
    // Every joint before the word is one space that the text does not have.
    while ((joints[spaces] ?? Infinity) + spaces < start) spaces++;
    words.starts[number] = start - spaces;
    words.ends[number] = (words.ends[number] ?? 0) - spaces;
  }
  return words;
}

/** For each unit of the text in lower case, the unit of the text it came from: "İ" becomes two. */
function originals(text: string): Uint32Array {
  const units: number[] = [];
  let start = 0;
  for (const char of text) {
    const length = char.toLowerCase().length;
    for (let unit = 0; unit < length; unit++) units.push(start + Math.min(unit, char.length - 1));
    start += char.length;
  }
  return Uint32Array.from(units);
}
