import type { Judged } from './judged.js';

/** How much a weight is drawn to 0: so that a reason seen a few times says little. */
const RIDGE = 3;
const ROUNDS = 3_000;
const STEP = 1.5;

/** Weights of a logistic regression: the natural logarithm of odds, by reason, and that of no reason at all. */
export interface Fit {
  base: number;
  weights: Map<string, number>;
}

/**
 * Fits how the reasons of a value tell whether it is right.
 *
 * @param wrong the share of values that are wrong where the fit is used; `judged` may have more of them
 */
export function fit(judged: readonly Judged[], wrong: number): Fit {
  const names = [...new Set(judged.flatMap(({ reasons }) => reasons))].sort();
  const at = new Map(names.map((name, index) => [name as string, index]));
  const rows = judged.map(({ reasons, isWrong }) => ({
    reasons: reasons.map((reason) => at.get(reason) ?? 0),
    isRight: isWrong ? 0 : 1,
  }));
  const weights = new Array<number>(names.length).fill(0);
  let base = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const slopes = weights.map((weight) => -RIDGE * weight);
    let slope = 0;
    for (const { reasons, isRight } of rows) {
      const odds = reasons.reduce((sum, reason) => sum + (weights[reason] ?? 0), base);
      const miss = isRight - 1 / (1 + Math.exp(-odds));
      slope += miss;
      for (const reason of reasons) slopes[reason] = (slopes[reason] ?? 0) + miss;
    }
    base += (STEP * slope) / rows.length;
    for (const [index, each] of slopes.entries()) {
      weights[index] = (weights[index] ?? 0) + (STEP * each) / rows.length;
    }
  }
  const share = judged.filter(({ isWrong }) => isWrong).length / judged.length;
  const toUse = Math.log((1 - wrong) / wrong) - Math.log((1 - share) / share);
  return { base: base + toUse, weights: new Map(names.map((name, index) => [name, weights[index] ?? 0])) };
}
