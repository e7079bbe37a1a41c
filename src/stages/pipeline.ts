import { isBlank, isTruncated } from '../processor/page.js';
import type { AccountPages, PageProcessor } from '../processor/processor.js';
import type { Reading } from '../processor/reading.js';
import { splitAccounts, type AccountSplit } from './accounts.js';
import { extractFields } from './fields.js';
import type { PageTexts } from './page-texts.js';
import { buildRecord, type DocumentRecord } from './record.js';
import type { ReadingEvent } from './stage.js';

/** A reading as the stages see it. */
export interface DocumentReading extends Omit<Reading, 'emit'> {
  /** Told of all that happens. Default: nobody is. */
  emit?: ((event: ReadingEvent) => void) | undefined;
}

/** Tells how reading page texts goes on: the number of pages first, then each page, in no certain order. */
type OnPageTexts = (done: { totalPages: number; page?: number; by?: 'text' | 'ocr' }) => void;

/** Where page texts come from: given by the caller, or read from a PDF. */
export type TextSource = (signal: AbortSignal, onPage: OnPageTexts) => PageTexts | Promise<PageTexts>;

/**
 * Runs the stages over one document: page texts, accounts, fields, record.
 *
 * @throws what the source throws for a document that cannot be read; the signal's reason on abort
 */
export async function runPipeline(
  processor: PageProcessor,
  source: TextSource,
  reading: DocumentReading,
): Promise<DocumentRecord> {
  const { plan, usage, emit = () => undefined } = reading;
  // The run's own signal ends every call of the document when one stage fails.
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, reading.signal]);
  try {
    signal.throwIfAborted();
    const started = performance.now();
    emit({ type: 'stage_begun', stage: 'ocr_extraction' });
    const onPage = onPageTexts(emit);
    const { texts, totalPages, ocrPages, unreadablePages } = await source(signal, onPage);
    onPage({ totalPages });
    const read = performance.now();
    emit({ type: 'stage_begun', stage: 'account_splitting' });
    const split = await splitAccounts(texts);
    const accounts = split.accounts.map(({ accountNumber }) => accountNumber);
    emit({ type: 'stage_begun', stage: 'page_analysis', accounts });
    for (const mention of split.inPassing) emit({ type: 'account_in_passing', ...mention });
    const groups = accountGroups(split);
    const asked = groups.flatMap(({ pages }) => pages).filter((page) => !isBlank(texts.get(page) ?? ''));
    const splitted = performance.now();
    emit({ type: 'stage_begun', stage: 'llm_extraction', asked_pages: asked.length });
    const results = await extractFields(processor, groups, texts, { ...reading, signal, emit });
    const finished = performance.now();
    return buildRecord({
      split,
      results,
      blankPages: [...texts].flatMap(([page, text]) => (isBlank(text) ? page : [])),
      ocrPages,
      truncatedPages: asked.filter((page) => isTruncated(texts.get(page) ?? '')),
      unreadablePages,
      plan,
      usage: usage.total(),
      timings: {
        ocr_extraction_ms: Math.round(read - started),
        account_splitting_ms: Math.round(splitted - read),
        llm_extraction_ms: Math.round(finished - splitted),
        total_ms: Math.round(finished - started),
      },
    });
  } finally {
    stop.abort();
  }
}

function onPageTexts(emit: (event: ReadingEvent) => void): OnPageTexts {
  let counted: number | undefined;
  return ({ totalPages, page, by = 'text' }) => {
    if (totalPages !== counted) emit({ type: 'pages_counted', total_pages: totalPages });
    counted = totalPages;
    if (page !== undefined) emit({ type: 'page_read', page, by });
  };
}

/** A document in which no page names an account goes to the model as one group. */
function accountGroups({ accounts, unassignedPages }: AccountSplit): AccountPages[] {
  return accounts.length > 0 ? accounts : [{ accountNumber: null, pages: unassignedPages }];
}
