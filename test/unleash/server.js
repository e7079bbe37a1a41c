/* global fetch */
/**
 * A real Unleash server with the flags Quire asks for, all of it in this process and on this machine.
 * `npm run unleash` starts it for a person, `unleash.ts` forks it for a test.
 *
 * - UNLEASH_PORT            4242 unless given; 0 takes any free one
 * - UNLEASH_DATA_DIR        a folder to keep the state in; in memory unless given
 * - UNLEASH_ADMIN_TOKEN     `*:*.<secret>`, random unless given
 * - UNLEASH_CLIENT_TOKEN    `default:development.<secret>`, random unless given
 * - UNLEASH_ADMIN_PASSWORD  of the user `admin`, random unless given
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { create, SYSTEM_USER_AUDIT } from 'unleash-server';

const HOST = '127.0.0.1';
const FLAGS = ['batch-page-processing', 'batch-page-shadow'];
const ENVIRONMENT = 'development';
const PAYLOAD = '{"batchSize": 2, "maxWorkers": 3}';

const settings = {
  port: Number(process.env.UNLEASH_PORT || 4242),
  dataDir: process.env.UNLEASH_DATA_DIR || undefined,
  adminToken: process.env.UNLEASH_ADMIN_TOKEN || `*:*.${randomBytes(28).toString('hex')}`,
  clientToken: process.env.UNLEASH_CLIENT_TOKEN || `default:development.${randomBytes(28).toString('hex')}`,
  password: process.env.UNLEASH_ADMIN_PASSWORD || randomPassword(),
};

// Unleash reads these itself. The option `telemetry: false` does not turn telemetry off, the variable does.
Object.assign(process.env, { NODE_ENV: 'production', SEND_TELEMETRY: 'false', TZ: 'UTC' });
// Its own use of pg warns of what pg will no longer do in its next version.
process.noDeprecation = true;

let stopping = false;
let stop = () => process.exit(0);
for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.on(event, () => stop());

try {
  await start();
} catch (error) {
  console.error(`Unleash did not start: ${error.message}`);
  process.exit(1);
}

async function start() {
  // Listens before all else: a port that is taken shows at once, and the data folder of the server that
  // has it stays untouched.
  const server = createServer((_request, response) => response.writeHead(503).end());
  const address = `http://${HOST}:${await listen(server, settings.port)}`;

  if (settings.dataDir) mkdirSync(settings.dataDir, { recursive: true });
  const database = await PGlite.create(settings.dataDir);
  const socket = new PGLiteSocketServer({ db: database, host: HOST, port: 0, maxConnections: 10 });
  await socket.start();

  const unleash = await createUnleash(address, Number(socket.getServerConn().split(':').pop()));
  stop = async () => {
    if (stopping) return;
    stopping = true;
    try {
      server.close();
      server.closeAllConnections();
      await unleash.stop();
      await socket.stop();
      await database.close();
    } finally {
      process.exit(0);
    }
  };
  await admit(unleash);
  server.removeAllListeners('request').on('request', unleash.app);
  for (const flag of FLAGS) await createFlag(address, flag);

  if (process.send) {
    const { adminToken, clientToken } = settings;
    const url = `${address}/api`;
    process.send({ url, adminToken, clientToken, environment: ENVIRONMENT });
    process.on('message', async ({ environment }) => {
      const token = await createEnvironment(unleash, address, environment);
      process.send({ url, adminToken, clientToken: token, environment });
    });
  } else {
    greet(address);
  }
}

async function listen(server, port) {
  server.listen(port, HOST);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new Error(`port ${port} of ${HOST} is taken, set UNLEASH_PORT to another one`, { cause: error });
  }
  return server.address().port;
}

function createUnleash(address, databasePort) {
  const silent = () => {};
  // Requests that are cut off by the end of the server are no errors.
  const error = (...details) => stopping || console.error(...details);
  return create({
    db: {
      host: HOST,
      port: databasePort,
      user: 'postgres',
      password: 'postgres',
      database: 'postgres',
      ssl: false,
      // PGlite is one session: statements of two connections get mixed up in it, even with results.
      pool: { min: 0, max: 1 },
    },
    server: { unleashUrl: address, secret: randomBytes(28).toString('hex') },
    authentication: {
      type: 'open-source',
      enableApiToken: true,
      createAdminUser: true,
      initialAdminUser: { username: 'admin', password: settings.password },
    },
    versionCheck: { enable: false },
    clientFeatureCaching: { enabled: false, maxAge: 0 },
    getLogger: () => ({ debug: silent, info: silent, warn: silent, error, fatal: error }),
    preHook: (app) => app.use(keepToThisMachine),
  });
}

/** The pages of the admin UI ask for fonts, pictures and statistics elsewhere; the browser refuses that. */
function keepToThisMachine(_request, response, next) {
  response.set(
    'content-security-policy',
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:",
  );
  next();
}

/** Makes the log-in and the tokens of this start valid, also in a data folder that knows earlier ones. */
async function admit({ services, stores }) {
  const admin = await stores.userStore.getByQuery({ username: 'admin' });
  await services.userService.changePassword(admin.id, settings.password);

  const { adminToken, clientToken } = settings;
  for (const token of [
    { tokenName: 'admin', type: 'admin', secret: adminToken, projects: ['*'], environment: '*' },
    {
      tokenName: 'quire',
      type: 'backend',
      secret: clientToken,
      projects: ['default'],
      environment: 'development',
    },
  ]) {
    if (!(await stores.apiTokenStore.exists(token.secret))) await stores.apiTokenStore.insert(token);
  }
}

/** The open-source server has no address for this. @returns the token of its clients */
async function createEnvironment({ services, stores }, address, name) {
  await stores.environmentStore.create({ name, type: 'development', enabled: true });
  await services.environmentService.addEnvironmentToProject(name, 'default', SYSTEM_USER_AUDIT);
  const secret = `default:${name}.${randomBytes(28).toString('hex')}`;
  await stores.apiTokenStore.insert({
    tokenName: name,
    type: 'backend',
    secret,
    projects: ['default'],
    environment: name,
  });
  for (const flag of FLAGS) await createStrategy(address, flag, name);
  return secret;
}

/** Off and at 0 %. What is there already stays as it is. */
async function createFlag(address, flag) {
  const flags = `${address}/api/admin/projects/default/features`;
  await request('POST', flags, { name: flag, type: 'release' }, [409]);
  const environment = `${flags}/${flag}/environments/${ENVIRONMENT}`;
  if ((await request('GET', `${environment}/strategies`)).length > 0) return;
  await createStrategy(address, flag, ENVIRONMENT);
}

async function createStrategy(address, flag, environment) {
  const strategies = `${address}/api/admin/projects/default/features/${flag}/environments/${environment}/strategies`;
  // Unleash adds a strategy of 100 % to a flag that is enabled without one.
  await request('POST', strategies, {
    name: 'flexibleRollout',
    parameters: { rollout: '0', stickiness: 'default', groupId: flag },
    variants: [
      {
        name: 'batch',
        weight: 1000,
        weightType: 'variable',
        stickiness: 'default',
        payload: { type: 'json', value: PAYLOAD },
      },
    ],
  });
}

async function request(method, url, body, alsoFine = []) {
  const response = await fetch(url, {
    method,
    headers: { authorization: settings.adminToken, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (response.ok) return response.json();
  if (alsoFine.includes(response.status)) return undefined;
  throw new Error(`${method} ${url} answered ${response.status}: ${await response.text()}`);
}

/** Unleash wants small and capital letters, digits, a sign, and no character three times in a row. */
function randomPassword() {
  return `Quire-${randomBytes(8).toString('hex').match(/../g).join('-')}`;
}

function greet(address) {
  console.log(`Unleash: ${address}   (Ctrl-C ends it)
State:   ${settings.dataDir ? `kept in ${settings.dataDir}` : 'in memory, gone when it ends; UNLEASH_DATA_DIR keeps it'}

Log in as
  user name  admin
  password   ${settings.password}

Admin token, for the API at ${address}/api/admin
  ${settings.adminToken}

Start Quire against it
  UNLEASH_URL=${address}/api UNLEASH_API_TOKEN=${settings.clientToken} npm start`);
}
