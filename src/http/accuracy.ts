import express, { type RequestHandler } from 'express';
import { z } from 'zod';
import type { Accuracy } from '../api/accuracy.js';
import { systemClock, type Clock } from '../clock.js';
import { accuracyOf } from '../documents/accuracy.js';
import type { Logger } from '../logger.js';
import type { Store } from '../store/store.js';
import { answeringErrors, refuse } from './answers.js';

export interface AccuracyRoutes {
  opened: () => Promise<{ store: Store }>;
  /** Lets through who is ops. */
  forOps: RequestHandler;
  logger: Logger;
  clock?: Clock;
}

const MOST_DAYS = 36_500;
const KEPT_MS = 60_000;
const MOST_KEPT = 20;

const query = z.object({
  days: z
    .string()
    .regex(/^\d{1,5}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(MOST_DAYS))
    .optional(),
});

/** How often people had to correct what was read. */
export function accuracyRouter({
  opened,
  forOps,
  logger,
  clock = systemClock,
}: AccuracyRoutes): RequestHandler {
  const router = express.Router();
  /** All that was ever said is looked through, so what came of it is kept for a while, by days. */
  const kept = new Map<number | undefined, { at: number; accuracy: Promise<Accuracy> }>();
  const look = (store: Store, days: number | undefined): Promise<Accuracy> => {
    const known = kept.get(days);
    if (known && clock.now() - known.at < KEPT_MS) return known.accuracy;
    const accuracy = store.lookedAt(days).then((all) => accuracyOf(all, days));
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(days, { at: clock.now(), accuracy });
    accuracy.catch(() => kept.delete(days));
    return accuracy;
  };
  router.get('/ops/accuracy', forOps, async (request, response) => {
    const asked = query.safeParse(request.query);
    if (!asked.success) return refuse(response, 400, `days must be a whole number from 1 to ${MOST_DAYS}`);
    const { days } = asked.data;
    const { store } = await opened();
    response.json(await look(store, days));
  });
  return answeringErrors(router, logger);
}
