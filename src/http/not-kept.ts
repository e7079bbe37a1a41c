import type { NextFunction, Response } from 'express';

/** What is told of a document is for who may see it alone, and for no cache on the way. */
export function notKept(_request: unknown, response: Response, next: NextFunction): void {
  keepNowhere(response);
  next();
}

/** The same for an answer to be. */
export function keepNowhere(response: Response): void {
  response.set('Cache-Control', 'private, no-store');
}
