import type { RequestHandler, Response } from 'express';
import { z } from 'zod';
import { NotTakenError } from '../documents/documents.js';
import { loggable, type Logger } from '../logger.js';
import { PdfError } from '../stages/pdf-error.js';
import { StoreError } from '../store/database.js';
import { answerEarly, hasArrived } from './early-answer.js';
import { RefusedError } from './refusals.js';
import { UnknownSenderError } from './sender.js';

export function notFound(response: Response): void {
  refuse(response, 404, 'Document not found');
}

/** Answers at once: a body that is still coming is not waited for. */
export function refuse(response: Response, status: number, message: string): void {
  const body = { success: false, message };
  response.status(status);
  if (hasArrived(response.req)) response.json(body);
  else void answerEarly(response, body);
}

/** Seconds until a refused upload may be tried again. */
export const RETRY_AFTER_S = 5;

/** What Express and its parsers throw for a request that is at fault itself. */
const clientError = z.object({ status: z.int().min(400).max(499) });

/** Routes whose errors are answered here, and never reach the app's own handler. */
export function answeringErrors(
  router: RequestHandler,
  logger: Logger,
  onError: (error: unknown) => void = () => undefined,
): RequestHandler {
  return (request, response, next) => {
    void router(request, response, (error?: unknown) => {
      if (!error) return next();
      onError(error);
      answerError(error, response, logger);
    });
  };
}

function answerError(error: unknown, response: Response, logger: Logger): void {
  // The client hung up: nobody is there to be answered.
  if (response.closed) return;
  if (response.headersSent) {
    logger.error(loggable(error), 'an answer was broken off');
    response.destroy();
    return;
  }
  response.removeHeader('Content-Disposition');
  if (error instanceof UnknownSenderError) return refuse(response, error.status, error.message);
  if (error instanceof PdfError) return refuse(response, 400, error.message);
  if (error instanceof RefusedError) {
    if (error.status === 429 || error.status === 503) response.set('Retry-After', String(RETRY_AFTER_S));
    return refuse(response, error.status, error.message);
  }
  if (error instanceof NotTakenError || error instanceof StoreError || isDiskFull(error)) {
    response.set('Retry-After', String(RETRY_AFTER_S));
    if (!(error instanceof NotTakenError)) return refuse(response, 503, 'The store cannot be used for now');
    return refuse(response, error.isOfOwner ? 429 : 503, error.message);
  }
  const status = clientError.safeParse(error);
  if (status.success) return refuse(response, status.data.status, 'The request cannot be read');
  logger.error(loggable(error), 'a request failed');
  refuse(response, 500, 'The request failed unexpectedly');
}

function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
}
