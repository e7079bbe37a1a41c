import { searchForm } from '../../processor/search-form.js';
import type { Steps } from '../../processor/steps.js';
import type { Span } from '../../processor/words.js';
import { affinity, labelWords, type LabelWords } from './label-words.js';

/** A run of words of a line, parted from the next by a wide gap. Columns count from the line's start. */
interface Cell extends Span {
  row: number;
  left: number;
  right: number;
  text: string;
  /** As what it labels. */
  label: Label;
  hasDigit: boolean;
  /** "Branch: Main Street" labels what stands behind its colon, and nothing else. */
  isFilled: boolean;
}

interface Label extends LabelWords {
  start: number;
}

/** Beside which label of a page a value stands. */
export interface Labelled {
  /** How well the label names the field, 0 to 1. */
  affinity: number;
  /** undefined where there is none. */
  label: FoundLabel | undefined;
}

/** A label on a page, as it stands to a value. */
export interface FoundLabel extends LabelWords {
  /** In the text; undefined where two make one: that of the row, and that of the column. */
  start: number | undefined;
  /** Of a heading: the how manieth row under it the value stands in, and how many there are. */
  row?: { rank: number; of: number };
}

/** Of a page of fine print. */
const MOST_CELLS = 3_000;
const MOST_LABEL_WORDS = 7;
/** Of a longer text the end is looked at. */
const LONGEST_LABEL = 120;
/** What more words than these stand behind is no value. */
const MOST_REST = 6;
/** A heading of a table is looked for so many rows above; so many rows without a cell in a column end it. */
const HEADING_ROWS = 60;
const LABEL_ROWS = 3;
/** So many columns beside a value, its heading may end or begin. */
const ASKEW = 2;
const LETTER = /\p{L}/u;

/** The labels of a page, and which of them stands beside a place: on its row or above it. */
export class PageLabels {
  readonly #text: string;
  readonly #rows: Cell[][] = [];
  readonly #lineStarts: number[] = [];
  #cells = 0;
  readonly #byWord = new Map<string, Label[]>();

  constructor(text: string) {
    this.#text = text;
    let lineStart = 0;
    for (const [row, line] of text.split('\n').entries()) {
      const ofRow = this.#cells < MOST_CELLS ? cellsOf(line, row, lineStart) : [];
      this.#cells += ofRow.length;
      this.#rows.push(ofRow);
      this.#lineStarts.push(lineStart);
      for (const cell of ofRow) for (const label of labelsIn(cell)) this.#add(label);
      lineStart += line.length + 1;
    }
  }

  #add(label: Label): void {
    for (const word of label.words) {
      const known = this.#byWord.get(word);
      if (known) known.push(label);
      else this.#byWord.set(word, [label]);
    }
  }

  /** How well the label of the page names a field that names it best. @throws {TooManySteps} */
  best(name: LabelWords, steps: Steps): number {
    const words = name.owner === undefined ? name.words : [...name.words, name.owner];
    const found = new Set(words.flatMap((word) => this.#byWord.get(word) ?? []));
    steps.spend(found.size);
    let best = 0;
    for (const label of found) best = Math.max(best, affinity(name, label));
    return best;
  }

  /** Where the labels begin that say the same as this one, in the order of the text. */
  startsLike({ words, number }: FoundLabel): number[] {
    const [first] = words;
    const found = first === undefined ? [] : (this.#byWord.get(first) ?? []);
    const said = words.join(' ');
    return found
      .filter((label) => label.words.join(' ') === said && label.number === number)
      .map(({ start }) => start);
  }

  /** The label of a place that names the field best. @throws {TooManySteps} */
  at(place: Span, name: LabelWords, steps: Steps): Labelled {
    steps.spend(this.#cells);
    let best: Labelled = { affinity: 0, label: undefined };
    for (const label of this.#candidates(place)) {
      const of = affinity(name, label);
      if (of > best.affinity) best = { affinity: of, label };
    }
    return best;
  }

  /**
   * How well the field is named by the labels that another figure of a place's row has, or of its column.
   *
   * @throws {TooManySteps}
   */
  besides(place: Span, name: LabelWords, steps: Steps): number {
    const cell = this.#cellAt(place);
    if (!cell) return 0;
    const { nearest } = this.#above(cell);
    const others = [...(this.#rows[cell.row] ?? []), ...(nearest ? this.#under(nearest) : [])];
    let best = 0;
    for (const other of others) {
      if (other !== cell && other.hasDigit) best = Math.max(best, this.at(other, name, steps).affinity);
    }
    return best;
  }

  /**
   * Whether a value is all that stands behind its label, or in its cell, and no more than that; undefined where it
   * stands within a sentence, in which nothing says where a value begins and ends.
   */
  isWhole(first: Span, last: Span, label: FoundLabel | undefined): boolean | undefined {
    // "1,204" of "1,204.50"
    if (/^[^\s\p{L}\p{N}:;)]+[\p{L}\p{N}]/u.test(this.#text.slice(last.end, last.end + 8))) return false;
    const beginning = this.#cellAt(first);
    const ending = this.#cellAt({ start: last.end - 1, end: last.end });
    if (!beginning || !ending) return undefined;
    // On into the next cell of the row.
    if (beginning !== ending && beginning.row === ending.row) return false;
    const before = this.#text.slice(beginning.start, first.start);
    const isBehindLabel = before.includes(':');
    const isBesideLabel =
      label?.start !== undefined && (label.start < beginning.start || label.start >= beginning.end);
    if (!isBehindLabel && !isBesideLabel) return undefined;
    const between = before.slice(before.lastIndexOf(':') + 1);
    const after = this.#text.slice(last.end, ending.end);
    if (after.split(' ').length > MOST_REST) return undefined;
    const isContinued = /[\p{L}\p{N}]/u.test(after) && !/^[^:]{0,50}:/.test(after);
    return !/[\p{L}\p{N}]/u.test(between) && !isContinued;
  }

  /** Whether words stand in one cell, in whatever order. @throws {TooManySteps} */
  standTogether(words: readonly string[], steps: Steps): boolean {
    return this.#rows.some((row) =>
      row.some(({ text }) => {
        steps.spend(text.length * words.length);
        const form = searchForm(text);
        return words.every((word) => form.includes(searchForm(word)));
      }),
    );
  }

  #cellAt({ start }: Span): Cell | undefined {
    return this.#rows[this.#rowAt(start)]?.find((cell) => cell.start <= start && start < cell.end);
  }

  #rowAt(offset: number): number {
    let [low, high] = [0, this.#lineStarts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#lineStarts[middle] ?? Infinity) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  *#candidates(place: Span): Generator<FoundLabel> {
    const cell = this.#cellAt(place);
    if (!cell) return;
    const before = this.#text.slice(cell.start, place.start);
    if (/[\p{L}\p{N}]/u.test(before)) {
      yield tailLabel(before, cell.start);
      if (before.includes(':')) return;
    }
    const row = this.#rows[cell.row] ?? [];
    const index = row.indexOf(cell);
    const previous = row[index - 1];
    if (previous && !previous.isFilled) yield previous.label;
    const [first] = row;
    const rowLabel = index > 1 ? first?.label : undefined;
    if (rowLabel) yield rowLabel;
    for (const heading of this.#headings(cell)) {
      yield heading;
      const ofRow = rowLabel ?? previous?.label;
      if (!ofRow) continue;
      const words = [...new Set([...ofRow.words, ...heading.words])];
      yield { words, number: ofRow.number, start: undefined };
    }
  }

  /** The labels above a cell, and which of their rows it stands in. */
  *#headings(cell: Cell): Generator<FoundLabel> {
    const { nearest, top } = this.#above(cell);
    for (const heading of new Set([nearest, top])) {
      if (!heading) continue;
      const { label } = heading;
      const rows = this.#under(heading);
      const rank = rows.findIndex(({ row }) => row === cell.row) + 1;
      yield rank > 0 && rows.length > 1 ? { ...label, row: { rank, of: rows.length } } : label;
    }
  }

  /**
   * What may label a cell from above: the nearest cell that is no figure, and the first of the rows that follow each
   * other without a gap, as the heading of a column of words.
   */
  #above({ row, left, right }: Cell): { nearest: Cell | undefined; top: Cell | undefined } {
    let nearest: Cell | undefined;
    let top: Cell | undefined;
    let empty = 0;
    for (let at = row - 1; at >= 0 && empty < LABEL_ROWS && row - at <= HEADING_ROWS; at--) {
      const cell = mostOver(this.#rows[at] ?? [], left, right);
      empty = cell ? 0 : empty + 1;
      if (!cell && nearest) break;
      if (!cell || cell.hasDigit) continue;
      if (cell.isFilled) break;
      nearest ??= cell;
      top = cell;
    }
    return { nearest, top };
  }

  /** The cells of a heading's column, as far as its rows follow each other. */
  #under({ row, left, right }: Cell): Cell[] {
    const cells: Cell[] = [];
    for (let at = row + 1; at < this.#rows.length && at <= row + HEADING_ROWS; at++) {
      const cell = mostOver(this.#rows[at] ?? [], left, right);
      if (cell) cells.push(cell);
      else if ((this.#rows[at] ?? []).length > 0 || cells.length > 0) break;
    }
    return cells;
  }
}

/** The cell that shares the most columns with these. */
function mostOver(cells: readonly Cell[], left: number, right: number): Cell | undefined {
  let best: Cell | undefined;
  let most = -ASKEW;
  for (const cell of cells) {
    const shared = Math.min(cell.right, right) - Math.max(cell.left, left);
    if (shared <= most) continue;
    [best, most] = [cell, shared];
  }
  return best;
}

function cellsOf(line: string, row: number, lineStart: number): Cell[] {
  return Array.from(line.matchAll(/[^\s|]+(?: [^\s|]+)*/g), ({ 0: text, index }) => {
    const start = lineStart + index;
    const colon = text.indexOf(':');
    return {
      row,
      start,
      end: start + text.length,
      left: index,
      right: index + text.length,
      text,
      label: tailLabel(text, start),
      hasDigit: /\d/.test(text),
      isFilled: colon >= 0 && /[\p{L}\p{N}]/u.test(text.slice(colon)),
    };
  });
}

function labelsIn({ text, start, label }: Cell): Label[] {
  const labels: Label[] = [];
  let from = 0;
  for (let colon = text.indexOf(':'); colon >= 0; colon = text.indexOf(':', from)) {
    labels.push(tailLabel(text.slice(from, colon), start + from));
    from = colon + 1;
  }
  if (from === 0 && text.split(' ').length <= MOST_LABEL_WORDS && LETTER.test(text)) {
    labels.push(label);
  }
  return labels;
}

/** The label at the end of a text: what stands behind the colon before its last one, at most a few words. */
function tailLabel(text: string, start: number): Label {
  const from = Math.max(0, text.length - LONGEST_LABEL);
  const end = text.slice(from);
  const trimmed = end.slice(0, lastSign(end));
  const words = trimmed.slice(trimmed.lastIndexOf(':') + 1).split(' ');
  const tail = words.slice(-MOST_LABEL_WORDS).join(' ');
  return { ...labelWords(tail), start: start + from + trimmed.length - tail.trimStart().length };
}

/** Behind the last letter or digit of a text. */
function lastSign(text: string): number {
  let end = text.length;
  while (end > 0 && !/[\p{L}\p{N}]/u.test(text.charAt(end - 1))) end--;
  return end;
}
