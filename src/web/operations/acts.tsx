import { useEffect, useRef, useState } from 'preact/hooks';
import { CallError, post } from '../call.js';

/** Something that can be done, with what is asked before. */
export interface Action {
  question: string;
  explained: string;
  /** On the button that does it. */
  confirm: string;
  path: string;
}

/** Asks whether it is meant, and does it. */
export type Act = (action: Action) => void;

interface Answer {
  message?: string;
  started?: number;
  not_started?: number;
  left?: number;
  documents?: number;
}

/**
 * What is done from this page: asked before, and what came of it said.
 *
 * @param onDone told when something was done
 */
export function useActs(onDone: () => void) {
  const [asked, setAsked] = useState<Action>();
  const [outcome, setOutcome] = useState<{ text: string; isBad: boolean }>();
  const [isBusy, setIsBusy] = useState(false);
  const perform = async ({ path }: Action) => {
    if (isBusy) return;
    setIsBusy(true);
    try {
      setOutcome({ text: outcomeOf(await post<Answer>(path)), isBad: false });
    } catch (error) {
      setOutcome({ text: error instanceof CallError ? error.message : 'It could not be done.', isBad: true });
    }
    setIsBusy(false);
    setAsked(undefined);
    onDone();
  };
  const act: Act = (action) => {
    setOutcome(undefined);
    setAsked(action);
  };
  const tone = outcome?.isBad ? 'bad' : 'good';
  const shown = (
    <>
      <p role="status" class={outcome ? `outcome ${tone}` : 'unseen'}>
        {outcome?.text}
      </p>
      {asked && (
        <Confirmation
          action={asked}
          isBusy={isBusy}
          onConfirm={() => void perform(asked)}
          onCancel={() => setAsked(undefined)}
        />
      )}
    </>
  );
  return { act, shown };
}

function outcomeOf({ message, started, not_started: not, left, documents }: Answer): string {
  if (started !== undefined) {
    const others = [
      ...(not ? [`${not} could not be started`] : []),
      ...(left ? [`${left} are left for want of a place: do it again when those are read`] : []),
    ];
    const more = others.length > 0 ? `; ${others.join('; ')}` : '';
    return `${started} ${started === 1 ? 'document is' : 'documents are'} asked again${more}.`;
  }
  const many = documents === undefined ? '' : ` (${documents})`;
  return `${message ?? 'Done'}${many}.`;
}

interface ConfirmationProps {
  action: Action;
  isBusy: boolean;
  onConfirm: () => void;
  onCancel: () => void;
}

function Confirmation({ action, isBusy, onConfirm, onCancel }: ConfirmationProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="ask" aria-describedby="ask-why" onClose={onCancel}>
      <h2 id="ask">{action.question}</h2>
      <p id="ask-why">{action.explained}</p>
      <div class="actions">
        <button type="button" class="primary" aria-disabled={isBusy} onClick={onConfirm}>
          {action.confirm}
        </button>
        <button type="button" onClick={() => dialog.current?.close()}>
          Leave it
        </button>
      </div>
    </dialog>
  );
}
