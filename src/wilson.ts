/** Of the standard normal distribution, two-sided 95 %. */
const Z = 1.959963984540054;

/**
 * The interval of 95 % around a share, by Wilson's score: it stays between 0 and 1, and holds for few trials and for
 * shares near the ends, too.
 *
 * @param hits of `trials`, 0 to `trials`
 * @param trials 1 at least
 */
export function wilsonInterval(hits: number, trials: number): { least: number; most: number } {
  const share = hits / trials;
  const z2 = Z * Z;
  const middle = share + z2 / (2 * trials);
  const reach = Z * Math.sqrt((share * (1 - share) + z2 / (4 * trials)) / trials);
  const scale = 1 + z2 / trials;
  return {
    // Rounding must not leave a share of 0 or 1 outside.
    least: hits === 0 ? 0 : (middle - reach) / scale,
    most: hits === trials ? 1 : (middle + reach) / scale,
  };
}
