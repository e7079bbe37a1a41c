import express, { type CookieOptions, type Request, type RequestHandler, type Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import { z } from 'zod';
import type { Logger } from '../logger.js';
import { answeringErrors, refuse } from './answers.js';
import { notKept } from './not-kept.js';
import { SESSION_COOKIE, SESSION_MS, type Operators } from './operators.js';
import { requireOwnOrigin } from './same-origin.js';

export interface OpsSessionRoutes {
  operators: Operators;
  /** Origins whose pages may begin and end a session, beside the app's own. */
  allowOrigins: readonly string[];
  logger: Logger;
}

const WRONG_TOKENS_A_MINUTE = 10;
const LARGEST_BODY = '2kb';

/** Where the pages are, as the browser has them: a proxy may have a prefix of its own. */
const path = z.string().regex(/^\/(?:[\w.~%-]+\/)*$/);
const beginning = z.object({ token: z.string(), path: path.optional() });
const ending = z.object({ path: path.optional() });

/** The token of ops typed once into a form, for a cookie that lets in for a while. Nothing is kept of it here. */
export function opsSessionRouter({ operators, allowOrigins, logger }: OpsSessionRoutes): RequestHandler {
  const router = express.Router();
  const wrongTokens = rateLimit({
    windowMs: 60_000,
    limit: WRONG_TOKENS_A_MINUTE,
    skipSuccessfulRequests: true,
    standardHeaders: true,
    legacyHeaders: false,
    // Which proxies are trusted is the app's to say.
    validate: false,
    handler: (_request, response) => refuse(response, 429, 'Too many wrong tokens; try again in a minute'),
  });
  const changing = [requireOwnOrigin(allowOrigins), notKept];

  router.post(
    '/ops/session',
    changing,
    wrongTokens,
    express.json({ limit: LARGEST_BODY }),
    (request: Request, response: Response) => {
      if (!operators.hasToken) return refuse(response, 404, 'No token of ops is set here');
      const given = beginning.safeParse(request.body);
      if (!given.success) return refuse(response, 400, 'Send {"token": "..."} as JSON');
      if (!operators.isToken(given.data.token)) return refuse(response, 401, 'This is not the token of ops');
      response.cookie(SESSION_COOKIE, operators.newSession(), {
        ...cookieOf(request, given.data.path),
        maxAge: SESSION_MS,
      });
      response.json({ success: true, seconds: SESSION_MS / 1_000 });
    },
  );

  router.delete(
    '/ops/session',
    changing,
    express.json({ limit: LARGEST_BODY }),
    (request: Request, response: Response) => {
      const given = ending.safeParse(request.body ?? {});
      if (!given.success) return refuse(response, 400, 'path must be where the pages are, like /quire/');
      response.clearCookie(SESSION_COOKIE, cookieOf(request, given.data.path));
      response.json({ success: true });
    },
  );
  return answeringErrors(router, logger);
}

/** For where the router is mounted, and nothing beside it. */
function cookieOf(request: Request, path: string | undefined): CookieOptions {
  const mounted = `${request.baseUrl}/`;
  const shown = path?.endsWith(mounted) ? path : mounted;
  return {
    httpOnly: true,
    sameSite: 'strict',
    secure: request.secure,
    path: shown === '/' ? shown : shown.slice(0, -1),
  };
}
