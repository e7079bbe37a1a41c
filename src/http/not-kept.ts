import type { RequestHandler } from 'express';

/** What is told of a document is for who may see it alone, and for no cache on the way. */
export const notKept: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'private, no-store');
  next();
};
