import type { ComponentChildren } from 'preact';
import type { KeptDocument } from '../parts/document.js';
import { LongText } from '../parts/long-text.js';
import { accountsOf } from '../parts/standing.js';

const STATES = { extracting: 'Being read', completed: 'Read', failed: 'Failed' } as const;

/** What became of a document, and what it took. */
export function Summary({ document }: { document: KeptDocument }) {
  const [record] = document.documents;
  const { llm_calls: calls, cost_usd: cost, unknown_usage_calls: unknown } = document.processing_cost;
  // What was read of the same pages before is not asked for again.
  const isAnswered = accountsOf(record).some(({ filled_fields: filled }) => filled > 0);
  return (
    <dl class="summary">
      <Entry name="State">{STATES[document.status]}</Entry>
      <Entry name="File">
        <LongText text={document.filename} most={80} />
      </Entry>
      {document.total_pages > 0 && <Entry name="Pages">{document.total_pages}</Entry>}
      {record && (
        <Entry name="Read">
          {planWords(record.plan)}, in {seconds(record.timings.total_ms)}
        </Entry>
      )}
      <Entry name="Model calls">
        {calls}
        {calls === 0 && isAnswered && ' (its answers were there already, from the same pages)'}
        {unknown ? ` (${unknown} more may have been billed)` : ''}
      </Entry>
      <Entry name="Cost">
        {cost === null ? 'not known' : `$${cost.toFixed(cost > 0 && cost < 0.1 ? 4 : 2)}`}
      </Entry>
    </dl>
  );
}

function Entry({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** How its pages were asked about. */
export function planWords(plan: KeptDocument['documents'][number]['plan']): string {
  if (plan.path === 'single-page') return 'page by page';
  const { batchSize, maxWorkers } = plan;
  return `in batches of up to ${batchSize} pages, ${maxWorkers} at once`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
