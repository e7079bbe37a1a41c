import type { BatchFailure } from '../processor/reading.js';
import type { ProcessingPlan } from '../processor/plan.js';
import { SlidingWindow } from '../sliding-window.js';
import { EDetector } from '../e-detector.js';
import { Trial } from './trial.js';

export interface RollbackSettings {
  /** Off, batch failures are counted and nothing follows from them. */
  enabled: boolean;
  /**
   * Share of a document's batch calls that may fail before salvage, in the mean over documents, 0 to 1: less than
   * 0.001 counts as that, and with 1 all may.
   */
  batchFailures: number;
  /** Documents between two false alarms, in the mean, at least; from 1. */
  falseAlarmDocuments: number;
  /** Milliseconds until the first probe; each trial that fails doubles them. */
  retryMs: number;
}

export type RollbackCause = 'batch_failures' | 'agreement' | 'probe_failed' | 'retry_due' | 'recovered';

export interface RollbackChange {
  to: RollbackState;
  cause: RollbackCause;
  /** ISO 8601. */
  at: string;
}

/** `closed`: batches run. `open`: rolled back. `half_open`: single documents probe. */
export type RollbackState = 'closed' | 'open' | 'half_open';

/** What a request that wants the batch path is told, and reports back on. */
export interface Admission {
  isProbe: boolean;
  onBatch(failure: BatchFailure | null): void;
  /**
   * The document is done, or was given up.
   *
   * @param isEvidence false where what failed is laid to something else than batches. Default: it counts.
   */
  done(isEvidence?: boolean): void;
}

/** Trials that fail make the next wait longer, up to this many times the first. */
const LONGEST_RETRY = 16;
const CHANGES_KEPT = 50;
/** What {@link Rollback.failureRate} reaches back. */
const WINDOW_MS = 600_000;
/** Of the limit: a document in a thousand fails by chance now and then. */
const LEAST_LIMIT = 0.001;
/** A trial looks for a rate of so many times the limit at least: a lower one takes too long to tell from a good one. */
const LEAST_SUSPECTED = 5;

/**
 * These say how it stands with the service, not with batches: page by page would fare no better. And what a
 * page can bring about, or a model's own way to write values, is no reason to leave batches for all.
 */
const NOT_THE_BATCH: ReadonlySet<BatchFailure> = new Set<BatchFailure>([
  'rate_limited',
  'quota_exhausted',
  'not_authorised',
  'model_not_found',
  'moderation',
  'field_malformed',
  'value_not_found',
  'fields_missing',
  'too_many_values',
]);

/** Whether what became of a batch call says something about batches. */
export function concernsBatches(failure: BatchFailure | null): boolean {
  return failure === null || !NOT_THE_BATCH.has(failure);
}

/**
 * Automatic rollback. It opens when more batch calls fail than are tolerated, or when shadow comparisons disagree
 * too much, and false alarms are as rare as is promised (docs/rollout.md, Automatic rollback); new requests then
 * go page by page, while documents under way keep their plan. After a wait, single documents probe, until the
 * evidence that batches are well again is as strong as that of an alarm.
 *
 * Each document counts once, by the share of its calls that failed: one bad package is no alarm.
 */
export class Rollback {
  readonly #settings: RollbackSettings;
  readonly #limit: number;
  readonly #detector: EDetector;
  readonly #calls = new SlidingWindow<'all' | 'failed'>(WINDOW_MS);
  readonly #changes: RollbackChange[] = [];
  readonly #isAgreementLow: (plan: ProcessingPlan) => boolean;
  readonly #onChange: (change: RollbackChange) => void;
  #state: RollbackState = 'closed';
  /** Of changes: a document from before the last one says nothing about now. */
  #count = 0;
  /** The rate that the last alarm was about. */
  #suspected: number;
  #trial: Trial;
  #waitMs: number;
  #retryAt = 0;

  /**
   * @param isAgreementLow whether a plan's agreement is too low now for it to be tried
   * @param onChange told about each change of state
   */
  constructor(
    settings: RollbackSettings,
    isAgreementLow: (plan: ProcessingPlan) => boolean,
    onChange: (change: RollbackChange) => void,
  ) {
    this.#settings = settings;
    this.#isAgreementLow = isAgreementLow;
    this.#onChange = onChange;
    this.#limit = Math.min(Math.max(settings.batchFailures, LEAST_LIMIT), 1 - LEAST_LIMIT);
    this.#detector = new EDetector(this.#limit);
    this.#suspected = this.#detector.highestRate;
    this.#trial = this.#newTrial();
    this.#waitMs = settings.retryMs;
  }

  get state(): RollbackState {
    return this.#state;
  }

  /** The latest changes of state, the newest first. */
  get changes(): readonly RollbackChange[] {
    return this.#changes;
  }

  /** Share of batch calls of the last ten minutes that failed before salvage; null without any. */
  get failureRate(): number | null {
    const calls = this.#calls.sum('all');
    return calls === 0 ? null : this.#calls.sum('failed') / calls;
  }

  /** How near failures have come to an alarm, from 0 to 1, where it is one; null where there is none to come. */
  get evidence(): number | null {
    if (!this.#raisesAlarms) return null;
    return Math.min(1, this.#detector.evidence / this.#settings.falseAlarmDocuments);
  }

  get #raisesAlarms(): boolean {
    return this.#settings.enabled && this.#settings.batchFailures < 1;
  }

  /** Asked by each request that is to take the batch path; null sends it page by page. */
  admit(plan: ProcessingPlan): Admission | null {
    if (this.#settings.enabled && this.#isAgreementLow(plan)) return null;
    if (this.#state === 'closed') return this.#admission(false);
    if (this.#state === 'open') {
      if (performance.now() < this.#retryAt) return null;
      this.#change('half_open', 'retry_due');
    }
    return this.#trial.hasRoom ? this.#admission(true) : null;
  }

  /** Told when shadow comparisons have come to disagree too much. */
  agreementFell(): void {
    if (!this.#settings.enabled || this.#state === 'open') return;
    this.#open('agreement');
  }

  #admission(isProbe: boolean): Admission {
    const count = this.#count;
    let [calls, failed, isDone] = [0, 0, false];
    if (isProbe) this.#trial.underWay++;
    return {
      isProbe,
      onBatch: (failure) => {
        if (!concernsBatches(failure)) return;
        calls++;
        if (failure) failed++;
        this.#calls.add({ all: 1, failed: failure ? 1 : 0 });
      },
      done: (isEvidence = true) => {
        if (isDone || count !== this.#count) return;
        isDone = true;
        const share = isEvidence && calls > 0 ? failed / calls : undefined;
        if (isProbe) this.#tried(share);
        else if (share !== undefined) this.#observe(share);
      },
    };
  }

  #observe(share: number): void {
    this.#detector.add(share);
    // What went well is never the alarm itself.
    if (share <= this.#limit || this.evidence !== 1) return;
    this.#open('batch_failures');
  }

  #tried(share: number | undefined): void {
    this.#trial.underWay--;
    if (share !== undefined) this.#trial.add(share);
    if (this.#trial.isWell) {
      this.#detector.reset();
      this.#waitMs = this.#settings.retryMs;
      this.#change('closed', 'recovered');
    } else if (this.#trial.isIll) {
      this.#open('probe_failed');
    }
  }

  #open(cause: RollbackCause): void {
    const { likeliestRate, highestRate } = this.#detector;
    if (cause === 'batch_failures')
      this.#suspected = Math.min(Math.max(likeliestRate, LEAST_SUSPECTED * this.#limit), highestRate);
    else if (this.#state === 'closed') this.#suspected = highestRate;
    this.#detector.reset();
    this.#retryAt = performance.now() + this.#waitMs;
    this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_RETRY * this.#settings.retryMs);
    this.#change('open', cause);
  }

  #newTrial(): Trial {
    return new Trial(this.#limit, this.#suspected, this.#settings.falseAlarmDocuments);
  }

  #change(to: RollbackState, cause: RollbackCause): void {
    this.#state = to;
    this.#count++;
    if (to === 'half_open') this.#trial = this.#newTrial();
    const change = { to, cause, at: new Date().toISOString() };
    this.#changes.unshift(change);
    this.#changes.splice(CHANGES_KEPT);
    this.#onChange(change);
  }
}
