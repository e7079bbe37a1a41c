import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express, { type Request, type RequestHandler, type Router } from 'express';
import { z } from 'zod';
import type { Documents } from '../documents/documents.js';
import type { Progress } from '../documents/progress.js';
import type { Logger } from '../logger.js';
import { formatPlan } from '../processor/plan.js';
import type { StoredDocument } from '../store/document.js';
import type { PageOfDocuments } from '../store/listings.js';
import type { Store } from '../store/store.js';
import { answerErrors, notFound, refuse } from './answers.js';
import { sendEvents } from './events.js';
import type { Senders } from './sender.js';
import {
  checkIsPdf,
  displayName,
  documentName,
  fileReceiver,
  requestIdOf,
  sentUnnamedFile,
} from './upload.js';
import { backgroundStatus, completeData, costs, jobStatus } from './views.js';

export interface DocumentsRoutes {
  /** The documents and the store behind them, once that is open. */
  opened: () => Promise<{ documents: Documents; store: Store }>;
  /** Where uploads are while they arrive. */
  uploadDir: string;
  senders: Senders;
  /** The largest upload, in megabytes of 1,048,576 bytes. */
  maxMegabytes: number;
  logger: Logger;
}

/** The routes existing clients use (CURRENT_SYSTEM, The web upload flow); mounts under any path. */
export function documentsRouter({
  opened,
  uploadDir,
  senders,
  maxMegabytes,
  logger,
}: DocumentsRoutes): Router {
  const router = express.Router();
  const receive = fileReceiver(uploadDir, maxMegabytes);
  const owner = async (request: Request) => (await senders.of(request)).owner;

  const reserve: RequestHandler = async (request, response, next) => {
    const sender = await senders.of(request);
    const { documents } = await opened();
    // Who hung up meanwhile would never give the place back.
    if (response.closed) return;
    response.once('close', documents.reserve(sender.fairAs ?? sender.owner));
    next();
  };
  router.post(['/process', '/upload'], reserve, receive, async (request, response) => {
    const files = request.files as Express.Multer.File[];
    try {
      const [file] = files;
      if (!file) {
        refuse(response, 400, sentUnnamedFile.has(request) ? 'No file selected' : 'No file provided');
        return;
      }
      await checkIsPdf(file.path);
      const { documents } = await opened();
      const filename = displayName(file.originalname);
      const requestId = requestIdOf(request);
      const { owner, ...sender } = await senders.of(request);
      const { id, plan } = await documents.accept({
        path: file.path,
        filename,
        documentName: documentName(request.body, filename),
        owner,
        sender: { ...sender, requestId },
      });
      response.set({ 'x-quire-plan': formatPlan(plan), 'x-request-id': requestId });
      response.json({ success: true, job_id: id, message: 'File uploaded, reading has started' });
    } finally {
      await Promise.all(files.map(({ path }) => rm(path, { force: true })));
    }
  });

  router.get('/status/:id', async (request, response) => {
    const { documents, store } = await opened();
    const { id } = request.params;
    const whose = await owner(request);
    const document = await store.get(id, whose);
    response.json(jobStatus(document, await progressOf(documents, document, whose)));
  });

  router.get('/api/documents', async (request, response) => {
    const { store } = await opened();
    const whose = await owner(request);
    const page = await pageOf(store, whose, request.query);
    if (typeof page === 'string') return refuse(response, 400, page);
    response.json({ documents: page.documents, total: await store.count(whose), next: page.next });
  });

  router.get('/api/document/:id', async (request, response) => {
    const { store } = await opened();
    const document = await store.get(request.params.id, await owner(request));
    if (!document) return notFound(response);
    response.json({ success: true, document });
  });

  router.get('/api/document/:id/background-status', async (request, response) => {
    const { documents, store } = await opened();
    const { id } = request.params;
    const whose = await owner(request);
    const document = await store.get(id, whose);
    if (!document) return notFound(response);
    const progress = await progressOf(documents, document, whose);
    response.json({ success: true, status: backgroundStatus(document, progress) });
  });

  router.get('/api/document/:id/events', async (request, response) => {
    const { documents } = await opened();
    const feed = await documents.events(request.params.id, await owner(request));
    if (!feed) return notFound(response);
    return sendEvents(feed, request, response);
  });

  router.get('/api/document/:id/evidence', async (request, response) => {
    const { store } = await opened();
    const beside = await store.beside(request.params.id, await owner(request));
    if (!beside) return notFound(response);
    const { evidence, notes, isBeingRead } = beside;
    response.json({ success: true, is_complete: !isBeingRead, evidence, notes });
  });

  router.get('/api/document/:id/account/:index/complete-data', async (request, response) => {
    const { store } = await opened();
    const { params } = request;
    const document = await store.get(params.id, await owner(request));
    if (!document) return notFound(response);
    const data = completeData(document, /^\d+$/.test(params.index) ? Number(params.index) : -1);
    if (!data) return refuse(response, 404, 'The document has no account at this index');
    response.json({ success: true, ...data });
  });

  router.get('/api/document/:id/pdf', async (request, response) => {
    const { store } = await opened();
    const document = await store.get(request.params.id, await owner(request));
    if (!document) return notFound(response);
    response.attachment(document.filename);
    response.set({ 'Content-Type': 'application/pdf', 'X-Content-Type-Options': 'nosniff' });
    // One part at a time, however slowly it is taken.
    await pipeline(Readable.from(store.pdf(document.id), { highWaterMark: 1 }), response);
  });

  const remove: RequestHandler<{ id: string }> = async (request, response) => {
    const { documents } = await opened();
    if (!(await documents.delete(request.params.id, await owner(request as Request))))
      return notFound(response);
    response.json({ success: true, message: 'Document deleted' });
  };
  router.route('/api/document/:id/delete').delete(remove).post(remove);

  router.post('/api/document/:id/retry', reserve);
  router.post('/api/document/:id/retry', async (request, response) => {
    const { documents } = await opened();
    switch (await documents.retry(request.params.id, await owner(request))) {
      case false:
        return notFound(response);
      case 'reading':
        return refuse(response, 409, 'The document is being read');
      case 'later':
        return refuse(
          response,
          409,
          'A later version of Quire has written the document; this one cannot read it',
        );
      case 'complete':
        response.json({ success: true, message: 'No page failed, so there is nothing to ask again' });
        return;
      case 'started':
        response.json({ success: true, message: 'What failed is being asked again' });
    }
  });

  router.get('/api/costs', async (request, response) => {
    const { store } = await opened();
    const whose = await owner(request);
    const page = await pageOf(store, whose, request.query);
    if (typeof page === 'string') return refuse(response, 400, page);
    response.json(costs(page, await store.costs(whose)));
  });

  router.use(answerErrors(maxMegabytes, logger));
  return router;
}

/** Of a document that is being read. */
async function progressOf(
  documents: Documents,
  document: StoredDocument | undefined,
  owner: string,
): Promise<Progress | undefined> {
  return document?.status === 'extracting' ? documents.progress(document.id, owner) : undefined;
}

const MOST_LISTED = 100;

const pageQuery = z.object({
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(MOST_LISTED))
    .default(MOST_LISTED),
  after: z.string().optional(),
});

/** The page of an owner's documents that a query asks for, or a sentence that says what is wrong with it. */
async function pageOf(store: Store, owner: string, query: unknown): Promise<PageOfDocuments | string> {
  const asked = pageQuery.safeParse(query);
  if (asked.success) {
    const page = await store.list(owner, asked.data.limit, asked.data.after);
    if (page) return page;
  } else if (asked.error.issues.some(({ path }) => path[0] === 'limit')) {
    return `limit must be a whole number from 1 to ${MOST_LISTED}`;
  }
  return 'after must be the next of the page before, or the id of a document';
}
