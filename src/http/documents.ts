import { rm } from 'node:fs/promises';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { systemClock, type Clock } from '../clock.js';
import type { DocumentAccess } from '../api/access.js';
import type { DocumentList } from '../api/list.js';
import { corrected } from '../documents/corrected.js';
import type { Documents } from '../documents/documents.js';
import type { Progress } from '../documents/progress.js';
import type { Logger } from '../logger.js';
import { formatPlan } from '../processor/plan.js';
import type { ListedDocument, StoredDocument } from '../store/document.js';
import { JsonText, outlineOf } from '../store/json-text.js';
import type { PageOfDocuments } from '../store/listings.js';
import type { DocumentSearch } from '../store/search.js';
import type { Store } from '../store/store.js';
import type { Access } from './access.js';
import { answeringErrors, notFound, refuse } from './answers.js';
import type { ArrivingUploads } from './arriving.js';
import { sendEvents } from './events.js';
import { notKept } from './not-kept.js';
import { pageOfOthers } from './others.js';
import { NO_NEXT, NO_PLACE, pageIn } from './page-query.js';
import { receiveForm } from './receiving.js';
import { refusalReason, type RefusalReason } from './refusals.js';
import { requireOwnOrigin } from './same-origin.js';
import { sendJson, sendParts } from './sending.js';
import { NOBODY, type Senders } from './sender.js';
import type { UploadFolder } from './upload-folder.js';
import { checkIsPdf, displayName, documentName, requestIdOf } from './upload.js';
import { searchIn } from './search.js';
import { backgroundStatus, completeData, costs, jobStatus } from './views.js';

export interface DocumentsRoutes {
  /** The documents and the store behind them, once that is open. */
  opened: () => Promise<{ documents: Documents; store: Store }>;
  /** Where uploads are while they arrive. */
  uploadFolder: UploadFolder;
  arriving: ArrivingUploads;
  senders: Senders;
  access: Access;
  /** Origins whose pages may change something, beside the app's own. */
  allowOrigins: readonly string[];
  /** The largest upload, in megabytes of 1,048,576 bytes. */
  maxMegabytes: number;
  /** Told of every request that is turned away. */
  onRefused: (reason: RefusalReason) => void;
  logger: Logger;
  clock?: Clock;
}

/** The routes existing clients use (CURRENT_SYSTEM, The web upload flow); mounts under any path. */
export function documentsRouter({
  opened,
  uploadFolder,
  arriving,
  senders,
  access,
  allowOrigins,
  maxMegabytes,
  onRefused,
  logger,
  clock = systemClock,
}: DocumentsRoutes): RequestHandler {
  const router = express.Router();
  const owner = async (request: Request) => (await senders.of(request)).owner;
  const changing = [notKept, requireOwnOrigin(allowOrigins)];

  const upload: RequestHandler = async (request, response) => {
    const { owner, arrivesAs, displayName: _shown, ...sender } = await senders.of(request);
    const { documents } = await opened();
    const leave = arriving.enter(arrivesAs);
    try {
      const { path, file } = await uploadFolder.newFile();
      try {
        const form = await receiveForm(request, file, { maxMegabytes, clock });
        await checkIsPdf(path);
        const filename = displayName(form.filename);
        const requestId = requestIdOf(request);
        const giveBack = await documents.reserve(sender.fairAs ?? owner);
        try {
          const { id, plan } = await documents.accept({
            path,
            filename,
            documentName: documentName(form.documentName, filename),
            owner,
            sender: { ...sender, requestId },
            giveBack,
          });
          response.set({ 'x-quire-plan': formatPlan(plan), 'x-request-id': requestId });
          response.json({ success: true, job_id: id, message: 'File uploaded, reading has started' });
        } finally {
          giveBack();
        }
      } finally {
        await file.close();
        await rm(path, { force: true });
      }
    } finally {
      leave();
    }
  };
  router.post(['/process', '/upload'], changing, upload);

  router.get('/status/:id', notKept, async (request, response) => {
    const { documents, store } = await opened();
    const { id } = request.params;
    const whose = (await access.toRead(request, id, store))?.owner;
    const document = whose === undefined ? undefined : await outline(store, id, whose, request);
    await sendJson(response, jobStatus(document, await progressOf(documents, document, whose)));
  });

  router.get('/api/documents', notKept, async (request, response) => {
    const { store } = await opened();
    const asks = await owner(request);
    const search = searchIn(request.query);
    if (typeof search === 'string') return refuse(response, 400, search);
    const { whose = 'own' } = request.query;
    if (whose === 'others') return listOthers(request, response, asks, search);
    if (whose !== 'own') return refuse(response, 400, 'whose must be own or others');
    const page = await pageOf(store, asks, request.query, search);
    if (typeof page === 'string') return refuse(response, 400, page);
    const isAll = request.query.after === undefined && page.next === null;
    const total = isAll ? page.documents.length : await store.count(asks, search);
    response.json({ ...page, total } satisfies DocumentList);
  });

  const listOthers = async (
    request: Request,
    response: Response,
    owner: string,
    search: DocumentSearch,
  ): Promise<void> => {
    if (!access.givesOthers || owner === NOBODY) return refuse(response, 403, NO_OTHERS);
    const asked = pageIn(request.query);
    if (typeof asked === 'string') return refuse(response, 400, asked);
    const { store } = await opened();
    const page = await pageOfOthers({ store, access, clock }, request, { ...asked, owner, search });
    if (!page) return refuse(response, 400, NO_NEXT);
    response.json({ ...page, total: null } satisfies DocumentList);
  };

  router.get('/api/document/:id', notKept, async (request, response) => {
    const { store } = await opened();
    const { id } = request.params;
    const granted = await access.toRead(request, id, store);
    const document = granted && (await documentText(store, id, granted.owner, request));
    if (!document) return notFound(response);
    const mayCorrect = await access.mayCorrect(request, granted);
    const may: DocumentAccess = { own: granted.isOwner, correct: mayCorrect };
    await sendJson(response, { success: true, document, access: may });
  });

  router.get('/api/document/:id/background-status', notKept, async (request, response) => {
    const { documents, store } = await opened();
    const { id } = request.params;
    const whose = (await access.toRead(request, id, store))?.owner;
    const document = whose === undefined ? undefined : await store.outline(id, whose);
    if (!document) return notFound(response);
    const progress = await progressOf(documents, document, whose);
    response.json({ success: true, status: backgroundStatus(document, progress) });
  });

  router.get('/api/document/:id/events', notKept, async (request, response) => {
    const { documents, store } = await opened();
    const { id } = request.params;
    const granted = await access.toRead(request, id, store);
    const feed = granted && (await documents.events(id, granted.owner));
    if (!feed) return notFound(response);
    return sendEvents(feed, request, response);
  });

  router.get('/api/document/:id/evidence', notKept, async (request, response) => {
    const { store } = await opened();
    const { id } = request.params;
    const granted = await access.toRead(request, id, store);
    const beside = granted && (await store.beside(id, granted.owner));
    if (!beside) return notFound(response);
    const { evidence, notes, isBeingRead } = beside;
    await sendJson(response, { success: true, is_complete: !isBeingRead, evidence, notes });
  });

  router.get('/api/document/:id/account/:index/complete-data', notKept, async (request, response) => {
    const { store } = await opened();
    const { params } = request;
    const granted = await access.toRead(request, params.id, store);
    const document = granted && (await outline(store, params.id, granted.owner, request));
    if (!document) return notFound(response);
    const data = completeData(document, /^\d+$/.test(params.index) ? Number(params.index) : -1);
    if (!data) return refuse(response, 404, 'The document has no account at this index');
    await sendJson(response, { success: true, ...data });
  });

  router.get('/api/document/:id/pdf', notKept, async (request, response) => {
    const { store } = await opened();
    const { id } = request.params;
    const granted = await access.toRead(request, id, store);
    const document = granted && (await store.outline(id, granted.owner));
    if (!document) return notFound(response);
    response.attachment(document.filename);
    response.set({ 'Content-Type': 'application/pdf', 'X-Content-Type-Options': 'nosniff' });
    await sendParts(response, () => store.pdf(document.id));
  });

  const remove: RequestHandler<{ id: string }> = async (request, response) => {
    const { documents } = await opened();
    if (!(await documents.delete(request.params.id, await owner(request as Request))))
      return notFound(response);
    response.json({ success: true, message: 'Document deleted' });
  };
  router.route('/api/document/:id/delete').delete(changing, remove).post(changing, remove);

  const reserve: RequestHandler = async (request, response, next) => {
    const sender = await senders.of(request);
    const { documents } = await opened();
    const giveBack = await documents.reserve(sender.fairAs ?? sender.owner);
    // Who hung up meanwhile would never give the place back.
    if (response.closed) return giveBack();
    response.once('close', giveBack);
    next();
  };
  router.post('/api/document/:id/retry', changing, reserve);
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

  router.post('/api/document/:id/cancel', changing);
  router.post('/api/document/:id/cancel', async (request, response) => {
    const whose = await owner(request);
    const { documents, store } = await opened();
    const { id } = request.params;
    if ((await store.ownerOf(id)) !== whose) return notFound(response);
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

  router.get('/api/costs', notKept, async (request, response) => {
    const { store } = await opened();
    const whose = await owner(request);
    const page = await pageOf(store, whose, request.query);
    if (typeof page === 'string') return refuse(response, 400, page);
    response.json(costs(page, await store.costs(whose)));
  });

  return answeringErrors(router, logger, (error) => {
    const reason = refusalReason(error);
    if (reason) onRefused(reason);
  });
}

const NO_OTHERS =
  'Nobody gets documents of others here: the app must say who may read them (mayRead), and know who asks';

/** A document as it is kept, or with people's values in it where that is asked for (`?corrected=1`). */
async function documentText(
  store: Store,
  id: string,
  owner: string,
  { query }: Request,
): Promise<JsonText | undefined> {
  const text = await store.text(id, owner);
  if (!text || query.corrected !== '1') return text;
  const corrections = await store.corrections.of(id);
  if (corrections.length === 0) return text;
  const document = JSON.parse(text.text) as StoredDocument;
  const documents = document.documents.map((entry) => corrected(entry, corrections));
  return new JsonText(JSON.stringify({ ...document, documents }));
}

async function outline(store: Store, id: string, owner: string, request: Request) {
  const text = await documentText(store, id, owner, request);
  return text && outlineOf<StoredDocument>(text.text);
}

/** Of a document that is being read. */
async function progressOf(
  documents: Documents,
  document: Pick<ListedDocument, 'id' | 'status'> | undefined,
  owner: string | undefined,
): Promise<Progress | undefined> {
  return document?.status === 'extracting' && owner !== undefined
    ? documents.progress(document.id, owner)
    : undefined;
}

/** The page of an owner's documents that a query asks for, or a sentence that says what is wrong with it. */
async function pageOf(
  store: Store,
  owner: string,
  query: unknown,
  search?: DocumentSearch,
): Promise<PageOfDocuments | string> {
  const asked = pageIn(query);
  if (typeof asked === 'string') return asked;
  return (await store.list(owner, asked.limit, asked.after, search)) ?? NO_PLACE;
}
