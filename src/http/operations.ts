import express, { type Router } from 'express';
import { z } from 'zod';
import type { StoreState } from '../documents/opening.js';
import type { Decisions } from '../rollout/decision.js';
import type { Flags } from '../rollout/flags.js';
import type { Metrics } from '../observability/metrics.js';
import type { ModelHealth } from '../observability/model-health.js';
import type { Rollback } from '../rollout/rollback.js';
import type { Shadow } from '../comparison/shadow.js';

export interface OperationsRoutes {
  flags: Flags;
  decisions: Decisions;
  rollback: Rollback;
  shadow: Shadow;
  metrics: Metrics;
  /** The switch `QUIRE_FORCE_SINGLE_PAGE`. */
  forceSinglePage: boolean;
  closing: AbortSignal;
  modelHealth: ModelHealth;
  storeTrouble(): Promise<StoreState | null>;
}

const mismatchQuery = z.object({
  comparison: z.enum(['candidate', 'noise']).optional(),
  scope: z.enum(['page', 'merged']).optional(),
  outcome: z.enum(['different', 'only_control', 'only_candidate']).optional(),
  request_id: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

/** What ops look at: readiness with the state of the rollout, metrics, and the mismatches of shadows. */
export function operationsRouter(routes: OperationsRoutes): Router {
  const { flags, decisions, rollback, shadow, metrics, modelHealth, forceSinglePage, closing } = routes;
  const router = express.Router();

  // Trouble with the flags or the model service makes nothing unready: uploads are kept, and documents wait.
  router.get('/readyz', async (_request, response) => {
    const store = await routes.storeTrouble();
    const ready = !closing.aborted && store === null;
    const unleash = flags.state;
    const model = modelHealth.trouble;
    const warnings = [
      ...(model ? [`model: ${model.reason}`] : []),
      ...(unleash.problem ? [`unleash: ${unleash.problem}`] : []),
      ...decisions.payloadWarnings.map((flag) => `payload: ${flag}`),
      ...(rollback.state === 'closed' ? [] : [`rollback: ${rollback.state}`]),
      ...(forceSinglePage ? ['forced: single-page'] : []),
    ];
    response.status(ready ? 200 : 503).json({
      ready,
      reason: reasonNotReady(closing.aborted, store),
      warnings,
      store,
      model,
      unleash: {
        source: unleash.source,
        problem: unleash.problem,
        last_contact_age_ms: unleash.lastContactAgeMs,
      },
      rollback: {
        state: rollback.state,
        batch_failure_rate: rollback.failureRate,
        changes: rollback.changes,
      },
    });
  });

  router.get('/metrics', async (_request, response) => {
    response.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });

  router.get('/api/shadow', (request, response) => {
    const query = mismatchQuery.safeParse(request.query);
    if (!query.success) {
      response.status(400).json({ success: false, message: z.prettifyError(query.error) });
      return;
    }
    const { limit, ...wanted } = query.data;
    const mismatches = shadow.mismatches
      .filter((mismatch) =>
        Object.entries(wanted).every(([key, value]) => mismatch[key as keyof typeof wanted] === value),
      )
      .slice(0, limit);
    response.json({
      ...shadow.agreement,
      spent_today_usd: shadow.spentTodayUsd,
      budget_usd: shadow.budgetUsd,
      mismatches,
    });
  });
  return router;
}

function reasonNotReady(isClosing: boolean, store: StoreState | null): string | null {
  if (isClosing) return 'closing';
  return store && `store: ${store.trouble}`;
}
