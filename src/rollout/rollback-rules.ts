import { EDetector } from '../e-detector.js';
import { newTrial, probing, Trial, tried, type TrialData } from './trial.js';

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

/** How it stands with the batch path, as plain data. Times are milliseconds of the clock of those that share it. */
export interface RollbackData {
  readonly state: RollbackState;
  /** Of changes: a document from before the last one says nothing about now. */
  readonly count: number;
  /** The latest changes, the newest first. */
  readonly changes: readonly RollbackChange[];
  /** Of the detector. */
  readonly evidences: readonly number[];
  readonly trial: TrialData;
  /** The wait after the next alarm. */
  readonly waitMs: number;
  /** When the first document may probe. */
  readonly retryAt: number;
}

/** A document that is let in, as plain data. */
export interface Admitted {
  /** Of changes, when it was. */
  count: number;
  /** The name of its probe; null where it is none. */
  probe: string | null;
}

/** When something happened: by the clock that times are told by, and by the calendar. */
export interface Moment {
  now: number;
  /** ISO 8601. */
  at: string;
}

/** Trials that fail make the next wait longer, up to this many times the first. */
const LONGEST_RETRY = 16;
const CHANGES_KEPT = 50;
/** Of the limit: a document in a thousand fails by chance now and then. */
const LEAST_LIMIT = 0.001;
/** A trial looks for a rate of so many times the limit at least: a lower one takes too long to tell from a good one. */
const LEAST_SUSPECTED = 5;

/**
 * What follows from what, for the automatic rollback: each rule makes new data of the data there are, or gives them
 * back as they are, and decides by nothing else. So replicas that go by the same data decide alike.
 */
export class RollbackRules {
  readonly #settings: RollbackSettings;
  readonly #limit: number;

  constructor(settings: RollbackSettings) {
    this.#settings = settings;
    this.#limit = Math.min(Math.max(settings.batchFailures, LEAST_LIMIT), 1 - LEAST_LIMIT);
  }

  /** Batches run, and nothing is known of them. */
  get initial(): RollbackData {
    const { evidences, highestRate } = new EDetector(this.#limit);
    return {
      state: 'closed',
      count: 0,
      changes: [],
      evidences,
      retryAt: 0,
      trial: newTrial(highestRate),
      waitMs: this.#settings.retryMs,
    };
  }

  /** How near failures have come to an alarm, from 0 to 1, where it is one; null where there is none to come. */
  evidence({ evidences }: Pick<RollbackData, 'evidences'>): number | null {
    const { enabled, batchFailures, falseAlarmDocuments } = this.#settings;
    if (!enabled || batchFailures >= 1) return null;
    return Math.min(1, new EDetector(this.#limit, evidences).evidence / falseAlarmDocuments);
  }

  /** Whether another document may probe. */
  hasRoom({ trial }: RollbackData, now: number): boolean {
    return new Trial(trial, this.#settings.falseAlarmDocuments, now).hasRoom;
  }

  /** Probes may begin, where the wait is over. */
  retried(data: RollbackData, { now, at }: Moment): RollbackData {
    if (data.state !== 'open' || now < data.retryAt) return data;
    return changed(
      { ...data, trial: newTrial(data.trial.suspected) },
      { to: 'half_open', cause: 'retry_due', at },
    );
  }

  /** A document that was let in goes on with its probe. */
  probing(data: RollbackData, { count, probe }: Admitted, { now }: Moment): RollbackData {
    if (probe === null || count !== data.count || data.state !== 'half_open') return data;
    return { ...data, trial: probing(data.trial, probe, now) };
  }

  /**
   * A document that was let in has ended.
   *
   * @param share of its batch calls that failed, 0 to 1; undefined where it shows nothing
   */
  ended(data: RollbackData, admitted: Admitted, share: number | undefined, moment: Moment): RollbackData {
    if (admitted.count !== data.count) return data;
    if (admitted.probe !== null) return this.#tried(data, admitted.probe, share, moment);
    return share === undefined || data.state !== 'closed' ? data : this.#observed(data, share, moment);
  }

  /** Shadow comparisons have come to disagree too much. */
  agreementFell(data: RollbackData, moment: Moment): RollbackData {
    if (!this.#settings.enabled || data.state === 'open') return data;
    return this.#opened(data, 'agreement', moment);
  }

  #observed(data: RollbackData, share: number, moment: Moment): RollbackData {
    const detector = new EDetector(this.#limit, data.evidences);
    detector.add(share);
    const observed = { ...data, evidences: detector.evidences };
    // What went well is never the alarm itself.
    if (share <= this.#limit || this.evidence(observed) !== 1) return observed;
    return this.#opened(observed, 'batch_failures', moment);
  }

  #tried(data: RollbackData, probe: string, share: number | undefined, moment: Moment): RollbackData {
    if (!(probe in data.trial.probes)) return data;
    const trial = tried(data.trial, probe, share, this.#limit);
    const { isWell, isIll } = new Trial(trial, this.#settings.falseAlarmDocuments, moment.now);
    if (isWell) {
      const { evidences } = new EDetector(this.#limit);
      const well = { ...data, trial, evidences, waitMs: this.#settings.retryMs };
      return changed(well, { to: 'closed', cause: 'recovered', at: moment.at });
    }
    return isIll ? this.#opened({ ...data, trial }, 'probe_failed', moment) : { ...data, trial };
  }

  #opened(data: RollbackData, cause: RollbackCause, { now, at }: Moment): RollbackData {
    const opened = {
      ...data,
      trial: newTrial(this.#suspected(data, cause)),
      evidences: new EDetector(this.#limit).evidences,
      retryAt: now + data.waitMs,
      waitMs: Math.min(2 * data.waitMs, LONGEST_RETRY * this.#settings.retryMs),
    };
    return changed(opened, { to: 'open', cause, at });
  }

  /** The rate that an alarm is about. */
  #suspected({ state, evidences, trial }: RollbackData, cause: RollbackCause): number {
    const { likeliestRate, highestRate } = new EDetector(this.#limit, evidences);
    if (cause === 'batch_failures') {
      return Math.min(Math.max(likeliestRate, LEAST_SUSPECTED * this.#limit), highestRate);
    }
    return state === 'closed' ? highestRate : trial.suspected;
  }
}

function changed(data: RollbackData, change: RollbackChange): RollbackData {
  const changes = [change, ...data.changes].slice(0, CHANGES_KEPT);
  return { ...data, state: change.to, count: data.count + 1, changes };
}
