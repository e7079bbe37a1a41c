import { useCallback, useEffect, useState } from 'preact/hooks';
import type { DocumentList } from '../../api/list.js';
import type { DocumentState } from '../../store/search.js';
import { call, CallError, repeated, waitMs } from '../call.js';

export type Listed = DocumentList['documents'][number];

/** Which documents are shown. */
export interface Shown {
  name: string;
  /** Empty for any. */
  state: DocumentState | '';
  /** What the page comes after; undefined for the first. */
  after: string | undefined;
}

export interface ShownDocuments {
  /** undefined until it has come. */
  list: DocumentList | undefined;
  /** Of which question the list is the answer. */
  answered: Shown | undefined;
  /** Why the last request was not done; what came before stays. */
  error: CallError | undefined;
  /** Asks for it again. */
  reload: () => void;
}

const A_PAGE = 25;

/** A page of the documents, as it is now. */
export function useDocuments({ name, state, after }: Shown): ShownDocuments {
  const [shown, setShown] = useState<Pick<ShownDocuments, 'list' | 'answered'>>({
    list: undefined,
    answered: undefined,
  });
  const [error, setError] = useState<CallError>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const query = new URLSearchParams({
      limit: String(A_PAGE),
      ...(name && { name }),
      ...(state && { state }),
      ...(after !== undefined && { after }),
    });
    const ask = async () => {
      try {
        const list = await call<DocumentList>(`api/documents?${query.toString()}`, { signal });
        if (signal.aborted) return;
        setShown({ list, answered: { name, state, after } });
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
  }, [name, state, after, round]);
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
  return { ...shown, error, reload };
}
