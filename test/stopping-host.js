/**
 * An app that mounts Quire and ends on SIGTERM as it likes to: it closes what it opened, says its last
 * line, and leaves the rest to Node.js, which ends a process that has nothing left to do.
 */
import { setImmediate } from 'node:timers';
import express from 'express';

const listeners = () =>
  Object.fromEntries(process.eventNames().map((name) => [String(name), process.listenerCount(name)]));

async function serve() {
  const before = listeners();
  const { createQuire } = await import('../dist/index.js');
  const quire = await createQuire();
  const app = express();
  app.use(quire.router({ allowAnonymous: true }));
  const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));

  process.once('SIGTERM', async () => {
    const open = listeners();
    await quire.close();
    server.close();
    server.closeAllConnections();
    console.log(JSON.stringify({ listeners: { before, open, closed: listeners() } }));
  });
}

// Not awaited here: while Node.js evaluates a module, it listens itself for the end.
setImmediate(serve);
