import { useEffect, useState } from 'preact/hooks';
import type { PresenceAnswer } from '../../api/review.js';
import { CallError, post } from '../call.js';

const LOOK_EVERY_MS = 5_000;
/** Of this window. */
const TAB = newId();

/**
 * Tells the server that somebody is at a document, and who else is.
 *
 * @param onRevision told how far what is said of the document has come
 * @returns names of others, null for who has none
 */
export function usePresence(id: string, onRevision: (revision: number) => void): readonly (string | null)[] {
  const [people, setPeople] = useState<readonly (string | null)[]>([]);
  useEffect(() => {
    let isHere = true;
    const look = async () => {
      if (document.hidden) return;
      try {
        const path = `api/document/${encodeURIComponent(id)}/presence`;
        const answer = await post<PresenceAnswer>(path, { tab: TAB });
        if (!isHere) return;
        setPeople((before) => (before.join('\n') === answer.people.join('\n') ? before : answer.people));
        onRevision(answer.revision);
      } catch (error) {
        // Who else is here is known again at the next look, unless the document is gone.
        if (error instanceof CallError && error.status === 404) clearInterval(timer);
      }
    };
    const timer = setInterval(() => void look(), LOOK_EVERY_MS);
    void look();
    return () => {
      isHere = false;
      clearInterval(timer);
    };
  }, [id, onRevision]);
  return people;
}

/** Over plain HTTP, browsers have no `randomUUID`. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
