import { randomUUID } from 'node:crypto';
import cookieParser from 'cookie-parser';
import express, { type Request, type RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { pino } from 'pino';
import { formatPlan } from './processor/plan.js';
import { createQuire } from './quire.js';
import { knownHosts } from './http/known-hosts.js';
import { Operators } from './http/operators.js';
import { readHostSettings, readSettings } from './settings.js';
import { StoreError } from './store/database.js';
import { NotTakenError } from './documents/documents.js';
import { refuse, RETRY_AFTER_S } from './http/answers.js';

const SESSION_COOKIE = 'quire_session';
const SESSION_MS = 365 * 24 * 60 * 60_000;
/** Of pages, nothing of a document is in them. */
const PAGE = /^\/(?:$|assets\/|document\/|operations$|api\/about$)/;
/** Where ops' routes were before they were under `/ops/`; here, no app has routes of these names. */
const OLD_NAMES = { '/metrics': '/ops/metrics', '/readyz': '/ops/readyz', '/api/shadow': '/ops/shadow' };
/** Longer than clients and proxies keep a connection: an upload sent on one that is being closed would be lost. */
const KEEP_ALIVE_MS = 65_000;

/** The runnable host: Quire's routes and one page to try them on. */
async function serve(): Promise<void> {
  const { HOST, PORT, ALLOWED_HOSTS = [], LOG_LEVEL, UPLOADS_PER_MINUTE, DATABASE_URL } = readHostSettings();
  const logger = pino({ level: LOG_LEVEL });
  const settings = { QUIRE_DATABASE_URL: readSettings().QUIRE_DATABASE_URL ?? DATABASE_URL };
  const quire = await createQuire({ logger, settings });
  const { modelName: model, fixedPlan } = quire;
  const about = { model, plan: fixedPlan ? formatPlan(fixedPlan) : 'chosen for each request' };
  const router = quire.router({ identify: sessionOf });

  const app = express();
  // Over plain HTTP, as on this machine, there is nothing to upgrade to.
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
  app.use(knownHosts([HOST, ...ALLOWED_HOSTS]));
  const { require: forOps } = new Operators({ token: readSettings().OPS_TOKEN, logger });
  for (const [old, name] of Object.entries(OLD_NAMES)) {
    app.get(old, forOps, (request, _response, next) => {
      request.url = request.url.replace(/^[^?]*/, name);
      next();
    });
  }
  app.use(sessions(() => quire.secret('session')));
  app.get('/about', (_request, response) => response.json(about));
  app.post(
    ['/process', '/upload'],
    rateLimit({
      windowMs: 60_000,
      limit: UPLOADS_PER_MINUTE,
      standardHeaders: true,
      legacyHeaders: false,
      handler: (_request, response) => refuse(response, 429, 'Too many uploads; try again in a minute'),
    }),
  );
  app.use(router, quire.pages());

  const server = app.listen(PORT, HOST, (error) => {
    if (error) {
      process.stderr.write(`Quire cannot listen on ${HOST}:${PORT}: ${error.message}\n`);
      process.exit(1);
    }
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : PORT;
    process.stdout.write(`Quire is at http://${HOST}:${port}/ with ${about.model}, plan ${about.plan}\n`);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const stop = () => {
    server.close();
    server.closeIdleConnections();
    quire.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

/**
 * There is no login here: whoever has the cookie is who uploaded. The secret that cookies are signed with is in
 * the store; until that is open nobody can be told from anybody else: only ops and the empty page are answered.
 */
function sessions(secret: () => Promise<string>): RequestHandler {
  let parser: Promise<RequestHandler> | undefined;
  return async (request, response, next) => {
    if (/^\/ops\//i.test(request.path)) return next();
    parser ??= secret().then((text) => cookieParser(text));
    try {
      (await parser)(request, response, () => startSession(request, response, next));
    } catch (error) {
      parser = undefined;
      if (!(error instanceof StoreError || error instanceof NotTakenError)) throw error;
      if (PAGE.test(request.path)) return next();
      response.set('Retry-After', String(RETRY_AFTER_S));
      refuse(response, 503, 'The store cannot be used for now');
    }
  };
}

const startSession: RequestHandler = (request, response, next) => {
  const cookies = request.signedCookies as Record<string, unknown>;
  if (typeof cookies[SESSION_COOKIE] !== 'string') {
    cookies[SESSION_COOKIE] = randomUUID();
    response.cookie(SESSION_COOKIE, cookies[SESSION_COOKIE], {
      signed: true,
      httpOnly: true,
      sameSite: 'lax',
      secure: request.secure,
      maxAge: SESSION_MS,
    });
  }
  next();
};

/** Flags believe what a caller says of itself, doors only the cookie. */
function sessionOf(request: Request) {
  const header = (name: string) => {
    const text = request.get(name);
    return text === '' ? undefined : text;
  };
  const { [SESSION_COOKIE]: session } = request.signedCookies as Record<string, string>;
  return {
    owner: session,
    userId: header('x-user-id'),
    sessionId: header('x-session-id') ?? session,
    anonymous: true,
  };
}

serve().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
