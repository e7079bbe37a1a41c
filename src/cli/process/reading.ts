import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import pLimit from 'p-limit';
import { faultOf } from '../../evaluation/faults.js';
import { codeOf } from '../../evaluation/trial-error.js';
import { count } from '../../evaluation/report/wording.js';
import { FAILURE_REASONS, sentenceOf } from '../../llm/failure-reason.js';
import type { Quire } from '../../quire.js';
import { PdfError } from '../../stages/pdf-error.js';
import { isRead, refusalIn, type DocumentRecord } from '../../stages/record.js';
import { StoreError } from '../../store/database.js';
import type { NamedFile } from './files.js';
import type { KeptOfDocument } from './kept.js';
import { figuresOf, type Outcome, type ReadWith, type Written } from './outcome.js';
import type { FileProgress, RunProgress } from './progress.js';
import type { FileEnd } from './report.js';
import { isStillRight, writeRecord, type Target } from './targets.js';
import { UsageError } from './usage-error.js';

/** What reading files takes. */
export interface ReadingTools {
  quire: Pick<Quire, 'processPdf'>;
  /**
   * What is kept of a document, by the digest of its bytes.
   *
   * @throws {StoreError} when its store does not open
   */
  kept: (sha256: string) => Promise<KeptOfDocument>;
  readWith: ReadWith;
  /** Documents read at once. */
  atOnce: number;
  /** By path; none where nothing is written. */
  targets: ReadonlyMap<string, Target>;
  progress: RunProgress;
  /** Aborted when no more are to be read. */
  stopped: AbortSignal;
  /** Told of each file as it ends. */
  onEnd: (file: NamedFile, outcome: Outcome) => void;
}

/**
 * Reads files, so many at once, and tells what came of each, in their order.
 *
 * @throws {StoreError} when answers can be kept nowhere
 */
export function readFiles(files: readonly NamedFile[], tools: ReadingTools): Promise<FileEnd[]> {
  const limit = pLimit(tools.atOnce);
  /** By digest: the same file under two names is read once, and then found among the answers. */
  const underWay = new Map<string, Promise<unknown>>();
  return Promise.all(
    files.map((file) =>
      limit(async (): Promise<FileEnd> => {
        if (tools.stopped.aborted) return { name: file.name, outcome: { state: 'stopped' }, seconds: 0 };
        const begun = performance.now();
        const shown = tools.progress.begin(file.name);
        const outcome = await readOne(file, tools, underWay, shown);
        shown.end(outcome.state === 'stopped' ? undefined : inWords(outcome));
        tools.onEnd(file, outcome);
        return { name: file.name, outcome, seconds: (performance.now() - begun) / 1_000 };
      }),
    ),
  );
}

async function readOne(
  file: NamedFile,
  tools: ReadingTools,
  underWay: Map<string, Promise<unknown>>,
  { update: onProgress, wait: onWait }: Pick<FileProgress, 'update' | 'wait'>,
): Promise<Outcome> {
  const { quire, readWith, targets } = tools;
  const isStopped = () => tools.stopped.aborted;
  const target = targets.get(file.path);
  const bytes = await readFile(file.path).catch((error: unknown) => whyUnreadable(error));
  if (typeof bytes === 'string') return { state: 'failed', reason: bytes };
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (isStillRight(target?.before, { sha256, readWith })) return { state: 'kept', written: target.before };
  const kept = await tools.kept(sha256);
  const before = underWay.get(sha256) ?? Promise.resolve();
  const reading = before.then(() =>
    isStopped() ? undefined : quire.processPdf(bytes, { requestId: sha256, ...kept, onProgress, onWait }),
  );
  underWay.set(
    sha256,
    reading.catch(() => undefined),
  );
  try {
    const record = await reading;
    if (!record) return { state: 'stopped' };
    const outcome = outcomeOf(record, { file: file.path, sha256, read_with: readWith });
    if (target && 'written' in outcome) await writeRecord(target, outcome.written);
    return outcome;
  } catch (error) {
    if (isStopped()) return { state: 'stopped' };
    return { state: 'failed', reason: whyFailed(error) };
  }
}

function outcomeOf(record: DocumentRecord, about: Omit<Written, 'state' | 'record'>): Outcome {
  if (isRead(record)) {
    const state = record.failed_pages.length > 0 ? 'pages failed' : 'whole';
    return { state: 'read', written: { ...about, state, record } };
  }
  const reason = refusalIn(record) ?? record.failed_pages[0]?.reason;
  const ofModel = FAILURE_REASONS.find((known) => known === reason);
  return { state: 'failed', reason: `No page could be read: ${ofModel ? sentenceOf(ofModel) : reason}.` };
}

function whyUnreadable(error: unknown): string {
  return `It cannot be read: ${faultOf(error)}`;
}

function whyFailed(error: unknown): string {
  if (error instanceof PdfError || error instanceof StoreError) return error.message;
  if (error instanceof UsageError) return error.message;
  if (codeOf(error) !== '') return `Its record cannot be written: ${faultOf(error)}`;
  // The message of an error that was not foreseen may quote the document.
  return `It stopped on an unexpected error: ${error instanceof Error ? error.name : typeof error}.`;
}

function inWords(outcome: Exclude<Outcome, { state: 'stopped' }>): string {
  if (!('written' in outcome)) return outcome.reason;
  const { pages, accounts, fields } = figuresOf(outcome.written.record);
  const state = outcome.state === 'kept' ? 'written before' : outcome.written.state;
  return [state, count(pages, 'page'), count(accounts, 'account'), count(fields, 'field')].join(', ');
}
