import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { addressOf, ROOT } from '../place.js';
import { CallError, post } from '../call.js';
import { useDocument, type Evidence, type KeptDocument, type ReadSoFar } from '../parts/document.js';
import { documentFailureWords } from '../parts/failure-words.js';
import { Frame } from '../parts/frame.js';
import { cutText } from '../parts/long-text.js';
import { Problem } from '../parts/problem.js';
import { isChecked, keyOf, useReview, type ReviewedValue } from '../parts/review.js';
import { accountsOf, named, standingOf, valueOf, type ShownAccount } from '../parts/standing.js';
import { STAGES } from '../upload/words.js';
import { Accounts } from './accounts.js';
import { AtAGlance, countDoubtful } from './at-a-glance.js';
import { Calls } from './calls.js';
import type { ChosenValue } from './fields.js';
import { Notes } from './notes.js';
import { PageLists } from './page-lists.js';
import './record.css';
import { useShown, type Look } from './shown.js';
import { aboutReading } from './special-pages.js';
import { Summary } from './summary.js';
import { Viewer, type Looked } from './viewer.js';

const TITLE_MOST = 120;

/** What was read of a document, each value beside the page it stands on. */
export function RecordPage({ id }: { id: string }) {
  const { document, evidence, notes, access, progress, error, reload } = useDocument(id);
  const isRead = document !== undefined && document.status !== 'extracting' && document.documents.length > 0;
  const { values, error: unreviewed, reload: reloadReview } = useReview(id, isRead);
  const said = useMemo(() => new Map(values.map((value) => [keyOf(value), value])), [values]);
  const { account: shown, onAccount, look, lookAt, turnTo, close } = useShown();
  const told = useTold(document, progress);
  const from = useRef<Element | null>(null);
  const firstPage = useRef<(of: ChosenValue) => number>(() => 1);
  const open = useCallback(
    (at: Pick<Look, 'page' | 'of' | 'isByKeys'>) => {
      from.current = window.document.activeElement;
      lookAt(at);
    },
    [lookAt],
  );
  const lookAtValue = useCallback(
    (of: ChosenValue, isByKeys: boolean) => open({ of, page: firstPage.current(of), isByKeys }),
    [open],
  );
  const lookAtPage = useCallback((page: number, isByKeys: boolean) => open({ page, isByKeys }), [open]);
  // Once the picture is gone: as long as it lies over the record, nothing below can have the keys.
  useEffect(() => {
    if (look || !(from.current instanceof HTMLElement)) return;
    from.current.focus();
    from.current = null;
  }, [look]);

  // It may be deleted while it is looked at.
  if (!document || error?.status === 404) return <NotShown error={error} onAgain={reload} />;
  const [record] = document.documents;
  const accounts = accountsOf(record);
  const pages = Math.max(document.total_pages, 1);
  const looked = look && look.page <= pages ? lookedAt(look, accounts, evidence) : undefined;
  firstPage.current = (of) => pageToBegin(lookedAt({ page: 1, of }, accounts, evidence));
  const about = record && aboutReading(record, notes);
  const doubtful = countDoubtful(accounts, evidence, said);
  const retry = access.own && <Retry id={id} onStarted={reload} />;
  const isBeingRead = document.status === 'extracting';
  return (
    <Frame
      title={cutText(document.document_name || document.filename, TITLE_MOST)}
      beside={<State document={document} doubtful={doubtful} values={values} />}
    >
      {error && <Problem says={error.message} onAgain={reload} />}
      <p class="unseen" role="status">
        {told}
      </p>
      {isBeingRead && <BeingRead progress={progress} />}
      {document.status === 'failed' && (
        <div class="bad" role="alert">
          <p>{documentFailureWords(document.error ?? 'The document could not be read.')}</p>
          {retry}
        </div>
      )}
      <div class={looked ? 'record looked' : 'record'}>
        <div class="record-told">
          <Links id={id} hasRecord={record !== undefined} mayCorrect={access.correct} />
          <Summary document={document} />
          {about && (
            <>
              <AtAGlance
                about={about}
                doubtful={doubtful}
                review={access.correct ? addressOf(`document/${encodeURIComponent(id)}/review`) : undefined}
              />
              {unreviewed && (
                <div class="bad" role="alert">
                  <p>What people corrected could not be fetched: the values stand here as they were read.</p>
                  <button type="button" onClick={reloadReview}>
                    Try again
                  </button>
                </div>
              )}
              {accounts.length > 0 ? (
                <Accounts
                  accounts={accounts}
                  evidence={evidence}
                  said={said}
                  shown={Math.min(shown, accounts.length - 1)}
                  onShow={(index) => {
                    from.current = null;
                    onAccount(index);
                  }}
                  chosen={look?.of?.field}
                  onChoose={lookAtValue}
                />
              ) : (
                <p class="sheet">No fields were read.</p>
              )}
              <PageLists about={about} onPage={lookAtPage} retry={document.status === 'completed' && retry} />
              <Notes notes={about.notes} onPage={lookAtPage} />
            </>
          )}
          <Calls id={id} isBeingRead={isBeingRead} />
        </div>
        {look && looked && (
          <Viewer
            document={id}
            pages={pages}
            looked={looked}
            asking={look.asking}
            isByKeys={look.isByKeys}
            onPage={turnTo}
            onClose={close}
          />
        )}
      </div>
    </Frame>
  );
}

/** The page as a whole where the record has no such value any more. */
function lookedAt(
  { page, of }: Pick<Look, 'page' | 'of'>,
  accounts: readonly ShownAccount[],
  evidence: Evidence,
): Looked {
  const index = accounts.findIndex(({ accountNumber }) => accountNumber === of?.account);
  const account = accounts[index];
  const field = account && of && named(account.result, of.field);
  if (!account || !of || field === undefined) return { page };
  const { value } = valueOf(field);
  return { page, of, value, standing: standingOf(account, of.field, evidence?.[index]) };
}

/** Where a value is looked for first. */
function pageToBegin(looked: Looked): number {
  if (!('standing' in looked)) return looked.page;
  const { stops, sources } = looked.standing;
  return stops[0]?.page ?? sources[0] ?? 1;
}

function NotShown({ error, onAgain }: { error: CallError | undefined; onAgain: () => void }) {
  if (!error) {
    return (
      <Frame title="Record">
        <p role="status">The document is being fetched…</p>
      </Frame>
    );
  }
  const isUnknown = error.status === 404;
  return (
    <Frame title={isUnknown ? 'There is no such document' : 'Record'}>
      {isUnknown ? (
        <p role="alert">It was deleted, or it is somebody else’s, or the address is not whole.</p>
      ) : (
        <Problem says={error.message} onAgain={onAgain} />
      )}
      <p>
        <a href={ROOT.href}>Go to the documents.</a>
      </p>
    </Frame>
  );
}

interface StateProps {
  document: KeptDocument;
  doubtful: number;
  values: readonly ReviewedValue[];
}

function State({ document, doubtful, values }: StateProps) {
  if (document.status === 'extracting') return null;
  if (document.status === 'failed') return <p class="bad badge">Failed</p>;
  const [record] = document.documents;
  const checked = values.filter(isChecked).length;
  // Green would say that all is well.
  const look = doubtful > 0 || (record && record.failed_pages.length > 0) ? 'badge' : 'good badge';
  return (
    <>
      {record?.needs_human_review ? (
        <p class="notice badge">Needs review</p>
      ) : (
        <p class={`state ${look}`}>Read</p>
      )}
      {doubtful > 0 && <p class="notice badge">{doubtful} doubtful</p>}
      {checked > 0 && (
        <p class="quiet">
          {checked} of {values.length} checked
        </p>
      )}
    </>
  );
}

/** What a screen reader says of the reading: its stages, and how it ended. */
function useTold(document: KeptDocument | undefined, progress: ReadSoFar | undefined): string {
  const wasRead = useRef(false);
  const stage = useRef('');
  if (!document) return '';
  if (document.status === 'extracting') {
    wasRead.current = true;
    // The last one stays until the record has come.
    stage.current = STAGES.find(([name]) => name === progress?.stage)?.[1] ?? stage.current;
    const { current } = stage;
    return current === '' ? 'The document is being read.' : `The document is being read: ${current}.`;
  }
  stage.current = '';
  // It was there already when the page was opened.
  if (!wasRead.current) return '';
  return document.status === 'failed' ? 'The reading failed.' : 'The document is read.';
}

function BeingRead({ progress }: { progress: ReadSoFar | undefined }) {
  const { progress: percent = 0, pages_processed: done = 0, total_pages: total = 0 } = progress ?? {};
  return (
    <div class="sheet">
      <p>
        <label for="reading">The document is being read. This page follows it.</label>
      </p>
      <progress id="reading" max={100} value={percent} />
      <p class="quiet">
        {total > 0 ? `${done} of ${total} pages in this stage` : 'It waits for its turn, or is being opened.'}
      </p>
    </div>
  );
}

interface LinksProps {
  id: string;
  hasRecord: boolean;
  mayCorrect: boolean;
}

function Links({ id, hasRecord, mayCorrect }: LinksProps) {
  const page = `document/${encodeURIComponent(id)}`;
  const route = `api/${page}`;
  return (
    <nav class="actions record-links" aria-label="This document">
      {hasRecord && (
        <>
          {mayCorrect && (
            <a class="button primary" href={addressOf(`${page}/review`)}>
              Review
            </a>
          )}
          <a class="button" href={addressOf(`${page}/compare`)}>
            Side by side
          </a>
          <a class="button" href={addressOf(`${page}/print`)}>
            Print
          </a>
          <a class="button" href={addressOf(`${route}/export.csv`)} download>
            CSV
          </a>
          <a class="button" href={addressOf(`${route}/export.json`)} download>
            JSON
          </a>
        </>
      )}
      <a class="button" href={addressOf(`${route}/pdf`)} download>
        PDF
      </a>
    </nav>
  );
}

/** Has what failed asked again. */
function Retry({ id, onStarted }: { id: string; onStarted: () => void }) {
  const [isSent, setSent] = useState(false);
  const [problem, setProblem] = useState<string>();
  const send = async () => {
    setSent(true);
    setProblem(undefined);
    try {
      await post(`api/document/${encodeURIComponent(id)}/retry`);
      onStarted();
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      setProblem(error.message);
    } finally {
      setSent(false);
    }
  };
  return (
    <>
      <button type="button" disabled={isSent} onClick={() => void send()}>
        Try again what failed
      </button>
      {problem && (
        <p class="bad" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}
