import { z } from 'zod';
import type { PathName, PathSums, Recent, RecentDocumentForOps, Spread } from '../api/recent.js';
import { CANCELLED } from '../documents/outcome.js';
import { formatPlan, processingPlan } from '../processor/plan.js';
import type { RecentDocument } from '../store/recent.js';
import { wilsonInterval } from '../wilson.js';

/** What is read of an event that a document began with. */
const accepted = z.object({ type: z.literal('accepted'), plan: processingPlan, reason: z.string() });

/** And of one that it ended with: as much of it as has been kept by each version that kept events. */
const ended = z.object({
  type: z.enum(['completed', 'failed']),
  error: z.string().nullish(),
  plan: processingPlan,
  total_pages: z.int().nullable(),
  failed_pages: z.int(),
  usage: z.object({ calls: z.int(), salvage_calls: z.int(), cost_usd: z.number().nullable() }),
  seconds: z.number(),
});

const PATHS: readonly PathName[] = ['single-page', 'batch'];

/** What ops are told of the documents that came last. */
export function recentForOps(documents: readonly RecentDocument[]): Recent {
  const told = documents.map(toldOf);
  return { documents: told, paths: PATHS.flatMap((path) => sumsOf(path, told)) };
}

function toldOf(document: RecentDocument): RecentDocumentForOps {
  const { id, status, calls, uploadedAt } = document;
  const first = accepted.safeParse(document.first).data;
  const isRead = status !== 'extracting';
  const end = isRead ? ended.safeParse(document.last).data : undefined;
  const plan = end?.plan ?? document.plan ?? first?.plan ?? null;
  const isCancelled = end?.error === CANCELLED;
  return {
    id,
    path: plan?.path ?? null,
    plan: plan && formatPlan(plan),
    reason: first ? reasonOf(first, plan && formatPlan(plan)) : null,
    status: statusOf(status),
    is_cancelled: isCancelled,
    is_read_again: end !== undefined && !isCancelled && calls !== null && calls > end.usage.calls,
    calls: end?.usage.calls ?? null,
    salvage_calls: end?.usage.salvage_calls ?? null,
    seconds: end?.seconds ?? null,
    cost_usd: end?.usage.cost_usd ?? null,
    pages: end?.total_pages ?? null,
    failed_pages: end?.failed_pages ?? null,
    at: uploadedAt,
  };
}

function statusOf(status: string): RecentDocumentForOps['status'] {
  return status === 'completed' || status === 'failed' ? status : 'extracting';
}

/** A document keeps its plan; all that can take it away is the switch to page by page. */
function reasonOf(first: z.infer<typeof accepted>, plan: string | null): string {
  return plan === formatPlan(first.plan) ? first.reason : 'forced';
}

/** A document that has ended, as far as it says something of its path. */
export type Counted = RecentDocumentForOps & { calls: number; seconds: number; pages: number };

/** Whether a document says something of what its path takes. */
export function isCounted(document: RecentDocumentForOps): document is Counted {
  const { calls, seconds, pages, is_cancelled, is_read_again } = document;
  if (is_cancelled || is_read_again || seconds === null) return false;
  return calls !== null && calls > 0 && pages !== null && pages > 0;
}

function sumsOf(path: PathName, documents: readonly RecentDocumentForOps[]): PathSums[] {
  const counted = documents.filter(isCounted).filter((document) => document.path === path);
  const failed = counted.filter((document) => document.status === 'failed' || document.failed_pages !== 0);
  const [count, of] = [failed.length, counted.length];
  if (of === 0) return [];
  const total = (of: (document: Counted) => number) => counted.reduce((sum, each) => sum + of(each), 0);
  return [
    {
      path,
      documents: of,
      pages: total(({ pages }) => pages),
      calls: total(({ calls }) => calls),
      salvage_calls: total((document) => document.salvage_calls ?? 0),
      seconds_a_page: spreadOf(counted.map(({ seconds, pages }) => seconds / pages)),
      calls_a_page: spreadOf(counted.map(({ calls, pages }) => calls / pages)),
      cost_a_page: spreadOf(
        counted.flatMap(({ cost_usd, pages }) => (cost_usd === null ? [] : cost_usd / pages)),
      ),
      failures: { count, of, share: count / of, ...wilsonInterval(count, of) },
    },
  ];
}

function spreadOf(numbers: readonly number[]): Spread | null {
  const sorted = numbers.toSorted((one, other) => one - other);
  const median = quantile(sorted, 0.5);
  const p90 = quantile(sorted, 0.9);
  return median === undefined || p90 === undefined ? null : { median, p90 };
}

/** Between the two numbers beside its place, in proportion. */
export function quantile(sorted: readonly number[], share: number): number | undefined {
  const place = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (below === undefined || above === undefined) return undefined;
  return below + (place - Math.floor(place)) * (above - below);
}
