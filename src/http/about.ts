import express, { type Request, type RequestHandler } from 'express';
import { z } from 'zod';
import type { About } from '../api/about.js';
import type { Logger } from '../logger.js';
import { answeringErrors } from './answers.js';
import { notKept } from './not-kept.js';
import { requireOwnOrigin } from './same-origin.js';

export interface AboutRoutes {
  about: Omit<About, 'may_operate'>;
  mayOperate: (request: Request) => boolean | Promise<boolean>;
  allowOrigins: readonly string[];
  logger: Logger;
}

const PAGE_ERRORS_A_MINUTE = 20;
const LARGEST_REPORT = '2kb';

/** An error of a script of the pages: nothing in it can quote a document. */
const pageError = z.object({
  name: z.stringFormat('error', /^[A-Za-z]{1,40}$/),
  page: z.enum(['upload', 'record', 'review', 'compare', 'print', 'operations', 'unknown']),
  line: z.int().min(0),
  column: z.int().min(0),
});

/** What the pages need besides documents: what the server is, and where their own errors go. */
export function aboutRouter({ about, mayOperate, allowOrigins, logger }: AboutRoutes): RequestHandler {
  const router = express.Router();
  router.get('/api/about', notKept, async (request, response) => {
    response.json({ ...about, may_operate: await mayOperate(request) } satisfies About);
  });

  let minute = 0;
  let logged = 0;
  router.post(
    '/api/page-errors',
    requireOwnOrigin(allowOrigins),
    express.json({ limit: LARGEST_REPORT }),
    (request, response) => {
      const now = Math.floor(Date.now() / 60_000);
      if (now !== minute) [minute, logged] = [now, 0];
      const error = pageError.safeParse(request.body);
      if (error.success && logged++ < PAGE_ERRORS_A_MINUTE)
        logger.error({ ...error.data }, 'a page failed in a browser');
      response.status(204).end();
    },
  );
  return answeringErrors(router, logger);
}
