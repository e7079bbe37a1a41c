import express, { type RequestHandler } from 'express';
import { z } from 'zod';
import type { Overview } from '../api/overview.js';
import type { Recent } from '../api/recent.js';
import type { Logger } from '../logger.js';
import { StoreError } from '../store/database.js';
import type { Store } from '../store/store.js';
import { answeringErrors, refuse } from './answers.js';
import { planInForce, type PlanSources } from './plan-in-force.js';
import { recentForOps } from './recent.js';
import { rollbacksFor } from './rollbacks.js';
import { serviceState, type ServiceSources } from './service-state.js';

export interface OverviewRoutes {
  /** Lets through only who may operate. */
  forOps: RequestHandler;
  plan: PlanSources;
  service: ServiceSources;
  opened: () => Promise<{ store: Store }>;
  logger: Logger;
}

const MOST_RECENT = 500;
/** Documents that a rollback is reckoned from. */
const RECKONED_FROM = 100;

const recentQuery = z.object({
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(MOST_RECENT))
    .default(RECKONED_FROM),
});

/** What the operations page shows of the rollout: cheap enough to be asked every few seconds. */
export function overviewRouter(routes: OverviewRoutes): RequestHandler {
  const { forOps, opened, logger } = routes;
  const router = express.Router();
  const recent = async (limit: number): Promise<Recent> =>
    recentForOps(await (await opened()).store.recent(limit));

  router.get('/ops/overview', forOps, async (_request, response) => {
    const plan = planInForce(routes.plan);
    // While the store is away, all else is told.
    const documents = await recent(RECKONED_FROM).then(
      (known) => known.documents,
      (error: unknown) => {
        if (error instanceof StoreError) return [];
        throw error;
      },
    );
    response.json({
      at: new Date().toISOString(),
      plan,
      service: serviceState(routes.service),
      rollbacks: rollbacksFor(plan, documents),
    } satisfies Overview);
  });

  router.get('/ops/recent', forOps, async (request, response) => {
    const query = recentQuery.safeParse(request.query);
    if (!query.success) return refuse(response, 400, `limit must be a whole number from 1 to ${MOST_RECENT}`);
    response.json((await recent(query.data.limit)) satisfies Recent);
  });
  return answeringErrors(router, logger);
}
