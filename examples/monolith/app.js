const { randomBytes } = require('node:crypto');
const { join } = require('node:path');
const express = require('express');
const session = require('express-session');
const helmet = require('helmet');
const pinoHttp = require('pino-http');
const { Histogram } = require('prom-client');

/** Stands for the app's own users. */
const USERS = ['ada', 'grace'];

function createApp({ quire, registry, logger }) {
  const app = express();
  // Over plain HTTP, as on this machine, there is nothing to upgrade to.
  const contentSecurityPolicy = { directives: { upgradeInsecureRequests: null } };
  app.use(pinoHttp({ logger }), helmet({ contentSecurityPolicy }), measure(registry));
  // For the inner network: the proxy in front of the app passes neither on.
  app.get('/healthz', (_request, response) => response.json({ ok: true }));
  app.get('/metrics', (_request, response, next) => {
    registry.metrics().then((text) => response.type(registry.contentType).send(text), next);
  });

  app.use(express.static(join(__dirname, 'public')));
  app.use(express.json({ limit: '100kb' }));
  app.use(
    session({
      name: 'monolith',
      // Sessions are in memory, so their key need not outlive the process either.
      secret: randomBytes(32).toString('hex'),
      resave: false,
      saveUninitialized: false,
      // `lax` also keeps the forms of other sites away from Quire's routes.
      cookie: { httpOnly: true, sameSite: 'lax', secure: 'auto' },
    }),
  );
  app.get('/me', ({ session }, response) => response.json({ user: session.user ?? null }));
  app.post('/sign-in', (request, response, next) => {
    const { user } = request.body;
    if (!USERS.includes(user)) return response.status(401).json({ error: 'There is no such user' });
    request.session.regenerate((error) => {
      if (error) return next(error);
      request.session.user = user;
      response.json({ user });
    });
  });
  app.post('/sign-out', (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.json({ user: null })));
  });

  // Who is not signed in has no `userId` and gets a 401. What Quire has for ops, under /api/quire/ops/, asks
  // for OPS_TOKEN, or answers this machine alone.
  app.use(
    '/api/quire',
    quire.router({ identify: ({ session }) => ({ userId: session.user }) }),
    quire.pages(),
  );

  app.use((error, request, response, next) => {
    request.log.error(error);
    if (response.headersSent) return next(error);
    response.status(500).json({ error: 'The request failed' });
  });
  return app;
}

function measure(registry) {
  const seconds = new Histogram({
    name: 'http_request_seconds',
    help: 'How long requests take',
    labelNames: ['method', 'status'],
    registers: [registry],
  });
  return (request, response, next) => {
    const stop = seconds.startTimer({ method: request.method });
    response.once('finish', () => stop({ status: response.statusCode }));
    next();
  };
}

module.exports = { createApp };
