import { createHash } from 'node:crypto';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type {
  CorrectionAnswer,
  CorrectionRequest,
  PresenceAnswer,
  ReviewAnswer,
  ReviewedValue,
  ReviewState,
} from '../api/review.js';
import { isReadAnew, valuesToReview, valueToReview, type ValueToReview } from '../documents/review.js';
import type { Logger } from '../logger.js';
import type { ReviewedDocument } from '../store/corrections.js';
import type { Store } from '../store/store.js';
import type { Access } from './access.js';
import { answeringErrors, notFound, refuse } from './answers.js';
import { notKept } from './not-kept.js';
import { requireOwnOrigin } from './same-origin.js';
import { sendJson } from './sending.js';
import type { KnownSender } from './sender.js';

export interface CorrectionsRoutes {
  opened: () => Promise<{ store: Store }>;
  access: Access;
  allowOrigins: readonly string[];
  logger: Logger;
}

const LONGEST_VALUE = 10_000;
const LARGEST_BODY = '100kb';

const text = z
  .string()
  .max(LONGEST_VALUE)
  .refine((value) => value.isWellFormed() && !value.includes('\0'));
const name = z.string().max(LONGEST_VALUE);
const valueName = { reading: z.int().min(1), account: name.nullable(), field: name };
const correctionRequest: z.ZodType<CorrectionRequest> = z.discriminatedUnion('action', [
  z.object({ ...valueName, action: z.enum(['confirmed', 'reopened']) }),
  z.object({ ...valueName, action: z.literal('corrected'), value: text }),
]);
const presenceRequest = z.object({ tab: z.uuid() });

const IF_MATCH = /^(?:W\/)?"(\d{1,15})"$/;

/** What people say of the values of a document, and who is at it. */
export function correctionsRouter(routes: CorrectionsRoutes): RequestHandler {
  const { opened, access, allowOrigins } = routes;
  const router = express.Router();
  const changing = [notKept, requireOwnOrigin(allowOrigins), express.json({ limit: LARGEST_BODY })];

  router.get('/api/document/:id/review', notKept, async (request, response) => {
    const { id } = request.params;
    const { store } = await opened();
    if (!(await access.toRead(request, id, store))) return notFound(response);
    // What is said meanwhile has a later number, and is asked for again.
    const revision = await store.corrections.revision(id);
    const reviewed = await store.corrections.reviewed(id);
    if (!reviewed) return refuse(response, 409, 'The document has no record yet');
    const values = valuesToReview(reviewed, await store.corrections.of(id)).map(reviewedValue);
    const checked = values.filter(({ state }) => isChecked(state)).length;
    const { reading } = reviewed;
    const progress = { checked, total: values.length };
    await sendJson(response, { success: true, revision, reading, values, progress } satisfies ReviewAnswer);
  });

  router.post(
    '/api/document/:id/corrections',
    changing,
    async (request: Request<{ id: string }>, response: Response) => {
      const { id } = request.params;
      const { store } = await opened();
      const granted = await access.toRead(request, id, store);
      if (!granted) return notFound(response);
      if (!(await access.mayCorrect(request, granted))) {
        return refuse(response, 403, 'You may see this document, but not correct it');
      }
      const asked = correctionRequest.safeParse(request.body);
      if (!asked.success) return refuse(response, 400, 'This is no correction: see docs/routes.md');
      const match = request.get('if-match');
      if (match === undefined) return refuse(response, 428, 'If-Match must say what was known of the value');
      const [, seen] = IF_MATCH.exec(match) ?? [];
      if (seen === undefined) return refuse(response, 400, 'If-Match must be a number in quotes');
      const reviewed = await store.corrections.reviewed(id);
      if (!reviewed) return refuse(response, 409, 'The document has no record yet');
      await add(response, {
        store,
        id,
        reviewed,
        sender: granted.sender,
        asked: asked.data,
        seen: Number(seen),
      });
    },
  );

  async function add(
    response: Response,
    { store, id, reviewed, sender, asked, seen }: Adding,
  ): Promise<void> {
    const { account, field, reading } = asked;
    const found = valueToReview(reviewed, { account, field });
    if (!found) return refuse(response, 404, 'The document has no such field');
    const { plan } = reviewed.entry;
    const about = { readValue: found.value, person: sender.userId, personName: sender.displayName, plan };
    const verdict =
      asked.action === 'corrected' ? { action: asked.action, value: asked.value } : { action: asked.action };
    const correction = { account, field, verdict, ...about };
    // Under the reading the record came with: one that was kept meanwhile may hold another value.
    if (reading !== reviewed.reading) return refuse(response, 409, READ_ANEW);
    const outcome = await store.corrections.add(id, correction, { seen, reading });
    if ('notAdded' in outcome) return refuseAs(response, outcome.notAdded);
    const said = 'added' in outcome ? outcome.added : outcome.before;
    const value = reviewedValue({ ...found, said });
    const isDone = 'added' in outcome;
    const answer: CorrectionAnswer = {
      success: isDone,
      message: isDone ? 'Kept' : 'Somebody else has said something of this value meanwhile',
      value,
    };
    response.status(isDone ? 200 : 412).json(answer);
  }

  router.post(
    '/api/document/:id/presence',
    changing,
    async (request: Request<{ id: string }>, response: Response) => {
      const { id } = request.params;
      const { store } = await opened();
      const granted = await access.toRead(request, id, store);
      if (!granted) return notFound(response);
      const asked = presenceRequest.safeParse(request.body);
      if (!asked.success) return refuse(response, 400, 'tab must be a UUID');
      const { sender } = granted;
      const people = await store.viewers.see(id, viewerOf(sender, asked.data.tab), sender.displayName);
      response.json({
        success: true,
        people,
        revision: await store.corrections.revision(id),
      } satisfies PresenceAnswer);
    },
  );

  return answeringErrors(router, routes.logger);
}

interface Adding {
  store: Store;
  id: string;
  reviewed: ReviewedDocument;
  sender: KnownSender;
  asked: CorrectionRequest;
  /** The number of what was known of the value. */
  seen: number;
}

const READ_ANEW = 'The document was read anew meanwhile; look at the value again';

function refuseAs(response: Response, why: 'being_read' | 'gone' | 'read_anew'): void {
  if (why === 'gone') return notFound(response);
  refuse(response, 409, why === 'being_read' ? 'The document is being read' : READ_ANEW);
}

/** Windows of one person are one viewer; of those without a name, each is one. */
function viewerOf({ owner, userId, sessionId }: KnownSender, tab: string): string {
  const person = userId ?? sessionId ?? tab;
  return createHash('sha256')
    .update(JSON.stringify([owner, person]))
    .digest('base64url');
}

function reviewedValue(of: ValueToReview): ReviewedValue {
  const { account, field, value, confidence, support, reasons, said } = of;
  const state = stateOf(of);
  return {
    account,
    field,
    value,
    confidence,
    support,
    reasons,
    state,
    corrected: said?.value ?? null,
    person: said?.personName ?? null,
    at: said?.at ?? null,
    number: said?.number ?? 0,
  };
}

function stateOf(value: ValueToReview): ReviewState {
  const { said } = value;
  if (!said || said.action === 'reopened') return 'open';
  return isReadAnew(value) ? 'changed' : said.action;
}

function isChecked(state: ReviewState): boolean {
  return state === 'confirmed' || state === 'corrected';
}
