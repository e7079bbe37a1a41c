import { useState } from 'preact/hooks';
import { CallError, post } from '../call.js';
import { documentFailureWords } from '../parts/failure-words.js';
import { addressOf } from '../place.js';
import { BeingRead } from './being-read.js';
import type { Listed } from './documents.js';
import { Icon } from '../parts/icon.js';
import type { Following } from './following.js';
import { Timeline } from './timeline.js';
import { timeOf } from '../parts/time.js';
import { counted, nameOf, planWords, stateOf, STATES } from './words.js';

interface DocumentRowProps {
  document: Listed;
  /** Whether what an owner may do with it is offered. */
  isOwn: boolean;
  following: Following;
  /** Whether its calls are shown. */
  isOpen: boolean;
  onOpen: (isOpen: boolean) => void;
  /** Something was done to it. */
  onChanged: (says: string) => void;
  onDelete: () => void;
}

/** A document of the list, and what can be done with it. */
export function DocumentRow({
  document,
  isOwn,
  following,
  isOpen,
  onOpen,
  onChanged,
  onDelete,
}: DocumentRowProps) {
  const { id, filename, status, error, failed_pages: failed } = document;
  const name = nameOf(document);
  const page = `document/${encodeURIComponent(id)}`;
  const isBeingRead = status === 'extracting';
  const { isSent, problem, act } = useActs(id, onChanged);
  const mayRetry = isOwn && (status === 'failed' || (status === 'completed' && failed > 0));
  return (
    <li class="sheet document" data-document={id}>
      <div class="title">
        <h3>
          <a href={addressOf(page)} data-takes-focus>
            <bdi>{name}</bdi>
          </a>
        </h3>
        <State document={document} />
      </div>
      <div class="line">
        <p class="quiet about">
          <Facts document={document} />
          {filename !== name && filename !== `${name}.pdf` && <bdi>{filename}</bdi>}
        </p>
        <div class="actions">
          {status === 'completed' && (
            <a class="button" href={addressOf(`${page}/review`)} aria-label={`Review ${name}`}>
              Review
            </a>
          )}
          {mayRetry && (
            <button
              type="button"
              aria-disabled={isSent}
              aria-label={`Retry ${name}`}
              onClick={() => act('retry', `${name}: what failed is asked again.`)}
            >
              Retry
            </button>
          )}
          {isOwn && isBeingRead && (
            <button
              type="button"
              aria-disabled={isSent}
              aria-label={`Cancel ${name}`}
              onClick={() => act('cancel', `${name}: cancelled.`)}
            >
              Cancel
            </button>
          )}
          {isOwn && (
            <button type="button" aria-label={`Delete ${name}`} onClick={onDelete}>
              Delete
            </button>
          )}
        </div>
      </div>
      {status === 'failed' && error && <p class="bad">{documentFailureWords(error)}</p>}
      {isBeingRead && <BeingRead following={following} id={id} name={name} />}
      {problem && (
        <p class="bad" role="alert">
          {problem}
        </p>
      )}
      <details open={isOpen} onToggle={({ currentTarget }) => onOpen(currentTarget.open)}>
        <summary>
          Model calls<span class="unseen"> of {name}</span>
        </summary>
        {isOpen && <Timeline following={following} id={id} isBeingRead={isBeingRead} />}
      </details>
    </li>
  );
}

function State({ document }: { document: Listed }) {
  const state = stateOf(document);
  const { says, look } = STATES[state];
  return (
    <p class={look}>
      <Icon shape={state} /> {says}
    </p>
  );
}

function Facts({ document }: { document: Listed }) {
  const { total_pages, failed_pages, status, processed_date, plan, review } = document;
  const facts = [
    total_pages > 0 && counted(total_pages, 'page'),
    status === 'completed' && failed_pages > 0 && `${failed_pages} of them failed`,
    `${status === 'completed' ? 'read' : 'uploaded'} ${timeOf(processed_date)}`,
    plan !== null && planWords(plan),
    review !== null && review.total > 0 && `${review.checked} of ${counted(review.total, 'value')} checked`,
  ];
  return (
    <>
      {facts
        .filter((fact) => fact !== false)
        .map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
    </>
  );
}

/** What is asked of the server about a document, one thing at a time. */
function useActs(id: string, onChanged: (says: string) => void) {
  const [isSent, setSent] = useState(false);
  const [problem, setProblem] = useState<string>();
  const send = async (what: 'retry' | 'cancel', says: string) => {
    if (isSent) return;
    setSent(true);
    setProblem(undefined);
    try {
      await post(`api/document/${encodeURIComponent(id)}/${what}`);
      onChanged(says);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      setProblem(error.message.replace(/\.?$/, '.'));
      // It may have ended meanwhile.
      onChanged('');
    } finally {
      setSent(false);
    }
  };
  return { isSent, problem, act: (what: 'retry' | 'cancel', says: string) => void send(what, says) };
}
