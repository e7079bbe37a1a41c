/** Digits with what stands between the digits of one number. */
export const NUMBER = /\d(?:[\d.,'’]|[ \u00a0](?=\d{3}(?!\d)))*/g;

/** The numbers that a run of digits and separators may be: "1.204" is 1204 and 1.204. */
export function readings(run: string): string[] {
  const digits = run.replace(/[ \u00a0'’]/g, '').replace(/[.,]+$/, '');
  const separators = digits.match(/[.,]/g) ?? [];
  const last = Math.max(digits.lastIndexOf('.'), digits.lastIndexOf(','));
  const whole = canonical(digits.replace(/[.,]/g, ''), '');
  if (separators.length === 0) return [whole];
  const split = canonical(digits.slice(0, last).replace(/[.,]/g, ''), digits.slice(last + 1));
  const isRepeated = separators.length > 1 && new Set(separators).size === 1;
  if (isRepeated) return [whole];
  return digits.length - last === 4 ? [whole, split] : [split];
}

/** Without zeros that say nothing. */
function canonical(whole: string, fraction: string): string {
  const [integer, decimals] = [whole.replace(/^0+(?=\d)/, ''), fraction.replace(/0+$/, '')];
  return decimals === '' ? integer : `${integer}.${decimals}`;
}
