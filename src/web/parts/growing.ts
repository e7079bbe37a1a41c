import { useEffect, useState } from 'preact/hooks';

/** Rows that are drawn between two looks at what the person does. */
export const ROWS_AT_ONCE = 50;

/** How many of the rows are drawn: a few at first, then more whenever the browser has time. */
export function useGrowing(rows: readonly unknown[]): number {
  const [grown, setGrown] = useState({ rows, drawn: ROWS_AT_ONCE });
  const drawn = grown.rows === rows ? grown.drawn : ROWS_AT_ONCE;
  useEffect(() => {
    if (drawn >= rows.length) return undefined;
    const timer = setTimeout(() => setGrown({ rows, drawn: drawn + ROWS_AT_ONCE }));
    return () => clearTimeout(timer);
  }, [rows, drawn]);
  return drawn;
}
