import { formatPlan, type ProcessingPlan } from '../processor/plan.js';
import { SlidingWindow } from '../sliding-window.js';
import { beyondNoise, tally, total } from './agreement.js';
import type { ComparedField, ComparisonKind } from './compare.js';
import { OwnDisagreement, readThrice } from './own-disagreement.js';

/** How well records agree, over the last 24 hours. Shares are 0 to 1, null where nothing was compared. */
export interface Agreement {
  /** The plan of the candidate: the one compared last. */
  plan: string | null;
  /** Fields compared, by page. */
  fields: Record<ComparisonKind, number>;
  /** Share of fields that are the same. The noise's is what page by page reaches with itself. */
  agreement: Record<ComparisonKind, Record<ComparedField['scope'], number | null>>;
  /** Disagreement of the candidate's own, with the control's noise taken out. */
  beyond_noise: number | null;
  /**
   * Between which shares it lies in the mean over documents, by those of the plan that were read three times since
   * the process began, or since a day without one. Each end is right at every look, in 97.5 % of cases or more.
   */
  beyond_noise_interval: { low: number; high: number } | null;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
/** Documents that are read three times at once, so that there can be a verdict. */
const FIRST = 10;
/**
 * Documents read three times between two false alarms, in the mean, at least: with the usual share of shadows, more
 * documents than those between two false alarms of the failure rate.
 */
const FALSE_ALARM_DOCUMENTS = 1_000;

interface Candidate {
  sums: Sums;
  own: OwnDisagreement;
  /** When a document was last read three times, in milliseconds of the process's clock. */
  latest: number;
}

type Sums = SlidingWindow<`${ComparedField['scope']} ${'all' | 'same'}`>;

/** What shadows found: for each batch plan, and for the noise. */
export class RunningAgreement {
  readonly #tolerated: number;
  readonly #candidates = new Map<string, Candidate>();
  readonly #noise: Sums = new SlidingWindow(DAY_MS);
  #plan: string | null = null;

  /** @param floor the least agreement that is tolerated, the control's noise taken out; 0 to 1 */
  constructor(floor: number) {
    this.#tolerated = 1 - floor;
  }

  /** @param fields page by page compared with a reading in batches */
  note(batchPlan: ProcessingPlan, fields: readonly ComparedField[]): void {
    this.#plan = formatPlan(batchPlan);
    add(this.#candidate(this.#plan).sums, fields);
  }

  /**
   * @param candidate what was noted of a document
   * @param noise the same reading page by page compared with another one
   */
  noteNoise(
    batchPlan: ProcessingPlan,
    candidate: readonly ComparedField[],
    noise: readonly ComparedField[],
  ): void {
    add(this.#noise, noise);
    const shares = readThrice(candidate, noise);
    if (!shares) return;
    const known = this.#candidate(formatPlan(batchPlan));
    if (isOld(known)) known.own = new OwnDisagreement(this.#tolerated, FALSE_ALARM_DOCUMENTS);
    known.own.add(shares);
    known.latest = performance.now();
  }

  get report(): Agreement {
    const candidate = this.#plan === null ? undefined : this.#candidates.get(this.#plan);
    const sides = { candidate: candidate?.sums, noise: this.#noise };
    const share = (kind: ComparisonKind, scope: ComparedField['scope']) => {
      const all = sides[kind]?.sum(`${scope} all`) ?? 0;
      return all === 0 ? null : (sides[kind]?.sum(`${scope} same`) ?? 0) / all;
    };
    const shares = (kind: ComparisonKind) => ({
      page: share(kind, 'page'),
      merged: share(kind, 'merged'),
    });
    const disagreeing = (kind: ComparisonKind) => {
      const same = share(kind, 'page');
      return same === null ? null : 1 - same;
    };
    return {
      plan: this.#plan,
      fields: { candidate: candidate?.sums.sum('page all') ?? 0, noise: this.#noise.sum('page all') },
      agreement: { candidate: shares('candidate'), noise: shares('noise') },
      beyond_noise: beyondNoise(disagreeing('candidate'), disagreeing('noise')),
      beyond_noise_interval: candidate && !isOld(candidate) ? candidate.own.interval : null,
    };
  }

  /** Whether too few documents under a plan were read three times for a verdict. */
  needsNoise(batchPlan: ProcessingPlan): boolean {
    const known = this.#candidates.get(formatPlan(batchPlan));
    return known === undefined || isOld(known) || known.own.documents < FIRST;
  }

  /** Whether a plan agrees less than its floor, beyond chance and noise; what is a day old is not known any more. */
  isLow(batchPlan: ProcessingPlan): boolean {
    const known = this.#candidates.get(formatPlan(batchPlan));
    return known !== undefined && !isOld(known) && known.own.isOverTolerated;
  }

  #candidate(plan: string): Candidate {
    const known = this.#candidates.get(plan) ?? {
      sums: new SlidingWindow(DAY_MS),
      own: new OwnDisagreement(this.#tolerated, FALSE_ALARM_DOCUMENTS),
      latest: performance.now(),
    };
    this.#candidates.set(plan, known);
    return known;
  }
}

function isOld({ latest }: Candidate): boolean {
  return performance.now() - latest > DAY_MS;
}

function add(sums: Sums, fields: readonly ComparedField[]): void {
  const page = tally(fields.filter(({ scope }) => scope === 'page'));
  const merged = tally(fields.filter(({ scope }) => scope === 'merged'));
  sums.add({
    'page all': total(page),
    'page same': page.same,
    'merged all': total(merged),
    'merged same': merged.same,
  });
}
