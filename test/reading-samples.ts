import { readFileSync } from 'node:fs';

/** What a person reads on a sample page. */
interface Expected {
  /** Whole lines; white space counts as one space. */
  lines?: string[];
  contains?: string[];
  lacks?: string[];
  /** Of the text, in UTF-16 units. */
  maxChars?: number;
}

export function readingSample(name: string): { pdf: Buffer; expected: Expected } {
  const file = (ending: string) =>
    readFileSync(new URL(`samples/reading/${name}.${ending}`, import.meta.url));
  return { pdf: file('pdf'), expected: JSON.parse(file('json').toString()) as Expected };
}

/** What of it a text does not hold. */
export function misread(
  text: string,
  { lines = [], contains = [], lacks = [], maxChars }: Expected,
): string[] {
  const read = text.split('\n').map(spaced);
  return [
    ...lines.filter((line) => !read.includes(line)).map((line) => `no line ${line}`),
    ...contains.filter((part) => !spaced(text).includes(part)).map((part) => `no ${part}`),
    ...lacks.filter((part) => text.includes(part)).map((part) => `there is ${part}`),
    ...(text.length > (maxChars ?? Infinity) ? [`${text.length} characters`] : []),
  ];
}

function spaced(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}
