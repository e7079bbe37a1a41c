/** What chance does less often than this was not put down to chance. */
const SIGNIFICANCE = 0.001;
const FEWEST_CALLS = 50;

/**
 * The rule that the e-detector took the place of: it looked at one window after every failed call, by a one-sided
 * binomial test at 1 in 1,000.
 */
export class WindowRule {
  readonly #limit: number;
  /** Failed calls among all, by document. */
  #window: { calls: number; failed: number }[] = [];
  readonly #documents: number;

  /**
   * @param limit the share of calls that may fail
   * @param documents that the window holds
   */
  constructor(limit: number, documents: number) {
    this.#limit = limit;
    this.#documents = documents;
  }

  /** @returns whether it is an alarm */
  add(failed: number, calls: number): boolean {
    this.#window.push({ calls, failed });
    if (this.#window.length > this.#documents) this.#window.shift();
    if (failed === 0) return false;
    let [all, bad] = [0, 0];
    for (const document of this.#window) {
      all += document.calls;
      bad += document.failed;
    }
    return all >= FEWEST_CALLS && isOver(this.#limit, bad, all);
  }

  reset(): void {
    this.#window = [];
  }
}

/** Whether so many events or more would be seen in fewer than 1 of 1,000 cases at the limit. */
function isOver(limit: number, events: number, trials: number): boolean {
  if (events / trials <= limit) return false;
  // P(fewer events), term by term in logarithms, which neither over- nor underflow.
  let fewer = 0;
  let term = trials * Math.log1p(-limit);
  for (let k = 0; k < events; k++) {
    fewer += Math.exp(term);
    term += Math.log((trials - k) / (k + 1)) + Math.log(limit) - Math.log1p(-limit);
  }
  return 1 - fewer < SIGNIFICANCE;
}
