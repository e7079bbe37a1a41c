import { rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { attempt, install, newFolder, pack } from './package.js';

/** An app's own compiler takes the packed module, with every version of what the app brings along. */

/** How a host imports, and how its compiler is told so. */
interface Way {
  file: string;
  /** Whether the host is CommonJS that may not `require` an ES module. */
  byImport?: true;
  module: string;
  moduleResolution?: string;
}

const WAYS = {
  'ESM nodenext': { file: 'esm.mts', module: 'nodenext' },
  'CJS nodenext': { file: 'cjs.cts', module: 'nodenext' },
  'CJS node16': { file: 'cjs16.cts', module: 'node16', byImport: true },
  bundler: { file: 'bundled.mts', module: 'preserve', moduleResolution: 'bundler' },
} as const satisfies Record<string, Way>;

/** Versions of `openai`, of Express and of its types. */
const PEERS = [
  ['4.104.0', '4.22.3', '4.17.25'],
  ['5.23.2', '5.3.0', '5.0.6'],
  ['6.0.0', '5.3.0', '5.0.6'],
  ['6.49.0', '4.22.3', '4.17.25'],
  ['6.49.0', '5.3.0', '5.0.6'],
  ['7.57.0', '5.3.0', '5.0.6'],
] as const;

const OTHER_PEERS = [
  'pg@8.23.1',
  '@types/pg@8.23.1',
  'pino@10.4.0',
  'prom-client@15.1.3',
  'unleash-client@6.12.1',
  'express-session@1.19.0',
  '@types/express-session@1.19.0',
];

const IMPORT = `import { createQuire, PdfError, type DocumentRecord, type Quire } from 'quire';`;
const IMPORT_OF_TYPES = `import type { DocumentRecord, Quire } from 'quire' with { 'resolution-mode': 'import' };`;
const IMPORT_IN_MAIN = `const { createQuire, PdfError } = await import('quire');`;

/** An app with clients, sessions, sign-in and metrics of its own. Each line after `@ts-expect-error` must be refused. */
function host({ byImport }: Way): string {
  return `
import express, { type Request } from 'express';
import session from 'express-session';
import OpenAI, { AzureOpenAI } from 'openai';
import { Pool } from 'pg';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { initialize } from 'unleash-client';
${byImport ? IMPORT_OF_TYPES : IMPORT}

declare global {
  namespace Express {
    interface Request {
      user?: { id: string };
    }
  }
}
interface SignedIn extends Request {
  user: { id: string };
}

const openai = new OpenAI({ apiKey: 'none' });
const azure = new AzureOpenAI({ apiKey: 'none', endpoint: 'http://127.0.0.1/', apiVersion: '2024-10-21' });
const unleash = initialize({ url: 'http://127.0.0.1/api', appName: 'host', customHeaders: { Authorization: 'token' } });
const pool = new Pool({ connectionString: process.env.DATABASE_URL });
const logger = pino();
const registry = new Registry();

const wrapped = {
  chat: {
    completions: {
      async create(request: { model: string; messages: { role: string; content: string }[] }) {
        logger.info({ model: request.model, messages: request.messages.length });
        return { choices: [] };
      },
    },
  },
};

export async function main(): Promise<void> {
  ${byImport ? IMPORT_IN_MAIN : ''}
  const quire: Quire = await createQuire({
    openai,
    model: 'some-model',
    plan: { path: 'batch', batchSize: 2, maxWorkers: 3 },
    unleash,
    logger: logger.child({ module: 'quire' }),
    registry,
    database: pool,
    settings: { LLM_MAX_CONCURRENCY: 5, QUIRE_FORCE_SINGLE_PAGE: true, LLM_REQUEST_DEFAULTS: { temperature: 0 } },
  });
  const others = [
    await createQuire(),
    await createQuire({ openai: azure, model: 'deployment', database: 'postgres://127.0.0.1/quire' }),
    await createQuire({ openai: wrapped, model: 'some-model', logger: console }),
  ];

  const app = express();
  app.use(session({ secret: 'secret', resave: false, saveUninitialized: false }));
  app.use('/quire', quire.router());
  const signedIn: express.RequestHandler = (request, response, next) => {
    if (request.user) next();
    else response.status(401).end();
  };
  app.use('/typed', signedIn, quire.router({ identify: (request: Request) => ({ userId: request.user?.id }) }));
  app.use('/reviewed', quire.router({
    mayRead: (request: Request, { userId }) => request.user !== undefined && userId !== undefined,
    mayCorrect: async (request: SignedIn, document) => document.name !== '' && request.user.id !== document.owner,
  }), quire.pages());
  app.use('/own', quire.router({ identify: async (request: SignedIn) => ({ userId: request.user.id }) }));
  app.use(
    quire.router({
      identify: (request) => ({
        userId: request.user?.id ?? request.get('x-user'),
        sessionId: request.sessionID,
        properties: { agent: request.headers['user-agent'] ?? '' },
      }),
      allowAnonymous: true,
    }),
  );
  const nested = express.Router();
  nested.use('/nested', quire.router());
  app.use(nested);

  try {
    const record: DocumentRecord = await quire.processPdf(new Uint8Array(), { userId: '1', signal: AbortSignal.timeout(1_000) });
    logger.info({ accounts: record.accounts.map(({ accountNumber }) => accountNumber), calls: record.usage.calls });
  } catch (error) {
    if (error instanceof PdfError) logger.warn({ code: error.code });
  }
  await Promise.all([quire, ...others].map((each) => each.close()));

  // @ts-expect-error An option that there is not.
  await createQuire({ modell: 'some-model' });
  // @ts-expect-error Not a client.
  await createQuire({ openai: { completions: openai.completions } });
  // @ts-expect-error Not an Unleash client.
  await createQuire({ unleash: logger });
  // @ts-expect-error Not a pool.
  await createQuire({ database: logger });
  // @ts-expect-error Not a plan.
  await createQuire({ plan: { path: 'batch', batchSize: 'many', maxWorkers: 3 } });
  // @ts-expect-error A number as text.
  await createQuire({ settings: { LLM_MAX_CONCURRENCY: '5' } });
  // @ts-expect-error Not a setting.
  await createQuire({ settings: { LLM_MAX_CONCURENCY: 5 } });
  // @ts-expect-error A sender is not a text.
  quire.router({ identify: (request) => request.sessionID });
  // @ts-expect-error The app's sign-in may have found nobody.
  quire.router({ identify: (request) => ({ userId: request.user.id }) });
}
`;
}

const LIMIT_MS = 280_000;
const root = newFolder();
/** npm changes what differs from one set of peers to the next, in a fraction of the time of a new folder. */
const app = join(root, 'app');
const table: Record<string, Record<string, string>> = {};
let packed: string;
let newestCompiler: string;

beforeAll(async () => {
  await mkdir(app);
  packed = await pack(root);
  newestCompiler = await installCompiler('7.0.2');
}, LIMIT_MS);
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
  console.table(table);
});

async function installCompiler(version: string): Promise<string> {
  const folder = join(root, `typescript-${version}`);
  await mkdir(folder);
  await install(folder, [`typescript@${version}`]);
  return join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
}

/** @returns what the compiler complains of: nothing when it takes the host */
async function complaints(compiler: string, way: Way, more = ''): Promise<string> {
  const { file, module, moduleResolution } = way;
  writeFileSync(join(app, file), host(way) + more);
  const options = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    'false',
    '--target',
    'es2022',
    '--types',
    'node',
  ];
  const resolution = moduleResolution ? ['--moduleResolution', moduleResolution] : [];
  const interop = ['--esModuleInterop', 'true'];
  const args = [compiler, ...options, ...interop, '--module', module, ...resolution, file];
  return (await attempt(process.execPath, args, app)).out;
}

describe.each(PEERS)('openai %s with Express %s', (openai, express, types) => {
  const row = `openai ${openai}, Express ${express}`;
  beforeAll(async () => {
    const peers = [`openai@${openai}`, `express@${express}`, `@types/express@${types}`];
    await install(app, [packed, ...peers, ...OTHER_PEERS]);
  }, LIMIT_MS);

  test.each(Object.keys(WAYS) as (keyof typeof WAYS)[])(
    'compiles as %s',
    async (name) => {
      const found = await complaints(newestCompiler, WAYS[name]);
      table[row] = { ...table[row], [name]: found === '' ? 'compiles' : `${found.split('\n').length} lines` };
      expect(found).toBe('');
    },
    LIMIT_MS,
  );
});

describe('with openai 6.49.0 and Express 4.22.3 again', () => {
  let olderCompiler: string;
  beforeAll(async () => {
    const peers = ['openai@6.49.0', 'express@4.22.3', '@types/express@4.17.25'];
    await install(app, [packed, ...peers, ...OTHER_PEERS]);
    olderCompiler = await installCompiler('5.8.3');
  }, LIMIT_MS);

  test(
    'the compiler says what is wrong with an option',
    async () => {
      const wrong = `void createQuire({ modell: 'some-model' });`;
      expect(await complaints(newestCompiler, WAYS['ESM nodenext'], wrong)).toMatch(
        /^esm\.mts\(\d+,\d+\): error TS\d+: .*'modell' does not exist in type 'QuireOptions'/,
      );
    },
    LIMIT_MS,
  );

  test.each<Way>([WAYS['CJS nodenext'], { file: 'old.ts', module: 'commonjs', moduleResolution: 'node10' }])(
    'compiles with TypeScript 5.8 as $module',
    async (way) => expect(await complaints(olderCompiler, way)).toBe(''),
    LIMIT_MS,
  );
});
