import { mergePageResults, type PageResult } from '../processor/merge.js';
import type { ProcessingPlan } from '../processor/plan.js';
import {
  PageFailedError,
  type AccountPages,
  type AccountResult,
  type PageProcessor,
  type TextByPage,
  type Run,
} from '../processor/processor.js';

/** Reads the fields of every account on the path the plan names. */
export function extractFields(
  processor: PageProcessor,
  accounts: readonly AccountPages[],
  texts: TextByPage,
  plan: ProcessingPlan,
  run: Run,
): Promise<AccountResult[]> {
  return plan.path === 'batch'
    ? processor.processBatchesParallel(accounts, texts, plan.batchSize, plan.maxWorkers, run)
    : extractPageByPage(processor, accounts, texts, run);
}

/** The path of the system being replaced: one page, one call, one after the other. */
async function extractPageByPage(
  processor: PageProcessor,
  accounts: readonly AccountPages[],
  texts: TextByPage,
  run: Run,
): Promise<AccountResult[]> {
  const results: AccountResult[] = [];
  for (const { accountNumber, pages } of accounts) {
    const found: PageResult[] = [];
    const failedPages: AccountResult['failedPages'] = [];
    for (const page of pages) {
      try {
        const result = await processor.processSinglePageWithLlm(
          accountNumber,
          texts.get(page) ?? '',
          page,
          run,
        );
        if (result) found.push(result);
      } catch (error) {
        if (!(error instanceof PageFailedError)) throw error;
        failedPages.push(error.failed);
      }
    }
    results.push({ accountNumber, record: mergePageResults(accountNumber, found, pages), failedPages });
  }
  return results;
}
