import type { Router } from 'express';
import type { PriceTable } from '../llm/usage.js';
import type { Logger } from '../logger.js';
import type { AutoPlan, PlanChoice, ProcessingPlan } from '../processor/plan.js';
import type { PageProcessor } from '../processor/processor.js';
import type { Settings } from '../settings.js';
import { Decisions } from './decision.js';
import type { Flags } from './flags.js';
import type { MetricRegistry } from './metric-registry.js';
import { Metrics } from './metrics.js';
import { ModelHealth } from './model-health.js';
import { Rollback } from './rollback.js';
import { rolloutRouter, type StoreState } from './router.js';
import { Shadow } from './shadow.js';

/** What all requests share: what decides them, watches them and compares them. */
export interface Rollout {
  decisions: Decisions;
  metrics: Metrics;
  modelHealth: ModelHealth;
  shadow: Shadow;
  /** What ops look at. */
  router(): Router;
}

export interface RolloutTools {
  flags: Flags;
  /** Wins over the flags. */
  fixedPlan: PlanChoice | undefined;
  autoPlan: (choice: AutoPlan, pages: number | undefined) => ProcessingPlan;
  processor: PageProcessor;
  prices: PriceTable;
  /** Ends shadows and readiness. */
  closing: AbortSignal;
  /** The app's, to publish the metrics in. */
  registry: MetricRegistry | undefined;
  /** Why the store cannot be used at present; null when it can. */
  storeTrouble(): Promise<StoreState | null>;
  logger: Logger;
}

export function createRollout(settings: Settings, tools: RolloutTools): Rollout {
  const { flags, fixedPlan, autoPlan, processor, prices, closing, registry, logger } = tools;
  const forceSinglePage = settings.QUIRE_FORCE_SINGLE_PAGE;
  const metrics = new Metrics(registry);
  const modelHealth = new ModelHealth();
  const rollback = new Rollback(
    {
      // A fixed plan is kept: its failures are counted all the same.
      enabled: settings.ROLLBACK_AUTO && fixedPlan === undefined,
      batchFailures: settings.ROLLBACK_BATCH_FAILURES,
      minCalls: settings.ROLLBACK_MIN_CALLS,
      windowMs: settings.ROLLBACK_WINDOW_MS,
      retryMs: settings.ROLLBACK_RETRY_MS,
    },
    (plan) => shadow.isAgreementLow(plan),
    (change) => {
      metrics.rollbackChanged(change);
      const message = change.to === 'closed' ? 'the batch path is back' : `automatic rollback: ${change.to}`;
      logger.warn({ to: change.to, cause: change.cause, failure_rate: rollback.failureRate }, message);
    },
  );
  const shadow: Shadow = new Shadow(
    {
      budgetUsd: settings.SHADOW_BUDGET_USD,
      noiseShare: settings.SHADOW_NOISE_SHARE,
      agreementFloor: settings.ROLLBACK_AGREEMENT_FLOOR,
    },
    {
      processor,
      prices,
      signal: closing,
      logger,
      onCompared: (comparison, fields) => metrics.compared(comparison, fields),
      onOutcome: (outcome, costUsd) => metrics.shadowEnded(outcome, costUsd),
      onLowAgreement: () => rollback.agreementFell(),
    },
  );
  metrics.follow({ flags, rollback, shadow });
  const decisions = new Decisions({ flags, rollback, fixedPlan, autoPlan, forceSinglePage, logger });
  const routes = {
    ...{ flags, decisions, rollback, shadow, metrics, modelHealth, forceSinglePage, closing },
    storeTrouble: () => tools.storeTrouble(),
  };
  return { decisions, metrics, modelHealth, shadow, router: () => rolloutRouter(routes) };
}
