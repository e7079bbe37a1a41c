import pLimit from 'p-limit';
import { mergePageResults, type PageResult } from '../processor/merge.js';
import {
  PageFailedError,
  type AccountPages,
  type AccountResult,
  type Asking,
  type FailedPage,
  type PageProcessor,
  type TextByPage,
} from '../processor/processor.js';
import type { Reading } from '../processor/reading.js';

/**
 * Begins to read the fields of a document, on the path the plan names.
 *
 * @param onBroken told of what `finish` will throw, as soon as that is known
 */
export function beginAsking(
  processor: PageProcessor,
  reading: Reading,
  onBroken: (error: unknown) => void,
): Asking {
  const { plan } = reading;
  if (plan.path !== 'batch') return new PageByPage(processor, reading, onBroken);
  const { batchSize, maxWorkers, answerForm } = plan;
  return processor.beginBatches(batchSize, maxWorkers, { ...reading, answerForm }, onBroken);
}

type PageRead = PageResult | FailedPage | null;

/** The path of the system being replaced: one page, one call, one after the other. */
class PageByPage implements Asking {
  readonly #processor: PageProcessor;
  readonly #reading: Reading;
  readonly #onBroken: (error: unknown) => void;
  readonly #place = pLimit(1);
  readonly #reads = new Map<number, Promise<PageRead>>();
  /** Resolves when the pages so far had their turns. */
  #tried: Promise<void> = Promise.resolve();

  constructor(processor: PageProcessor, reading: Reading, onBroken: (error: unknown) => void) {
    this.#processor = processor;
    this.#reading = reading;
    this.#onBroken = onBroken;
  }

  ahead(account: string | null, page: number, text: string): void {
    const before = this.#tried;
    this.#tried = new Promise((tried) => {
      const read = before.then(() => this.#read(account, page, text, tried));
      read.finally(tried).catch(this.#onBroken);
      this.#reads.set(page, read);
    });
  }

  async finish(accounts: readonly AccountPages[], texts: TextByPage): Promise<AccountResult[]> {
    for (const { accountNumber, pages } of accounts) {
      for (const page of pages) {
        if (this.#reads.has(page)) continue;
        this.ahead(accountNumber, page, texts.get(page) ?? '');
        await this.#tried;
      }
    }
    const results: AccountResult[] = [];
    for (const { accountNumber, pages } of accounts) {
      const reads = await Promise.all(pages.flatMap((page) => this.#reads.get(page) ?? []));
      const read = reads.filter((result) => result !== null);
      const found = read.filter((result) => 'extracted_data' in result);
      const failedPages = read.filter((result) => 'reason' in result);
      results.push({ accountNumber, record: mergePageResults(accountNumber, found, pages), failedPages });
    }
    return results;
  }

  /** @param tried called when it had its turn: one that fails is asked again after the next one had its own, as both can tell of the service's trouble */
  #read(account: string | null, page: number, text: string, tried: () => void): Promise<PageRead> {
    const inPlace = <T>(call: () => Promise<T>) => this.#place(call).finally(tried);
    return this.#processor
      .processSinglePageWithLlm(account, text, page, { ...this.#reading, inPlace })
      .catch(failedPage);
  }
}

function failedPage(error: unknown): FailedPage {
  if (error instanceof PageFailedError) return error.failed;
  throw error;
}
