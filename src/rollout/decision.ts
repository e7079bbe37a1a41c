import { z } from 'zod';
import type { Logger } from '../logger.js';
import {
  isAuto,
  batchPlan,
  planSizes,
  SINGLE_PAGE,
  type AutoPlan,
  type BatchPlan,
  type PlanChoice,
  type ProcessingPlan,
} from '../processor/plan.js';
import type { AnswerFormChoice } from './answer-form.js';
import type { Evaluation, FlagContext, Flags } from './flags.js';
import type { Admission, Rollback } from './rollback.js';
import type { Admitted } from './rollback-rules.js';

export const BATCH_FLAG = 'batch-page-processing';
export const SHADOW_FLAG = 'batch-page-shadow';

const REASONS = [
  'forced', // QUIRE_FORCE_SINGLE_PAGE
  'fixed', // the option `plan` or QUIRE_PLAN
  'flag',
  'flag_off',
  'payload_invalid',
  'rolled_back',
  'resumed', // the plan the document was started with
  'probe',
] as const;
/** Why a request takes the path it takes. */
export type DecisionReason = (typeof REASONS)[number];

/**
 * What was decided about one request, beside its plan, as plain data: a document may be read by another replica than
 * the one that took it in.
 */
export interface KeptDecision {
  reason: DecisionReason;
  /** The batch plan to compare with page by page; null for none. */
  shadow: BatchPlan | null;
  /** How it was let in to the batch path; null page by page, or where nothing is to be reported. */
  admitted: Admitted | null;
}

/** A kept decision, as it is read back. @internal */
export const keptDecision: z.ZodType<KeptDecision> = z.object({
  reason: z.enum(REASONS),
  shadow: batchPlan.nullable(),
  admitted: z.object({ count: z.int(), probe: z.string().nullable() }).nullable(),
});

/** What was decided about one request; kept to the end of the document, whatever flips meanwhile. */
export interface Decision {
  plan: ProcessingPlan;
  reason: DecisionReason;
  /** Where a batch document reports its batch calls and its end; none page by page. */
  admission: Admission | null;
  /** The batch plan to compare with page by page after the user is served; null for none. */
  shadow: ProcessingPlan | null;
}

export interface DecisionSources {
  flags: Pick<Flags, 'evaluate'>;
  rollback: Pick<Rollback, 'admit' | 'restore' | 'giveUp'>;
  /** Wins over the flags. */
  fixedPlan: PlanChoice | undefined;
  /** Makes a plan for a document of so many pages, where the choice leaves that to Quire. */
  autoPlan: (choice: AutoPlan, pages: number | undefined) => BatchPlan;
  /** Says how batches are answered where a plan does not; undefined where the settings do. */
  answerForms: Pick<AnswerFormChoice, 'admitted' | 'unwatched'> | undefined;
  /** All requests page by page, without shadows: for when nothing else can be relied on. */
  forceSinglePage: boolean;
  logger: Logger;
}

/** Decides which path each request takes (DESIGN, Rollout). Never throws and never waits. */
export class Decisions {
  readonly #sources: DecisionSources;
  /** When each payload that is wrong was last seen, in milliseconds of `performance.now()`. */
  readonly #wrong = new Map<string, { flag: string; seenAt: number }>();

  constructor(sources: DecisionSources) {
    this.#sources = sources;
  }

  /** Flags of which the last minute has seen a payload that cannot be used or was clamped. */
  get payloadWarnings(): string[] {
    const recent = performance.now() - RECENT_MS;
    const seen = [...this.#wrong.values()].filter(({ seenAt }) => seenAt > recent);
    return [...new Set(seen.map(({ flag }) => flag))];
  }

  /** Whether the number of pages can make a difference. */
  get #needsPageCount(): boolean {
    const { fixedPlan, forceSinglePage } = this.#sources;
    return !forceSinglePage && (!fixedPlan || isAuto(fixedPlan));
  }

  /**
   * Goes on with a document that was started under this plan, as no probe and without a shadow.
   * `QUIRE_FORCE_SINGLE_PAGE` wins all the same.
   *
   * @param kept what it was started with, where that is known: of a probe that was broken off, nothing is to be
   *   waited for
   */
  resume(plan: ProcessingPlan, kept?: KeptDecision): Decision {
    if (kept) this.giveUp(kept);
    const isForced = this.#sources.forceSinglePage;
    return {
      plan: isForced ? SINGLE_PAGE : plan,
      reason: isForced ? 'forced' : 'resumed',
      admission: null,
      shadow: null,
    };
  }

  /** A document is not read under what was decided. */
  giveUp({ admitted }: KeptDecision): void {
    if (admitted) this.#sources.rollback.giveUp(admitted);
  }

  /**
   * Decides with the number of pages, where that can make a difference.
   *
   * @param countPages of the document; undefined where it is not known in time
   */
  async decideCounted(
    context: FlagContext,
    countPages: () => Promise<number | undefined>,
  ): Promise<Decision> {
    const { plan, kept } = await this.decideForLater(context, countPages);
    return this.restore(plan, kept);
  }

  /**
   * The same for a document that is begun later, here or on another replica, by {@link restore}. One that is not begun
   * after all is given up.
   */
  async decideForLater(
    { userId, sessionId, properties }: FlagContext,
    countPages: () => Promise<number | undefined>,
  ): Promise<{ plan: ProcessingPlan; kept: KeptDecision }> {
    const pageCount = this.#needsPageCount ? await countPages() : undefined;
    const counted = pageCount === undefined ? properties : { pageCount, ...properties };
    return this.#decided({ userId, sessionId, properties: counted }, pageCount);
  }

  /**
   * One evaluation of each flag.
   *
   * @param pages of the document, where known
   */
  decide(context: FlagContext, pages?: number): Decision {
    const { plan, kept } = this.#decided(context, pages);
    return this.restore(plan, kept);
  }

  /**
   * A document is begun here under what was decided, for the first time. `QUIRE_FORCE_SINGLE_PAGE` wins all the same.
   *
   * @returns with the form that its batches are answered in: each process tells by what it has seen of the model
   */
  restore(plan: ProcessingPlan, kept: KeptDecision): Decision {
    const { answerForms, forceSinglePage, rollback } = this.#sources;
    const { admitted, reason, shadow } = kept;
    if (forceSinglePage) {
      this.giveUp(kept);
      return { plan: SINGLE_PAGE, reason: 'forced', admission: null, shadow: null };
    }
    if (!admitted || plan.path !== 'batch') {
      return { plan, reason, admission: null, shadow: shadow && (answerForms?.unwatched(shadow) ?? shadow) };
    }
    const admission = rollback.restore(admitted);
    const asked = answerForms?.admitted(plan, admission) ?? { plan, admission };
    // The form of its answers, too, is that of the batches that the user was served.
    return { ...asked, reason, shadow: shadow && asked.plan };
  }

  #decided(context: FlagContext, pages?: number): { plan: ProcessingPlan; kept: KeptDecision } {
    const { flags, forceSinglePage, rollback } = this.#sources;
    const pageByPage = (reason: DecisionReason, shadow: BatchPlan | null) => ({
      plan: SINGLE_PAGE,
      kept: { reason, shadow, admitted: null },
    });
    if (forceSinglePage) return pageByPage('forced', null);
    const shadowFlag = flags.evaluate(SHADOW_FLAG, context);
    const shadowPlan = shadowFlag.enabled ? this.#planOf(SHADOW_FLAG, shadowFlag, pages) : null;
    const fixedPlan = this.#sources.fixedPlan && this.#planned(this.#sources.fixedPlan, pages);
    if (fixedPlan?.path === 'single-page') return pageByPage('fixed', shadowPlan);
    if (fixedPlan) {
      const admitted = rollback.admit(fixedPlan)?.admitted ?? null;
      return { plan: fixedPlan, kept: { reason: 'fixed', shadow: shadowPlan && fixedPlan, admitted } };
    }
    const flag = flags.evaluate(BATCH_FLAG, context);
    if (!flag.enabled) return pageByPage('flag_off', shadowPlan);
    const plan = this.#planOf(BATCH_FLAG, flag, pages);
    if (!plan) return pageByPage('payload_invalid', shadowPlan);
    const shadow = shadowPlan && plan;
    const admission = rollback.admit(plan);
    if (!admission) return pageByPage('rolled_back', shadow);
    const { admitted, isProbe } = admission;
    return { plan, kept: { reason: isProbe ? 'probe' : 'flag', shadow, admitted } };
  }

  /** The plan in a flag's payload, clamped; null where there is none in it. */
  #planOf(
    flag: string,
    { payload: text }: Evaluation & { enabled: true },
    pages: number | undefined,
  ): BatchPlan | null {
    const given = json(text);
    const sizes = planSizes.safeParse(given);
    if (!sizes.success) {
      this.#warn(flag, text, 'the payload of a flag is no plan like {"batchSize": 2, "maxWorkers": 3}');
      return null;
    }
    const { batchSize, maxWorkers } = sizes.data;
    const asked = given as typeof sizes.data;
    if (asked.batchSize !== batchSize || asked.maxWorkers !== maxWorkers) {
      this.#warn(flag, text, 'the payload of a flag was clamped to batchSize 1..10 and maxWorkers 1..20');
    }
    return this.#planned({ path: 'batch', ...sizes.data }, pages);
  }

  #planned<Plan extends ProcessingPlan>(
    choice: Plan | AutoPlan,
    pages: number | undefined,
  ): Plan | BatchPlan {
    return isAuto(choice) ? this.#sources.autoPlan(choice, pages) : choice;
  }

  /** A payload that is wrong is told once, and again only after a minute without it. */
  #warn(flag: string, text: string | undefined, message: string): void {
    const key = `${flag}\n${text ?? ''}`;
    const known = this.#wrong.get(key);
    const seenAt = performance.now();
    if (!known || known.seenAt < seenAt - RECENT_MS) this.#sources.logger.warn({ flag }, message);
    if (this.#wrong.size >= MOST_REMEMBERED) this.#wrong.clear();
    this.#wrong.set(key, { flag, seenAt });
  }
}

const RECENT_MS = 60_000;
const MOST_REMEMBERED = 100;

/** The plan that the payload of a flag holds; undefined where there is none in it. */
export function planInPayload(payload: string): PlanChoice | undefined {
  const sizes = planSizes.safeParse(json(payload)).data;
  return sizes && { path: 'batch', ...sizes };
}

function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
