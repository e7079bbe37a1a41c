import { useCallback, useEffect, useState } from 'preact/hooks';
import type { DocumentAccess } from '../../api/access.js';
import type { DocumentAnswer, EvidenceAnswer } from '../../api/document.js';
import { call, type CallError } from '../call.js';

export type KeptDocument = DocumentAnswer['document'];
export type Evidence = EvidenceAnswer['evidence'];
export type Note = EvidenceAnswer['notes'][number];

/** How far a document is that is being read. */
export interface ReadSoFar {
  /** Percent. */
  progress: number;
  stage: string;
  pages_processed: number;
  total_pages: number;
}

/** A document as a page shows it. */
export interface ShownDocument {
  /** undefined until it has come. */
  document: KeptDocument | undefined;
  /** Where its values stand; null until it is read, or where a version before read it. */
  evidence: Evidence;
  notes: readonly Note[];
  access: DocumentAccess;
  /** While it is being read. */
  progress: ReadSoFar | undefined;
  /** Why the last request was not done; what came before stays. */
  error: CallError | undefined;
  /** Asks for it again: it was retried, or corrected. */
  reload: () => void;
}

type Loaded = Pick<ShownDocument, 'document' | 'evidence' | 'notes' | 'access'>;

const NOTHING: Loaded = {
  document: undefined,
  evidence: null,
  notes: [],
  access: { own: false, correct: false },
};
const LOOK_EVERY_MS = 1_000;
const TRY_AGAIN_MS = 5_000;

/** A document with what stands beside its record, followed until it is read. */
export function useDocument(id: string): ShownDocument {
  const [loaded, setLoaded] = useState<Loaded>(NOTHING);
  const [progress, setProgress] = useState<ReadSoFar>();
  const [error, setError] = useState<CallError>();
  const [round, setRound] = useState(0);

  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    let timer = 0;
    const path = `api/document/${encodeURIComponent(id)}`;
    const again = (ms: number) => (timer = window.setTimeout(() => void look(), ms));

    async function look(): Promise<void> {
      try {
        const [{ document, access }, { evidence, notes }] = await Promise.all([
          call<DocumentAnswer>(path, { signal }),
          call<EvidenceAnswer>(`${path}/evidence`, { signal }),
        ]);
        setLoaded({ document, evidence, notes, access });
        setError(undefined);
        if (document.status === 'extracting') await follow();
        setProgress(undefined);
      } catch (failure) {
        if (signal.aborted) return;
        setError(failure as CallError);
        const { status, retryAfterS } = failure as CallError;
        if (status === 0 || status >= 500) again(retryAfterS ? retryAfterS * 1_000 : TRY_AGAIN_MS);
      }
    }

    /** Until it has ended: then all of it is asked for once more. */
    async function follow(): Promise<void> {
      const { status } = await call<{ status: ReadSoFar }>(`${path}/background-status`, { signal });
      setProgress(status);
      if (status.stage === 'completed' || status.stage === 'failed') again(0);
      else timer = window.setTimeout(() => void followAgain(), LOOK_EVERY_MS);
    }

    void look();
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [id, round]);

  const reload = useCallback(() => setRound((before) => before + 1), []);
  return { ...loaded, progress, error, reload };
}
