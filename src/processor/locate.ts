import { distanceFrom } from './label-distance.js';
import { formWords, partedFormWords, partedSearchForm, searchForm, type FormWords } from './search-form.js';
import type { Steps } from './steps.js';
import { around, boxOf, wordOffsets, type Box, type PageWords, type Place, type Span } from './words.js';

/** Hits looked at before they are put in order: a page of one word repeated holds thousands. */
const MAX_HITS = 200;
const MAX_LABELS = 50;
const MAX_LABEL_WORDS = 8;

/** A text in the forms it is searched in. They are made when they are needed: the parted one seldom is. */
class Searchable {
  readonly plain: string;
  #parted: string | undefined;
  #plainWords: FormWords | undefined;
  #partedWords: FormWords | undefined;
  #plainSequence: string[] | undefined;
  #partedSequence: string[] | undefined;

  constructor(readonly text: string) {
    this.plain = searchForm(text);
  }

  get parted(): string {
    return (this.#parted ??= partedSearchForm(this.text));
  }

  /** The words of the plain form, in its order. */
  get plainSequence(): readonly string[] {
    return (this.#plainSequence ??= wordsOf(this.plain));
  }

  get partedSequence(): readonly string[] {
    return (this.#partedSequence ??= wordsOf(this.parted));
  }

  get plainWords(): FormWords {
    return (this.#plainWords ??= formWords(this.text));
  }

  get partedWords(): FormWords {
    return (this.#partedWords ??= partedFormWords(this.text));
  }
}

/** The words of a search form, and where each of them stands among the others. */
class WordIndex {
  readonly #words: readonly string[];
  readonly #at = new Map<string, number[]>();

  constructor(words: readonly string[]) {
    this.#words = words;
    for (const [index, word] of this.#words.entries()) {
      const places = this.#at.get(word);
      if (places) places.push(index);
      else this.#at.set(word, [index]);
    }
  }

  has(sought: readonly string[], steps: Steps): boolean {
    steps.spend(sought.length);
    // Looked for where its rarest word stands.
    let rarest: { offset: number; places: readonly number[] } | undefined;
    for (const [offset, word] of sought.entries()) {
      const places = this.#at.get(word);
      if (!places) return false;
      if (!rarest || places.length < rarest.places.length) rarest = { offset, places };
    }
    return (rarest?.places ?? []).some((place) => {
      const first = place - (rarest?.offset ?? 0);
      let length = 0;
      while (length < sought.length && this.#words[first + length] === sought[length]) length++;
      steps.spend(length + 1);
      return length === sought.length;
    });
  }
}

function wordsOf(form: string): string[] {
  return form.split(' ').filter((word) => word !== '');
}

/** A page made ready to be searched, once for all values. */
export class IndexedPage extends Searchable {
  #offsets: Uint32Array | undefined;
  #plainIndex: WordIndex | undefined;
  #partedIndex: WordIndex | undefined;

  constructor(
    text: string,
    readonly words?: PageWords,
  ) {
    super(text);
  }

  /** Where the words begin and end that have boxes: two numbers a word. */
  get offsets(): Uint32Array {
    return (this.#offsets ??= wordOffsets(this.text));
  }

  get plainIndex(): WordIndex {
    return (this.#plainIndex ??= new WordIndex(this.plainSequence));
  }

  get partedIndex(): WordIndex {
    return (this.#partedIndex ??= new WordIndex(this.partedSequence));
  }
}

/** @param words where the words of `text` stand; without them places have no boxes */
export function indexPage(text: string, words?: PageWords): IndexedPage {
  return new IndexedPage(text, words);
}

/** A value made ready to be looked for on several pages. */
export function soughtFor(value: string): Searchable {
  return new Searchable(value);
}

/**
 * Whether a value stands on a page: in whole words, whatever their case and the signs between them, over
 * line ends too, and with words parted that OCR ran together.
 *
 * @param steps what it costs is taken from them
 * @throws {TooManySteps} when they are used up
 */
export function stands(value: Searchable, page: IndexedPage, steps: Steps): boolean {
  // A value of signs alone ("-", an emoji) has no words to look for.
  if (value.plain === ' ') {
    steps.spend(page.text.length * value.text.length);
    return page.text.includes(value.text);
  }
  return page.plainIndex.has(value.plainSequence, steps) || page.partedIndex.has(value.partedSequence, steps);
}

/** Whether a text stands on a page in whole words; words that ran together are not parted. */
export function standsAsIs(text: Searchable, page: IndexedPage, steps: Steps): boolean {
  return page.plainIndex.has(text.plainSequence, steps);
}

/**
 * Every place where a value stands on a page, by the same search as `stands`, the one beside its label first,
 * the others in the order of the text. Of a value that stands all over the page only the first 200, and those
 * behind its label.
 *
 * @param label what the value is called on the page; signs and case do not matter ("Date_Opened")
 */
export function locate(value: string, page: IndexedPage, label = ''): Place[] {
  const spans = spansOf(value, page, MAX_HITS);
  const all = spans.length < MAX_HITS ? spans : [...spans, ...spansBehind(label, value, page)];
  // The same place may be found in both forms.
  const distinct = new Map(all.map((span) => [`${span.start}-${span.end}`, span]));
  const places = signsApart([...distinct.values()], page.text)
    .sort((a, b) => a.start - b.start || a.end - b.end)
    .map((span) => placeOf(span, page));
  return places.length < 2 ? places : byLabel(places, label, page);
}

/** A sign that stands by itself ("Balance: -") is not the one in the middle of a number, where there are both. */
function signsApart(spans: Span[], text: string): Span[] {
  const apart = spans.filter(({ start, end }) => {
    const isSign = !/[\p{L}\p{N}]/u.test(text.slice(start, end));
    return !isSign || !/\S/.test(text.charAt(start - 1) + text.charAt(end));
  });
  return apart.length > 0 ? apart : spans;
}

function byLabel(places: Place[], label: string, page: IndexedPage): Place[] {
  const labels = labelPlaces(label, page);
  if (labels.length === 0) return places;
  const distance = distanceFrom(labels, page.text);
  const measured = places.map((place) => ({ place, far: distance(place) }));
  // Of two that are Infinity the difference is no number.
  return measured.sort((a, b) => (a.far === b.far ? 0 : a.far - b.far)).map(({ place }) => place);
}

/** A page says "SSN" where the field is "Signer1_SSN": what of the name's end stands there is the label. */
function labelPlaces(label: string, page: IndexedPage): Place[] {
  const words = partedSearchForm(label).trim().split(' ').slice(0, MAX_LABEL_WORDS);
  // "Stamp_Date_2" is the second that the page calls so.
  if (/^\p{N}+$/u.test(words.at(-1) ?? '')) words.pop();
  while (words.length > 0) {
    const spans = spansOf(words.join(' '), page, MAX_LABELS);
    if (spans.length > 0) return spans.map((span) => placeOf(span, page));
    words.shift();
  }
  return [];
}

function spansBehind(label: string, value: string, page: IndexedPage): Span[] {
  return spansOf(`${label}: ${value}`, page, MAX_LABELS).flatMap(({ start, end }) => {
    const both = indexPage(page.text.slice(start, end));
    const behind = spansOf(value, both, MAX_HITS).findLast((span) => start + span.end === end);
    return behind ? { start: start + behind.start, end } : [];
  });
}

function placeOf(span: Span, page: IndexedPage): Place {
  return { ...span, boxes: boxesOf(span, page) };
}

/** The words and the parted words of a page are searched alike. */
interface Hit {
  form: 'plain' | 'parted' | 'text';
  at: number;
  length: number;
}

function* hits(value: Searchable, page: IndexedPage): Generator<Hit> {
  // A value of signs alone ("-", an emoji) has no words to look for.
  if (value.plain === ' ') {
    yield* hitsIn('text', page.text, value.text);
    return;
  }
  yield* hitsIn('plain', page.plain, value.plain);
  yield* hitsIn('parted', page.parted, value.parted);
}

function* hitsIn(form: Hit['form'], text: string, sought: string): Generator<Hit> {
  // The space behind one hit may be the one before the next.
  const step = Math.max(form === 'text' ? sought.length : sought.length - 1, 1);
  for (let at = text.indexOf(sought); at >= 0; at = text.indexOf(sought, at + step)) {
    yield { form, at, length: sought.length };
  }
}

function spansOf(value: string, page: IndexedPage, most: number): Span[] {
  const spans: Span[] = [];
  if (value === '') return spans;
  for (const hit of hits(soughtFor(value), page)) {
    if (spans.length === most) break;
    spans.push(spanOf(hit, page));
  }
  return spans;
}

function spanOf({ form, at, length }: Hit, page: IndexedPage): Span {
  if (form === 'text') return { start: at, end: at + length };
  const words = form === 'plain' ? page.plainWords : page.partedWords;
  const first = lastUpTo(words.at, at + 1);
  const last = lastUpTo(words.at, at + length - 2);
  return { start: words.starts[first] ?? 0, end: words.ends[last] ?? 0 };
}

/** The index of the last number that is not above `limit`, 0 when all are. */
function lastUpTo(ascending: Uint32Array, limit: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((ascending[middle] ?? 0) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}

function boxesOf({ start, end }: Span, { words, offsets, text }: IndexedPage): Box[] {
  if (!words) return [];
  const boxes: Box[] = [];
  let lineEnd = -1;
  for (let at = firstWordBehind(offsets, start); (offsets[at] ?? Infinity) < end; at += 2) {
    const box = boxOf(words, at / 2);
    if (!box) continue;
    const wordStart = offsets[at] ?? 0;
    const line = boxes.at(-1);
    if (line && wordStart < lineEnd) {
      Object.assign(line, around(line, box));
      continue;
    }
    boxes.push(box);
    const lineFeed = text.indexOf('\n', wordStart);
    lineEnd = lineFeed < 0 ? text.length : lineFeed;
  }
  return boxes;
}

/** Where in `offsets` the first word begins that ends behind `start`. */
export function firstWordBehind(offsets: Uint32Array, start: number): number {
  // Begins and ends take turns and ascend, so both can be searched as one.
  const at = lastUpTo(offsets, start);
  const word = at - (at % 2);
  return (offsets[word + 1] ?? Infinity) > start ? word : word + 2;
}
