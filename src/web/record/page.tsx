import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { addressOf, ROOT } from '../place.js';
import { CallError, post } from '../call.js';
import { useDocument, type KeptDocument, type ReadSoFar } from '../parts/document.js';
import { documentFailureWords } from '../parts/failure-words.js';
import { Frame } from '../parts/frame.js';
import { cutText } from '../parts/long-text.js';
import { keyOf, useReview } from '../parts/review.js';
import { Accounts } from './accounts.js';
import { Calls } from './calls.js';
import type { ChosenValue } from './fields.js';
import { Notes } from './notes.js';
import { PageLists } from './page-lists.js';
import './record.css';
import { accountsOf } from './standing.js';
import { Summary } from './summary.js';
import { Viewer, type Looked } from './viewer.js';

const TITLE_MOST = 120;

/** What was read of a document, each value beside the page it stands on. */
export function RecordPage({ id }: { id: string }) {
  const { document, evidence, notes, access, progress, error, reload } = useDocument(id);
  const isRead = document !== undefined && document.status !== 'extracting' && document.documents.length > 0;
  const { values } = useReview(id, isRead);
  const said = useMemo(() => new Map(values.map((value) => [keyOf(value), value])), [values]);
  const [shown, show] = useState(0);
  const [look, setLook] = useState<{ at: Looked; isByKeys: boolean }>();
  const from = useRef<Element | null>(null);
  const lookAt = useCallback((at: Looked, isByKeys: boolean) => {
    from.current = window.document.activeElement;
    setLook({ at, isByKeys });
  }, []);
  const onChoose = useCallback(
    (value: ChosenValue, isByKeys: boolean) => lookAt({ value }, isByKeys),
    [lookAt],
  );
  const onPage = useCallback((page: number, isByKeys: boolean) => lookAt({ page }, isByKeys), [lookAt]);
  const close = useCallback(() => setLook(undefined), []);
  // Once the picture is gone: as long as it lies over the record, nothing below can have the keys.
  useEffect(() => {
    if (look || !(from.current instanceof HTMLElement)) return;
    from.current.focus();
    from.current = null;
  }, [look]);

  if (!document) return <NotShown error={error} />;
  const [record] = document.documents;
  const accounts = accountsOf(record);
  const retry = access.own && <Retry id={id} onStarted={reload} />;
  const isBeingRead = document.status === 'extracting';
  return (
    <Frame
      title={cutText(document.document_name || document.filename, TITLE_MOST)}
      beside={<State document={document} />}
    >
      {error && (
        <p class="bad" role="alert">
          {error.message}
        </p>
      )}
      {isBeingRead && <BeingRead progress={progress} />}
      {document.status === 'failed' && (
        <div class="bad" role="alert">
          <p>{documentFailureWords(document.error ?? 'The document could not be read.')}</p>
          {retry}
        </div>
      )}
      <div class={look ? 'record looked' : 'record'}>
        <div class="record-told">
          <Links id={id} hasRecord={record !== undefined} mayCorrect={access.correct} />
          <Summary document={document} />
          {record && (
            <>
              {accounts.length > 0 ? (
                <Accounts
                  accounts={accounts}
                  evidence={evidence}
                  said={said}
                  shown={Math.min(shown, accounts.length - 1)}
                  onShow={(index) => {
                    show(index);
                    from.current = null;
                    setLook(undefined);
                  }}
                  chosen={look && 'value' in look.at ? look.at.value.name : undefined}
                  onChoose={onChoose}
                />
              ) : (
                <p class="sheet">No fields were read.</p>
              )}
              <PageLists
                record={record}
                notes={notes}
                onPage={onPage}
                retry={document.status === 'completed' && retry}
              />
              <Notes notes={notes.filter(({ kind }) => kind !== 'service_refused')} onPage={onPage} />
            </>
          )}
          <Calls id={id} isBeingRead={isBeingRead} />
        </div>
        {look && (
          <Viewer
            document={id}
            pages={Math.max(document.total_pages, 1)}
            looked={look.at}
            isByKeys={look.isByKeys}
            onClose={close}
          />
        )}
      </div>
    </Frame>
  );
}

function NotShown({ error }: { error: CallError | undefined }) {
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
      <p class={isUnknown ? undefined : 'bad'} role="alert">
        {isUnknown ? 'It was deleted, or it is somebody else’s, or the address is not whole.' : error.message}
      </p>
      <p>
        <a href={ROOT.href}>Go to the documents.</a>
      </p>
    </Frame>
  );
}

function State({ document }: { document: KeptDocument }) {
  if (document.status === 'extracting') return null;
  if (document.status === 'failed') return <p class="bad badge">Failed</p>;
  const [record] = document.documents;
  return record?.needs_human_review ? (
    <p class="notice badge">Needs review</p>
  ) : (
    <p class="good badge">Read</p>
  );
}

function BeingRead({ progress }: { progress: ReadSoFar | undefined }) {
  const { progress: percent = 0, pages_processed: done = 0, total_pages: total = 0 } = progress ?? {};
  return (
    <div class="sheet">
      <p>
        <label for="reading">The document is being read. This page follows it.</label>
      </p>
      <progress id="reading" max={100} value={percent} />
      <p class="quiet" role="status">
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
