import {
  circuitBreaker,
  CircuitState,
  ExponentialBackoff,
  handleAll,
  noJitterGenerator,
  type CircuitBreakerPolicy,
  type IBreaker,
} from 'cockatiel';
import type { BatchFailure } from '../processor/reading.js';
import type { ProcessingPlan } from '../processor/plan.js';
import { isOver } from './chance.js';
import { SlidingWindow } from '../sliding-window.js';

export interface RollbackSettings {
  /** Off, batch failures are counted and nothing follows from them. */
  enabled: boolean;
  /** Share of batch calls that may fail before salvage, 0 to 1. */
  batchFailures: number;
  /** Calls in the window before there is a verdict. */
  minCalls: number;
  /** How far the window reaches back, in milliseconds. */
  windowMs: number;
  /** Milliseconds until the first probe; each probe that fails doubles them. */
  retryMs: number;
}

export type RollbackCause = 'batch_failures' | 'agreement' | 'probe_failed' | 'retry_due' | 'recovered';

export interface RollbackChange {
  to: RollbackState;
  cause: RollbackCause;
  /** ISO 8601. */
  at: string;
}

/** `closed`: batches run. `open`: rolled back. `half_open`: one document at a time probes. */
export type RollbackState = 'closed' | 'open' | 'half_open';

/** What a request that wants the batch path is told, and reports back on. */
export interface Admission {
  isProbe: boolean;
  onBatch(failure: BatchFailure | null): void;
  /** The document is done, or was given up. */
  done(): void;
}

/** So many batch calls in a row must go well for the batch path to come back. */
const PROBE_CALLS = 20;
/** Probes that fail make the next wait longer, up to this many times the first. */
const LONGEST_RETRY = 16;
const CHANGES_KEPT = 50;

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
 * Automatic rollback: a circuit breaker in front of the batch path. It opens when more batch calls
 * fail than are tolerated, beyond chance, or when shadow comparisons disagree too much; new requests then
 * go page by page, while documents under way keep their plan. After a wait, single documents probe.
 */
export class Rollback {
  readonly #settings: RollbackSettings;
  readonly #failures: FailureRate;
  readonly #policy: CircuitBreakerPolicy;
  readonly #changes: RollbackChange[] = [];
  readonly #isAgreementLow: (plan: ProcessingPlan) => boolean;
  #cause: RollbackCause = 'batch_failures';
  #trial: ProbeRun | undefined;

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
    this.#failures = new FailureRate(settings);
    const { retryMs } = settings;
    this.#policy = circuitBreaker(handleAll, {
      halfOpenAfter: new ExponentialBackoff({
        generator: noJitterGenerator,
        initialDelay: retryMs,
        maxDelay: LONGEST_RETRY * retryMs,
      }),
      breaker: this.#failures,
    });
    this.#policy.onStateChange(() => {
      const change = { to: this.state, cause: this.#cause, at: new Date().toISOString() };
      this.#changes.unshift(change);
      this.#changes.splice(CHANGES_KEPT);
      onChange(change);
    });
  }

  get state(): RollbackState {
    if (this.#policy.state === CircuitState.Closed) return 'closed';
    return this.#policy.state === CircuitState.HalfOpen ? 'half_open' : 'open';
  }

  /** The latest changes of state, the newest first. */
  get changes(): readonly RollbackChange[] {
    return this.#changes;
  }

  /** Share of batch calls in the window that failed before salvage; null without any. */
  get failureRate(): number | null {
    return this.#failures.rate;
  }

  /** Asked by each request that is to take the batch path; null sends it page by page. */
  admit(plan: ProcessingPlan): Admission | null {
    if (this.state === 'closed') {
      return { isProbe: false, onBatch: (failure) => this.#called(failure), done: () => undefined };
    }
    if (this.#isAgreementLow(plan)) return null;
    const trial = this.#trial ?? this.#startTrial();
    if (!trial || trial.isBusy) return null;
    trial.isBusy = true;
    return {
      isProbe: true,
      onBatch: (failure) => this.#probed(trial, failure),
      done: () => (trial.isBusy = false),
    };
  }

  /** Told when shadow comparisons have come to disagree too much. */
  agreementFell(): void {
    if (!this.#settings.enabled) return;
    if (this.state === 'closed') {
      this.#cause = 'agreement';
      this.#failures.openAtOnce = true;
      this.#record(new Error('agreement'));
    } else if (this.#trial) {
      this.#end(this.#trial, 'agreement', 'fail');
    }
  }

  #called(failure: BatchFailure | null): void {
    // A document from before the rollback says nothing about now.
    if (this.state !== 'closed' || !concernsBatches(failure)) return;
    if (failure) this.#cause = 'batch_failures';
    this.#record(failure && new Error(failure));
  }

  #record(failure: Error | null): void {
    const outcome = () => (failure ? Promise.reject(failure) : Promise.resolve());
    this.#policy.execute(outcome).catch(() => undefined);
  }

  /** The wait being over, cockatiel lets one execution through: it lasts over as many documents as it takes. */
  #startTrial(): ProbeRun | undefined {
    // Half open without a trial is the moment between its end and cockatiel's hearing of it.
    if (this.state === 'half_open') return undefined;
    let trial: ProbeRun | undefined;
    this.#cause = 'retry_due';
    this.#policy
      .execute(
        () =>
          new Promise<void>((succeed, fail) => {
            trial = { good: 0, isBusy: false, succeed, fail: () => fail(new Error('probe')) };
          }),
      )
      .catch(() => undefined);
    this.#trial = trial;
    return trial;
  }

  #probed(trial: ProbeRun, failure: BatchFailure | null): void {
    if (trial !== this.#trial || !concernsBatches(failure)) return;
    if (failure) this.#end(trial, 'probe_failed', 'fail');
    else if (++trial.good >= PROBE_CALLS) this.#end(trial, 'recovered', 'succeed');
  }

  #end(trial: ProbeRun, cause: RollbackCause, how: 'succeed' | 'fail'): void {
    this.#trial = undefined;
    this.#cause = cause;
    trial[how]();
  }
}

interface ProbeRun {
  good: number;
  /** A document probes at the moment. */
  isBusy: boolean;
  succeed: () => void;
  fail: () => void;
}

/**
 * Opens when the share of failures in a sliding window is over the limit beyond chance. cockatiel's
 * own breakers compare the bare share, which a rate of half the limit passes every now and then.
 */
class FailureRate implements IBreaker {
  readonly #settings: RollbackSettings;
  readonly #window: SlidingWindow<'calls' | 'failures'>;
  /** The next failure opens, whatever the share. */
  openAtOnce = false;
  state: unknown = undefined;

  constructor(settings: RollbackSettings) {
    this.#settings = settings;
    this.#window = new SlidingWindow(settings.windowMs);
  }

  get rate(): number | null {
    const calls = this.#window.sum('calls');
    return calls === 0 ? null : this.#window.sum('failures') / calls;
  }

  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) {
      this.#window.clear();
      this.openAtOnce = false;
    } else {
      this.#window.add({ calls: 1 });
    }
  }

  failure(state: CircuitState): boolean {
    if (state !== CircuitState.Closed) return true;
    if (this.openAtOnce) {
      this.openAtOnce = false;
      return true;
    }
    this.#window.add({ calls: 1, failures: 1 });
    const { enabled, batchFailures, minCalls } = this.#settings;
    const calls = this.#window.sum('calls');
    return enabled && calls >= minCalls && isOver(batchFailures, this.#window.sum('failures'), calls);
  }
}
