import { formatPlan, type ProcessingPlan } from '../processor/plan.js';
import { SlidingWindow } from '../sliding-window.js';
import { beyondNoise, tally, total } from './agreement.js';
import type { ComparedField, ComparisonKind } from './compare.js';

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
}

const DAY_MS = 24 * 60 * 60 * 1_000;
/** Documents and fields, on each side, before there is a verdict. */
const ENOUGH_DOCUMENTS = 10;
const ENOUGH_FIELDS = 200;
/** Of the normal distribution: 1 in 10,000, because there is a look after every comparison. */
const STANDARD_ERRORS = 3.7;

type Sum =
  | `${ComparedField['scope']} ${'all' | 'same'}`
  // By document, for the spread between documents.
  | 'documents'
  | 'differing²'
  | 'differing·all'
  | 'all²';
type Sums = SlidingWindow<Sum>;

/** What shadows found over the last 24 hours: for each batch plan, and for the noise. */
export class RunningAgreement {
  readonly #floor: number;
  readonly #candidates = new Map<string, Sums>();
  readonly #noise: Sums = new SlidingWindow(DAY_MS);
  #plan: string | null = null;

  /** @param floor the least agreement that is tolerated, the control's noise taken out; 0 to 1 */
  constructor(floor: number) {
    this.#floor = floor;
  }

  note(kind: ComparisonKind, batchPlan: ProcessingPlan, fields: readonly ComparedField[]): void {
    const page = tally(fields.filter(({ scope }) => scope === 'page'));
    const merged = tally(fields.filter(({ scope }) => scope === 'merged'));
    const all = total(page);
    const differing = all - page.same;
    const sums = kind === 'noise' ? this.#noise : this.#candidate(formatPlan(batchPlan));
    if (kind === 'candidate') this.#plan = formatPlan(batchPlan);
    sums.add({
      'page all': all,
      'page same': page.same,
      'merged all': total(merged),
      'merged same': merged.same,
      documents: 1,
      'differing²': differing ** 2,
      'differing·all': differing * all,
      'all²': all ** 2,
    });
  }

  get report(): Agreement {
    const candidate = this.#plan === null ? undefined : this.#candidates.get(this.#plan);
    const sides = { candidate, noise: this.#noise };
    const share = (kind: ComparisonKind, scope: ComparedField['scope']) => {
      const all = sides[kind]?.sum(`${scope} all`) ?? 0;
      return all === 0 ? null : (sides[kind]?.sum(`${scope} same`) ?? 0) / all;
    };
    const shares = (kind: ComparisonKind) => ({
      page: share(kind, 'page'),
      merged: share(kind, 'merged'),
    });
    const differing = (kind: ComparisonKind) => {
      const same = share(kind, 'page');
      return same === null ? null : 1 - same;
    };
    return {
      plan: this.#plan,
      fields: { candidate: candidate?.sum('page all') ?? 0, noise: this.#noise.sum('page all') },
      agreement: { candidate: shares('candidate'), noise: shares('noise') },
      beyond_noise: beyondNoise(differing('candidate'), differing('noise')),
    };
  }

  /** Whether too little of the noise is known for a verdict. */
  get needsNoise(): boolean {
    return estimate(this.#noise) === undefined;
  }

  /**
   * Whether a plan agrees less than its floor, beyond chance: the disagreement of the candidate lies over
   * what floor and noise leave room for by more than 3.7 standard errors of both. Fields of a document
   * are right or wrong together, so the errors are taken between documents (a ratio estimate).
   */
  isLow(batchPlan: ProcessingPlan): boolean {
    const sums = this.#candidates.get(formatPlan(batchPlan));
    const candidate = sums && estimate(sums);
    const noise = estimate(this.#noise);
    if (!candidate || !noise) return false;
    const tolerated = 1 - this.#floor * (1 - noise.share);
    const error = Math.sqrt(candidate.variance + this.#floor ** 2 * noise.variance);
    return candidate.share - tolerated > STANDARD_ERRORS * error;
  }

  #candidate(plan: string): Sums {
    const sums = this.#candidates.get(plan) ?? new SlidingWindow<Sum>(DAY_MS);
    this.#candidates.set(plan, sums);
    return sums;
  }
}

/** The share of fields that differ; undefined while too little was compared. */
function estimate(sums: Sums): { share: number; variance: number } | undefined {
  const all = sums.sum('page all');
  if (sums.sum('documents') < ENOUGH_DOCUMENTS || all < ENOUGH_FIELDS) return undefined;
  const share = 1 - sums.sum('page same') / all;
  const between =
    (sums.sum('differing²') - 2 * share * sums.sum('differing·all') + share ** 2 * sums.sum('all²')) /
    all ** 2;
  // Never less than if each field were by itself; one more of each keeps it over 0.
  const likely = (share * all + 1) / (all + 2);
  return { share, variance: Math.max(between, (likely * (1 - likely)) / all) };
}
