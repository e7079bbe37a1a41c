import { pauses } from '../pauses.js';
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
  return [...new Set(accountMentions(text).map(({ number }) => number))].sort();
}

/** An account number beside its label, from the label's start to the end of the digits. */
export interface AccountMention {
  /** Without leading zeros. */
  number: string;
  start: number;
  end: number;
}

/** The places where a page names an account by label; one place may be found by several forms of label. */
export function accountMentions(text: string): AccountMention[] {
  return LABELS.flatMap((label) =>
    Array.from(text.matchAll(label), ({ 0: mention, 1: digits = '', index }) => ({
      number: digits.replace(/^0+(?=.)/, ''),
      start: index,
      end: index + mention.length,
    })),
  );
}

/** Of a line, what is looked at before and after a label. */
const NEAR = 80;
/** The end of a sentence's beginning ("Please see my savings "), within its column. */
const SENTENCE_BEFORE = /(?:^|[^\S\n]{2}|\n)[^\S\n]?\S+ (?:\S+ ){0,12}\p{Ll}\S* (?:\S+ )?$/u;
const SENTENCE_AFTER = /^[,;]? \p{Ll}\p{L}* /u;

/** Whether a number is named in running text alone, and nowhere as the label of a page. */
function isInPassing(text: string, number: string): boolean {
  return accountMentions(text)
    .filter((mention) => mention.number === number)
    .every(({ start, end }) => {
      const before = text.slice(Math.max(0, start - NEAR), start);
      return SENTENCE_BEFORE.test(before) || SENTENCE_AFTER.test(text.slice(end, end + NEAR));
    });
}

/** Which pages belong to which account. */
export interface AccountSplit {
  /** In the order of their first page; an account's pages need not be adjacent. */
  accounts: (AccountPages & { accountNumber: string })[];
  /** Account number by page number, for the pages that belong to one. */
  pageMapping: Map<number, string>;
  /** Pages before the first account (cover sheets). */
  unassignedPages: number[];
  /** Pages that belong to an account because of a number in running text: a letter may mention any. */
  inPassing: AccountInPassing[];
}

/** An account number that a page mentions in running text, and nowhere as its label. */
export interface AccountInPassing {
  page: number;
  account: string;
  /** The pages behind it that name no account, and belong to this one. */
  joined: number[];
}

/**
 * Splits pages by boundary: a page that names another account than the current one starts that
 * account, and every page belongs to the current one (CURRENT_SYSTEM, Account detection). What is told of a
 * page depends on the pages up to it alone, so that it can be told before the others are read.
 */
export class AccountSplitter {
  readonly #pagesOf = new Map<string, number[]>();
  readonly #split = {
    pageMapping: new Map<number, string>(),
    unassignedPages: [] as number[],
    inPassing: [] as AccountInPassing[],
  };
  #current: string | undefined;
  #mentioned: AccountInPassing | undefined;
  /** How many pages it was given. */
  pages = 0;

  /**
   * The next page, in ascending order of page numbers.
   *
   * @returns the account it belongs to; undefined before the first one
   */
  add(page: number, text: string): string | undefined {
    this.pages++;
    const [named] = detectAccountNumbers(text);
    const current = (this.#current = named ?? this.#current);
    if (current === undefined) {
      this.#split.unassignedPages.push(page);
      return undefined;
    }
    this.#note(page, text, named);
    this.#split.pageMapping.set(page, current);
    const pages = this.#pagesOf.get(current);
    if (pages) pages.push(page);
    else this.#pagesOf.set(current, [page]);
    return current;
  }

  /** Of the pages so far. */
  get split(): AccountSplit {
    const accounts = Array.from(this.#pagesOf, ([accountNumber, pages]) => ({ accountNumber, pages }));
    return { accounts, ...this.#split };
  }

  #note(page: number, text: string, named: string | undefined): void {
    if (named === undefined) this.#mentioned?.joined.push(page);
    else if (isInPassing(text, named)) {
      this.#mentioned = { page, account: named, joined: [] };
      this.#split.inPassing.push(this.#mentioned);
    } else this.#mentioned = undefined;
  }
}

/**
 * Splits the pages of a whole document.
 *
 * @param texts in ascending order of page numbers
 * @param splitter what was given the first of these pages already. Default: none.
 */
export async function splitAccounts(
  texts: TextByPage,
  splitter: AccountSplitter = new AccountSplitter(),
): Promise<AccountSplit> {
  const pause = pauses();
  for (const [page, text] of [...texts].slice(splitter.pages)) {
    await pause();
    splitter.add(page, text);
  }
  return splitter.split;
}
