import type { Logger } from '../logger.js';
import {
  isAuto,
  planSizes,
  SINGLE_PAGE,
  type AutoPlan,
  type BatchPlan,
  type PlanChoice,
  type ProcessingPlan,
} from '../processor/plan.js';
import type { AnswerFormChoice, AskedForm } from './answer-form.js';
import type { Evaluation, FlagContext, Flags } from './flags.js';
import type { Admission, Rollback } from './rollback.js';

const BATCH_FLAG = 'batch-page-processing';
const SHADOW_FLAG = 'batch-page-shadow';

/** Why a request takes the path it takes. */
export type DecisionReason =
  | 'forced' // QUIRE_FORCE_SINGLE_PAGE
  | 'fixed' // the option `plan` or QUIRE_PLAN
  | 'flag'
  | 'flag_off'
  | 'payload_invalid'
  | 'rolled_back'
  | 'resumed' // the plan the document was started with
  | 'probe';

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
  rollback: Pick<Rollback, 'admit'>;
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
   */
  resume(plan: ProcessingPlan): Decision {
    const isForced = this.#sources.forceSinglePage;
    return {
      plan: isForced ? SINGLE_PAGE : plan,
      reason: isForced ? 'forced' : 'resumed',
      admission: null,
      shadow: null,
    };
  }

  /**
   * Decides with the number of pages, where that can make a difference.
   *
   * @param countPages of the document; undefined where it is not known in time
   */
  async decideCounted(
    { userId, sessionId, properties }: FlagContext,
    countPages: () => Promise<number | undefined>,
  ): Promise<Decision> {
    const pageCount = this.#needsPageCount ? await countPages() : undefined;
    const counted = pageCount === undefined ? properties : { pageCount, ...properties };
    return this.decide({ userId, sessionId, properties: counted }, pageCount);
  }

  /**
   * One evaluation of each flag.
   *
   * @param pages of the document, where known
   */
  decide(context: FlagContext, pages?: number): Decision {
    const { flags, forceSinglePage, rollback } = this.#sources;
    const pageByPage = { plan: SINGLE_PAGE, admission: null };
    if (forceSinglePage) return { ...pageByPage, reason: 'forced', shadow: null };
    const shadowFlag = flags.evaluate(SHADOW_FLAG, context);
    const shadowPlan = shadowFlag.enabled ? this.#planOf(SHADOW_FLAG, shadowFlag, pages) : null;
    const shadowOf = (plan: BatchPlan | null) => shadowPlan && plan && this.#shadowed(plan);
    const fixedPlan = this.#sources.fixedPlan && this.#planned(this.#sources.fixedPlan, pages);
    if (fixedPlan) {
      const admission = fixedPlan.path === 'batch' ? rollback.admit(fixedPlan) : null;
      if (fixedPlan.path !== 'batch' || !admission) {
        const shadow = shadowOf(fixedPlan.path === 'batch' ? fixedPlan : shadowPlan);
        return { plan: fixedPlan, reason: 'fixed', admission: null, shadow };
      }
      const answered = this.#answered(fixedPlan, admission);
      return { ...answered, reason: 'fixed', shadow: shadowPlan && answered.plan };
    }
    const flag = flags.evaluate(BATCH_FLAG, context);
    if (!flag.enabled) return { ...pageByPage, reason: 'flag_off', shadow: shadowOf(shadowPlan) };
    const plan = this.#planOf(BATCH_FLAG, flag, pages);
    if (!plan) return { ...pageByPage, reason: 'payload_invalid', shadow: shadowOf(shadowPlan) };
    const admission = rollback.admit(plan);
    if (!admission) return { ...pageByPage, reason: 'rolled_back', shadow: shadowOf(plan) };
    const answered = this.#answered(plan, admission);
    const reason = admission.isProbe ? 'probe' : 'flag';
    // The form of its answers, too, is that of the batches that the user was served.
    return { ...answered, reason, shadow: shadowPlan && answered.plan };
  }

  /** With the form that its batches are answered in. */
  #answered(plan: BatchPlan, admission: Admission): AskedForm {
    return this.#sources.answerForms?.admitted(plan, admission) ?? { plan, admission };
  }

  #shadowed(plan: BatchPlan): BatchPlan {
    return this.#sources.answerForms?.unwatched(plan) ?? plan;
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

function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
