import { wager } from '../wager.js';

/** What is to be made out against a trial: an alarm has had its evidence already. */
const ILL = 20;
/**
 * A probe counts as under way for so many milliseconds: who let it in, or reads it, may be gone. What it shows when it
 * ends later counts all the same.
 */
const LONGEST_PROBE_MS = 600_000;

/** A trial as plain data. */
export interface TrialData {
  /** The failure rate that is to be refuted, over the limit and under 1. */
  readonly suspected: number;
  readonly well: number;
  readonly ill: number;
  /** Documents that probe and have not ended, and when each began, in milliseconds of the clock of those that share it. */
  readonly probes: Readonly<Record<string, number>>;
}

/** @param suspected the rate of the alarm, over the limit and under 1 */
export function newTrial(suspected: number): TrialData {
  return { suspected, well: 1, ill: 1, probes: {} };
}

/** A document probes, or goes on with it. */
export function probing(trial: TrialData, probe: string, now: number): TrialData {
  return { ...trial, probes: { ...trial.probes, [probe]: now } };
}

/**
 * A document has ended that probed.
 *
 * @param share of its batch calls that failed, 0 to 1; undefined where it shows nothing
 * @param limit the failure rate that is tolerated, over 0 and under 1
 */
export function tried(trial: TrialData, probe: string, share: number | undefined, limit: number): TrialData {
  const { [probe]: _ended, ...probes } = trial.probes;
  if (share === undefined) return { ...trial, probes };
  return {
    ...trial,
    probes,
    well: trial.well * wager(share, trial.suspected, limit),
    ill: trial.ill * wager(share, limit, trial.suspected),
  };
}

/**
 * Whether the batch path is well again after an alarm: documents probe until the failure rate is told from the one
 * that was suspected (a sequential probability-ratio test). While it is still at that rate or over it, a trial
 * ends well once in `strength` times, or less often.
 */
export class Trial {
  readonly #data: TrialData;
  readonly #strength: number;
  readonly #now: number;

  /**
   * @param strength of the evidence that it takes, from 1
   * @param now milliseconds of the clock of those that share it
   */
  constructor(data: TrialData, strength: number, now: number) {
    this.#data = data;
    this.#strength = strength;
    this.#now = now;
  }

  /** Not before all probes have ended: those that fail may take longest. */
  get isWell(): boolean {
    return this.#isSure && this.#underWay === 0;
  }

  get #isSure(): boolean {
    return this.#data.well >= this.#strength;
  }

  get #underWay(): number {
    const began = Object.values(this.#data.probes);
    return began.filter((at) => this.#now - at < LONGEST_PROBE_MS).length;
  }

  get isIll(): boolean {
    return this.#data.ill >= ILL;
  }

  /** Whether another document may probe: one at first, one more with each doubling of the evidence. */
  get hasRoom(): boolean {
    if (this.#isSure) return false;
    return this.#underWay < 1 + Math.floor(Math.log2(Math.max(1, this.#data.well)));
  }
}
