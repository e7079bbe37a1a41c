import { z } from 'zod';

/**
 * How a request is processed: one page a call, one after the other (the path of the system being
 * replaced), or batches of up to `batchSize` pages with up to `maxWorkers` calls at once;
 * `maxWorkers` 1 is batches one after the other.
 */
export type ProcessingPlan =
  { path: 'single-page' } | { path: 'batch'; batchSize: number; maxWorkers: number };

export const SINGLE_PAGE: ProcessingPlan = { path: 'single-page' };

export const MOST_PAGES_A_BATCH = 10;
export const MOST_WORKERS = 20;

const clamped = (most: number) => z.int().transform((value) => Math.min(most, Math.max(1, value)));

/** The sizes of a batch plan, as the payload of a flag holds them; clamped like those of a plan. */
export const batchSizes = z.object({
  batchSize: clamped(MOST_PAGES_A_BATCH),
  maxWorkers: clamped(MOST_WORKERS),
});

/** A plan from outside; `batchSize` is clamped to 1..10 and `maxWorkers` to 1..20 (DESIGN, Rollout). */
export const processingPlan = z.discriminatedUnion('path', [
  z.strictObject({ path: z.literal('single-page') }),
  batchSizes.extend({ path: z.literal('batch') }).strict(),
]);

/** The short form in headers and logs: `single-page` or `batch 3x5`. */
export function formatPlan(plan: ProcessingPlan): string {
  return plan.path === 'batch' ? `batch ${plan.batchSize}x${plan.maxWorkers}` : plan.path;
}

/** Reads the short form back; undefined where the text is no plan. */
export function parsePlan(text: string): ProcessingPlan | undefined {
  if (text === 'single-page') return SINGLE_PAGE;
  const [, batchSize, maxWorkers] = /^batch (\d+)x(\d+)$/.exec(text) ?? [];
  return processingPlan.safeParse({
    path: 'batch',
    batchSize: Number(batchSize),
    maxWorkers: Number(maxWorkers),
  }).data;
}
