import { useCallback, useEffect, useState } from 'preact/hooks';
import type { DocumentList } from '../../api/list.js';
import type { DocumentState } from '../../store/search.js';
import { call, CallError, repeated, waitMs } from '../call.js';

export type Listed = DocumentList['documents'][number];

/** Which documents are shown. */
export interface Shown {
  whose: 'own' | 'others';
  name: string;
  /** Empty for any. */
  state: DocumentState | '';
  /** What the page comes after; undefined for the first. */
  after: string | undefined;
}

export interface ShownDocuments {
  /** undefined until it has come. */
  list: DocumentList | undefined;
  /** Why the last request was not done; what came before stays. */
  error: CallError | undefined;
  /** Asks for it again. */
  reload: () => void;
}

const A_PAGE = 25;
/** Of others' documents, a page that comes short may not be the last: so often more are asked for. */
const MOST_MORE = 4;

/** A page of the documents, as it is now. */
export function useDocuments({ whose, name, state, after }: Shown): ShownDocuments {
  const [shown, setShown] = useState<{ list?: DocumentList; answered?: Shown }>({});
  const [error, setError] = useState<CallError>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const shown = { whose, name, state, after };
    const ask = async () => {
      try {
        const list = await wholePage(shown, signal);
        if (signal.aborted) return;
        setShown({ list, answered: shown });
        setError(undefined);
      } catch (failure) {
        if (signal.aborted) return;
        if (!(failure instanceof CallError)) throw failure;
        const wait = waitMs(failure);
        setError(wait === undefined ? failure : repeated(failure));
        if (wait !== undefined) timer = setTimeout(() => void ask(), wait);
      }
    };
    void ask();
    return () => {
      leaving.abort();
      clearTimeout(timer);
    };
  }, [whose, name, state, after, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  useEffect(() => {
    // Another tab may have changed it, or the machine have slept.
    const seenAgain = () => document.hidden || reload();
    document.addEventListener('visibilitychange', seenAgain);
    window.addEventListener('online', reload);
    return () => {
      document.removeEventListener('visibilitychange', seenAgain);
      window.removeEventListener('online', reload);
    };
  }, [reload]);
  // Those of one are never shown as those of the other.
  const list = shown.answered?.whose === whose ? shown.list : undefined;
  return { list, error, reload };
}

async function wholePage(shown: Shown, signal: AbortSignal): Promise<DocumentList> {
  let list = await listOf(shown, A_PAGE, signal);
  for (let more = 0; more < MOST_MORE; more++) {
    const lacking = A_PAGE - list.documents.length;
    if (list.next === null || lacking <= 0) break;
    const further = await listOf({ ...shown, after: list.next }, lacking, signal);
    list = { ...further, documents: [...list.documents, ...further.documents] };
  }
  return list;
}

function listOf({ whose, name, state, after }: Shown, limit: number, signal: AbortSignal) {
  const query = new URLSearchParams({
    limit: String(limit),
    ...(whose === 'others' && { whose }),
    ...(name && { name }),
    ...(state && { state }),
    ...(after !== undefined && { after }),
  });
  return call<DocumentList>(`api/documents?${query.toString()}`, { signal });
}
