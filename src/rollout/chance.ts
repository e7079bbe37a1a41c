/** What chance does less often than this is not put down to chance. Strict, because there is a look at every failure. */
const SIGNIFICANCE = 0.001;

/**
 * Tells whether a rate is over a limit beyond chance: a one-sided binomial test. With failures of 0.5 %
 * a window now and then holds more than 1 % of them; a plain comparison would take that for trouble.
 *
 * @param events of `trials` that count against it
 * @param limit the rate that is still tolerated, 0 to 1
 * @returns whether so many events or more would be seen in fewer than 1 of 1,000 cases at that limit
 */
export function isOver(limit: number, events: number, trials: number): boolean {
  if (events === 0 || events / trials <= limit) return false;
  if (limit <= 0) return true;
  // P(fewer events), term by term in logarithms, which neither over- nor underflow.
  let fewer = 0;
  let term = trials * Math.log1p(-limit);
  for (let k = 0; k < events; k++) {
    fewer += Math.exp(term);
    term += Math.log((trials - k) / (k + 1)) + Math.log(limit) - Math.log1p(-limit);
  }
  return 1 - fewer < SIGNIFICANCE;
}
