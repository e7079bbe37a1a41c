const { createQuire } = require('quire');
const { createApp } = require('./app');
const { logger, openai, pool, registry, unleash } = require('./clients');

async function main() {
  const quire = await createQuire({
    registry,
    logger: logger.child({ module: 'quire' }),
    // Each of these is undefined where the app has none: Quire then uses what its own settings name.
    openai,
    unleash,
    database: pool,
  });
  const app = createApp({ quire, registry, logger });
  const server = app.listen(process.env.PORT ?? 4300, '127.0.0.1', () => {
    logger.info(`The monolith is at http://127.0.0.1:${server.address().port}/`);
  });

  async function stop(signal) {
    logger.info({ signal }, 'stopping');
    server.close();
    // Before the clients are ended: what the model still answers is kept, and documents go on at the next start.
    await quire.close();
    unleash?.destroy();
    await pool?.end();
    logger.info('stopped');
  }
  let stopping;
  const stopOnce = (signal) => (stopping ??= stop(signal));
  process.once('SIGTERM', stopOnce);
  process.once('SIGINT', stopOnce);
}

main();
