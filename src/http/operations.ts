import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { z } from 'zod';
import type { AtWork, Replicas, ShadowForOps } from '../api/operations.js';
import type { Shadow } from '../comparison/shadow.js';
import type { Documents } from '../documents/documents.js';
import {
  documentsAtWork,
  replicasForOps,
  retryFailed,
  retryForOps,
  type CallsUnderWay,
  type OpsAction,
} from '../documents/for-ops.js';
import type { StoreState } from '../documents/opening.js';
import type { AnswerForms } from '../llm/answer-forms.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../observability/metrics.js';
import type { ModelHealth } from '../observability/model-health.js';
import type { Decisions } from '../rollout/decision.js';
import type { Flags } from '../rollout/flags.js';
import type { Rollback } from '../rollout/rollback.js';
import { StoreError } from '../store/database.js';
import type { Store } from '../store/store.js';
import { answeringErrors, notFound, refuse, RETRY_AFTER_S } from './answers.js';
import { notKept } from './not-kept.js';
import type { Operators } from './operators.js';

interface Opened {
  documents: Documents;
  store: Store;
}

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
  /** Undefined where the settings say the form. */
  answerForms: AnswerForms | undefined;
  storeTrouble(): Promise<StoreState | null>;
  /** The documents and the store behind them, once that is open. */
  opened: () => Promise<Opened>;
  /** Of all replicas; none where this process reads alone. */
  callsUnderWay: () => Promise<CallsUnderWay>;
  /** What all replicas together keep to; null for any number. */
  limits: {
    concurrency: number | null;
    requests_per_minute: number | null;
    tokens_per_minute: number | null;
  };
  /** How many documents are read by this process, and how many wait for that. */
  load: () => { reading: number; waiting: number };
  /** Told of what ops did. */
  onAction: (action: OpsAction) => void;
  operators: Operators;
  logger: Logger;
}

const mismatchQuery = z.object({
  comparison: z.enum(['candidate', 'noise']).optional(),
  scope: z.enum(['page', 'merged']).optional(),
  outcome: z.enum(['different', 'only_control', 'only_candidate']).optional(),
  request_id: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

/** What ops look at and do, all under `/ops/`: an app has routes of its own beside it. */
export function operationsRouter(routes: OperationsRoutes): RequestHandler {
  const { shadow, metrics, operators, closing } = routes;
  const router = express.Router();
  const forOps = operators.require;

  router.get('/ops/livez', notKept, (request, response) => {
    const details = { uptime_seconds: Math.round(process.uptime()), documents: routes.load() };
    response.json({ alive: true, ...(operators.includesUnasked(request) && details) });
  });

  // Trouble with the flags or the model service makes nothing unready: uploads are kept, and documents wait.
  router.get('/ops/readyz', notKept, async (request, response) => {
    const store = await routes.storeTrouble();
    const ready = !closing.aborted && store === null;
    const details = operators.includesUnasked(request) && readiness(routes, store);
    response.status(ready ? 200 : 503).json({ ready, ...details });
  });

  router.get('/ops/metrics', forOps, async (_request, response) => {
    response.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });

  router.get('/ops/shadow', forOps, (request, response) => {
    const query = mismatchQuery.safeParse(request.query);
    if (!query.success) return refuse(response, 400, z.prettifyError(query.error));
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
    } satisfies ShadowForOps);
  });

  addReplicas(router, forOps, routes);
  addDocuments(router, forOps, routes);
  return answeringErrors(router, routes.logger);
}

const MOST_LISTED = 100;
const MOST_HOURS = 168;

const whole = (most: number) =>
  z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(most));
const listQuery = z.object({ limit: whole(MOST_LISTED).default(MOST_LISTED), after: z.string().optional() });
const retryQuery = z.object({ hours: whole(MOST_HOURS) });

const aReplica = z.uuid();

/** The processes that share the work. */
function addReplicas(
  router: Router,
  forOps: RequestHandler,
  { opened, callsUnderWay, limits }: Pick<OperationsRoutes, 'opened' | 'callsUnderWay' | 'limits'>,
): void {
  router.get('/ops/replicas', forOps, async (_request, response) => {
    const { documents } = await opened();
    const calls = await callsUnderWay();
    response.json({
      replicas: await replicasForOps(documents, calls),
      calls: { under_way: calls.inAll, ...limits },
    } satisfies Replicas);
  });

  router.post('/ops/replicas/:id/takeover', forOps, async (request: Request<{ id: string }>, response) => {
    const { documents } = await opened();
    const id = aReplica.safeParse(request.params.id);
    const taken = id.success ? await documents.takeOver(id.data) : undefined;
    if (taken === undefined) return notFound(response);
    response.json({ success: true, documents: taken, message: 'Its documents go on elsewhere' });
  });
}

/** Documents of all owners: what is at work, and how ops end it or ask again. */
function addDocuments(
  router: Router,
  forOps: RequestHandler,
  { opened, onAction }: Pick<OperationsRoutes, 'opened' | 'onAction'>,
): void {
  const act = async <Done extends Outcome>(
    action: OpsAction['action'],
    id: string,
    work: (on: Opened) => Promise<Done>,
  ): Promise<Done> => {
    try {
      const outcome = await work(await opened());
      onAction({ action, id, outcome });
      return outcome;
    } catch (error) {
      if (error instanceof StoreError) onAction({ action, id, outcome: 'store_away' });
      throw error;
    }
  };

  router.get('/ops/documents', forOps, async (request, response) => {
    const query = listQuery.safeParse(request.query);
    if (!query.success) return refuse(response, 400, `limit must be a whole number from 1 to ${MOST_LISTED}`);
    const { documents, store } = await opened();
    const page = await documentsAtWork(documents, store, query.data.limit, query.data.after);
    if (!page) return refuse(response, 400, 'after must be the next of the page before');
    response.json(page satisfies AtWork);
  });

  router.post('/ops/documents/:id/cancel', forOps, async (request: Request<{ id: string }>, response) => {
    const { id } = request.params;
    answer(response, await act('cancel', id, ({ documents }) => documents.cancel(id)));
  });

  router.post('/ops/documents/:id/retry', forOps, async (request: Request<{ id: string }>, response) => {
    const { id } = request.params;
    answer(response, await act('retry', id, ({ documents, store }) => retryForOps(documents, store, id)));
  });

  router.post('/ops/retry', forOps, async (request, response) => {
    const query = retryQuery.safeParse(request.query);
    if (!query.success) return refuse(response, 400, `hours must be a whole number from 1 to ${MOST_HOURS}`);
    const { documents, store } = await opened();
    const counts = await retryFailed(documents, store, query.data.hours, (id, outcome) =>
      onAction({ action: 'retry_failed', id, outcome }),
    );
    response.json({ success: true, ...counts });
  });
}

type Outcome = Exclude<OpsAction['outcome'], 'store_away'>;

/** What ops are told, with the status where it is not 200. */
const ANSWERS: Readonly<Record<Exclude<Outcome, 'unknown'>, readonly [message: string, status?: number]>> = {
  cancelled: ['The document is cancelled'],
  started: ['What failed is being asked again'],
  complete: ['No page failed, so there is nothing to ask again'],
  ended: ['The document has ended already', 409],
  reading: ['The document is being read', 409],
  later: ['A later version of Quire has written the document; this one cannot change it', 409],
  full: ['Too many documents are waiting; try again soon', 503],
};

function answer(response: Response, outcome: Outcome): void {
  if (outcome === 'unknown') return notFound(response);
  const [message, status] = ANSWERS[outcome];
  if (status === 503) response.set('Retry-After', String(RETRY_AFTER_S));
  if (status !== undefined) return refuse(response, status, message);
  response.json({ success: true, message });
}

/** What ops are told of readiness, beside whether it is. */
function readiness(routes: OperationsRoutes, store: StoreState | null) {
  const { flags, decisions, rollback, modelHealth, answerForms, forceSinglePage, closing } = routes;
  const unleash = flags.state;
  const model = modelHealth.trouble;
  const warnings = [
    ...(model ? [`model: ${model.reason}`] : []),
    ...(unleash.problem ? [`unleash: ${unleash.problem}`] : []),
    ...decisions.payloadWarnings.map((flag) => `payload: ${flag}`),
    ...(rollback.state === 'closed' ? [] : [`rollback: ${rollback.state}`]),
    ...(answerForms?.state === 'objects' ? ['answer_form: objects'] : []),
    ...(forceSinglePage ? ['forced: single-page'] : []),
  ];
  return {
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
      evidence: rollback.evidence,
      changes: rollback.changes,
    },
    answer_form: answerForms ? { state: answerForms.state, ...answerForms.seen } : null,
  };
}

function reasonNotReady(isClosing: boolean, store: StoreState | null): string | null {
  if (isClosing) return 'closing';
  return store && `store: ${store.trouble}`;
}
