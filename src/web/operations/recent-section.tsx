import { useState } from 'preact/hooks';
import type { PathName, Recent, RecentDocumentForOps } from '../../api/recent.js';
import { addressOf } from '../place.js';
import { TableHead } from '../parts/table-head.js';
import type { Act } from './acts.js';
import type { Part } from './asked.js';
import { dollarsOf, NONE, numberOf, secondsOf, timeOf } from './figures.js';
import { Section, Wide } from './section.js';

const FIRST_SHOWN = 20;
const FILTERS: readonly (readonly [value: PathName | '', name: string])[] = [
  ['', 'Both paths'],
  ['batch', 'In batches'],
  ['single-page', 'Page by page'],
];

const REASONS: Readonly<Record<string, string>> = {
  forced: 'forced',
  fixed: 'fixed plan',
  flag: 'flag on',
  flag_off: 'flag off',
  payload_invalid: 'payload is no plan',
  rolled_back: 'rolled back',
  resumed: 'as it was begun',
  probe: 'tries batches',
};

/** The last documents, by path. */
export function RecentSection({ part, act }: { part: Part<Recent>; act: Act }) {
  const [path, setPath] = useState<PathName | ''>('');
  const [isWhole, setIsWhole] = useState(false);
  return (
    <Section title="Last documents" part={part}>
      {({ documents }) => {
        const found = documents.filter((document) => path === '' || document.path === path);
        const shown = isWhole ? found : found.slice(0, FIRST_SHOWN);
        return (
          <>
            <p>
              <label>
                Path{' '}
                <select
                  value={path}
                  onChange={({ currentTarget }) => setPath(currentTarget.value as PathName | '')}
                >
                  {FILTERS.map(([value, name]) => (
                    <option key={value} value={value}>
                      {name}
                    </option>
                  ))}
                </select>
              </label>
            </p>
            {found.length === 0 ? (
              <p class="quiet">There is none.</p>
            ) : (
              <Wide label="Last documents">
                <RecentTable documents={shown} act={act} />
              </Wide>
            )}
            {shown.length < found.length && (
              <p>
                <button type="button" onClick={() => setIsWhole(true)}>
                  Show all {found.length}
                </button>
              </p>
            )}
            <p class="quiet">A document opens for who may read it.</p>
          </>
        );
      }}
    </Section>
  );
}

function RecentTable({ documents, act }: { documents: readonly RecentDocumentForOps[]; act: Act }) {
  return (
    <table>
      <caption class="unseen">The last documents, the newest first</caption>
      <TableHead
        names={['Document', 'Uploaded', 'Plan', 'Why', 'State', 'Pages', 'Calls', 'Time', 'Cost', 'Action']}
      />
      <tbody>
        {documents.map((document) => (
          <tr key={document.id}>
            <th scope="row">
              <DocumentLink id={document.id} />
            </th>
            <td>{timeOf(document.at)}</td>
            <td>{document.plan ?? NONE}</td>
            <td>{document.reason === null ? NONE : (REASONS[document.reason] ?? document.reason)}</td>
            <td>{stateOf(document)}</td>
            <td>
              {numberOf(document.pages)}
              {document.failed_pages ? `, ${document.failed_pages} failed` : ''}
            </td>
            <td>
              {numberOf(document.calls)}
              {document.salvage_calls ? `, ${document.salvage_calls} of salvage` : ''}
            </td>
            <td>{secondsOf(document.seconds)}</td>
            <td>{dollarsOf(document.cost_usd)}</td>
            <td>
              {isToRetry(document) && (
                <button
                  type="button"
                  aria-label={`Retry ${shortId(document.id)}`}
                  onClick={() =>
                    act({
                      question: `Ask again what document ${shortId(document.id)} lacks?`,
                      explained: 'Its failed pages are asked again, under its plan. Each call is paid for.',
                      confirm: 'Retry',
                      path: `ops/documents/${document.id}/retry`,
                    })
                  }
                >
                  Retry
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Leads to the document, by the beginning of its id. */
export function DocumentLink({ id, to = '' }: { id: string; to?: string }) {
  return <a href={addressOf(`document/${id}${to}`)}>{shortId(id)}</a>;
}

export function shortId(id: string): string {
  return id.slice(0, 8);
}

function stateOf({
  status,
  is_cancelled: isCancelled,
  is_read_again: isAgain,
}: RecentDocumentForOps): string {
  if (status === 'extracting') return 'being read';
  if (isCancelled) return 'cancelled';
  const state = status === 'failed' ? 'failed' : 'read';
  return isAgain ? `${state}, again` : state;
}

function isToRetry({ status, failed_pages: failed }: RecentDocumentForOps): boolean {
  return status === 'failed' || (status === 'completed' && failed !== null && failed > 0);
}
