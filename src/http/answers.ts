import type { ErrorRequestHandler, Response } from 'express';
import { MulterError } from 'multer';
import { z } from 'zod';
import { NotTakenError } from '../documents/documents.js';
import { loggable, type Logger } from '../logger.js';
import { PdfError } from '../stages/pdf-error.js';
import { StoreError } from '../store/database.js';
import { UnknownSenderError } from './sender.js';

export function notFound(response: Response): void {
  refuse(response, 404, 'Document not found');
}

export function refuse(response: Response, status: number, message: string): void {
  response.status(status).json({ success: false, message });
}

/** Seconds until a refused upload may be tried again. */
export const RETRY_AFTER_S = 5;

/** What Express and its parsers throw for a request that is at fault itself. */
const clientError = z.object({ status: z.int().min(400).max(499) });

/** Answers what the routes throw. */
export function answerErrors(maxMegabytes: number, logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    response.removeHeader('Content-Disposition');
    // The client hung up: nobody is there to be answered.
    if (request.destroyed && !request.complete) return;
    if (error instanceof UnknownSenderError) return refuse(response, error.status, error.message);
    if (error instanceof PdfError) return refuse(response, 400, error.message);
    if (error instanceof NotTakenError || error instanceof StoreError || isDiskFull(error)) {
      response.set('Retry-After', String(RETRY_AFTER_S));
      if (!(error instanceof NotTakenError)) return refuse(response, 503, 'The store cannot be used for now');
      return refuse(response, error.isOfOwner ? 429 : 503, error.message);
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
}

function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
}

/** busboy's own errors (a form that breaks off, a missing boundary) are plain ones. */
function isBrokenForm(error: unknown): boolean {
  return (
    error instanceof Error && /multipart|boundary|unexpected end of form|malformed part/i.test(error.message)
  );
}
