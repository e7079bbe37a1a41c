import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { basename, extname } from 'node:path';
import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from 'express';
import multer, { MulterError, type Options } from 'multer';
import { mkdirSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { loggable, type Logger } from '../logger.js';
import { formatPlan } from '../processor/plan.js';
import { checkPdf, PdfError } from '../stages/pdf-error.js';
import { firstCodePoints } from '../text.js';
import { StoreError } from '../store/database.js';
import type { Progress } from '../documents/progress.js';
import type { StoredDocument } from '../store/document.js';
import type { PageOfDocuments } from '../store/listings.js';
import type { Store } from '../store/store.js';
import { NotTakenError, type Documents } from '../documents/documents.js';
import { sendEvents } from './events.js';
import { UnknownSenderError, type Senders } from './sender.js';
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
    await senders.of(request);
    const { documents } = await opened();
    // Who hung up meanwhile would never give the place back.
    if (response.closed) return;
    response.once('close', documents.reserve());
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
      checkPdf(await beginningOf(file.path));
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

  const answerError: ErrorRequestHandler = (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    response.removeHeader('Content-Disposition');
    // The client hung up: nobody is there to be answered.
    if (request.destroyed && !request.complete) return;
    if (error instanceof UnknownSenderError) return refuse(response, error.status, error.message);
    if (error instanceof PdfError) return refuse(response, 400, error.message);
    if (error instanceof NotTakenError || error instanceof StoreError || isDiskFull(error)) {
      response.set('Retry-After', String(RETRY_AFTER_S));
      const message = error instanceof NotTakenError ? error.message : 'The store cannot be used for now';
      return refuse(response, 503, message);
    }
    if (error instanceof MulterError && error.code === 'LIMIT_FILE_SIZE') {
      return refuse(response, 413, `The file is larger than ${maxMegabytes} MB`);
    }
    if (error instanceof MulterError || isBrokenForm(error)) {
      return refuse(response, 400, 'The upload form cannot be read');
    }
    const status = clientError.safeParse(error);
    if (status.success) return refuse(response, status.data.status, 'The request cannot be read');
    logger.error(loggable(error), 'a request failed');
    refuse(response, 500, 'The request failed unexpectedly');
  };
  router.use(answerError);
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

/** Seconds until a refused upload may be tried again. */
export const RETRY_AFTER_S = 5;

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

/** As much of a file as tells whether it is a PDF. */
async function beginningOf(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1_024));
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
}

/** The id the app gave the request, or the one it came with, where it can be logged as it is; or a new one. */
function requestIdOf(request: Request & { id?: unknown }): string {
  const { id } = request;
  const given = typeof id === 'number' ? String(id) : id;
  return [given, request.get('x-request-id')].find(isLoggableId) ?? randomUUID();
}

function isLoggableId(id: unknown): id is string {
  return typeof id === 'string' && /^[\w.:-]{1,100}$/.test(id);
}

/** What Express and its parsers throw for a request that is at fault itself. */
const clientError = z.object({ status: z.int().min(400).max(499) });

/** Requests with a file field that names no file: the form was sent with none selected. */
const sentUnnamedFile = new WeakSet<IncomingMessage>();

/** Requests of which a file is being received. */
const sentFile = new WeakSet<IncomingMessage>();

function fileReceiver(uploadDir: string, maxMegabytes: number): RequestHandler {
  const options: Options & { streamHandler: (request: IncomingMessage, busboy: Writable) => void } = {
    // On disk, under a name of multer's own: what arrives takes no memory, and no name leads out of the folder.
    storage: multer.diskStorage({
      destination: (_request, _file, done) => {
        mkdirSync(uploadDir, { recursive: true, mode: 0o700 });
        done(null, uploadDir);
      },
    }),
    limits: {
      fileSize: maxMegabytes * 1024 * 1024,
      files: 20,
      fields: 100,
      fieldSize: 100_000,
      fieldNestingDepth: 0,
    },
    defParamCharset: 'utf8',
    fileFilter: (request, { fieldname }, accept) => {
      // One file a request is read, so no more is written to the disk.
      accept(null, fieldname === 'file' && !sentFile.has(request));
      if (fieldname === 'file') sentFile.add(request);
    },
    // multer itself passes such a file over in silence, and clients know its message.
    streamHandler(request, busboy) {
      busboy.on('file', (field: string, _stream: unknown, { filename }: { filename?: string }) => {
        if (field === 'file' && !filename) sentUnnamedFile.add(request);
      });
      request.pipe(busboy);
    },
  };
  const receive = multer(options).any();
  return (request, response, next) => {
    // multer lets requests pass that are no multipart forms.
    request.files = [];
    receive(request, response, next);
  };
}

/** busboy's own errors (a form that breaks off, a missing boundary) are plain ones. */
function isBrokenForm(error: unknown): boolean {
  return (
    error instanceof Error && /multipart|boundary|unexpected end of form|malformed part/i.test(error.message)
  );
}

/** A file name as it may be shown: without folders and hidden characters, and not endless. */
function displayName(original: string): string {
  const name = basename(original.replaceAll('\\', '/').toWellFormed().replace(/\p{C}/gu, ''));
  const extension = firstCodePoints(extname(name), 10);
  return firstCodePoints(basename(name, extname(name)), 200) + extension || 'document.pdf';
}

function documentName(body: unknown, filename: string): string {
  const given = (body as { document_name?: unknown } | undefined)?.document_name;
  const name = typeof given === 'string' ? firstCodePoints(given.toWellFormed().trim(), 200) : '';
  return name || basename(filename, extname(filename));
}

function notFound(response: Response): void {
  refuse(response, 404, 'Document not found');
}

function refuse(response: Response, status: number, message: string): void {
  response.status(status).json({ success: false, message });
}
