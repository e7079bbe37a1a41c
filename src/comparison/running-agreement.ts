import { formatPlan, type ProcessingPlan } from '../processor/plan.js';
import { ofThisProcess, type SharedState } from '../shared-state/shared-state.js';
import { addedTo, sumOf, type WindowParts } from '../sliding-window.js';
import { beyondNoise, tally, total } from './agreement.js';
import type { ComparedField, ComparisonKind } from './compare.js';
import { OwnDisagreement, readThrice, type OwnDisagreementData } from './own-disagreement.js';

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
   * Quire began, or since a day without one. Each end is right at every look, in 97.5 % of cases or more.
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

type SumName = `${ComparedField['scope']} ${'all' | 'same'}`;
type Sums = WindowParts<SumName>;

interface Candidate {
  readonly sums: Sums;
  /** Null before any document was read three times. */
  readonly own: OwnDisagreementData | null;
  /** When a document was last read three times, in milliseconds of the clock of those that share it. */
  readonly latest: number;
}

/** What shadows found, as plain data. */
export interface AgreementData {
  /** The plan compared last. */
  readonly plan: string | null;
  readonly candidates: Readonly<Record<string, Candidate>>;
  readonly noise: Sums;
}

const NOTHING_FOUND: AgreementData = { plan: null, candidates: {}, noise: [] };

/** What shadows found: for each batch plan, and for the noise. */
export class RunningAgreement {
  readonly #tolerated: number;
  readonly #shared: SharedState<AgreementData>;

  /**
   * @param floor the least agreement that is tolerated, the control's noise taken out; 0 to 1
   * @param share has what is found shared with other replicas. Default: with none.
   */
  constructor(floor: number, share: (initial: AgreementData) => SharedState<AgreementData> = ofThisProcess) {
    this.#tolerated = 1 - floor;
    this.#shared = share(NOTHING_FOUND);
  }

  /** @param fields page by page compared with a reading in batches */
  note(batchPlan: ProcessingPlan, fields: readonly ComparedField[]): void {
    const plan = formatPlan(batchPlan);
    const now = this.#shared.now();
    const amounts = amountsOf(fields);
    this.#shared.change((data) => {
      const known = data.candidates[plan] ?? unknown(now);
      const candidate = { ...known, sums: addedTo(known.sums, amounts, DAY_MS, now) };
      return { ...data, plan, candidates: { ...ofTheDay(data.candidates, now), [plan]: candidate } };
    });
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
    const plan = formatPlan(batchPlan);
    const now = this.#shared.now();
    const amounts = amountsOf(noise);
    const shares = readThrice(candidate, noise);
    this.#shared.change((data) => {
      const noted = { ...data, noise: addedTo(data.noise, amounts, DAY_MS, now) };
      if (!shares) return noted;
      const known = data.candidates[plan] ?? unknown(now);
      const own = this.#own(isOld(known, now) ? null : known.own);
      own.add(shares);
      return {
        ...noted,
        candidates: { ...data.candidates, [plan]: { ...known, own: own.data, latest: now } },
      };
    });
  }

  get report(): Agreement {
    const { plan, candidates, noise } = this.#shared.current;
    const now = this.#shared.now();
    const candidate = plan === null ? undefined : candidates[plan];
    const sides = { candidate: candidate?.sums ?? [], noise };
    const sum = (kind: ComparisonKind, name: SumName) => sumOf(sides[kind], name, DAY_MS, now);
    const share = (kind: ComparisonKind, scope: ComparedField['scope']) => {
      const all = sum(kind, `${scope} all`);
      return all === 0 ? null : sum(kind, `${scope} same`) / all;
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
      plan,
      fields: { candidate: sum('candidate', 'page all'), noise: sum('noise', 'page all') },
      agreement: { candidate: shares('candidate'), noise: shares('noise') },
      beyond_noise: beyondNoise(disagreeing('candidate'), disagreeing('noise')),
      beyond_noise_interval: candidate && !isOld(candidate, now) ? this.#own(candidate.own).interval : null,
    };
  }

  /** Whether too few documents under a plan were read three times for a verdict. */
  needsNoise(batchPlan: ProcessingPlan): boolean {
    return (this.#lately(batchPlan)?.documents ?? 0) < FIRST;
  }

  /** Whether a plan agrees less than its floor, beyond chance and noise; what is a day old is not known any more. */
  isLow(batchPlan: ProcessingPlan): boolean {
    return this.#lately(batchPlan)?.isOver ?? false;
  }

  #lately(batchPlan: ProcessingPlan): OwnDisagreementData | null {
    const known = this.#shared.current.candidates[formatPlan(batchPlan)];
    return known && !isOld(known, this.#shared.now()) ? known.own : null;
  }

  #own(data: OwnDisagreementData | null): OwnDisagreement {
    return new OwnDisagreement(this.#tolerated, FALSE_ALARM_DOCUMENTS, data ?? undefined);
  }
}

function unknown(now: number): Candidate {
  return { sums: [], own: null, latest: now };
}

function isOld({ latest }: Candidate, now: number): boolean {
  return now - latest > DAY_MS;
}

/** Without those that nothing was found of for a day. */
function ofTheDay(candidates: AgreementData['candidates'], now: number): AgreementData['candidates'] {
  return Object.fromEntries(
    Object.entries(candidates).filter(
      ([, candidate]) => !isOld(candidate, now) || sumOf(candidate.sums, 'page all', DAY_MS, now) > 0,
    ),
  );
}

function amountsOf(fields: readonly ComparedField[]): Record<SumName, number> {
  const page = tally(fields.filter(({ scope }) => scope === 'page'));
  const merged = tally(fields.filter(({ scope }) => scope === 'merged'));
  return {
    'page all': total(page),
    'page same': page.same,
    'merged all': total(merged),
    'merged same': merged.same,
  };
}
