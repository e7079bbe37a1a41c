import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { cutText, LongText, spokenName } from '../parts/long-text.js';
import { NotFound } from '../parts/not-found.js';
import { PageView } from '../parts/page-view.js';
import type { ReviewedValue } from '../parts/review.js';
import { reasonSentence } from '../parts/support-words.js';
import type { Standing } from '../parts/standing.js';

export interface OneValueProps {
  document: string;
  pages: number;
  value: ReviewedValue;
  standing: Standing;
  mayCorrect: boolean;
  /** What is being typed in its place; undefined while it is not being corrected. */
  draft: string | undefined;
  /** Whether who types has just begun, so that the keys are for that. */
  isBegun: boolean;
  onDraft: (draft: string | undefined) => void;
  onBegin: () => void;
  onConfirm: () => void;
  onCorrect: (value: string) => void;
  onReopen: () => void;
  /** What somebody else said of it meanwhile, and what was to be said. */
  collision: Collision | undefined;
  onCollisionOver: (useMine: boolean) => void;
}

/** Two people who said something of one value. */
export interface Collision {
  /** The value's key. */
  of: string;
  theirs: ReviewedValue;
  /** What was to be said here. */
  mine: { action: 'confirmed' | 'reopened' } | { action: 'corrected'; value: string };
}

const TITLE_MOST = 80;

/** One value: why it is doubtful, what can be done about it, and its page. */
export function OneValue(props: OneValueProps) {
  const { document, pages, value, standing, mayCorrect, draft, onDraft } = props;
  const { stops, missing, sources, isKnown } = standing;
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const stop = stops[at];
  const marks = useMemo(() => stop?.marks, [stop]);
  const isEdited = draft !== undefined;
  return (
    <>
      <h2>
        <bdi>{cutText(spokenName(value.field), TITLE_MOST)}</bdi>
      </h2>
      <p class="looked-value" dir="auto">
        <LongText text={value.value} />
      </p>
      {value.state === 'changed' && (
        <p class="notice">
          {value.corrected === null ? (
            <>
              <bdi>{value.person ?? 'Somebody'}</bdi> confirmed another value before the document was read
              anew.
            </>
          ) : (
            <>
              Before the document was read anew, <bdi>{value.person ?? 'somebody'}</bdi> gave:{' '}
              <LongText text={value.corrected} />
            </>
          )}
        </p>
      )}
      <Reasons value={value} />
      <NotFound missing={missing} sources={sources} />
      {props.collision && <Collided collision={props.collision} onOver={props.onCollisionOver} />}
      {!isKnown && value.value.trim() !== '' && (
        <p class="quiet">An earlier version read this document: where its values stand is not known.</p>
      )}
      {mayCorrect && !props.collision && (
        <div ref={box}>
          <Actions {...props} />
        </div>
      )}
      {stops.length > 1 && (
        <p class="actions">
          {stops.map(({ page }, index) => (
            <button key={page} type="button" aria-pressed={index === at} onClick={() => setAt(index)}>
              Page {page}
            </button>
          ))}
        </p>
      )}
      <PageView
        document={document}
        page={stop?.page ?? sources[0] ?? 1}
        pages={pages}
        marks={marks}
        onWord={
          isEdited
            ? (text) => {
                onDraft(text);
                box.current?.querySelector('textarea')?.focus();
              }
            : undefined
        }
      />
    </>
  );
}

function Reasons({ value: { support, reasons } }: { value: ReviewedValue }) {
  if (support === null || reasons.length === 0) return null;
  return (
    <details class="reasons">
      <summary>Support {Math.floor(support)} of 100: why</summary>
      <ul>
        {reasons.map((reason) => (
          <li key={reason}>{reasonSentence(reason)}</li>
        ))}
      </ul>
    </details>
  );
}

function Actions({ value, draft, isBegun, onDraft, onBegin, onConfirm, onCorrect, onReopen }: OneValueProps) {
  const isOpen = value.state === 'open' || value.state === 'changed';
  if (draft !== undefined)
    return <Correcting draft={draft} isBegun={isBegun} onDraft={onDraft} onCorrect={onCorrect} />;
  return (
    <div class="actions">
      <button type="button" class="primary" onClick={onConfirm}>
        Confirm <kbd>C</kbd>
      </button>
      <button type="button" onClick={onBegin}>
        Correct <kbd>E</kbd>
      </button>
      {!isOpen && (
        <button type="button" onClick={onReopen}>
          Undo <kbd>U</kbd>
        </button>
      )}
    </div>
  );
}

interface CorrectingProps {
  draft: string;
  isBegun: boolean;
  onDraft: (draft: string | undefined) => void;
  onCorrect: (value: string) => void;
}

const LONGEST_VALUE = 10_000;

function Correcting({ draft, isBegun, onDraft, onCorrect }: CorrectingProps) {
  const input = useRef<HTMLTextAreaElement>(null);
  // At once: the next key is meant for it. Who walks by what was typed before is not drawn in.
  useLayoutEffect(() => {
    if (!isBegun) return;
    input.current?.focus();
    input.current?.select();
  }, [isBegun]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      onCorrect(draft);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      onDraft(undefined);
    }
  };
  return (
    <form
      class="correcting"
      onSubmit={(event) => {
        event.preventDefault();
        onCorrect(draft);
      }}
    >
      <label>
        The right value
        <textarea
          ref={input}
          rows={Math.min(4, draft.split('\n').length)}
          maxLength={LONGEST_VALUE}
          dir="auto"
          value={draft}
          aria-describedby="correcting-help"
          onInput={({ currentTarget }) => onDraft(currentTarget.value)}
          onKeyDown={onKeyDown}
        />
      </label>
      <p id="correcting-help" class="quiet">
        Type it, or choose its words on the page. Enter keeps it, Escape leaves it as it is.
      </p>
      <div class="actions">
        <button class="primary">Keep</button>
        <button type="button" onClick={() => onDraft(undefined)}>
          Leave
        </button>
      </div>
    </form>
  );
}

const STATES = {
  open: 'to be checked again',
  confirmed: 'confirmed',
  corrected: 'corrected',
  changed: 'read anew',
};
const ACTIONS = { confirmed: 'to confirm it', reopened: 'to have it checked again' };

interface CollidedProps {
  collision: Collision;
  onOver: (useMine: boolean) => void;
}

function Collided({ collision: { theirs, mine }, onOver }: CollidedProps) {
  const first = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => first.current?.focus(), []);
  return (
    <div class="bad collided" role="alert">
      <p>
        <strong>
          <bdi>{theirs.person ?? 'Somebody else'}</bdi>
        </strong>{' '}
        {theirs.state === 'corrected'
          ? 'has corrected this value meanwhile, to '
          : `has said meanwhile: ${STATES[theirs.state]}.`}
        {theirs.state === 'corrected' && <LongText text={theirs.corrected ?? ''} />}
      </p>
      <p>
        {mine.action === 'corrected' ? 'Yours was ' : `You wanted ${ACTIONS[mine.action]}.`}
        {mine.action === 'corrected' && <LongText text={mine.value} />}
      </p>
      <div class="actions">
        <button ref={first} type="button" onClick={() => onOver(false)}>
          Keep theirs
        </button>
        <button type="button" onClick={() => onOver(true)}>
          Use mine
        </button>
      </div>
    </div>
  );
}
