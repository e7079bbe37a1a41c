import { pick, seeded } from '../random.js';
import type { BenchDocument } from './documents.js';

const PAGES = 10;
const FIELDS_A_PAGE = 20;
/** Small print, so that the document costs page by page what the seed says it costs. */
const SENTENCES_A_PAGE = 17;

const LABELS = [
  ...['Account Holders', 'Account Type', 'Account Purpose', 'Product Name', 'Ownership Type'],
  ...['Mailing Address', 'Phone Number', 'Date Opened', 'CIF Number', 'Branch', 'Opened By'],
  ...['Signatures Required', 'Stamp Date', 'Reference Number', 'Verified By', 'Verified Date'],
  ...['Interest Rate', 'Opening Balance', 'Closing Balance', 'Maturity Date', 'Beneficiary'],
];
const SMALL_PRINT = [
  'By signing below each owner agrees to the terms and conditions that govern this account',
  'The financial institution may change any term of this agreement upon notice as required by law',
  'Each owner certifies under penalties of perjury that the taxpayer number shown is correct',
] as const;
const WORDS = ['Harbor', 'Maple', 'Lovelace', 'Quarry', 'North', 'Savings', 'Joint', 'Street'] as const;

/**
 * The 10-page document of one account that the seed gives figures for, as dense as its 0.155 USD
 * say: forms with {@link FIELDS_A_PAGE} values a page and small print between them.
 */
export function formDocument(): BenchDocument {
  const random = seeded(155);
  const word = () => pick(random, WORDS);
  const digits = (count: number) => Array.from({ length: count }, () => Math.floor(random() * 10)).join('');
  const values = [
    () => `${word()} ${word()}`,
    () => `${digits(2)}/${digits(2)}/${digits(4)}`,
    () => `${digits(4)} ${word()} ${word()}, ${word()} ${digits(5)}`,
  ] as const;
  const page = (number: number) => {
    const fields = LABELS.slice(0, FIELDS_A_PAGE - 1).map((label) => `${label}: ${pick(random, values)()}`);
    const smallPrint = Array.from({ length: SENTENCES_A_PAGE }, () => `${pick(random, SMALL_PRINT)}.`);
    return [`Sheet ${number}`, 'Account Number: 634588128477', ...fields, ...smallPrint].join('\n');
  };
  const pages = Array.from({ length: PAGES }, (_, index) => [index + 1, page(index + 1)] as const);
  return { pages: Object.fromEntries(pages), accounts: [] };
}
