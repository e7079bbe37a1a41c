import type { ComparedField, ComparisonKind } from './compare.js';

/** How many fields came out how. */
export type Tally = Record<ComparedField['outcome'], number>;

/** Counts fields by their outcome. */
export function tally(fields: Iterable<Pick<ComparedField, 'outcome'>>): Tally {
  const counts: Tally = { same: 0, different: 0, only_control: 0, only_candidate: 0 };
  for (const { outcome } of fields) counts[outcome]++;
  return counts;
}

/** How many fields were compared. */
export function total({ same, different, only_control, only_candidate }: Tally): number {
  return same + different + only_control + only_candidate;
}

/** The share of fields that are not the same, 0 to 1; null when nothing was compared. */
export function disagreement(counts: Tally): number | null {
  const compared = total(counts);
  return compared === 0 ? null : (compared - counts.same) / compared;
}

/**
 * The disagreement that is the candidate's own, with the model's noise taken out.
 *
 * Two controls differ from each other in a share n of the fields, because a model does not answer alike twice.
 * A candidate that reads with the same noise and besides changes a share o of the fields by itself differs from
 * a control in d = 1 - (1 - n)(1 - o). This solves for o. It takes noise and own changes to fall on fields
 * independently.
 *
 * @param candidate d, the disagreement of candidate and control, 0 to 1
 * @param noise n, the disagreement of two controls, 0 to 1
 * @returns o, 0 to 1, and 0 where the candidate differs less than the controls do; null when one of the two
 *   is not known, or when the controls agree in nothing, so that nothing is known about the candidate
 */
export function beyondNoise(candidate: number | null, noise: number | null): number | null {
  if (candidate === null || noise === null || noise >= 1) return null;
  return Math.max(0, 1 - (1 - candidate) / (1 - noise));
}

/** How many fields of one page differ from the control: in the candidate, and in the control run again. */
export type PageDisagreement = Record<ComparisonKind, number>;

/**
 * Counts the disagreements of one document by page. The merged fields are left out: they repeat their pages.
 *
 * @param candidate control compared with candidate
 * @param noise the same control compared with the control run again
 * @returns a unit for every page on which anything was compared
 */
export function disagreementsByPage(
  candidate: readonly ComparedField[],
  noise: readonly ComparedField[],
): PageDisagreement[] {
  const pages = new Map<number, PageDisagreement>();
  const count = (fields: readonly ComparedField[], kind: ComparisonKind) => {
    for (const { page, outcome } of fields) {
      if (page === null) continue;
      const unit = pages.get(page) ?? { candidate: 0, noise: 0 };
      if (outcome !== 'same') unit[kind]++;
      pages.set(page, unit);
    }
  };
  count(candidate, 'candidate');
  count(noise, 'noise');
  return [...pages.values()];
}

/** A p-value up to this is beyond chance: 5 % of candidates that change nothing get one so low, or fewer. */
export const SIGNIFICANCE_LEVEL = 0.05;

/** With fewer pages that carry the test, no p-value is so low. */
export const FEWEST_PAGES = Math.ceil(-Math.log2(SIGNIFICANCE_LEVEL));

/** Up to so many units every assignment of signs is counted, 65,536 at most; beyond, signs are drawn. */
const COUNTED_UNITS = 16;
const DRAWS = 10_000;
const SEED = 20_260_101;

/**
 * Tests whether the candidate disagrees with the control more than the control does with itself: a one-sided
 * sign-flip test (paired permutation test). The unit is a page, the statistic the sum of `candidate - noise`.
 *
 * The null hypothesis: on every page, given the control's answer, the candidate's answer and that of the
 * control run again are exchangeable: both are readings of the page by the same model, and which of them is
 * called the candidate changes nothing. Then each page's difference is as likely with the other sign, and the
 * p-value is the share of all assignments of signs whose sum is at least the one found. Nothing is assumed
 * about how disagreements are distributed, or that pages are alike.
 *
 * Limits. Pages are taken for independent. Pages of one batch are answered together, so what spoils one may
 * spoil its neighbours, and the p-value then comes out too low. A page counts by its number of fields. k pages
 * with a difference give no p-value under 2^-k, so fewer than {@link FEWEST_PAGES} are never beyond chance.
 * Runs at different times are exchangeable only while the model service stays the same.
 *
 * @returns the p-value, over 0 and up to 1: exact up to 16 pages with a difference, otherwise estimated with
 *   10,000 draws, always the same; 1 when no page has a difference
 */
export function beyondChance(units: readonly PageDisagreement[]): number {
  const differences = informative(units);
  const found = sum(differences);
  // Sums of fractions in another order differ in the last digits.
  const atLeast = found - 1e-9 * sum(differences.map(Math.abs));
  if (differences.length <= COUNTED_UNITS) {
    return countSums(differences, atLeast) / 2 ** differences.length;
  }
  const signs = signsFrom(SEED);
  // The signs as they were found are one of the draws.
  let reached = 1;
  for (let draw = 0; draw < DRAWS; draw++) {
    let drawn = 0;
    for (const difference of differences) drawn += signs() ? difference : -difference;
    if (drawn >= atLeast) reached++;
  }
  return reached / (DRAWS + 1);
}

/** How many pages carry the test: those that differ from the control more in one comparison than in the other. */
export function informativePages(units: readonly PageDisagreement[]): number {
  return informative(units).length;
}

/** A page on which both comparisons differ alike has no sign to flip. */
function informative(units: readonly PageDisagreement[]): number[] {
  return units.map(({ candidate, noise }) => candidate - noise).filter((difference) => difference !== 0);
}

/** In how many assignments of signs the sum is at least `atLeast`. */
function countSums(differences: readonly number[], atLeast: number, from = 0): number {
  const next = differences[from];
  if (next === undefined) return atLeast <= 0 ? 1 : 0;
  return countSums(differences, atLeast - next, from + 1) + countSums(differences, atLeast + next, from + 1);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Signs drawn evenly, the same for the same seed: the bits of mulberry32. */
function signsFrom(seed: number): () => boolean {
  const { imul } = Math;
  let state = seed;
  let bits = 0;
  let left = 0;
  return () => {
    if (left === 0) {
      state = (state + 0x6d2b79f5) | 0;
      bits = imul(state ^ (state >>> 15), 1 | state);
      bits = (bits + imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
      bits ^= bits >>> 14;
      left = 32;
    }
    const sign = (bits & 1) === 1;
    bits >>>= 1;
    left--;
    return sign;
  };
}
