import { z } from 'zod';
import { DOCUMENT_STATES, type DocumentSearch } from '../store/search.js';

const MOST_CHARACTERS = 100;

const query = z.object({
  name: z.string().max(MOST_CHARACTERS).optional(),
  state: z.enum(DOCUMENT_STATES).optional(),
});

/** Which documents a query asks for, or a sentence that says what is wrong with it. */
export function searchIn(given: unknown): DocumentSearch | string {
  const asked = query.safeParse(given);
  if (asked.success) return asked.data;
  return asked.error.issues.some(({ path }) => path[0] === 'name')
    ? `name must be a text of at most ${MOST_CHARACTERS} characters`
    : `state must be one of ${DOCUMENT_STATES.join(', ')}`;
}
