import type { CostMeasure, PlanFigures, Point } from './figures.js';

/** Times up to so many times the shortest count as short: single runs differ by as much. */
const SHORT = 1.1;

/**
 * Chooses a plan. Those count whose parity is not worse than page by page's with itself, beyond chance, and that
 * gave up no more pages. Of those within 10 % of the shortest time the cheapest, then the one with the fewest
 * workers, is chosen.
 *
 * @returns undefined when no plan counts
 */
export function recommend(
  points: readonly Point[],
  control: PlanFigures,
  measure: CostMeasure,
): Point | undefined {
  const fit = points.filter((point) => isFit(point, control));
  const shortest = Math.min(...fit.map(({ seconds }) => seconds));
  return fit
    .filter(({ seconds }) => seconds <= SHORT * shortest)
    .sort(
      (a, b) =>
        (a[measure] ?? 0) - (b[measure] ?? 0) || a.max_workers - b.max_workers || a.seconds - b.seconds,
    )[0];
}

function isFit({ verdict, failed_pages }: Point, control: PlanFigures): boolean {
  return verdict !== 'agrees_less' && failed_pages <= control.failed_pages;
}
