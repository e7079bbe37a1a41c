import express, { type RequestHandler } from 'express';
import { z } from 'zod';
import type { Accuracy } from '../api/accuracy.js';
import { accuracyOf } from '../documents/accuracy.js';
import type { Logger } from '../logger.js';
import type { Store } from '../store/store.js';
import { answeringErrors, refuse } from './answers.js';
import { notKept } from './not-kept.js';

export interface AccuracyRoutes {
  opened: () => Promise<{ store: Store }>;
  /** Lets through who is ops. */
  forOps: RequestHandler;
  logger: Logger;
}

const MOST_DAYS = 36_500;

const query = z.object({
  days: z
    .string()
    .regex(/^\d{1,5}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(MOST_DAYS))
    .optional(),
});

/** How often people had to correct what was read. */
export function accuracyRouter({ opened, forOps, logger }: AccuracyRoutes): RequestHandler {
  const router = express.Router();
  router.get('/ops/accuracy', notKept, forOps, async (request, response) => {
    const asked = query.safeParse(request.query);
    if (!asked.success) return refuse(response, 400, `days must be a whole number from 1 to ${MOST_DAYS}`);
    const { days } = asked.data;
    const { store } = await opened();
    response.json(accuracyOf(await store.lookedAt(days), days) satisfies Accuracy);
  });
  return answeringErrors(router, logger);
}
