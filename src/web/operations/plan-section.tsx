import type { AutomaticRollback, FlagForOps, Overview, PlanInForce } from '../../api/overview.js';
import type { Part } from './asked.js';
import { durationOf, numberOf, percentOf, timeOf } from './figures.js';
import { Facts, Section } from './section.js';

const DECIDED: Readonly<Record<PlanInForce['decided_by'], readonly [word: string, tone: string]>> = {
  forced: ['Forced', 'notice'],
  fixed: ['Fixed', 'good'],
  flag: ['By flag', 'good'],
  flag_off: ['Flag off', 'good'],
  payload_invalid: ['Payload is no plan', 'bad'],
  rolled_back: ['Rolled back', 'bad'],
  trying: ['Trying again', 'notice'],
  unknown: ['Not known', 'notice'],
};

/** Which plan new documents get, and why. */
export function PlanSection({ part }: { part: Part<Overview> }) {
  return (
    <Section title="Plan in force" part={part}>
      {({ plan }) => (
        <>
          <p class="lead">
            <span class={`badge ${DECIDED[plan.decided_by][1]}`}>{DECIDED[plan.decided_by][0]}</span>{' '}
            {plan.says}
          </p>
          {plan.payload_warnings.length > 0 && (
            <p class="notice">
              A payload cannot be used as it is, or was clamped: {plan.payload_warnings.join(', ')}.
            </p>
          )}
          <Facts
            facts={[
              ['Flag batch-page-processing', flagSaid(plan.batch_flag)],
              ['Flag batch-page-shadow', flagSaid(plan.shadow_flag)],
              ['Flags come from', sourceSaid(plan.unleash)],
              ['Automatic rollback', rollbackSaid(plan.rollback)],
            ]}
          />
        </>
      )}
    </Section>
  );
}

function flagSaid(flag: FlagForOps | null): string {
  if (!flag) return 'not told by Unleash';
  if (!flag.is_on) return 'off';
  const plans = flag.plans.map((plan) => plan ?? 'a payload that is no plan').join(' or ');
  const payload = plans === '' ? 'without a payload' : plans;
  if (flag.percentage !== null) return `on for ${numberOf(flag.percentage)} % of the requests, ${payload}`;
  const each = flag.strategies.map(({ percentage, has_constraints: isConstrained }) => {
    const share = percentage === null ? 'a rule of its own' : `${numberOf(percentage)} %`;
    return isConstrained ? `${share} of those that meet its constraints` : share;
  });
  return `on, by ${each.length} ${each.length === 1 ? 'strategy' : 'strategies'}: ${each.join('; ')}; ${payload}`;
}

const SOURCES = {
  caller: 'the app’s own Unleash client',
  server: 'Unleash',
  bootstrap: 'the file that ships',
};
const PROBLEMS = {
  token_refused: 'it refuses the token',
  unreachable: 'it cannot be reached',
  stale: 'it has not answered for long',
};

function sourceSaid({ source, problem, last_contact_seconds_ago: ago }: PlanInForce['unleash']): string {
  const contact = ago === null ? '' : `, heard of ${durationOf(ago)} ago`;
  const trouble = problem === null ? '' : `; ${PROBLEMS[problem]}, the last known flags stay in force`;
  return `${SOURCES[source]}${contact}${trouble}`;
}

const STATES = {
  closed: 'closed: batches run',
  open: 'open: new documents go page by page',
  half_open: 'half open: single documents try batches',
};
const CAUSES: Readonly<Record<string, string>> = {
  batch_failures: 'batch calls failed',
  agreement: 'both paths disagreed in the shadow',
  probe_failed: 'documents that tried it failed',
  retry_due: 'it was time to try again',
  recovered: 'it was well again',
};

function rollbackSaid({ is_enabled: isEnabled, state, cause, since, ...told }: AutomaticRollback): string {
  if (!isEnabled) return 'off: failures are counted, and nothing follows';
  const last =
    since === null ? '' : `, since ${timeOf(since)} because ${CAUSES[cause ?? ''] ?? String(cause)}`;
  const rate =
    told.failure_rate === null ? '' : `; ${percentOf(told.failure_rate)} of batch calls failed in 10 min`;
  const evidence = told.evidence === null ? '' : `; evidence ${percentOf(told.evidence)} of an alarm’s`;
  return `${STATES[state]}${last}${rate}${evidence}`;
}
