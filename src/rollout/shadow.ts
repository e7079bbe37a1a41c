import { loggable, type Logger } from '../logger.js';
import { processPacer } from '../llm/pacing.js';
import { fromUsd, toUsd, UsageLedger, type Allowance, type PriceTable } from '../llm/usage.js';
import { SINGLE_PAGE, type ProcessingPlan } from '../processor/plan.js';
import type { PageProcessor } from '../processor/processor.js';
import type { PageTexts } from '../stages/page-texts.js';
import { runPipeline } from '../stages/pipeline.js';
import type { DocumentRecord } from '../stages/record.js';
import { beyondNoise } from './agreement.js';
import { isOver } from './chance.js';
import { compareRecords, type ComparedField } from './comparison.js';
import { SlidingWindow } from './window.js';

export interface ShadowSettings {
  /** The most that shadows may cost in a day (UTC) in this process, in USD. */
  budgetUsd: number;
  /** Share of shadows that run the control twice, 0 to 1. */
  noiseShare: number;
  /** The least agreement, beyond the control's own noise, that is borne; 0 to 1. */
  agreementFloor: number;
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

/** `candidate`: page by page against batches. `noise`: page by page against page by page. */
export type Comparison = 'candidate' | 'noise';

/** A field on which two records of one document differ. Holds no values. */
export interface Mismatch {
  request_id: string;
  document_id: string | null;
  /** ISO 8601. */
  at: string;
  plan: ProcessingPlan;
  comparison: Comparison;
  scope: ComparedField['scope'];
  /** Place of the account in the record, from 0; null for a document that names none. */
  account_index: number | null;
  /** null in scope `merged`. */
  page: number | null;
  field: string;
  outcome: Exclude<ComparedField['outcome'], 'same'>;
}

/** What came of a shadow. */
export type ShadowOutcome = 'compared' | 'failed' | 'budget' | 'no_price' | 'queue_full';

/** How well records agree, over the last 24 hours. Shares are 0 to 1, null where nothing was compared. */
export interface Agreement {
  /** Fields compared, by page. */
  fields: Record<Comparison, number>;
  /** Share of fields that are the same. The noise's is what page by page reaches with itself. */
  agreement: Record<Comparison, Record<ComparedField['scope'], number | null>>;
  /** Disagreement of the candidate's own, with the control's noise taken out. */
  beyond_noise: number | null;
}

export interface ShadowTools {
  processor: PageProcessor;
  prices: PriceTable;
  signal: AbortSignal;
  logger: Logger;
  onCompared(comparison: Comparison, fields: readonly ComparedField[]): void;
  onOutcome(outcome: ShadowOutcome, costUsd: number): void;
  /** Told after each comparison whether agreement is under its floor. */
  onAgreement(low: boolean): void;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
/** Documents waiting for their shadow hold their page texts; beyond one of these the newest has none. */
const LONGEST_QUEUE = 20;
const MOST_QUEUED_TEXT = 20_000_000;
const MISMATCHES_KEPT = 1_000;
/** Fields compared by page before there is a verdict on the agreement. */
const ENOUGH_FIELDS = 200;

type Sum = `${Comparison} ${ComparedField['scope']} ${'all' | 'same'}`;

/** Thrown within a shadow whose next call could cost more than is left, or has no price. */
class NotAllowed extends Error {
  override readonly name = 'NotAllowed';

  constructor(readonly outcome: 'budget' | 'no_price') {
    super(outcome);
  }
}

/**
 * Shadow comparison: after the user has been served, the other path reads the same page texts, and
 * the two records are compared field by field. Models differ with themselves, so a share of shadows
 * runs the control twice: its disagreement is the noise the candidate's is held against.
 *
 * One document at a time, its calls as guests that give way to every other call.
 */
export class Shadow {
  readonly #settings: ShadowSettings;
  readonly #tools: ShadowTools;
  readonly #pacing = processPacer.guests();
  readonly #window = new SlidingWindow<Sum>(DAY_MS);
  #mismatches: Mismatch[] = [];
  readonly #budget: DailyBudget;
  #queue: Served[] = [];
  #running: { documentId: string | undefined; stop: AbortController } | undefined;
  #isRunning = false;
  #noiseDue = 0;

  constructor(settings: ShadowSettings, tools: ShadowTools) {
    this.#settings = settings;
    this.#tools = tools;
    this.#budget = new DailyBudget(settings.budgetUsd);
    // The first shadow measures the noise too, so that there is a floor from the start.
    this.#noiseDue = settings.noiseShare > 0 ? 1 - settings.noiseShare : 0;
  }

  /** Compares a document as soon as the calls of others leave room. Returns at once. */
  consider(served: Served): void {
    const text = [served, ...this.#queue].reduce((sum, { texts }) => sum + lengthOf(texts), 0);
    if (this.#queue.length >= LONGEST_QUEUE || text > MOST_QUEUED_TEXT) {
      this.#tools.onOutcome('queue_full', 0);
      return;
    }
    this.#queue.push(served);
    if (!this.#isRunning) void this.#run();
  }

  /** Drops all that is known of a document, which was deleted. */
  forget(documentId: string): void {
    if (this.#running?.documentId === documentId) this.#running.stop.abort(new Error('deleted'));
    this.#queue = this.#queue.filter((served) => served.documentId !== documentId);
    this.#mismatches = this.#mismatches.filter((mismatch) => mismatch.document_id !== documentId);
  }

  /** The latest mismatches, the newest first, at most 1,000. */
  get mismatches(): readonly Mismatch[] {
    return this.#mismatches;
  }

  get spentTodayUsd(): number {
    return this.#budget.spentUsd;
  }

  get budgetUsd(): number {
    return this.#settings.budgetUsd;
  }

  get agreement(): Agreement {
    const share = (comparison: Comparison, scope: ComparedField['scope']) => {
      const all = this.#window.sum(`${comparison} ${scope} all`);
      return all === 0 ? null : this.#window.sum(`${comparison} ${scope} same`) / all;
    };
    const shares = (comparison: Comparison) => ({
      page: share(comparison, 'page'),
      merged: share(comparison, 'merged'),
    });
    const agreement = { candidate: shares('candidate'), noise: shares('noise') };
    const disagreement = (comparison: Comparison) => {
      const { page } = agreement[comparison];
      return page === null ? null : 1 - page;
    };
    return {
      fields: {
        candidate: this.#window.sum('candidate page all'),
        noise: this.#window.sum('noise page all'),
      },
      agreement,
      beyond_noise: beyondNoise(disagreement('candidate'), disagreement('noise')),
    };
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // The user's answer goes out first.
    await new Promise((resolve) => setImmediate(resolve));
    for (let served = this.#queue.shift(); served; served = this.#queue.shift()) {
      if (this.#tools.signal.aborted) break;
      const stop = new AbortController();
      this.#running = { documentId: served.documentId, stop };
      const ledger = new UsageLedger(this.#tools.prices, this.#budget.allowance);
      const signal = AbortSignal.any([stop.signal, this.#tools.signal]);
      const outcome = await this.#compare(served, ledger, signal);
      this.#running = undefined;
      this.#tools.onOutcome(outcome, ledger.total().cost_usd ?? 0);
    }
    this.#isRunning = false;
  }

  async #compare(served: Served, usage: UsageLedger, signal: AbortSignal): Promise<ShadowOutcome> {
    const { texts, record, batchPlan } = served;
    const read = (plan: ProcessingPlan) =>
      runPipeline(this.#tools.processor, () => texts, { plan, usage, signal, pacing: this.#pacing });
    try {
      // A page the service did not answer says nothing about the path.
      if (modelFailed(record, texts)) return 'failed';
      const isBatch = record.plan.path === 'batch';
      const control = isBatch ? await read(SINGLE_PAGE) : record;
      const candidate = isBatch ? record : await read(batchPlan);
      if (modelFailed(control, texts) || modelFailed(candidate, texts)) return 'failed';
      this.#note('candidate', served, control, candidate);
      this.#noiseDue += this.#settings.noiseShare;
      if (this.#noiseDue >= 1) {
        this.#noiseDue -= 1;
        const again = await read(SINGLE_PAGE);
        if (!modelFailed(again, texts)) this.#note('noise', served, control, again);
      }
      this.#tools.onAgreement(this.#agreementIsLow());
      return 'compared';
    } catch (error) {
      if (error instanceof NotAllowed) return error.outcome;
      if (!signal.aborted) {
        this.#tools.logger.error({ request_id: served.requestId, ...loggable(error) }, 'a shadow failed');
      }
      return 'failed';
    }
  }

  #note(comparison: Comparison, served: Served, control: DocumentRecord, other: DocumentRecord): void {
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
      this.#window.add({
        [`${comparison} ${scope} all`]: 1,
        [`${comparison} ${scope} same`]: outcome === 'same' ? 1 : 0,
      });
      if (outcome === 'same') continue;
      const account_index = places.get(account) ?? null;
      found.push({ ...about, scope, account_index, page, field, outcome });
    }
    this.#mismatches = [...found, ...this.#mismatches].slice(0, MISMATCHES_KEPT);
    this.#tools.onCompared(comparison, fields);
  }

  #agreementIsLow(): boolean {
    const { noiseShare, agreementFloor } = this.#settings;
    const { fields, agreement } = this.agreement;
    const noise = 1 - (agreement.noise.page ?? 1);
    const isNoiseKnown = noiseShare === 0 || fields.noise >= ENOUGH_FIELDS;
    if (fields.candidate < ENOUGH_FIELDS || !isNoiseKnown) return false;
    const borne = 1 - agreementFloor * (1 - noise);
    const differing = fields.candidate - this.#window.sum('candidate page same');
    return isOver(borne, differing, fields.candidate);
  }
}

/** What shadows have cost today, with calls under way at the most they can cost. */
class DailyBudget {
  readonly #most: bigint;
  #day = '';
  #spent = 0n;

  constructor(usd: number) {
    this.#most = fromUsd(usd);
  }

  get spentUsd(): number {
    this.#turnDay();
    return toUsd(this.#spent);
  }

  readonly allowance: Allowance = (most) => {
    if (most === undefined) throw new NotAllowed('no_price');
    const day = this.#turnDay();
    if (this.#spent + most > this.#most) throw new NotAllowed('budget');
    this.#spent += most;
    return (billed) => {
      if (this.#turnDay() === day) this.#spent += billed - most;
    };
  };

  #turnDay(): string {
    const today = new Date().toISOString().slice(0, 10);
    if (today !== this.#day) {
      this.#day = today;
      this.#spent = 0n;
    }
    return today;
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
