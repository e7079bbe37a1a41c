import { PYTHON_SPACE, PYTHON_WORD } from '../text.js';
import type { AccountPages, TextByPage } from '../processor/processor.js';

const S = `[${PYTHON_SPACE}]`;
/** White space with at least one line break; written so that a long run is read only once. */
const LINE_BREAK = `[${PYTHON_SPACE.replace('\\t-\\r', '\\t\\v\\f\\r')}]*\\n${S}*`;
const COLONS = `[${PYTHON_SPACE}:]*`;
const DIGITS = `(?<![${PYTHON_WORD}])([0-9]{8,12})(?![${PYTHON_WORD}])`;
/** `ACCT` after one word. Looked back for only where ACCT stands, so that no other text costs time. */
const ACCT = `ACCT(?<=[${PYTHON_WORD}]${S}+ACCT)`;

/** The label forms, each up to the digits (CURRENT_SYSTEM, Account detection). */
const LABELS = [
  `ACCOUNT${S}+NUMBER${COLONS}`,
  `ACCOUNT${S}+NO[${PYTHON_SPACE}:.]*`,
  `ACCOUNT${S}*#${COLONS}`,
  `ACCOUNT${S}*#S${S}*:${S}*`,
  `ACCOUNT${S}+NUMBER${S}*:${LINE_BREAK}ACCOUNT${S}+HOLDER${S}+NAME(?:S|\\(S\\))?${S}*:${LINE_BREAK}`,
  `${ACCT}${S}+NUMBER${S}*:${S}*`,
  `${ACCT}${S}*(?:#${S}*)?:${S}*`,
].map((label) => new RegExp(label + DIGITS, 'giu'));

/** The account numbers a page names by label, without leading zeros, each once, sorted as text. */
export function detectAccountNumbers(text: string): string[] {
  const numbers = LABELS.flatMap((label) =>
    Array.from(text.matchAll(label), ([, digits = '']) => digits.replace(/^0+(?=.)/, '')),
  );
  return [...new Set(numbers)].sort();
}

/** Which pages belong to which account. */
export interface AccountSplit {
  /** In the order of their first page; an account's pages need not be adjacent. */
  accounts: (AccountPages & { accountNumber: string })[];
  /** Account number by page number, for the pages that belong to one. */
  pageMapping: Map<number, string>;
  /** Pages before the first account (cover sheets). */
  unassignedPages: number[];
}

/**
 * Splits pages by boundary: a page that names another account than the current one starts that
 * account, and every page belongs to the current one (CURRENT_SYSTEM, Account detection).
 *
 * @param texts in ascending order of page numbers
 */
export function splitAccounts(texts: TextByPage): AccountSplit {
  const pagesOf = new Map<string, number[]>();
  const pageMapping = new Map<number, string>();
  const unassignedPages: number[] = [];
  let current: string | undefined;
  for (const [page, text] of texts) {
    current = detectAccountNumbers(text)[0] ?? current;
    if (current === undefined) {
      unassignedPages.push(page);
      continue;
    }
    pageMapping.set(page, current);
    const pages = pagesOf.get(current);
    if (pages) pages.push(page);
    else pagesOf.set(current, [page]);
  }
  const accounts = Array.from(pagesOf, ([accountNumber, pages]) => ({ accountNumber, pages }));
  return { accounts, pageMapping, unassignedPages };
}
