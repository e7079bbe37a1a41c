import { outputPerPage, type TokenBudget } from '../llm/request.js';
import { INSTRUCTIONS, type PageKind } from './instructions.js';
import { answerFormat } from '../llm/wire.js';
import type { Page } from './page.js';
import { MOST_PAGES_A_BATCH } from './plan.js';

/** Pages of one account and one kind, asked about in one call. Never empty. */
export interface Batch {
  kind: PageKind;
  pages: readonly Page[];
}

/** What the longer instruction and the largest schema take, two bytes a token. */
export const OVERHEAD_TOKENS = Math.ceil(
  (Math.max(
    ...Object.values(INSTRUCTIONS).flatMap((ofForm) =>
      Object.values(ofForm).map((text) => Buffer.byteLength(text)),
    ),
  ) +
    Buffer.byteLength(JSON.stringify(answerFormat(MOST_PAGES_A_BATCH)))) /
    2,
);

/**
 * Plans the batches of one account: pages of one kind, consecutive, sizes as even as can be
 * (10 pages by 3: 3+3+2+2), never more than ceil(pages of a kind / batchSize), except where a batch
 * would not fit the budget: that one is halved until it does or is a single page (DESIGN, Batches).
 * Pages that speak to the model are batches of their own besides.
 *
 * @param pages the account's pages with text, in ascending order, each once
 */
export function planBatches(pages: readonly Page[], batchSize: number, budget: TokenBudget): Batch[] {
  return (['loan', 'licence'] as const).flatMap((kind) => {
    const ofKind = pages.filter((page) => page.kind === kind);
    const together = ofKind.filter(({ alone }) => !alone);
    const runs = evenly(together, Math.ceil(together.length / batchSize)).flatMap((run) =>
      fitting(run, budget),
    );
    const alone = ofKind.flatMap((page) => (page.alone ? [[page]] : []));
    return [...runs, ...alone].map((run) => ({ kind, pages: run }));
  });
}

/**
 * The longest first, so that no long call starts when the others are done (DESIGN, row 9). How long a
 * call takes follows its answer, and that the values on its pages; then the text.
 */
export function longestFirst<T extends Batch>(batches: readonly T[]): T[] {
  const values = ({ pages }: Batch) => pages.reduce((sum, page) => sum + page.values, 0);
  return [...batches].sort((a, b) => values(b) - values(a) || inputTokens(b.pages) - inputTokens(a.pages));
}

/** So many parts of `count`, as even as can be, the larger ones first. */
export function evenSizes(count: number, parts: number): number[] {
  return Array.from(
    { length: parts },
    (_, part) => Math.floor(count / parts) + (part < count % parts ? 1 : 0),
  );
}

/** The two halves of a batch that is too large. */
export function halves(pages: readonly Page[]): Page[][] {
  return evenly(pages, 2);
}

function evenly(pages: readonly Page[], parts: number): Page[][] {
  let start = 0;
  return evenSizes(pages.length, parts).map((size) => pages.slice(start, (start += size)));
}

function fitting(pages: readonly Page[], budget: TokenBudget): (readonly Page[])[] {
  if (fits(pages, budget) || pages.length === 1) return [pages];
  return halves(pages).flatMap((half) => fitting(half, budget));
}

/** Whether a call about these pages, and its answer, are within the budget. */
export function fits(pages: readonly Page[], budget: TokenBudget): boolean {
  return (
    inputTokens(pages) + OVERHEAD_TOKENS <= budget.input &&
    pages.length * outputPerPage(budget) <= budget.output
  );
}

function inputTokens(pages: readonly Page[]): number {
  return pages.reduce((sum, page) => sum + page.tokens, 0);
}
