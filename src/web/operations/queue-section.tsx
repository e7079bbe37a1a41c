import { useState } from 'preact/hooks';
import type { AtWork, Replicas } from '../../api/operations.js';
import { TableHead } from '../parts/table-head.js';
import type { Act } from './acts.js';
import type { Part } from './asked.js';
import { durationOf, NONE, numberOf } from './figures.js';
import { DocumentLink, shortId } from './recent-section.js';
import { Section, Wide } from './section.js';

const STAGES: Readonly<Record<string, string>> = {
  ocr_extraction: 'page texts',
  account_splitting: 'accounts',
  page_analysis: 'page analysis',
  llm_extraction: 'fields',
};
const WHERE = { here: 'read here', elsewhere: 'read elsewhere', waiting: 'waits' };
const MOST_HOURS = 168;

/** What is read and waits, and what can be done about it. */
export function QueueSection({ part, act }: { part: Part<AtWork>; act: Act }) {
  return (
    <Section title="Queue" part={part}>
      {({ documents, total }) => (
        <>
          <p>
            {total === 0
              ? 'Nothing is read and nothing waits.'
              : `${numberOf(total)} ${total === 1 ? 'document is' : 'documents are'} read or waiting${documents.length < total ? `; the oldest ${documents.length} are shown` : ''}.`}
          </p>
          {documents.length > 0 && (
            <Wide label="Documents that are read or wait">
              <QueueTable documents={documents} act={act} />
            </Wide>
          )}
          <RetryAll act={act} />
        </>
      )}
    </Section>
  );
}

function QueueTable({ documents, act }: { documents: AtWork['documents']; act: Act }) {
  return (
    <table>
      <caption class="unseen">Documents that are read or wait, the oldest first</caption>
      <TableHead names={['Document', 'Age', 'Plan', 'Where', 'Stage', 'Pages', 'Owner’s mark', 'Action']} />
      <tbody>
        {documents.map((document) => (
          <tr key={document.id}>
            <th scope="row">
              <DocumentLink id={document.id} />
            </th>
            <td>{durationOf(document.age_seconds)}</td>
            <td>{document.plan ?? NONE}</td>
            <td>
              {WHERE[document.where]}
              {document.replica === null ? '' : ` (${document.replica})`}
            </td>
            <td>{STAGES[document.stage] ?? document.stage}</td>
            <td>{document.total_pages === 0 ? NONE : `${document.pages_done} of ${document.total_pages}`}</td>
            <td>{document.owner.slice(0, 6)}</td>
            <td>
              <button
                type="button"
                aria-label={`Cancel ${shortId(document.id)}`}
                onClick={() =>
                  act({
                    question: `Cancel document ${shortId(document.id)}?`,
                    explained:
                      'It fails with “Cancelled”, wherever it is read or waits. Answers that were paid for are kept: it can be retried later.',
                    confirm: 'Cancel the document',
                    path: `ops/documents/${document.id}/cancel`,
                  })
                }
              >
                Cancel
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function RetryAll({ act }: { act: Act }) {
  const [hours, setHours] = useState('24');
  return (
    <form
      class="retry"
      onSubmit={(event) => {
        event.preventDefault();
        act({
          question: `Retry all documents that failed in the last ${hours} ${hours === '1' ? 'hour' : 'hours'}?`,
          explained:
            'Those that were cancelled are left out. As many as there are places for are begun; each call is paid for.',
          confirm: 'Retry them',
          path: `ops/retry?hours=${hours}`,
        });
      }}
    >
      <label>
        Failed in the last{' '}
        <input
          type="number"
          min="1"
          max={MOST_HOURS}
          step="1"
          required
          value={hours}
          onInput={({ currentTarget }) => setHours(currentTarget.value)}
        />{' '}
        hours
      </label>
      <button type="submit">Retry all of them</button>
    </form>
  );
}

/** The processes that share the work. */
export function ReplicasSection({ part, act }: { part: Part<Replicas>; act: Act }) {
  if (part.answer?.replicas.length === 0 && part.error === undefined) return null;
  return (
    <Section title="Replicas" part={part}>
      {({ replicas, calls }) => (
        <>
          <p>
            {numberOf(calls.under_way)} {calls.under_way === 1 ? 'call is' : 'calls are'} under way
            {calls.concurrency === null ? '' : `; at most ${numberOf(calls.concurrency)} at once`}. A replica
            that is gone is shown for an hour; what it read goes on elsewhere.
          </p>
          <Wide label="Replicas">
            <table>
              <caption class="unseen">Processes that share the work</caption>
              <TableHead
                names={['Replica', 'State', 'Seen', 'Started', 'Documents', 'Calls', 'Version', 'Action']}
              />
              <tbody>
                {replicas.map((replica) => (
                  <tr key={replica.id}>
                    <th scope="row">
                      {replica.name}
                      {replica.is_this && ' (this one)'}
                    </th>
                    <td>{STATES[replica.state]}</td>
                    <td>{durationOf(replica.seen_seconds_ago)} ago</td>
                    <td>{durationOf(replica.started_seconds_ago)} ago</td>
                    <td>{replica.documents}</td>
                    <td>{replica.calls}</td>
                    <td>{replica.version}</td>
                    <td>
                      {replica.documents > 0 && !replica.is_this && (
                        <button
                          type="button"
                          aria-label={`Take over ${replica.name}`}
                          onClick={() =>
                            act({
                              question: `Take over what ${replica.name} reads?`,
                              explained:
                                'Its documents go on elsewhere at once, whether it lives or not. One that lives starts no more calls for them.',
                              confirm: 'Take over',
                              path: `ops/replicas/${replica.id}/takeover`,
                            })
                          }
                        >
                          Take over
                        </button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Wide>
        </>
      )}
    </Section>
  );
}

const STATES = {
  alive: 'alive',
  hung: 'hung: not seen, still connected',
  gone: 'gone',
};
