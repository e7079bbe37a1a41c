import { z } from 'zod';
import { ANSWER_FORMS, type AnswerForm } from '../llm/wire.js';

/**
 * How a request is processed: one page a call, one after the other (the path of the system being
 * replaced), or batches of up to `batchSize` pages with up to `maxWorkers` calls at once;
 * `maxWorkers` 1 is batches one after the other. Batches are answered as lines unless `answerForm` says otherwise.
 */
export type ProcessingPlan =
  | { path: 'single-page' }
  | { path: 'batch'; batchSize: number; maxWorkers: number; answerForm?: AnswerForm | undefined };

export type BatchPlan = Extract<ProcessingPlan, { path: 'batch' }>;

/** Batches whose size is chosen for each document; at most `maxWorkers` calls at once, where given. */
export interface AutoPlan {
  path: 'batch';
  batchSize: 'auto';
  maxWorkers?: number | undefined;
  answerForm?: AnswerForm | undefined;
}

/** What may be asked for: a plan, or that one is made for each document. */
export type PlanChoice = ProcessingPlan | AutoPlan;

export const SINGLE_PAGE: ProcessingPlan = { path: 'single-page' };

export const MOST_PAGES_A_BATCH = 10;
export const MOST_WORKERS = 20;

const clamped = (most: number) => z.int().transform((value) => Math.min(most, Math.max(1, value)));

/** The sizes of a batch plan, as the payload of a flag holds them; clamped like those of a plan. */
const batchSizes = z.object({
  batchSize: clamped(MOST_PAGES_A_BATCH),
  maxWorkers: clamped(MOST_WORKERS),
  answerForm: z.enum(ANSWER_FORMS).optional(),
});

/** The same where the size is left to Quire. */
const autoSizes = z.object({
  batchSize: z.literal('auto'),
  maxWorkers: clamped(MOST_WORKERS).optional(),
  answerForm: z.enum(ANSWER_FORMS).optional(),
});

/** What the payload of a flag may hold. @internal */
export const planSizes = z.union([batchSizes, autoSizes]);

/** A batch plan from outside; `batchSize` is clamped to 1..10 and `maxWorkers` to 1..20 (DESIGN, Rollout). @internal */
export const batchPlan = batchSizes.extend({ path: z.literal('batch') }).strict();

/** A plan from outside, sizes clamped in the same way. @internal */
export const processingPlan = z.discriminatedUnion('path', [
  z.strictObject({ path: z.literal('single-page') }),
  batchPlan,
]);

/** The same, or one that leaves the size to Quire. @internal */
export const planChoice = z.union([processingPlan, autoSizes.extend({ path: z.literal('batch') }).strict()]);

export function isAuto(plan: PlanChoice): plan is AutoPlan {
  return plan.path === 'batch' && plan.batchSize === 'auto';
}

/** The short form in headers and logs: `single-page` or `batch 3x5`; `batch auto` or `batch autox5`. */
export function formatPlan(plan: PlanChoice): string {
  if (plan.path !== 'batch') return plan.path;
  const workers = plan.maxWorkers === undefined ? '' : `x${plan.maxWorkers}`;
  return `batch ${plan.batchSize}${workers}`;
}

/** Reads the short form of a choice; undefined where the text is none. */
export function parsePlanChoice(text: string): PlanChoice | undefined {
  const [isAuto, maxWorkers] = /^batch auto(?:x(\d+))?$/.exec(text) ?? [];
  if (isAuto === undefined) return parsePlan(text);
  const sizes = { batchSize: 'auto', ...(maxWorkers && { maxWorkers: Number(maxWorkers) }) };
  return planChoice.safeParse({ path: 'batch', ...sizes }).data;
}

/** Reads the short form of a plan back; undefined where the text is none. */
export function parsePlan(text: string): ProcessingPlan | undefined {
  if (text === 'single-page') return SINGLE_PAGE;
  const [, batchSize, maxWorkers] = /^batch (\d+)x(\d+)$/.exec(text) ?? [];
  return processingPlan.safeParse({
    path: 'batch',
    batchSize: Number(batchSize),
    maxWorkers: Number(maxWorkers),
  }).data;
}
