import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { CallError } from '../call.js';
import { addressOf, ROOT } from '../place.js';
import { useDocument, type Evidence, type KeptDocument } from '../parts/document.js';
import { Frame } from '../parts/frame.js';
import { cutText, spokenName } from '../parts/long-text.js';
import { isChecked, keyOf, say, useReview, type Review, type ReviewedValue } from '../parts/review.js';
import { accountsOf, standingOf } from '../parts/standing.js';
import { OneValue, type OneValueProps, type Collision } from './one-value.js';
import { usePresence } from './presence.js';
import './review.css';
import { Values } from './values.js';

const TITLE_MOST = 100;

type Wanted = 'all' | 'open' | 'changed';

/** The values of a document, the doubtful ones first, each to be held against its page. */
export function ReviewPage({ id }: { id: string }) {
  const { document, evidence, access, error, reload } = useDocument(id);
  const isRead = document !== undefined && document.status !== 'extracting' && document.documents.length > 0;
  const review = useReview(id, isRead);
  // Where values stand belongs to the reading they are of.
  const before = useRef(review.reading);
  useEffect(() => {
    if (before.current !== undefined && before.current !== review.reading) reload();
    before.current = review.reading;
  }, [review.reading, reload]);
  const page = `document/${encodeURIComponent(id)}`;
  const problem = error ?? review.error;
  if (!document || !isRead || review.reading === undefined) {
    return (
      <Frame title="Review">
        {problem ? (
          <p class="bad" role="alert">
            {problem.status === 404
              ? 'There is no such document for you. It was deleted, or it is somebody else’s.'
              : problem.message}
          </p>
        ) : (
          <p role="status">{waitingFor(document)}</p>
        )}
        <p>
          <a href={document ? addressOf(page) : ROOT.href}>
            {document ? 'Go to its record.' : 'Go to the documents.'}
          </a>
        </p>
      </Frame>
    );
  }
  return (
    <Frame
      title={`Review: ${cutText(document.document_name || document.filename, TITLE_MOST)}`}
      beside={
        <a class="button" href={addressOf(page)}>
          Record
        </a>
      }
    >
      {problem && (
        <p class="bad" role="alert">
          {problem.message}
        </p>
      )}
      <Walk id={id} document={document} evidence={evidence} review={review} mayCorrect={access.correct} />
    </Frame>
  );
}

function waitingFor(document: KeptDocument | undefined): string {
  if (document?.status === 'extracting')
    return 'The document is being read. Its values can be reviewed when that is done.';
  if (document?.documents.length === 0) return 'The document has no record, so there is nothing to review.';
  return 'The values are being fetched…';
}

interface WalkProps {
  id: string;
  document: KeptDocument;
  evidence: Evidence;
  review: Review;
  mayCorrect: boolean;
}

/** Walking through the values: Tab and Enter lead on, single keys act on the one in focus. */
function Walk({ id, document, evidence, review, mayCorrect }: WalkProps) {
  const { values, revision, reading = 1, reload, update } = review;
  const [wanted, setWanted] = useState<{ show: Wanted; keys: ReadonlySet<string> | undefined }>(ALL);
  // What is checked stays in sight until another choice is made.
  const shown = useMemo(
    () => (wanted.keys ? values.filter((value) => wanted.keys?.has(keyOf(value))) : values),
    [values, wanted],
  );
  const [currentKey, setCurrentKey] = useState<string>();
  const current = shown.find((value) => keyOf(value) === currentKey) ?? shown[0];
  const key = current && keyOf(current);
  // What is typed for a value stays until it is kept or left, wherever somebody looks meanwhile.
  const [drafts, setDrafts] = useState<ReadonlyMap<string, string>>(NO_DRAFTS);
  const [begun, setBegun] = useState<string>();
  const [collision, setCollision] = useState<Collision>();
  const acting = useRef(new Set<string>());
  const currentNow = useRef(key);
  currentNow.current = key;
  const [told, setTold] = useState('');
  const [problem, setProblem] = useState<string>();
  const list = useRef<HTMLDivElement>(null);
  const one = useRef<HTMLElement>(null);

  const setDraft = useCallback((of: string, draft: string | undefined) => {
    setDrafts((before) => {
      const after = new Map(before);
      if (draft === undefined) after.delete(of);
      else after.set(of, draft);
      return after;
    });
  }, []);
  const onCurrent = useCallback((next: string) => {
    setCurrentKey((before) => {
      if (before !== next) {
        setBegun(undefined);
        setProblem(undefined);
      }
      return next;
    });
  }, []);
  const correct = (of: ReviewedValue) => {
    setBegun(keyOf(of));
    setDraft(keyOf(of), drafts.get(keyOf(of)) ?? of.corrected ?? of.value);
  };
  const latest = useRef(revision);
  latest.current = revision;
  const { people, error: shutOut } = usePresence(
    id,
    useCallback(
      (known) => {
        if (known !== latest.current) reload();
      },
      [reload],
    ),
  );

  const focusOn = (value: ReviewedValue | undefined) => {
    if (!value) return;
    onCurrent(keyOf(value));
    // Drawn by then, if it was not.
    requestAnimationFrame(() => stopOf(list.current, keyOf(value))?.focus());
  };
  const next = (from: ReviewedValue): ReviewedValue | undefined => {
    const place = shown.findIndex((value) => keyOf(value) === keyOf(from));
    const after = [...shown.slice(place + 1), ...shown.slice(0, place)];
    return after.find((value) => !isChecked(value));
  };

  const act = async (of: ReviewedValue, what: Collision['mine'], seen: number) => {
    const ofKey = keyOf(of);
    if (acting.current.has(ofKey)) return;
    acting.current.add(ofKey);
    setProblem(undefined);
    try {
      const said = await say(id, { reading, account: of.account, field: of.field, ...what }, seen);
      if ('collided' in said) {
        update(said.collided.value);
        setCollision({ of: ofKey, theirs: said.collided.value, mine: what });
        onCurrent(ofKey);
        return;
      }
      update(said.done.value);
      setDraft(ofKey, undefined);
      setCollision((now) => (now?.of === ofKey ? undefined : now));
      setTold(`${spokenName(of.field)}: ${WORDS[what.action]}.`);
      // Who looks at another value by now is not led away.
      if (currentNow.current !== ofKey) return;
      focusOn(what.action === 'reopened' ? of : (next(of) ?? of));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      setProblem(`${spokenName(of.field)}: ${problemOf(error)}`);
      if (error.status === 409) reload();
    } finally {
      acting.current.delete(ofKey);
    }
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (!current || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.repeat || !(event.target instanceof HTMLElement) || !event.target.dataset.key) return;
    const keys: Record<string, (() => void) | undefined> = {
      Enter: () => {
        const open = next(current);
        if (open) focusOn(open);
        else setTold('All other values are checked.');
      },
      p: () => one.current?.querySelector<HTMLElement>('.page-scroll')?.focus(),
      ArrowDown: () => focusOn(shown[shown.indexOf(current) + 1]),
      ArrowUp: () => focusOn(shown[shown.indexOf(current) - 1]),
      ...(mayCorrect && {
        c: () => void act(current, { action: 'confirmed' }, current.number),
        e: () => correct(current),
        u: isChecked(current) ? () => void act(current, { action: 'reopened' }, current.number) : undefined,
      }),
    };
    const action = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };

  const total = values.length;
  const checked = values.filter(isChecked).length;
  const hasAccounts = new Set(values.map(({ account }) => account)).size > 1;
  return (
    <div class="review">
      <div class="review-told">
        {shutOut && (
          <p class="bad" role="alert">
            {problemOf(shutOut)}
          </p>
        )}
        {!mayCorrect && (
          <p class="notice">You may look at this document, but not confirm or correct its values.</p>
        )}
        <p class={people.length > 0 ? 'notice' : 'unseen'} role="status">
          {people.length > 0 && 'Also here: '}
          {people.map((name, index) => (
            <span key={index}>
              {index > 0 && ', '}
              <bdi>{name ?? 'somebody without a name'}</bdi>
            </span>
          ))}
        </p>
        <p>
          <label for="checked">
            {checked} of {total} values checked
          </label>
          <progress id="checked" max={Math.max(total, 1)} value={checked} />
        </p>
        <p id="keys" class="quiet">
          {mayCorrect
            ? KEYS
            : 'Tab and the arrow keys walk from value to value, P goes to its page and Escape back.'}
        </p>
        <p class="quiet">
          The number beside a value is its support, of 100: how far what can be checked speaks for it.
        </p>
        <Filter wanted={wanted.show} values={values} onWanted={setWanted} />
        <p class="unseen" role="status">
          {told && `${told} ${checked} of ${total} values checked.`}
        </p>
      </div>
      <div ref={list} class="review-list" onKeyDown={onKeyDown}>
        {shown.length > 0 ? (
          <Values
            values={shown}
            drafts={drafts}
            current={key}
            hasAccounts={hasAccounts}
            onCurrent={onCurrent}
            onTap={() => one.current?.scrollIntoView({ block: 'nearest' })}
          />
        ) : (
          <p class="sheet">{wanted.show === 'all' ? 'No values were read.' : 'There is none of these.'}</p>
        )}
      </div>
      {current && (
        <section
          ref={one}
          class="review-one"
          aria-label="The value and its page"
          onKeyDown={(event) => {
            if (event.key !== 'Escape' || event.defaultPrevented) return;
            focusOn(current);
          }}
        >
          <button type="button" class="review-back" onClick={() => focusOn(current)}>
            Back to the list
          </button>
          {problem && (
            <p class="bad" role="alert">
              {problem}
            </p>
          )}
          <Current
            key={key}
            {...{ id, document, evidence, mayCorrect }}
            collision={collision?.of === key ? collision : undefined}
            draft={drafts.get(keyOf(current))}
            isBegun={begun === key}
            value={current}
            onDraft={(now) => {
              setDraft(keyOf(current), now);
              if (now === undefined) focusOn(current);
            }}
            onBegin={() => correct(current)}
            onConfirm={() => void act(current, { action: 'confirmed' }, current.number)}
            onCorrect={(value) => void act(current, { action: 'corrected', value }, current.number)}
            onReopen={() => void act(current, { action: 'reopened' }, current.number)}
            onCollisionOver={(useMine) => {
              setCollision(undefined);
              if (useMine && collision) return void act(current, collision.mine, collision.theirs.number);
              setDraft(keyOf(current), undefined);
              focusOn(next(current) ?? current);
            }}
          />
        </section>
      )}
    </div>
  );
}

const NO_DRAFTS: ReadonlyMap<string, string> = new Map();

function problemOf({ status, message }: CallError): string {
  return status === 404
    ? 'The document is not there any more: it was deleted, or is somebody else’s.'
    : message;
}

const ALL = { show: 'all', keys: undefined } as const;

const WORDS = { confirmed: 'confirmed', corrected: 'corrected', reopened: 'to be checked again' } as const;

const KEYS =
  'Tab and the arrow keys walk from value to value, Enter goes to the next one to check. On a value, C confirms it, E corrects it, U takes back what was said, P goes to its page and Escape back.';

function stopOf(list: HTMLElement | null, key: string): HTMLElement | undefined {
  return [...(list?.querySelectorAll<HTMLElement>('[data-key]') ?? [])].find(
    ({ dataset }) => dataset.key === key,
  );
}

type CurrentProps = Omit<OneValueProps, 'document' | 'pages' | 'standing'> & {
  id: string;
  document: KeptDocument;
  evidence: Evidence;
};

function Current({ id, document, evidence, ...rest }: CurrentProps) {
  const { account, field } = rest.value;
  const standing = useMemo(() => {
    const accounts = accountsOf(document.documents[0]);
    const index = accounts.findIndex(({ accountNumber }) => accountNumber === account);
    const of = accounts[index];
    return of ? standingOf(of, field, evidence?.[index]) : NOWHERE;
  }, [document, evidence, account, field]);
  return <OneValue {...rest} document={id} pages={Math.max(document.total_pages, 1)} standing={standing} />;
}

const NOWHERE = { stops: [], missing: [], sources: [], isKnown: false };

interface FilterProps {
  wanted: Wanted;
  values: readonly ReviewedValue[];
  onWanted: (wanted: { show: Wanted; keys: ReadonlySet<string> | undefined }) => void;
}

const CHOICES = [
  ['all', 'All', () => true],
  ['open', 'To check', (value: ReviewedValue) => !isChecked(value)],
  ['changed', 'Read anew', ({ state }: ReviewedValue) => state === 'changed'],
] as const;

function Filter({ wanted, values, onWanted }: FilterProps) {
  return (
    <div class="actions" role="group" aria-label="Which values are shown">
      {CHOICES.map(([show, words, isShown]) => {
        const some = values.filter(isShown);
        if (show === 'changed' && some.length === 0 && wanted !== 'changed') return null;
        return (
          <button
            key={show}
            type="button"
            aria-pressed={wanted === show}
            onClick={() => onWanted({ show, keys: show === 'all' ? undefined : new Set(some.map(keyOf)) })}
          >
            {words} <span class="quiet">{some.length}</span>
          </button>
        );
      })}
    </div>
  );
}
