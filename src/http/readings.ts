import express, { type RequestHandler } from 'express';
import type { KeptReadings } from '../api/readings.js';
import type { Logger } from '../logger.js';
import { formatPlan } from '../processor/plan.js';
import type { Store } from '../store/store.js';
import type { Access } from './access.js';
import { answeringErrors, notFound, refuse } from './answers.js';
import { notKept } from './not-kept.js';
import { sendJson } from './sending.js';

export interface ReadingsRoutes {
  /** The store, once it is open. */
  opened: () => Promise<{ store: Store }>;
  access: Access;
  logger: Logger;
}

const KINDS = ['current', 'served', 'shadow'] as const;

/** Every record that is kept of a document: the one shown, those before it, and the other path's. */
export function readingsRouter({ opened, access, logger }: ReadingsRoutes): RequestHandler {
  const router = express.Router();

  router.get('/api/document/:id/readings', notKept, async (request, response) => {
    const { store } = await opened();
    const { id } = request.params;
    const granted = await access.toRead(request, id, store);
    const about = granted && (await store.readings(id, granted.owner));
    if (!about) return notFound(response);
    const { name, isBeingRead, readings } = about;
    const body = {
      success: true,
      document_name: name,
      is_being_read: isBeingRead,
      readings: readings.map(({ number, kind, plan, keptAt }) => ({
        number,
        kind,
        plan: plan && formatPlan(plan),
        kept_at: keptAt,
      })),
    } satisfies KeptReadings;
    response.json(body);
  });

  router.get('/api/document/:id/readings/:number/:kind', notKept, async (request, response) => {
    const { store } = await opened();
    const { id, number } = request.params;
    const kind = KINDS.find((known) => known === request.params.kind);
    const granted = await access.toRead(request, id, store);
    if (!granted) return notFound(response);
    const record =
      kind && /^\d{1,9}$/.test(number)
        ? await store.readingRecord(id, granted.owner, { number: Number(number), kind })
        : undefined;
    if (!record) return refuse(response, 404, 'The document has no such reading any more');
    await sendJson(response, { success: true, record });
  });

  return answeringErrors(router, logger);
}
