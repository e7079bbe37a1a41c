import { mergePageResults, type PageResult } from '../processor/merge.js';
import {
  PageFailedError,
  type AccountPages,
  type AccountResult,
  type PageProcessor,
  type TextByPage,
} from '../processor/processor.js';
import type { Reading } from '../processor/reading.js';

/** Reads the fields of every account on the path the plan names. */
export function extractFields(
  processor: PageProcessor,
  accounts: readonly AccountPages[],
  texts: TextByPage,
  reading: Reading,
): Promise<AccountResult[]> {
  const { plan } = reading;
  return plan.path === 'batch'
    ? processor.processBatchesParallel(accounts, texts, plan.batchSize, plan.maxWorkers, {
        ...reading,
        answerForm: plan.answerForm,
      })
    : extractPageByPage(processor, accounts, texts, reading);
}

/** The path of the system being replaced: one page, one call, one after the other. */
async function extractPageByPage(
  processor: PageProcessor,
  accounts: readonly AccountPages[],
  texts: TextByPage,
  reading: Reading,
): Promise<AccountResult[]> {
  const results: AccountResult[] = [];
  for (const { accountNumber, pages } of accounts) {
    const found: PageResult[] = [];
    const failedPages: AccountResult['failedPages'] = [];
    for (const page of pages) {
      try {
        const text = texts.get(page) ?? '';
        const result = await processor.processSinglePageWithLlm(accountNumber, text, page, reading);
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
