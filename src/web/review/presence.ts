import { useEffect, useState } from 'preact/hooks';
import type { PresenceAnswer } from '../../api/review.js';
import { CallError, post, waitMs } from '../call.js';

const LOOK_EVERY_MS = 5_000;
/** Of this window. */
const TAB = newId();

interface Presence {
  /** Names of others, null for who has none. */
  people: readonly (string | null)[];
  /** Why nothing can be said of the document any more: it was deleted, or a session has ended. */
  error: CallError | undefined;
}

/**
 * Tells the server that somebody is at a document, and who else is.
 *
 * @param onRevision told how far what is said of the document has come
 */
export function usePresence(id: string, onRevision: (revision: number) => void): Presence {
  const [people, setPeople] = useState<Presence['people']>([]);
  const [error, setError] = useState<CallError>();
  useEffect(() => {
    let isHere = true;
    const look = async () => {
      if (document.hidden) return;
      try {
        const path = `api/document/${encodeURIComponent(id)}/presence`;
        const answer = await post<PresenceAnswer>(path, { tab: TAB });
        if (!isHere) return;
        setError(undefined);
        setPeople((before) => (before.join('\n') === answer.people.join('\n') ? before : answer.people));
        onRevision(answer.revision);
      } catch (error) {
        // What passes by itself is over at the next look.
        if (!isHere || !(error instanceof CallError) || waitMs(error) !== undefined) return;
        setError(error);
        if (error.status === 404) clearInterval(timer);
      }
    };
    const timer = setInterval(() => void look(), LOOK_EVERY_MS);
    void look();
    return () => {
      isHere = false;
      clearInterval(timer);
    };
  }, [id, onRevision]);
  return { people, error };
}

/** Over plain HTTP, browsers have no `randomUUID`. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
