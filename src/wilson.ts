/** The normal deviate of 95 %. */
const Z = 1.959964;

/** A share of so many, and between which shares it lies in 95 of 100 cases (Wilson's interval); null of none. */
export function wilson(hits: number, of: number): { share: number; low: number; high: number } | null {
  if (of === 0) return null;
  const share = hits / of;
  const middle = share + Z ** 2 / (2 * of);
  const reach = Z * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2));
  const whole = 1 + Z ** 2 / of;
  return {
    share,
    low: hits === 0 ? 0 : (middle - reach) / whole,
    high: hits === of ? 1 : (middle + reach) / whole,
  };
}
