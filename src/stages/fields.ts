import pLimit from 'p-limit';
import { mergePageResults, type PageResult } from '../processor/merge.js';
import {
  PageFailedError,
  type AccountPages,
  type AccountResult,
  type FailedPage,
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
  const place = pLimit(1);
  const work = accounts.map((account) => ({
    ...account,
    reads: [] as Promise<PageResult | FailedPage | null>[],
  }));
  for (const { accountNumber, pages, reads } of work) {
    for (const page of pages) {
      // One that fails is asked again after the next one had its turn: both can tell of the service's trouble.
      await new Promise<void>((tried, broken) => {
        const inPlace = <T>(call: () => Promise<T>) => place(call).finally(tried);
        const read = processor
          .processSinglePageWithLlm(accountNumber, texts.get(page) ?? '', page, { ...reading, inPlace })
          .catch(failedPage);
        read.then(() => tried(), broken);
        reads.push(read);
      });
    }
  }
  const results: AccountResult[] = [];
  for (const { accountNumber, pages, reads } of work) {
    const read = (await Promise.all(reads)).filter((result) => result !== null);
    const found = read.filter((result) => 'extracted_data' in result);
    const failedPages = read.filter((result) => 'reason' in result);
    results.push({ accountNumber, record: mergePageResults(accountNumber, found, pages), failedPages });
  }
  return results;
}

function failedPage(error: unknown): FailedPage {
  if (error instanceof PageFailedError) return error.failed;
  throw error;
}
