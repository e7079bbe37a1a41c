import { fieldName, isKnownLabel } from './labels.js';
import type { Field } from '../llm/wire.js';

const MAX_FIELDS = 200;
const MAX_LABEL = 45;
const MAX_LABEL_WORDS = 6;
const MAX_VALUE = 200;
/** A label nobody knows, followed by more words than this, is the start of a sentence. */
const MAX_WORDS_AFTER_UNKNOWN_LABEL = 12;
/** Far more than is sent of a page (12,000 code points), so that no text can cost more than this. */
const MAX_TEXT = 100_000;

const CONFIDENCE = { colon: 95, nextLine: 85, column: 80, runTogether: 70 } as const;

/** A stretch of a row, parted from the others by three or more spaces or a tab. */
interface Cell {
  text: string;
  start: number;
}

/** A label and what follows it within its cell, which may be nothing. */
interface Labelled {
  label: string;
  value: string;
  start: number;
  confidence: number;
}

interface ReadCell extends Cell {
  labelled: Labelled[];
}

interface Found extends Field {
  start: number;
}

/**
 * Reads the labelled values of a page by rule, in order of appearance: "Label: value",
 * "Label    value" in columns, "Label:" above its value, account numbers without a colon, and a few
 * labels that ran into their value ("PurposeConsumer Personal"). Every value stands in the
 * text as it is returned. Takes time in proportion to the text, whatever the text is.
 */
export function readLabelledValues(pageText: string): Field[] {
  const text = pageText.slice(0, MAX_TEXT);
  const found = readRows(rowsOf(text));
  found.push(...accountNumbersWithoutColon(text, found));
  found.sort((a, b) => a.start - b.start);
  const distinct = new Map<string, Field>();
  for (const { name, value, confidence } of found) {
    const key = `${name}\n${value}`;
    if (!distinct.has(key)) distinct.set(key, { name, value, confidence });
  }
  return [...distinct.values()].slice(0, MAX_FIELDS);
}

function rowsOf(text: string): ReadCell[][] {
  const rows: ReadCell[][] = [];
  for (const line of text.matchAll(/[^\n\r\v\f\u0085\u2028\u2029]+/g)) {
    const row: ReadCell[] = [];
    // Words with at most two spaces between them, none of which is a tab.
    for (const cell of line[0].matchAll(/\S+(?:[^\S\t]{1,2}\S+)*/g)) {
      const start = line.index + cell.index;
      row.push({ text: cell[0], start, labelled: labelledIn({ text: cell[0], start }) });
    }
    if (row.length > 0) rows.push(row);
  }
  return rows;
}

function readRows(rows: readonly ReadCell[][]): Found[] {
  const found: Found[] = [];
  /** How many cells of the row at hand were taken as values of the labels above them. */
  let taken = 0;
  for (let index = 0; index < rows.length && found.length < MAX_FIELDS; index++) {
    const row = rows[index] ?? [];
    const below = rows[index + 1] ?? [];
    if (taken === 0 && isAccountAndHolders(row, below)) {
      found.push(...readAccountAndHolders(rows.slice(index, index + 4)));
      index += 2;
      continue;
    }
    const labels = taken === 0 ? loneLabels(row) : [];
    if (labels.length > 0) {
      taken = readBelow(labels, below, found);
    } else {
      readRow(row.slice(taken), found);
      taken = 0;
    }
  }
  return found;
}

function readRow(row: readonly ReadCell[], found: Found[]): void {
  const isHeader = row.some((cell, index) => isBareLabel(cell) && isBareLabel(row[index + 1]));
  for (let index = 0; index < row.length; index++) {
    const cell = row[index];
    const next = row[index + 1];
    if (cell === undefined) continue;
    for (const labelled of cell.labelled) add(found, labelled, labelled.value, labelled.confidence);
    if (next === undefined || isLabel(next)) continue;
    const last = cell.labelled.at(-1);
    if (last === undefined) {
      if (isHeader || !isColumnLabel(cell.text, next.text, row)) continue;
      add(found, { label: cell.text, start: cell.start }, next.text, CONFIDENCE.column);
    } else {
      if (last.value !== '') continue;
      add(found, last, next.text, CONFIDENCE.colon);
    }
    index++;
  }
}

/** The labels of a row that holds nothing else ("Name:" or "Name:     Date of Birth:"). */
function loneLabels(row: readonly ReadCell[]): Labelled[] {
  const labels = row.flatMap(({ labelled }) => (labelled.length === 1 ? labelled : []));
  return labels.length === row.length && labels.every(({ value }) => value === '') ? labels : [];
}

function readBelow(labels: readonly Labelled[], below: readonly ReadCell[], found: Found[]): number {
  const values = below.slice(0, labels.length);
  const fits = labels.length === 1 ? values.length === 1 : below.length === labels.length;
  if (!fits || values.some(isLabel)) return 0;
  labels.forEach((label, index) => add(found, label, values[index]?.text ?? '', CONFIDENCE.nextLine));
  return values.length;
}

/** "Account Number:" and "Account Holder Names:" on two lines, the two values on the two lines below. */
function isAccountAndHolders(row: readonly ReadCell[], below: readonly ReadCell[]): boolean {
  const names = [row, below].map((cells) =>
    loneLabels(cells)
      .map(({ label }) => fieldName(label))
      .join(),
  );
  return names[0] === 'Account_Number' && names[1] === 'Account_Holders';
}

function readAccountAndHolders(rows: readonly (readonly ReadCell[])[]): Found[] {
  const [account, holders, number, names] = rows.map((row) => row[0]);
  const found: Found[] = [];
  if (account === undefined || holders === undefined || number === undefined) return found;
  if (!/^\d[\d -]*$/.test(number.text)) return found;
  add(found, { label: 'Account Number', start: account.start }, number.text, CONFIDENCE.nextLine);
  if (names !== undefined && !isLabel(names) && !/\d/.test(names.text) && wordsOf(names.text).length <= 8) {
    add(found, { label: 'Account Holders', start: holders.start }, names.text, CONFIDENCE.nextLine);
  }
  return found;
}

function add(found: Found[], from: { label: string; start: number }, text: string, confidence: number): void {
  const value = cleanValue(text);
  const name = fieldName(from.label);
  if (value === '' || name === '' || found.length >= MAX_FIELDS) return;
  if (!isKnownLabel(from.label) && wordsOf(value).length > MAX_WORDS_AFTER_UNKNOWN_LABEL) return;
  found.push({ name, value, confidence, start: from.start });
}

/** What is left of a value without the lines and marks of a form; empty when that is nothing. */
function cleanValue(text: string): string {
  const value = text.replace(/^(?:[:：_\s]|\.(?=[:：_\s]))+/, '').trimEnd();
  if (value.length > MAX_VALUE) return '';
  const kept = value.replace(/[_\s]+$/, '');
  const isBlank = /^[\p{P}\p{Z}\s$+<=>^`|~□☐]*$/u.test(kept);
  return isBlank || /^(?:n\s?[./]?\s?a\.?|not applicable|unknown)$/i.test(kept) ? '' : kept;
}

function isLabel(cell: ReadCell): boolean {
  return cell.labelled.length > 0 || isBareLabel(cell);
}

/** A well-known label alone in its cell; two side by side are the head of a table. */
function isBareLabel(cell: ReadCell | undefined): boolean {
  return cell?.labelled.length === 0 && isKnownLabel(cell.text.replace(/^\|\s*/, ''));
}

/** Every label within a cell, each with the text up to the next one. */
function labelledIn({ text, start }: Cell): Labelled[] {
  const marks = [...colonLabels(text)];
  for (const mark of runTogetherLabels(text)) {
    if (!marks.some(({ from, to }) => mark.from < to && from < mark.to)) marks.push(mark);
  }
  if (marks.length === 0) marks.push(...numberLabel(text));
  marks.sort((a, b) => a.from - b.from);
  return marks.map(({ from, label, to, confidence }, index) => ({
    label,
    value: text.slice(to, marks[index + 1]?.from).trim(),
    start: start + from,
    confidence,
  }));
}

/** Where in a cell a label starts (`from`) and what follows it starts (`to`). */
interface Mark {
  from: number;
  to: number;
  label: string;
  confidence: number;
}

function colonLabels(text: string): Mark[] {
  const marks: Mark[] = [];
  for (const { index } of text.matchAll(/[:：]/g)) {
    if (marks.length >= MAX_FIELDS) break;
    if (isInTimeOrAddress(text, index)) continue;
    const previous = marks.at(-1);
    const earliest = Math.max(previous?.to ?? 0, index - MAX_LABEL);
    const before = text.slice(earliest, index);
    const label = (previous === undefined && wholeLabel(text, index)) || knownLabelAtEnd(before);
    if (label === '') continue;
    const from = earliest + before.lastIndexOf(label);
    marks.push({ from, to: index + 1, label, confidence: CONFIDENCE.colon });
  }
  return marks;
}

function isInTimeOrAddress(text: string, colon: number): boolean {
  return text.startsWith('//', colon + 1) || /^\d:\d/.test(text.slice(Math.max(0, colon - 1), colon + 2));
}

/** The cell's text up to the colon, when all of it makes a label; empty otherwise. */
function wholeLabel(text: string, colon: number): string {
  if (colon > MAX_LABEL + 4) return '';
  const label = text
    .slice(0, colon)
    .replace(/^[•▪■●·*–-]\s*/, '')
    .trim();
  return isKnownLabel(label) || isLikeLabel(label) ? label : '';
}

/** The longest well-known label that `text` ends with; empty when it ends with none. */
function knownLabelAtEnd(text: string): string {
  const words = [...text.matchAll(/\S+/g)].slice(-MAX_LABEL_WORDS);
  for (const { index } of words) {
    const label = text.slice(index).trimEnd();
    if (isKnownLabel(label)) return label;
  }
  return '';
}

const LABEL_CHARACTERS = /^\p{L}[\p{L}\p{M}\p{N} _#/.'’()&-]*$/u;
const STARTS_A_SENTENCE = new Set(
  'a an and as but by for from have if in it our please see that the these this to we when you your'.split(
    ' ',
  ),
);
const NEVER_ENDS_A_LABEL = new Set(
  'and are as following follows http https including is or such that to'.split(' '),
);

function isLikeLabel(text: string): boolean {
  const words = wordsOf(text.toLowerCase());
  if (text.length > MAX_LABEL || words.length > MAX_LABEL_WORDS || !LABEL_CHARACTERS.test(text)) return false;
  if (NEVER_ENDS_A_LABEL.has(words.at(-1) ?? '')) return false;
  if (words.length > 2 && STARTS_A_SENTENCE.has(words[0] ?? '')) return false;
  if (/\p{L}{5}\.\s/u.test(text)) return false;
  return /^\p{Ll}/u.test(text) ? words.length <= 3 : true;
}

const HEADER_WORDS = new Set(
  `account address amount balance check check# city company credit date debit deposits description details
   holder name number operator state status title total type withdrawals year`.split(/\s+/),
);

/**
 * Whether "Label    value" is one: a well-known label always; another one when it is written like a
 * label, and what follows is neither the next header of a table nor one of many figures in a row.
 */
function isColumnLabel(label: string, value: string, row: readonly ReadCell[]): boolean {
  if (value.includes('|') || HEADER_WORDS.has(value.toLowerCase())) return false;
  if (isKnownLabel(label)) return true;
  if (/^\p{L}$/u.test(value) || startsWithLabel(value)) return false;
  if (row.length % 2 === 1 || (row.length > 2 && !isRowOfPairs(row))) return false;
  if (!isLikeLabel(label) || !/\p{L}{2}/u.test(label) || /\d|\s-\s/.test(label)) return false;
  if (HEADER_WORDS.has(wordsOf(value.toLowerCase()).at(-1) ?? '')) return false;
  return isInTitleCase(label) || (wordsOf(label).length <= 3 && /\d/.test(value));
}

function startsWithLabel(text: string): boolean {
  const words = wordsOf(text.slice(0, MAX_LABEL));
  return [2, 3].some((count) => isKnownLabel(words.slice(0, count).join(' ')));
}

function isRowOfPairs(row: readonly ReadCell[]): boolean {
  return row.every(({ text }, index) =>
    index % 2 === 0 ? !/\d/.test(text) : /\d/.test(text) || isKnownLabel(row[index - 1]?.text ?? ''),
  );
}

function isInTitleCase(label: string): boolean {
  const words = wordsOf(label).filter((word) => !/^(?:and|at|by|for|in|of|on|or|the|to)$/.test(word));
  return words.every((word) => !/^\p{Ll}/u.test(word)) && !/^\p{Ll}/u.test(label);
}

const RUN_INTO_WORDS =
  /(?<![\p{L}\p{N}_])(?:Account (?:Purpose|Type)|Ownership Type|Product Name|Opened By|Purpose|Type(?!Face|Script|Writer)|Ownership|Occupation|Branch)(?=\p{Lu}\p{L})/gu;
const RUN_INTO_FIGURES =
  /(?<![\p{L}\p{N}_])(?:Account Number|CIF Number|Date Opened|Date of Birth|DOB|SSN)(?=\d)/gu;

function runTogetherLabels(text: string): Mark[] {
  return [...text.matchAll(RUN_INTO_WORDS), ...text.matchAll(RUN_INTO_FIGURES)]
    .slice(0, MAX_FIELDS)
    .map(({ 0: label, index }) => ({
      from: index,
      to: index + label.length,
      label,
      confidence: CONFIDENCE.runTogether,
    }));
}

/** A well-known label, a space and figures, with nothing else in the cell ("CIF Number 12 345"). */
function numberLabel(text: string): Mark[] {
  if (text.length > 2 * MAX_LABEL) return [];
  const figures = /\s#?\d[\d\s.,/-]*$/.exec(text);
  const label = figures === null ? '' : text.slice(0, figures.index);
  if (figures === null || !isKnownLabel(label)) return [];
  return [{ from: 0, to: figures.index, label, confidence: CONFIDENCE.column }];
}

const ACCOUNT_NUMBER =
  /\bACC(?:OUN)?T\s+(?:NUMBER\b[:\s]+(?:ACCOUNT\s+HOLDER\s+NAMES?\b[:\s]+)?|NO\b[.:\s]+|#s?[:\s]*)(\d{8,12})(?![\p{L}\p{N}_])/giu;

/** The number forms of account detection, which may stand in a sentence or go over line ends. */
function accountNumbersWithoutColon(text: string, found: readonly Found[]): Found[] {
  const read = found.filter(({ name }) => name === 'Account_Number').map(({ value }) => value);
  const numbers: Found[] = [];
  for (const match of text.matchAll(ACCOUNT_NUMBER)) {
    const value = match[1] ?? '';
    if (numbers.length >= MAX_FIELDS || read.some((known) => known.includes(value))) continue;
    numbers.push({ name: 'Account_Number', value, confidence: CONFIDENCE.column, start: match.index });
  }
  return numbers;
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
