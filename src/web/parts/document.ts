import { useCallback, useEffect, useState } from 'preact/hooks';
import type { DocumentAccess } from '../../api/access.js';
import type { DocumentAnswer, EvidenceAnswer } from '../../api/document.js';
import { call, CallError, repeated, waitMs } from '../call.js';

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

/** A document with what stands beside its record, followed until it is read. */
export function useDocument(id: string): ShownDocument {
  const [loaded, setLoaded] = useState<Loaded>(NOTHING);
  const [progress, setProgress] = useState<ReadSoFar>();
  const [error, setError] = useState<CallError>();
  const [round, setRound] = useState(0);

  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    const path = `api/document/${encodeURIComponent(id)}`;
    const isLeft = () => signal.aborted;

    async function watch(): Promise<void> {
      while (!isLeft()) {
        try {
          const [{ document, access }, { evidence, notes, is_complete: isComplete }] = await Promise.all([
            call<DocumentAnswer>(path, { signal }),
            call<EvidenceAnswer>(`${path}/evidence`, { signal }),
          ]);
          setLoaded({ document, evidence, notes, access });
          setError(undefined);
          // It may have ended between the two answers.
          if (document.status !== 'extracting' && isComplete) return setProgress(undefined);
          await untilRead();
        } catch (failure) {
          if (isLeft()) return;
          if (!(failure instanceof CallError)) throw failure;
          const wait = waitMs(failure);
          setError(wait === undefined ? failure : repeated(failure));
          if (wait === undefined) return;
          await pause(wait, signal);
        }
      }
    }

    async function untilRead(): Promise<void> {
      for (;;) {
        const { status } = await call<{ status: ReadSoFar }>(`${path}/background-status`, { signal });
        setProgress(status);
        // What comes of it is kept a moment later.
        await pause(LOOK_EVERY_MS, signal);
        if (isLeft() || status.stage === 'completed' || status.stage === 'failed') return;
      }
    }

    void watch();
    return () => leaving.abort();
  }, [id, round]);

  const reload = useCallback(() => setRound((before) => before + 1), []);
  return { ...loaded, progress, error, reload };
}

/** Resolves early on abort. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
