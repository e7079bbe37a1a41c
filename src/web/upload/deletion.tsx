import { useEffect, useRef, useState } from 'preact/hooks';
import { CallError, post } from '../call.js';
import type { Listed } from './documents.js';
import { nameOf } from './words.js';

interface DeletionProps {
  document: Listed;
  onDeleted: () => void;
  onClosed: () => void;
}

/** Asks whether a document is to be deleted, and deletes it. */
export function Deletion({ document, onDeleted, onClosed }: DeletionProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isSent, setSent] = useState(false);
  const [problem, setProblem] = useState<string>();
  useEffect(() => dialog.current?.showModal(), []);
  const send = async () => {
    setSent(true);
    try {
      await post(`api/document/${encodeURIComponent(document.id)}/delete`);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      // In another tab, somebody may have been faster.
      if (error.status !== 404) {
        setProblem(error.message);
        return setSent(false);
      }
    }
    dialog.current?.close();
    onDeleted();
  };
  return (
    <dialog
      ref={dialog}
      class="deletion"
      aria-labelledby="delete"
      aria-describedby="delete-why"
      onClose={onClosed}
    >
      <h2 id="delete">
        Delete <bdi>{nameOf(document)}</bdi>?
      </h2>
      <p id="delete-why">
        The PDF, what was read of it and what people corrected are gone for good.
        {document.status === 'extracting' && ' Reading it is stopped.'}
      </p>
      {problem && (
        <p class="bad" role="alert">
          {problem}
        </p>
      )}
      <div class="actions">
        <button type="button" class="primary" disabled={isSent} onClick={() => void send()}>
          Delete it
        </button>
        <button type="button" autofocus onClick={() => dialog.current?.close()}>
          Keep it
        </button>
      </div>
    </dialog>
  );
}
