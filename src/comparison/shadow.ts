import { loggable, type Logger } from '../logger.js';
import { GaveWay, type Queue } from '../llm/turns.js';
import { UsageLedger, type PriceTable } from '../llm/usage.js';
import { SINGLE_PAGE, type ProcessingPlan } from '../processor/plan.js';
import type { PageProcessor } from '../processor/processor.js';
import type { PageTexts } from '../stages/page-texts.js';
import { runPipeline } from '../stages/pipeline.js';
import type { DocumentRecord } from '../stages/record.js';
import { NotAllowed, type ShadowBudget } from './budget.js';
import { compareRecords, type ComparedField, type ComparisonKind } from './compare.js';
import type { Agreement, RunningAgreement } from './running-agreement.js';

export interface ShadowSettings {
  /** Share of shadows that run the control twice, 0 to 1. */
  noiseShare: number;
}

/** A document the user has been served. */
export interface Served {
  requestId: string;
  /** The id it is kept under, for documents that are. */
  documentId: string | undefined;
  texts: PageTexts;
  record: DocumentRecord;
  /** The batch plan on one side of the comparison; page by page is on the other. */
  batchPlan: ProcessingPlan;
}

/** A field on which two records of one document differ. Holds no values. */
export interface Mismatch {
  request_id: string;
  document_id: string | null;
  /** ISO 8601. */
  at: string;
  plan: ProcessingPlan;
  comparison: ComparisonKind;
  scope: ComparedField['scope'];
  /** Place of the account in the record, from 0; null for a document that names none. */
  account_index: number | null;
  /** null in scope `merged`. */
  page: number | null;
  field: string;
  outcome: Exclude<ComparedField['outcome'], 'same'>;
}

/** Both readings of a document. */
export interface ReadAgain {
  /** As it was served. */
  record: DocumentRecord;
  /** As the other path read it. */
  other: DocumentRecord;
  fields: readonly ComparedField[];
}

/** What came of a shadow. */
export type ShadowOutcome = 'compared' | 'failed' | 'gave_way' | 'budget' | 'no_price' | 'queue_full';

export interface ShadowTools {
  processor: PageProcessor;
  budget: ShadowBudget;
  /** What all shadows found. */
  running: RunningAgreement;
  prices: PriceTable;
  /** Told the `model/tier` that a call was billed at, where `prices` lacks it. */
  onUnpricedTier: (name: string) => void;
  /** A queue for calls that give way to all others, and may be broken off so often. */
  newQueue(patience: number): Queue;
  signal: AbortSignal;
  logger: Logger;
  onCompared(comparison: ComparisonKind, fields: readonly ComparedField[]): void;
  onOutcome(outcome: ShadowOutcome, costUsd: number): void;
  /** Called after each comparison that finds a plan's agreement under its floor. */
  onLowAgreement(): void;
  /** Told how a document that is kept was read again. */
  onReadAgain(documentId: string, again: ReadAgain): void;
}

/** Documents waiting for their shadow hold their page texts; beyond one of these the newest has none. */
const LONGEST_QUEUE = 20;
const MOST_QUEUED_TEXT = 20_000_000;
const MISMATCHES_KEPT = 1_000;
/** A shadow whose calls had to give way so often is given up: each of them may have been billed. */
const MOST_GIVING_WAY = 3;

/**
 * Shadow comparison: after the user has been served, the other path reads the same page texts, and
 * the two records are compared field by field. Models differ with themselves, so a share of shadows
 * runs the control twice: its disagreement is the noise the candidate's is held against.
 *
 * One document at a time, with background calls, which give way to every other call.
 */
export class Shadow {
  readonly #settings: ShadowSettings;
  readonly #tools: ShadowTools;
  #mismatches: Mismatch[] = [];
  #queue: Served[] = [];
  #current: { documentId: string | undefined; stop: AbortController } | undefined;
  #isRunning = false;
  #noiseDue = 0;

  constructor(settings: ShadowSettings, tools: ShadowTools) {
    this.#settings = settings;
    this.#tools = tools;
    tools.signal.addEventListener('abort', () => (this.#queue = []), { once: true });
  }

  /** Compares a document as soon as the calls of others leave room. Returns at once. */
  consider(served: Served): void {
    if (this.#tools.signal.aborted) return;
    const text = [served, ...this.#queue].reduce((sum, { texts }) => sum + lengthOf(texts), 0);
    if (this.#queue.length >= LONGEST_QUEUE || text > MOST_QUEUED_TEXT) {
      this.#tools.onOutcome('queue_full', 0);
      return;
    }
    // The caller may do with its record what it likes.
    this.#queue.push({ ...served, record: structuredClone(served.record) });
    if (!this.#isRunning) void this.#run();
  }

  /** Drops all that is known of a document, which was deleted. */
  forget(documentId: string): void {
    if (this.#current?.documentId === documentId) this.#current.stop.abort(new Error('deleted'));
    this.#queue = this.#queue.filter((served) => served.documentId !== documentId);
    this.#mismatches = this.#mismatches.filter((mismatch) => mismatch.document_id !== documentId);
  }

  /** The latest mismatches, the newest first, at most 1,000. */
  get mismatches(): readonly Mismatch[] {
    return this.#mismatches;
  }

  get spentTodayUsd(): number {
    return this.#tools.budget.spent;
  }

  get budgetUsd(): number {
    return this.#tools.budget.most;
  }

  get agreement(): Agreement {
    return this.#tools.running.report;
  }

  isAgreementLow(batchPlan: ProcessingPlan): boolean {
    return this.#tools.running.isLow(batchPlan);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // The user's answer goes out first.
    await new Promise((resolve) => setImmediate(resolve));
    for (let served = this.#queue.shift(); served; served = this.#queue.shift()) {
      const stop = new AbortController();
      this.#current = { documentId: served.documentId, stop };
      const { budget, prices, onUnpricedTier } = this.#tools;
      const ledger = new UsageLedger(prices, budget.allowance, onUnpricedTier);
      const signal = AbortSignal.any([stop.signal, this.#tools.signal]);
      const outcome = await this.#compare(served, ledger, signal);
      this.#current = undefined;
      this.#tools.onOutcome(outcome, budget.takeBilled());
    }
    this.#isRunning = false;
  }

  async #compare(served: Served, usage: UsageLedger, signal: AbortSignal): Promise<ShadowOutcome> {
    const { texts, record, batchPlan } = served;
    const { running } = this.#tools;
    const queue = this.#tools.newQueue(MOST_GIVING_WAY);
    const read = (plan: ProcessingPlan) =>
      runPipeline(this.#tools.processor, () => texts, { plan, usage, signal, queue });
    try {
      // A page the service did not answer says nothing about the path.
      if (modelFailed(record, texts)) return 'failed';
      const isBatch = record.plan.path === 'batch';
      const control = isBatch ? await read(SINGLE_PAGE) : record;
      const candidate = isBatch ? record : await read(batchPlan);
      if (modelFailed(control, texts) || modelFailed(candidate, texts)) return 'failed';
      const fields = this.#fields('candidate', served, control, candidate);
      running.note(batchPlan, fields);
      if (served.documentId !== undefined) {
        this.#tools.onReadAgain(served.documentId, { record, other: isBatch ? control : candidate, fields });
      }
      if (this.#isNoiseDue(batchPlan)) {
        const again = await read(SINGLE_PAGE);
        if (modelFailed(again, texts)) return 'compared';
        running.noteNoise(batchPlan, fields, this.#fields('noise', served, control, again));
        if (running.isLow(batchPlan)) this.#tools.onLowAgreement();
      }
      return 'compared';
    } catch (error) {
      if (error instanceof NotAllowed) return error.why;
      if (error instanceof GaveWay) return 'gave_way';
      if (!signal.aborted) {
        this.#tools.logger.error({ request_id: served.requestId, ...loggable(error) }, 'a shadow failed');
      }
      return 'failed';
    }
  }

  #fields(
    comparison: ComparisonKind,
    served: Served,
    control: DocumentRecord,
    other: DocumentRecord,
  ): ComparedField[] {
    const fields = compareRecords(control, other);
    const about = {
      request_id: served.requestId,
      document_id: served.documentId ?? null,
      at: new Date().toISOString(),
      plan: served.batchPlan,
      comparison,
    };
    const places = new Map(control.accounts.map(({ accountNumber }, index) => [accountNumber, index]));
    const found: Mismatch[] = [];
    for (const { scope, account, page, field, outcome } of fields) {
      if (outcome === 'same') continue;
      const account_index = places.get(account) ?? null;
      found.push({ ...about, scope, account_index, page, field, outcome });
    }
    this.#mismatches = [...found, ...this.#mismatches].slice(0, MISMATCHES_KEPT);
    this.#tools.onCompared(comparison, fields);
    return fields;
  }

  /** The share of shadows; all of them while too little is known of the noise for a verdict. */
  #isNoiseDue(batchPlan: ProcessingPlan): boolean {
    const { noiseShare } = this.#settings;
    this.#noiseDue += noiseShare;
    if (noiseShare === 0 || (this.#noiseDue < 1 && !this.#tools.running.needsNoise(batchPlan))) return false;
    this.#noiseDue = Math.max(0, this.#noiseDue - 1);
    return true;
  }
}

function lengthOf({ texts }: PageTexts): number {
  let length = 0;
  for (const text of texts.values()) length += text.length;
  return length;
}

function modelFailed({ failed_pages: failed }: DocumentRecord, { unreadablePages }: PageTexts): boolean {
  const unreadable = new Set(unreadablePages.map(({ page }) => page));
  return failed.some(({ page }) => !unreadable.has(page));
}
