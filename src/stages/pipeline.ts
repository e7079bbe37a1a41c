import { isBlank, isTruncated } from '../processor/page.js';
import type { AccountPages, Asking, PageProcessor } from '../processor/processor.js';
import type { Reading } from '../processor/reading.js';
import { AccountSplitter, splitAccounts, type AccountSplit } from './accounts.js';
import { beginAsking } from './fields.js';
import type { PageTexts } from './page-texts.js';
import type { PagesDone } from './pages-read.js';
import { buildRecord, type DocumentRecord } from './record.js';
import type { ReadingEvent } from './stage.js';

/** A reading as the stages see it. */
export interface DocumentReading extends Omit<Reading, 'emit'> {
  /** Told of all that happens. Default: nobody is. */
  emit?: ((event: ReadingEvent) => void) | undefined;
}

/** Tells how reading page texts goes on: the number of pages first, then each page, in no certain order. */
type OnPageTexts = (done: PagesDone) => void;

/** Where page texts come from: given by the caller, or read from a PDF. */
export type TextSource = (signal: AbortSignal, onPage: OnPageTexts) => PageTexts | Promise<PageTexts>;

/**
 * Runs the stages over one document: page texts, accounts, fields, record. Of a document with scans, whose pages come
 * one by one, those that are read are asked about while others still are.
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
    const splitter = new AccountSplitter();
    const asking = beginAsking(processor, { ...reading, signal, emit }, (error) => stop.abort(error));
    const tell = onPageTexts(emit);
    const ahead = askAhead(splitter, asking);
    const onPage = (done: PagesDone) => {
      tell(done);
      ahead(done);
    };
    const { texts, totalPages, ocrPages, unreadablePages } = await source(signal, onPage);
    tell({ totalPages });
    const read = performance.now();
    emit({ type: 'stage_begun', stage: 'account_splitting' });
    const split = await splitAccounts(texts, splitter);
    const accounts = split.accounts.map(({ accountNumber }) => accountNumber);
    emit({ type: 'stage_begun', stage: 'page_analysis', accounts });
    for (const mention of split.inPassing) emit({ type: 'account_in_passing', ...mention });
    const groups = accountGroups(split);
    const asked = groups.flatMap(({ pages }) => pages).filter((page) => !isBlank(texts.get(page) ?? ''));
    const splitted = performance.now();
    emit({ type: 'stage_begun', stage: 'llm_extraction', asked_pages: asked.length });
    const results = await asking.finish(groups, texts);
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
  return ({ totalPages, page, by = 'text', how }) => {
    if (totalPages !== counted) emit({ type: 'pages_counted', total_pages: totalPages });
    counted = totalPages;
    if (page !== undefined) emit({ type: 'page_read', page, by, ...(how && { how }) });
  };
}

/**
 * Asks about pages in their order as soon as it is known what they belong to. Not before one waited for OCR: text
 * layers are read at once, and batches of all pages come out more even.
 */
function askAhead(splitter: AccountSplitter, asking: Asking): (done: PagesDone) => void {
  const read = new Map<number, string>();
  let isSlow = false;
  return ({ page, waited = false, text = '' }) => {
    if (page === undefined) return;
    read.set(page, text);
    isSlow ||= waited;
    if (!isSlow) return;
    for (let next = splitter.pages + 1; read.has(next); next++) {
      const text = read.get(next) ?? '';
      read.delete(next);
      const account = splitter.add(next, text);
      if (account !== undefined) asking.ahead(account, next, text);
    }
  };
}

/** A document in which no page names an account goes to the model as one group. */
function accountGroups({ accounts, unassignedPages }: AccountSplit): AccountPages[] {
  return accounts.length > 0 ? accounts : [{ accountNumber: null, pages: unassignedPages }];
}
