import { z } from 'zod';

const MOST_LISTED = 100;

const query = z.object({
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(MOST_LISTED))
    .default(MOST_LISTED),
  after: z.string().optional(),
});

/** Which page of a list a query asks for. */
export interface AskedPage {
  limit: number;
  /** What it comes after; undefined for the first one. */
  after: string | undefined;
}

export const NO_NEXT = 'after must be the next of the page before';
export const NO_PLACE = `${NO_NEXT}, or the id of a document`;

/** The page a query asks for, or a sentence that says what is wrong with it. */
export function pageIn(given: unknown): AskedPage | string {
  const asked = query.safeParse(given);
  if (asked.success) return { limit: asked.data.limit, after: asked.data.after };
  return asked.error.issues.some(({ path }) => path[0] === 'limit')
    ? `limit must be a whole number from 1 to ${MOST_LISTED}`
    : NO_PLACE;
}
