import { randomUUID } from 'node:crypto';
import type { BatchFailure } from '../processor/reading.js';
import type { ProcessingPlan } from '../processor/plan.js';
import { ofThisProcess, type SharedState } from '../shared-state/shared-state.js';
import { SlidingWindow } from '../sliding-window.js';
import {
  RollbackRules,
  type Admitted,
  type Moment,
  type RollbackChange,
  type RollbackData,
  type RollbackSettings,
  type RollbackState,
} from './rollback-rules.js';

/** What a request that wants the batch path is told, and reports back on. */
export interface Admission {
  isProbe: boolean;
  /** By which {@link Rollback.restore} makes it anew, on any replica. */
  admitted: Admitted;
  onBatch(failure: BatchFailure | null): void;
  /**
   * The document is done, or was given up.
   *
   * @param isEvidence false where what failed is laid to something else than batches. Default: it counts.
   */
  done(isEvidence?: boolean): void;
}

/** What {@link Rollback.failureRate} reaches back. */
const WINDOW_MS = 600_000;

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
  readonly #rules: RollbackRules;
  readonly #shared: SharedState<RollbackData>;
  /** Of the calls of this process. */
  readonly #calls = new SlidingWindow<'all' | 'failed'>(WINDOW_MS);
  readonly #isAgreementLow: (plan: ProcessingPlan) => boolean;

  /**
   * @param isAgreementLow whether a plan's agreement is too low now for it to be tried
   * @param onChange told about each change of state, whichever replica made it
   * @param share has the data shared with other replicas. Default: with none.
   */
  constructor(
    settings: RollbackSettings,
    isAgreementLow: (plan: ProcessingPlan) => boolean,
    onChange: (change: RollbackChange) => void,
    share: (initial: RollbackData) => SharedState<RollbackData> = ofThisProcess,
  ) {
    this.#settings = settings;
    this.#isAgreementLow = isAgreementLow;
    this.#rules = new RollbackRules(settings);
    this.#shared = share(this.#rules.initial);
    this.#shared.follow((after, before) => {
      for (const change of after.changes.slice(0, Math.max(0, after.count - before.count)).toReversed())
        onChange(change);
    });
  }

  /** Whether anything follows from what is counted. */
  get isEnabled(): boolean {
    return this.#settings.enabled;
  }

  get state(): RollbackState {
    return this.#shared.current.state;
  }

  /** The latest changes of state, the newest first. */
  get changes(): readonly RollbackChange[] {
    return this.#shared.current.changes;
  }

  /** Share of batch calls of the last ten minutes of this process that failed before salvage; null without any. */
  get failureRate(): number | null {
    const calls = this.#calls.sum('all');
    return calls === 0 ? null : this.#calls.sum('failed') / calls;
  }

  /** How near failures have come to an alarm, from 0 to 1, where it is one; null where there is none to come. */
  get evidence(): number | null {
    return this.#rules.evidence(this.#shared.current);
  }

  /**
   * Asked by each request that is to take the batch path; null sends it page by page. Replicas that ask at the same
   * moment may let in a probe each where there is room for one.
   */
  admit(plan: ProcessingPlan): Admission | null {
    if (this.#settings.enabled && this.#isAgreementLow(plan)) return null;
    const moment = this.#moment();
    const data = this.#rules.retried(this.#shared.current, moment);
    const { count, state } = data;
    if (state === 'closed') return this.#admission({ count, probe: null });
    if (state === 'open' || !this.#rules.hasRoom(data, moment.now)) return null;
    const admitted = { count, probe: randomUUID() };
    // In one change: nobody is to see room for a probe between the two.
    this.#shared.change((data) => this.#rules.probing(this.#rules.retried(data, moment), admitted, moment));
    return this.#admission(admitted);
  }

  /** For a document that was let in, here or on another replica, and is read here. */
  restore(admitted: Admitted): Admission {
    const moment = this.#moment();
    if (admitted.probe !== null) {
      this.#shared.change((data) => this.#rules.probing(data, admitted, moment));
    }
    return this.#admission(admitted);
  }

  #admission(admitted: Admitted): Admission {
    let [calls, failed, isDone] = [0, 0, false];
    return {
      isProbe: admitted.probe !== null,
      admitted,
      onBatch: (failure) => {
        if (!concernsBatches(failure)) return;
        calls++;
        if (failure) failed++;
        this.#calls.add({ all: 1, failed: failure ? 1 : 0 });
      },
      done: (isEvidence = true) => {
        if (isDone) return;
        isDone = true;
        const share = isEvidence && calls > 0 ? failed / calls : undefined;
        if (share === undefined && admitted.probe === null) return;
        const moment = this.#moment();
        this.#shared.change((data) => this.#rules.ended(data, admitted, share, moment));
      },
    };
  }

  /** A document that was let in is not read under it: of a probe, nothing is to be waited for. */
  giveUp(admitted: Admitted): void {
    if (admitted.probe === null) return;
    const moment = this.#moment();
    this.#shared.change((data) => this.#rules.ended(data, admitted, undefined, moment));
  }

  /** Told when shadow comparisons have come to disagree too much. */
  agreementFell(): void {
    const moment = this.#moment();
    this.#shared.change((data) => this.#rules.agreementFell(data, moment));
  }

  #moment(): Moment {
    return { now: this.#shared.now(), at: new Date().toISOString() };
  }
}
