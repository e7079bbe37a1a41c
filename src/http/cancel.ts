import express, { type RequestHandler } from 'express';
import type { Documents } from '../documents/documents.js';
import type { Logger } from '../logger.js';
import type { Store } from '../store/store.js';
import { answeringErrors, notFound, refuse } from './answers.js';
import { notKept } from './not-kept.js';
import { requireOwnOrigin } from './same-origin.js';
import type { Senders } from './sender.js';

export interface CancelRoutes {
  /** The documents and the store behind them, once that is open. */
  opened: () => Promise<{ documents: Documents; store: Store }>;
  senders: Senders;
  /** Origins whose pages may cancel, beside the app's own. */
  allowOrigins: readonly string[];
  logger: Logger;
}

/** Its owner ends the reading of a document, which can be asked again. */
export function cancelRouter({ opened, senders, allowOrigins, logger }: CancelRoutes): RequestHandler {
  const router = express.Router();
  const path = '/api/document/:id/cancel';
  router.post(path, notKept, requireOwnOrigin(allowOrigins));
  router.post(path, async (request, response) => {
    const { owner } = await senders.of(request);
    const { documents, store } = await opened();
    const { id } = request.params;
    if ((await store.ownerOf(id)) !== owner) return notFound(response);
    switch (await documents.cancel(id)) {
      case 'unknown':
        return notFound(response);
      case 'ended':
        return refuse(response, 409, 'The document has ended already');
      case 'later':
        return refuse(
          response,
          409,
          'A later version of Quire has written the document; this one cannot change it',
        );
      case 'cancelled':
        response.json({ success: true, message: 'The document is cancelled' });
    }
  });
  return answeringErrors(router, logger);
}
