/** What the app has anyway, and shares with Quire. */
const { OpenAI } = require('openai');
const { Pool } = require('pg');
const { pino } = require('pino');
const { collectDefaultMetrics, Registry } = require('prom-client');
const { initialize } = require('unleash-client');

const { DATABASE_URL, LOG_LEVEL, OPENAI_API_KEY, UNLEASH_API_TOKEN, UNLEASH_URL } = process.env;

const logger = pino({
  level: LOG_LEVEL ?? 'info',
  // Who has somebody's cookie is signed in as them.
  redact: ['req.headers.cookie', 'res.headers["set-cookie"]'],
});

const registry = new Registry();
collectDefaultMetrics({ register: registry });

const openai = OPENAI_API_KEY ? new OpenAI() : undefined;

const pool = DATABASE_URL ? new Pool({ connectionString: DATABASE_URL }) : undefined;
pool?.on('error', (error) => logger.error(error, 'a connection to the database was lost'));

const unleash = UNLEASH_URL
  ? initialize({
      url: UNLEASH_URL,
      appName: 'monolith',
      customHeaders: { Authorization: UNLEASH_API_TOKEN },
      // A flip is in force after the next refresh; the SDK's default is 15 seconds.
      refreshInterval: 1_000,
    })
  : undefined;
unleash?.on('error', (error) => logger.warn(error, 'the flags cannot be refreshed'));

module.exports = { logger, openai, pool, registry, unleash };
