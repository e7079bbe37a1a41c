import { GOLDEN, type GoldenDocument } from '../golden.js';
import { seeded } from '../random.js';

type GoldenAccount = GoldenDocument['expected']['accounts'][number];

/** A document to be read, and the accounts its record must hold, in the form of the golden file. */
export interface BenchDocument {
  pages: Record<number, string>;
  accounts: GoldenAccount[];
}

/** Documents of one shape. */
export interface Scenario {
  name: string;
  documents: BenchDocument[];
}

interface Source {
  account: GoldenAccount;
  document: GoldenDocument;
}

/** Every page has fields and text, so that a plan's calls can be counted from its pages alone. */
const SOURCES: Source[] = GOLDEN.documents.flatMap((document) =>
  document.expected.accounts
    .filter(({ pages, page_data: data }) => pages.every((page) => String(page) in data))
    .map((account) => ({ account, document })),
);

/**
 * Documents of any size made of golden accounts, each as long as needed by repeating its pages: a
 * field that is seen again unchanged never replaces the kept one, so the golden result stands and
 * only page numbers differ. The code under test has no part in what is expected.
 */
export const SCENARIOS: Scenario[] = [
  scenario('10 pages, 1 account', 1, [10], { isLoanOnly: true }),
  scenario('10 pages, 5 accounts', 1, [2, 2, 2, 2, 2], { isLoanOnly: true }),
  scenario('40 pages, 12 accounts', 1, [4, 3, 3, 4, 3, 3, 4, 3, 3, 4, 3, 3]),
  scenario('200 pages, 3 accounts', 1, [67, 67, 66]),
  scenario('50 documents of 10 pages', 50, [6, 4]),
];

/** One document in which every page stands for one of a long package, for growth in pages. */
export function longDocument(pages: number): BenchDocument {
  return build(seeded(pages), [pages]);
}

function scenario(name: string, count: number, sizes: number[], options?: { isLoanOnly: boolean }): Scenario {
  const random = seeded(name.length * 1_000 + count);
  return { name, documents: Array.from({ length: count }, () => build(random, sizes, options)) };
}

function build(
  random: () => number,
  sizes: readonly number[],
  options?: { isLoanOnly: boolean },
): BenchDocument {
  const pages: Record<number, string> = {};
  const accounts: GoldenAccount[] = [];
  for (const size of sizes) {
    const usable = SOURCES.filter(
      ({ account, document }) =>
        account.pages.length <= size &&
        !accounts.some(({ accountNumber }) => accountNumber === account.accountNumber) &&
        !(options?.isLoanOnly && account.pages.some((page) => isLicence(document.pages[page] ?? ''))),
    );
    // Those with the most pages of their own: a batch of equal pages could not be read wrongly.
    const most = Math.max(...usable.map(({ account }) => account.pages.length));
    const best = usable.filter(({ account }) => account.pages.length === most);
    const source = best[Math.floor(random() * best.length)];
    if (!source) throw new Error(`No golden account has at most ${size} pages`);
    const first = Object.keys(pages).length + 1;
    const numbers = Array.from({ length: size }, (_, index) => first + index);
    const original = (page: number) =>
      source.account.pages[(page - first) % source.account.pages.length] ?? 0;
    for (const page of numbers) pages[page] = source.document.pages[original(page)] ?? '';
    accounts.push({
      ...source.account,
      page_data: Object.fromEntries(
        numbers.flatMap((page) => {
          const fields = source.account.page_data[String(original(page))];
          return fields ? [[String(page), fields]] : [];
        }),
      ),
      pages: numbers,
    });
  }
  return { pages, accounts };
}

/** Told from the golden answers, not by the rule under test. */
function isLicence(text: string): boolean {
  return /licen[sc]e|[A-Z]{2} ID|expiration|weight|height/i.test(text);
}
