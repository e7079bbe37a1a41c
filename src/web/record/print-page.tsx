import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ExportedCorrection, ExportedDocument } from '../../api/export.js';
import { call, CallError } from '../call.js';
import { Frame } from '../parts/frame.js';
import { documentFailureWords, failureWords } from '../parts/failure-words.js';
import { ROWS_AT_ONCE, useGrowing } from '../parts/growing.js';
import { unlessSame } from '../parts/unless-same.js';
import { cutText, spokenName } from '../parts/long-text.js';
import { keyOf } from '../parts/review.js';
import { TableHead } from '../parts/table-head.js';
import { timeOf } from '../parts/time.js';
import { addressOf } from '../place.js';
import './print.css';
import { aboutReading, noteSentence, type AboutReading } from './special-pages.js';
import { planWords } from './summary.js';
import { accountsOf, isEmpty, pagesInWords, standingOf, standingWords, valueOf } from '../parts/standing.js';

const TITLE_MOST = 200;
const LONG = 400;
const LONG_LINES = 15;

/** The whole record of a document, as it goes on paper. */
export function PrintPage({ id }: { id: string }) {
  const [exported, setExported] = useState<ExportedDocument>();
  const [trouble, setTrouble] = useState<string>();
  useEffect(() => {
    const gone = new AbortController();
    const ask = async () => {
      try {
        const path = `api/document/${encodeURIComponent(id)}/export.json`;
        setExported(await call<ExportedDocument>(path, { signal: gone.signal }));
      } catch (error) {
        if (gone.signal.aborted) return;
        if (!(error instanceof CallError)) throw error;
        setTrouble(
          error.status === 404 ? 'There is no document at this address that you may read.' : error.message,
        );
      }
    };
    void ask();
    return () => gone.abort();
  }, [id]);
  if (!exported) {
    return (
      <Frame title="Print view">
        {trouble === undefined ? (
          <p role="status">The record is being fetched…</p>
        ) : (
          <p class="bad" role="alert">
            {trouble}
          </p>
        )}
      </Frame>
    );
  }
  return <Paper id={id} exported={exported} />;
}

/** A field as it is printed. */
interface PrintedField {
  name: string;
  value: string;
  corrected: ExportedCorrection | undefined;
  stands: string;
  support: number | undefined;
  confidence: number | undefined;
}

interface PrintedAccount {
  /** null for all pages of a document in which none names an account. */
  number: string | null;
  pages: readonly number[];
  /** A part of its fields each, with how many stand before it in the document. */
  parts: { before: number; fields: PrintedField[] }[];
}

function Paper({ id, exported }: { id: string; exported: ExportedDocument }) {
  const { document, record, notes, corrections } = exported;
  const { fields, accounts } = useMemo(() => printed(exported), [exported]);
  const drawn = useGrowing(fields.length);
  const isWhole = drawn >= fields.length;
  const title = cutText(document.document_name || document.filename, TITLE_MOST);
  const print = (
    <div class="actions">
      <button type="button" class="primary" disabled={!isWhole} onClick={() => window.print()}>
        Print
      </button>
      <a class="button" href={addressOf(`document/${encodeURIComponent(id)}`)}>
        Record
      </a>
    </div>
  );
  return (
    <Frame title={title} tab={`Print view of ${title}`} beside={print}>
      <div class="printed">
        {!isWhole && <p class="notice">Not all of the record is here yet. Print when it is.</p>}
        <About exported={exported} />
        <Missing
          about={aboutReading(record, notes)}
          isFailed={document.status === 'failed'}
          error={document.error}
        />
        {accounts.length === 0 && <p>No fields were read.</p>}
        {accounts.map(({ number, pages, parts }, index) => (
          // Where it is wider than a phone, it is moved by the arrow keys.
          <section key={number} class="printed-account" tabIndex={0} aria-labelledby={`account-${index}`}>
            <h2 id={`account-${index}`}>
              {number === null ? (
                'Whole document'
              ) : (
                <>
                  Account <bdi>{number}</bdi>
                </>
              )}
            </h2>
            <p class="quiet">Read on {pagesInWords(pages)}.</p>
            <table>
              <TableHead
                names={[
                  'Field',
                  'Value as read',
                  'Checked by a person',
                  'Stands on',
                  'Support',
                  'Confidence',
                ]}
              />
              {parts
                .filter(({ before }) => before < drawn)
                .map(({ before, fields }) => (
                  <Rows key={before} fields={fields} />
                ))}
            </table>
          </section>
        ))}
        <p class="quiet printed-end">
          Support says how far a value can be trusted by what stands on its page, and confidence what the
          model says of itself, each of 100.
          {corrections.length > 0 && ' A value that a person gave counts in place of the one read.'}
        </p>
      </div>
    </Frame>
  );
}

function About({ exported: { document, record } }: { exported: ExportedDocument }) {
  return (
    <dl class="summary">
      <div>
        <dt>File</dt>
        <dd>
          <bdi>{document.filename}</bdi>
        </dd>
      </div>
      <div>
        <dt>Read</dt>
        <dd>
          {timeOf(document.processed_date)}, {planWords(record.plan)}
        </dd>
      </div>
      <div>
        <dt>Pages</dt>
        <dd>{document.total_pages}</dd>
      </div>
      <div>
        <dt>Document</dt>
        <dd>{document.id}</dd>
      </div>
    </dl>
  );
}

interface MissingProps {
  about: AboutReading;
  isFailed: boolean;
  error: string | null;
}

/** What the record does not hold, and what was remarked about its reading. */
function Missing({ about: { failed, lists, notes }, isFailed, error }: MissingProps) {
  const missing = lists.filter(({ isMissing }) => isMissing);
  const isWhole = !isFailed && failed.length === 0 && missing.length === 0;
  return (
    <>
      {isWhole && notes.length === 0 && <p>Nothing is missing: every page was read.</p>}
      {!isWhole && (
        <section
          class={isFailed || failed.length > 0 ? 'printed-missing failed' : 'printed-missing'}
          aria-labelledby="missing"
        >
          <h2 id="missing">What is missing</h2>
          {isFailed && <p>{documentFailureWords(error ?? 'The document could not be read.')}</p>}
          <ul>
            {failed.map(({ page, reason, account, said }) => (
              <li key={`${page} ${reason}`}>
                <strong>Page {page}</strong> failed because {failureWords(reason)}
                {account !== null && (
                  <>
                    {' '}
                    (account <bdi>{account}</bdi>)
                  </>
                )}
                .
                {said.map((detail) => (
                  <span key={detail} class="by">
                    The model service said: <bdi>{cutText(detail)}</bdi>
                  </span>
                ))}
              </li>
            ))}
            {missing.map(({ title, pages, told }) => (
              <li key={title}>
                <strong>{title}</strong>: {pagesInWords(pages)}. {told}
              </li>
            ))}
          </ul>
        </section>
      )}
      {notes.length > 0 && (
        <section class="printed-missing" aria-labelledby="notes">
          <h2 id="notes">Notes about the reading</h2>
          <ul>
            {notes.map((note, index) => (
              <li key={index}>
                {note.page !== undefined && <strong>Page {note.page}: </strong>}
                <bdi>{cutText(noteSentence(note))}</bdi>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** Some rows, drawn once. */
const Rows = unlessSame(function Rows({ fields }: { fields: readonly PrintedField[] }) {
  return (
    <tbody>
      {fields.map(({ name, value, corrected, stands, support, confidence }) => (
        <tr key={name} class={isLong(value) || isLong(corrected?.value ?? '') ? 'is-long' : undefined}>
          <th scope="row">
            <bdi>{spokenName(name)}</bdi>
          </th>
          <td class={corrected?.action === 'corrected' ? 'replaced' : undefined}>
            <bdi>{value}</bdi>
          </td>
          <td>{corrected && <Checked of={corrected} />}</td>
          <td>{stands}</td>
          <td>{support === undefined ? '' : Math.floor(support)}</td>
          <td>{confidence === undefined ? '' : Math.round(confidence)}</td>
        </tr>
      ))}
    </tbody>
  );
});

/** Of so many characters or lines that its row would leave much of a sheet empty, if it were kept whole. */
function isLong(value: string): boolean {
  return value.length > LONG || value.split('\n').length > LONG_LINES;
}

function Checked({ of: { action, value, person, at } }: { of: ExportedCorrection }) {
  return (
    <>
      {action === 'corrected' && (
        <strong>
          <bdi>{value === '' ? '(empty)' : value}</bdi>
        </strong>
      )}
      <span class="by">
        {action === 'corrected' ? 'corrected' : 'confirmed'}
        {person !== null && (
          <>
            {' '}
            by <bdi>{person}</bdi>
          </>
        )}
        , {timeOf(at)}
      </span>
    </>
  );
}

function printed({ record, evidence, corrections }: ExportedDocument): {
  fields: PrintedField[];
  accounts: PrintedAccount[];
} {
  const said = new Map(corrections.map((each) => [keyOf(each), each]));
  const all: PrintedField[] = [];
  const accounts = accountsOf(record).map((account, index): PrintedAccount => {
    const known = evidence?.[index];
    const parts: PrintedAccount['parts'] = [];
    const fields = Object.entries(account.result).map(([name, field]): PrintedField => {
      const { value, confidence } = valueOf(field);
      const last = said.get(keyOf({ account: account.accountNumber, field: name }));
      // What was said of a value that was read anew as something else does not hold any more.
      const holds = last && last.action !== 'reopened' && last.read_value === value;
      const support = known?.support && Object.hasOwn(known.support, name) ? known.support[name] : undefined;
      return {
        name,
        value,
        confidence,
        corrected: holds ? last : undefined,
        stands: isEmpty(value) ? '' : standingWords(standingOf(account, name, known)),
        support: support?.support ?? undefined,
      };
    });
    for (let from = 0; from < fields.length; from += ROWS_AT_ONCE) {
      parts.push({ before: all.length + from, fields: fields.slice(from, from + ROWS_AT_ONCE) });
    }
    all.push(...fields);
    return { number: account.accountNumber, pages: account.pages, parts };
  });
  return { fields: all, accounts };
}
