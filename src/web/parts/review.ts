import { useCallback, useEffect, useState } from 'preact/hooks';
import type { CorrectionAnswer, CorrectionRequest, ReviewAnswer, ReviewedValue } from '../../api/review.js';
import { call, CallError, post } from '../call.js';

export type { ReviewedValue };

/** What people said of a document's values. */
export interface Review {
  /** undefined until it has come. */
  reading: number | undefined;
  revision: number;
  values: readonly ReviewedValue[];
  error: CallError | undefined;
  reload: () => void;
  /** Takes in a value as it stands now. */
  update: (value: ReviewedValue) => void;
}

type Loaded = Pick<Review, 'reading' | 'revision' | 'values'>;

const NOTHING: Loaded = { reading: undefined, revision: 0, values: [] };

/** @param isRead whether the document has a record by now; asked for again when that changes */
export function useReview(id: string, isRead: boolean): Review {
  const [loaded, setLoaded] = useState(NOTHING);
  const [error, setError] = useState<CallError>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (!isRead) return undefined;
    const leaving = new AbortController();
    call<ReviewAnswer>(`api/document/${encodeURIComponent(id)}/review`, { signal: leaving.signal }).then(
      (answer) => {
        setError(undefined);
        setLoaded((before) => renewed(before, answer));
      },
      (failure: unknown) => {
        if (failure instanceof CallError) setError(failure);
      },
    );
    return () => leaving.abort();
  }, [id, isRead, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  // The revision stays: what others said meanwhile is still to be fetched.
  const update = useCallback<Review['update']>((value) => {
    setLoaded((before) => ({
      ...before,
      values: before.values.map((each) => (keyOf(each) === keyOf(value) ? value : each)),
    }));
  }, []);
  return { ...loaded, error, reload, update };
}

/** Names a value within its document. */
export function keyOf({ account, field }: Pick<ReviewedValue, 'account' | 'field'>): string {
  return JSON.stringify([account, field]);
}

/** Whether nobody has to look at a value any more. */
export function isChecked({ state }: ReviewedValue): boolean {
  return state === 'confirmed' || state === 'corrected';
}

/** What has not changed stays the same object, and is not drawn anew. A reading's values keep their order. */
function renewed(before: Loaded, { reading, revision, values }: ReviewAnswer): Loaded {
  const known = new Map(before.values.map((value) => [keyOf(value), value]));
  const now = values.map((value) => {
    const same = known.get(keyOf(value));
    return same && JSON.stringify(same) === JSON.stringify(value) ? same : value;
  });
  return { reading, revision, values: now };
}

/** What came of saying something of a value. */
export type Said = { done: CorrectionAnswer } | { collided: CorrectionAnswer };

/** @throws {CallError} when it was not kept, unless somebody else had said something meanwhile */
export async function say(id: string, request: CorrectionRequest, seen: number): Promise<Said> {
  const path = `api/document/${encodeURIComponent(id)}/corrections`;
  try {
    return { done: await post<CorrectionAnswer>(path, request, { 'If-Match': `"${seen}"` }) };
  } catch (error) {
    if (!(error instanceof CallError) || error.status !== 412 || !error.answer) throw error;
    return { collided: error.answer as CorrectionAnswer };
  }
}
