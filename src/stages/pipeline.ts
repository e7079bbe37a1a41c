import { isBlank, isTruncated } from '../processor/page.js';
import type { ProcessingPlan } from '../processor/plan.js';
import type { AccountPages, PageProcessor, Run } from '../processor/processor.js';
import { splitAccounts, type AccountSplit } from './accounts.js';
import { extractFields } from './fields.js';
import type { PageTexts } from './page-texts.js';
import { progressAt, type OnProgress, type Progress, type Stage } from './progress.js';
import { buildRecord, type DocumentRecord } from './record.js';

/** What belongs to one document: how its calls are made, and the plan it keeps to the end. */
export interface PipelineContext extends Omit<Run, 'onPageDone'> {
  /** Needed, and waited for, once the page texts are known. */
  plan: ProcessingPlan | Promise<ProcessingPlan>;
  onProgress?: OnProgress | undefined;
}

/** Where page texts come from: given by the caller, or read from a PDF with progress and abort. */
export type TextSource = (
  signal: AbortSignal,
  onPage: (done: { pagesRead: number; totalPages: number }) => void,
) => PageTexts | Promise<PageTexts>;

/**
 * Runs the stages over one document: page texts, accounts, fields, record.
 *
 * @throws what the source throws for a document that cannot be read; the signal's reason on abort
 */
export async function runPipeline(
  processor: PageProcessor,
  source: TextSource,
  { plan: planned, signal: outer, onProgress, ...run }: PipelineContext,
): Promise<DocumentRecord> {
  // The run's own signal ends every call of the document when one stage fails.
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, outer]);
  let progress: Progress | undefined;
  const report = (stage: Stage, share: number, change: Partial<Progress> = {}) => {
    progress = progressAt(stage, share, { ...progress, ...change });
    try {
      onProgress?.(progress);
    } catch {
      // Showing progress is the caller's business; a document is not lost over it.
    }
  };
  try {
    signal.throwIfAborted();
    const started = performance.now();
    report('ocr_extraction', 0);
    const { texts, totalPages, ocrPages, unreadablePages } = await source(
      signal,
      ({ pagesRead, totalPages }) =>
        report('ocr_extraction', pagesRead / totalPages, { pagesProcessed: pagesRead, totalPages }),
    );
    const read = performance.now();
    report('account_splitting', 0, { pagesProcessed: 0, totalPages });
    const split = splitAccounts(texts);
    report('page_analysis', 0, { accounts: split.accounts.map(({ accountNumber }) => accountNumber) });
    const groups = accountGroups(split);
    const asked = groups.flatMap(({ pages }) => pages).filter((page) => !isBlank(texts.get(page) ?? ''));
    const plan = await planned;
    const splitted = performance.now();
    let done = 0;
    const reportPages = () =>
      report('llm_extraction', asked.length === 0 ? 1 : done / asked.length, {
        pagesProcessed: totalPages - asked.length + done,
      });
    reportPages();
    const onPageDone = () => {
      done++;
      reportPages();
    };
    const results = await extractFields(processor, groups, texts, plan, { ...run, signal, onPageDone });
    const finished = performance.now();
    report('completed', 1, { pagesProcessed: totalPages });
    return buildRecord({
      split,
      results,
      blankPages: [...texts].flatMap(([page, text]) => (isBlank(text) ? page : [])),
      ocrPages,
      truncatedPages: asked.filter((page) => isTruncated(texts.get(page) ?? '')),
      unreadablePages,
      plan,
      usage: run.usage.total(),
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

/** A document in which no page names an account goes to the model as one group. */
function accountGroups({ accounts, unassignedPages }: AccountSplit): AccountPages[] {
  return accounts.length > 0 ? accounts : [{ accountNumber: null, pages: unassignedPages }];
}
