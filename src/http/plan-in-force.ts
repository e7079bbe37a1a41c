import type { AutomaticRollback, FlagForOps, PlanInForce } from '../api/overview.js';
import { formatPlan, type PlanChoice } from '../processor/plan.js';
import { BATCH_FLAG, planInPayload, SHADOW_FLAG, type Decisions } from '../rollout/decision.js';
import type { Flags, FlagSetting } from '../rollout/flags.js';
import type { Rollback } from '../rollout/rollback.js';
import type { RollbackCause } from '../rollout/rollback-rules.js';

export interface PlanSources {
  flags: Flags;
  decisions: Decisions;
  rollback: Rollback;
  /** The switch `QUIRE_FORCE_SINGLE_PAGE`. */
  forceSinglePage: boolean;
  /** The option `plan` or `QUIRE_PLAN`. */
  fixedPlan: PlanChoice | undefined;
}

/** Which plan new documents get now and why, as far as it can be known without one. */
export function planInForce({
  flags,
  decisions,
  rollback,
  forceSinglePage,
  fixedPlan,
}: PlanSources): PlanInForce {
  const { source, problem, lastContactAgeMs } = flags.state;
  const told = {
    batch_flag: flagOf(flags.setting(BATCH_FLAG)),
    shadow_flag: flagOf(flags.setting(SHADOW_FLAG)),
    unleash: {
      source,
      problem,
      last_contact_seconds_ago: lastContactAgeMs === null ? null : Math.round(lastContactAgeMs / 1_000),
    },
    payload_warnings: decisions.payloadWarnings,
    rollback: rollbackOf(rollback),
  };
  if (forceSinglePage) {
    const says = 'Every new document is read page by page: QUIRE_FORCE_SINGLE_PAGE is set.';
    return { decided_by: 'forced', says, batch_plan: null, ...told };
  }
  if (fixedPlan) {
    const plan = formatPlan(fixedPlan);
    const says = `Every new document has the plan ${plan}: it is fixed by createQuire({ plan }) or QUIRE_PLAN, and no flag changes it.`;
    return { decided_by: 'fixed', says, batch_plan: fixedPlan.path === 'batch' ? plan : null, ...told };
  }
  return { ...byFlag(told.batch_flag, told.rollback, source), ...told };
}

type Decided = Pick<PlanInForce, 'decided_by' | 'says' | 'batch_plan'>;

function byFlag(
  flag: FlagForOps | null,
  rollback: AutomaticRollback,
  source: PlanInForce['unleash']['source'],
): Decided {
  if (!flag) {
    const says = `Unleash does not tell of the flag ${BATCH_FLAG}: where there is none, every new document is read page by page. The last documents show what was decided.`;
    return { decided_by: 'unknown', says, batch_plan: null };
  }
  if (!flag.is_on || flag.percentage === 0) {
    const off = flag.is_on ? 'is on for 0 % of the requests' : 'is off';
    const where = source === 'bootstrap' ? ', and no Unleash is set up that could switch it on' : '';
    const says = `Every new document is read page by page: the flag ${BATCH_FLAG} ${off}${where}.`;
    return { decided_by: 'flag_off', says, batch_plan: null };
  }
  const plans = flag.plans.filter((plan) => plan !== null);
  const batchPlan = plans.length === 1 ? (plans[0] ?? null) : null;
  if (plans.length === 0) {
    const says = `Every new document is read page by page: the flag ${BATCH_FLAG} is on, but its payload is no plan like {"batchSize": 2, "maxWorkers": 3}.`;
    return { decided_by: 'payload_invalid', says, batch_plan: null };
  }
  if (rollback.state === 'open') {
    const says = `Every new document is read page by page: the automatic rollback has left the batch path, because ${causeOf(rollback)}.`;
    return { decided_by: 'rolled_back', says, batch_plan: batchPlan };
  }
  if (rollback.state === 'half_open') {
    const says = `New documents are read page by page, but single ones try the batch path (${plans.join(' or ')}), to find out whether it is well again.`;
    return { decided_by: 'trying', says, batch_plan: batchPlan };
  }
  const says = `${whoOf(flag)} read in batches, with the plan ${plans.join(' or ')}, because the flag ${BATCH_FLAG} is on${othersOf(flag)}.`;
  return { decided_by: 'flag', says, batch_plan: batchPlan };
}

function whoOf({ percentage, strategies }: FlagForOps): string {
  if (percentage === 100) return 'All new documents are';
  if (percentage !== null) return `${percentage} % of the new documents are`;
  return `New documents that one of the flag’s ${strategies.length} strategies lets in are`;
}

function othersOf({ percentage }: FlagForOps): string {
  return percentage === 100 ? '' : '; all others page by page';
}

const CAUSES: Readonly<Record<RollbackCause, string>> = {
  batch_failures: 'more batch calls failed than are tolerated',
  agreement: 'in the shadow, batches changed more fields of their own than is tolerated',
  probe_failed: 'the documents that tried it failed, too',
  retry_due: 'it is time to try it again',
  recovered: 'it was found to be well again',
};

function causeOf({ cause }: AutomaticRollback): string {
  return cause !== null && cause in CAUSES ? CAUSES[cause as RollbackCause] : 'it failed';
}

function rollbackOf(rollback: Rollback): AutomaticRollback {
  const [last] = rollback.changes;
  return {
    is_enabled: rollback.isEnabled,
    state: rollback.state,
    cause: last?.cause ?? null,
    since: last?.at ?? null,
    failure_rate: rollback.failureRate,
    evidence: rollback.evidence,
  };
}

function flagOf(setting: FlagSetting | undefined): FlagForOps | null {
  if (!setting) return null;
  const { isOn, strategies, payloads } = setting;
  return {
    is_on: isOn,
    percentage: percentageOf(strategies),
    strategies: strategies.map(({ percentage, hasConstraints }) => ({
      percentage,
      has_constraints: hasConstraints,
    })),
    plans: payloads.map((payload) => {
      const plan = planInPayload(payload);
      return plan ? formatPlan(plan) : null;
    }),
  };
}

/** Of all requests, where one strategy alone decides over them alike. */
function percentageOf(strategies: FlagSetting['strategies']): number | null {
  const [only] = strategies;
  if (!only) return 100;
  return strategies.length === 1 && !only.hasConstraints ? only.percentage : null;
}
