import { useEffect, useState } from 'preact/hooks';

/** Rows that are drawn between two looks at what the person does. */
export const ROWS_AT_ONCE = 50;

/**
 * How many rows are drawn: a few at first, then more whenever the browser has time.
 *
 * @param all how many there are
 * @param least so many are drawn in any case
 * @param atOnce how many more each time
 */
export function useGrowing(all: number, { least = 0, atOnce = ROWS_AT_ONCE } = {}): number {
  const [grown, setGrown] = useState(atOnce);
  const drawn = Math.max(grown, least);
  useEffect(() => {
    if (drawn >= all) return undefined;
    const timer = setTimeout(() => setGrown(drawn + atOnce));
    return () => clearTimeout(timer);
  }, [all, drawn, atOnce]);
  return drawn;
}
