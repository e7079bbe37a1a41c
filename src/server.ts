import { fileURLToPath } from 'node:url';
import express, { type Request } from 'express';
import { pino } from 'pino';
import { formatPlan } from './processor/plan.js';
import { createQuire } from './quire.js';
import { readHostSettings } from './settings.js';

/** The runnable host: Quire's routes and one page to try them on. */
async function serve(): Promise<void> {
  const { HOST, PORT, LOG_LEVEL } = readHostSettings();
  const logger = pino({ level: LOG_LEVEL });
  const quire = await createQuire({ logger });
  const { modelName: model, fixedPlan } = quire;
  const about = { model, plan: fixedPlan ? formatPlan(fixedPlan) : 'chosen for each request' };
  const root = fileURLToPath(new URL('upload', import.meta.url));

  const app = express();
  app.disable('x-powered-by');
  app.get('/', (_request, response) => response.sendFile('page.html', { root }));
  app.get('/about', (_request, response) => response.json(about));
  // There is no login here: whoever calls says who they are.
  const identify = (request: Request) => ({
    userId: request.get('x-user-id'),
    sessionId: request.get('x-session-id'),
  });
  app.use(quire.router({ identify }));

  const server = app.listen(PORT, HOST, (error) => {
    if (error) {
      process.stderr.write(`Quire cannot listen on ${HOST}:${PORT}: ${error.message}\n`);
      process.exit(1);
    }
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : PORT;
    process.stdout.write(`Quire is at http://${HOST}:${port}/ with ${about.model}, plan ${about.plan}\n`);
  });
  const stop = () => {
    server.close();
    server.closeAllConnections();
    quire.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

serve().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
