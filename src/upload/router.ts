import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { basename, extname } from 'node:path';
import type { Writable } from 'node:stream';
import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from 'express';
import multer, { MulterError, type Options } from 'multer';
import { z } from 'zod';
import { loggable, type Logger } from '../logger.js';
import { formatPlan } from '../processor/plan.js';
import { checkPdf, PdfError } from '../stages/pdf-error.js';
import { firstCodePoints } from '../text.js';
import type { DocumentStore } from '../store/document-store.js';
import { ClosedError, type Jobs, type Sender } from './jobs.js';
import { backgroundStatus, completeData, costs, jobStatus } from './views.js';

export interface UploadFlow {
  jobs: Jobs;
  store: DocumentStore;
  identify: Identify;
  /** The largest upload, in megabytes of 1,048,576 bytes. */
  maxMegabytes: number;
  logger: Logger;
}

/**
 * Tells who sends an upload, for the flags' stickiness and constraints. `pageCount` is added to the
 * properties.
 */
export type Identify = (request: Request) => Omit<Sender, 'requestId'>;

/** The routes existing clients use (CURRENT_SYSTEM, The web upload flow); mounts under any path. */
export function uploadRouter({ jobs, store, identify, maxMegabytes, logger }: UploadFlow): Router {
  const router = express.Router();
  const receive = fileReceiver(maxMegabytes);

  router.post(['/process', '/upload'], receive, async (request, response) => {
    const [file] = request.files as Express.Multer.File[];
    if (!file) {
      refuse(response, 400, sentUnnamedFile.has(request) ? 'No file selected' : 'No file provided');
      return;
    }
    checkPdf(file.buffer);
    const filename = displayName(file.originalname);
    const requestId = requestIdOf(request);
    const { id, plan } = await jobs.start({
      bytes: file.buffer,
      filename,
      documentName: documentName(request.body, filename),
      sender: { ...identify(request), requestId },
    });
    response.set({ 'x-quire-plan': formatPlan(plan), 'x-request-id': requestId });
    response.json({ success: true, job_id: id, message: 'File uploaded, reading has started' });
  });

  router.get('/status/:id', async ({ params: { id } }, response) => {
    response.json(jobStatus(await store.get(id), jobs.progress(id)));
  });

  router.get('/api/documents', async (_request, response) => {
    const documents = await store.list();
    response.json({ documents, total: documents.length });
  });

  router.get('/api/document/:id', async ({ params: { id } }, response) => {
    const document = await store.get(id);
    if (!document) return notFound(response);
    response.json({ success: true, document });
  });

  router.get('/api/document/:id/background-status', async ({ params: { id } }, response) => {
    const document = await store.get(id);
    if (!document) return notFound(response);
    response.json({ success: true, status: backgroundStatus(document, jobs.progress(id)) });
  });

  router.get('/api/document/:id/account/:index/complete-data', async ({ params }, response) => {
    const document = await store.get(params.id);
    if (!document) return notFound(response);
    const data = completeData(document, /^\d+$/.test(params.index) ? Number(params.index) : -1);
    if (!data) return refuse(response, 404, 'The document has no account at this index');
    response.json({ success: true, ...data });
  });

  router.get('/api/document/:id/pdf', async ({ params: { id } }, response) => {
    const [document, pdf] = await Promise.all([store.get(id), store.pdf(id)]);
    if (!document || !pdf) return notFound(response);
    response.attachment(document.filename);
    response.set({ 'Content-Type': 'application/pdf', 'X-Content-Type-Options': 'nosniff' });
    response.send(Buffer.from(pdf.buffer, pdf.byteOffset, pdf.byteLength));
  });

  const remove: RequestHandler<{ id: string }> = async ({ params: { id } }, response) => {
    if (!(await jobs.delete(id))) return notFound(response);
    response.json({ success: true, message: 'Document deleted' });
  };
  router.route('/api/document/:id/delete').delete(remove).post(remove);

  router.get('/api/costs', async (_request, response) => {
    response.json(costs(await store.list()));
  });

  const answerError: ErrorRequestHandler = (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    // The client hung up: nobody is there to be answered.
    if (request.destroyed && !request.complete) return;
    if (error instanceof PdfError) return refuse(response, 400, error.message);
    if (error instanceof ClosedError) return refuse(response, 503, 'The service is shutting down');
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

/** What login and session middleware leave on a request. */
const signedIn = z.object({
  user: z
    .object({ id: z.union([z.string(), z.number()]).transform(String) })
    .optional()
    .catch(undefined),
  sessionID: z.string().optional().catch(undefined),
});

export const signedInUser: Identify = (request) => {
  const { user, sessionID } = signedIn.parse(request);
  return { userId: user?.id, sessionId: sessionID };
};

/** The id the request came with, where it can be logged as it is, or a new one. */
function requestIdOf(request: Request): string {
  const given = request.get('x-request-id') ?? '';
  return /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID();
}

/** What Express and its parsers throw for a request that is at fault itself. */
const clientError = z.object({ status: z.int().min(400).max(499) });

/** Requests with a file field that names no file: the form was sent with none selected. */
const sentUnnamedFile = new WeakSet<IncomingMessage>();

function fileReceiver(maxMegabytes: number): RequestHandler {
  const options: Options & { streamHandler: (request: IncomingMessage, busboy: Writable) => void } = {
    storage: multer.memoryStorage(),
    limits: {
      fileSize: maxMegabytes * 1024 * 1024,
      files: 20,
      fields: 100,
      fieldSize: 100_000,
      fieldNestingDepth: 0,
    },
    defParamCharset: 'utf8',
    fileFilter: (_request, { fieldname }, accept) => accept(null, fieldname === 'file'),
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
