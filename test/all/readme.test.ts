import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startEmbeddedModel } from '../../src/embedded-model/service.js';
import { PACKED_PAGES, pageNamed, PAGES, REPOSITORY_PAGES } from '../markdown.js';
import { Program } from '../program.js';
import { newFolder, pack, ROOT } from './package.js';
import { Reader } from './reader.js';

/**
 * What the documentation tells to do, done: each command and each code example runs as it stands there. What is for
 * users of the package runs in a folder with the package installed, what is for contributors in a copy of the
 * repository.
 */

/** CI runs these on a clean checkout. */
const RUN_BY_CI = /^(npm (?:ci|test|run (?:test:all|typecheck|lint)))(?: && npm run build)?$/;
/** PostgreSQL's own programs are in no package of npm. */
const NOT_RUN = /^(?:pg_dump|pg_restore|psql) /;

/** Which tests it runs is what can be wrong with it: they have a run of their own. */
const NAMES_TESTS = /^npm (?:test|run test:all) -- ([\w ]+)$/;

const root = newFolder();
const user = join(root, 'user');
const repository = join(root, 'repository');
let model: Awaited<ReturnType<typeof startEmbeddedModel>>;

beforeAll(async () => {
  model = await startEmbeddedModel();
  await mkdir(join(user, 'packages'), { recursive: true });
  const sample = join(ROOT, 'test/samples/bank-statement-multipage.pdf');
  await cp(sample, join(user, 'package.pdf'));
  await cp(sample, join(user, 'packages/statement.pdf'));
  // An answer with an error status fails the command.
  await writeFile(join(user, '.curlrc'), 'fail-with-body\nsilent\nshow-error\n');
  const packed = await pack(user);
  await writeFile(join(user, 'package.json'), '{ "private": true }');
  const install = pageNamed('README.md').commands.find((command) => command.startsWith('npm install'));
  await reader(user).types(`${install} --prefer-offline`);

  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: ROOT }).toString();
  for (const file of [...files.trim().split('\n'), 'dist'].filter((path) => existsSync(join(ROOT, path)))) {
    await mkdir(dirname(join(repository, file)), { recursive: true });
    await cp(join(ROOT, file), join(repository, file), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(repository, 'node_modules'));
  await cp(packed, join(repository, 'examples/monolith', basename(packed)));
}, 280_000);
afterAll(async () => {
  await model.close();
  await rm(root, { recursive: true, force: true });
});

function reader(folder: string, known = {}, variables = {}): Reader {
  const keys = {
    'OPENAI_API_KEY=...': `OPENAI_BASE_URL=${model.baseURL} OPENAI_API_KEY=...`,
    '--inspect-brk': '--inspect-brk=127.0.0.1:0',
    ...known,
  };
  return new Reader(folder, keys, { PORT: '0', UNLEASH_PORT: '0', CURL_HOME: user, ...variables });
}

async function tryAll(commands: readonly string[], who: Reader): Promise<void> {
  try {
    for (const command of commands) await tryOne(command, who);
  } finally {
    await who.leaves();
  }
}

async function tryOne(command: string, who: Reader): Promise<void> {
  if (NOT_RUN.test(command)) return;
  const [, ofCi] = RUN_BY_CI.exec(command) ?? [];
  if (ofCi !== undefined) {
    expect(readFileSync(join(ROOT, '.ci/run'), 'utf8')).toContain(ofCi);
    return;
  }
  const [, names] = NAMES_TESTS.exec(command) ?? [];
  const wrote = await who.types(names === undefined ? command : command.replace(' -- ', ' -- --listTests '));
  for (const name of names?.split(' ') ?? []) {
    expect(wrote).toMatch(new RegExp(`/test/.*${name}.*\\.test\\.ts$`, 'm'));
  }
}

describe('commands', () => {
  /** Those that need more around them have tests of their own, below. */
  const simple = PACKED_PAGES.filter(
    ({ file, commands }) => commands.length > 0 && !['docs/rollout.md', 'docs/operations.md'].includes(file),
  );

  test.each(simple)('of $file work for users of the package', async ({ commands }) => {
    await tryAll(commands, reader(user));
  });

  test.each(REPOSITORY_PAGES)('of $file work in the repository', async ({ commands }) => {
    await tryAll(commands, reader(repository));
  });

  test('of docs/operations.md bring a backup back', async () => {
    await rm(join(user, '.quire'), { recursive: true, force: true });
    const who = reader(user);
    try {
      await who.types('npx quire');
      await who.types('curl -c owner -F file=@package.pdf http://127.0.0.1:3000/process');
      await who.leaves();
      await tryAll(pageNamed('docs/operations.md').commands, who);
      await who.types('npx quire');
      const list = await who.types('curl -b owner http://127.0.0.1:3000/api/documents');
      expect(JSON.parse(list)).toMatchObject({ total: 1 });
    } finally {
      await who.leaves();
    }
  });

  test('of docs/rollout.md bring the flags into an Unleash and flip them', async () => {
    const unleash = new Program('node test/unleash/server.js', {
      folder: ROOT,
      variables: { UNLEASH_PORT: '0' },
    });
    try {
      const clientToken = await unleash.says(/UNLEASH_API_TOKEN=(\S+) npm start/);
      const address = await unleash.says(/Unleash: (\S+)/);
      const admin = await UnleashAdmin.signIn(address, await unleash.says(/password +(\S+)/));
      await admin.forget(FLAGS);

      const [bringIn = '', ...others] = pageNamed('docs/rollout.md').commands;
      const known = {
        'https://unleash.example': address,
        'UNLEASH_API_TOKEN=...': `UNLEASH_API_TOKEN=${clientToken}`,
      };
      const who = reader(user, known, { UNLEASH: address, UNLEASH_ADMIN_TOKEN: admin.token });
      await who.types(bringIn);
      for (const flag of FLAGS)
        expect(await admin.state(flag)).toMatchObject(flagAt(flag, false, '0', '2, 3'));

      const seen = others.findIndex((command) => command.includes('x-quire-plan'));
      for (const command of others.slice(0, seen)) await who.types(command);
      expect(await admin.state('batch-page-processing')).toMatchObject(
        flagAt('batch-page-processing', true, '100', '2, 3'),
      );
      // A flip takes a moment.
      while (!(await who.types(others[seen] ?? '')).includes('batch 2x3'));
      await tryAll(others.slice(seen + 1), who);
      expect(await admin.state('batch-page-processing')).toMatchObject(
        flagAt('batch-page-processing', false, '10', '2, 3'),
      );
    } finally {
      await unleash.stop();
    }
  });
});

const FLAGS = ['batch-page-processing', 'batch-page-shadow'];

function flagAt(name: string, enabled: boolean, rollout: string, sizes: string) {
  const [batchSize = '', maxWorkers = ''] = sizes.split(', ');
  return {
    enabled,
    strategies: [
      {
        name: 'flexibleRollout',
        parameters: { rollout, stickiness: 'default', groupId: name },
        variants: [
          {
            name: 'batch',
            payload: { type: 'json', value: `{"batchSize": ${batchSize}, "maxWorkers": ${maxWorkers}}` },
          },
        ],
      },
    ],
  };
}

/** Somebody who administers an Unleash server, with a personal access token. */
class UnleashAdmin {
  readonly #address: string;
  readonly token: string;

  private constructor(address: string, token: string) {
    this.#address = address;
    this.token = token;
  }

  static async signIn(address: string, password: string): Promise<UnleashAdmin> {
    const headers = { 'content-type': 'application/json' };
    const login = await fetch(`${address}/auth/simple/login`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ username: 'admin', password }),
    });
    const cookie = login.headers.getSetCookie().join('; ');
    const made = await fetch(`${address}/api/admin/user/tokens`, {
      method: 'POST',
      headers: { ...headers, cookie },
      body: JSON.stringify({ description: 'import', expiresAt: new Date(Date.now() + 3_600_000) }),
    });
    return new UnleashAdmin(address, ((await made.json()) as { secret: string }).secret);
  }

  async forget(flags: readonly string[]): Promise<void> {
    for (const flag of flags) await this.#ask('DELETE', `features/${flag}`);
    await this.#ask('POST', 'delete', { features: flags });
  }

  async state(flag: string): Promise<unknown> {
    return (await this.#ask('GET', `features/${flag}/environments/development`)).json();
  }

  async #ask(method: string, path: string, body?: unknown): Promise<Response> {
    const response = await fetch(`${this.#address}/api/admin/projects/default/${path}`, {
      method,
      headers: { authorization: this.token, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}`);
    return response;
  }
}

/** What code examples take for granted. `outer` because an example may make a Quire of its own. */
const AROUND = (example: string) => `
import { readFile } from 'node:fs/promises';
import express from 'express';
import OpenAI from 'openai';
import { Pool } from 'pg';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createQuire } from 'quire';
import { initialize } from 'unleash-client';

const openai = new OpenAI({ apiKey: 'none', baseURL: process.env.MODEL_URL });
const model = 'embedded';
const pool = new Pool();
const registry = new Registry();
const logger = pino(pino.destination(2));
const bytes = await readFile('package.pdf');
const [url, appName, customHeaders] = ['http://127.0.0.1:9/api', 'example', {}];
const app = express();
const server = app.listen(0, '127.0.0.1');
const outer = await createQuire();

async function example(quire) {
  {
${example}
    if (process.listenerCount('SIGTERM') > 0) return process.kill(process.pid, 'SIGTERM');
    await quire.close();
  }
  process.exit(0);
}
await example(outer);
`;

describe('code examples', () => {
  const examples = PACKED_PAGES.flatMap(({ file, blocks }) =>
    blocks
      .filter(({ lang }) => lang === 'js')
      .map(({ code }) => ({ file, code, line: code.split('\n', 1)[0] })),
  );
  const [whole, parts] = [true, false].map((isWhole) =>
    examples.filter(({ code }) => isWhole === code.startsWith('// app.')),
  );

  test('of whole apps are run by the test of mounting', () => {
    expect(whole?.map(({ line }) => line)).toEqual(['// app.mjs', '// app.cjs']);
    const text = readFileSync(join(ROOT, 'test/all/mounting.test.ts'), 'utf8');
    expect(text).toContain(`['app.mjs', 'app.cjs']`);
  });

  test.each(parts ?? [])('of $file run: $line', async ({ code }) => {
    await writeFile(join(user, 'example.mjs'), AROUND(code));
    const program = new Program('node example.mjs', {
      folder: user,
      variables: { MODEL_URL: model.baseURL, QUIRE_DATA_DIR: '.quire-of-examples' },
    });
    expect({ status: await program.ended(), output: program.output }).toMatchObject({ status: 0 });
  });

  test('are in languages that are tried here, or are no code', () => {
    const languages = PAGES.flatMap(({ blocks }) => blocks.map(({ lang }) => lang));
    expect([...new Set(languages)].toSorted()).toEqual(['', 'js', 'mermaid', 'sh']);
  });
});

describe('addresses and names', () => {
  let base: string;
  let usage: string;
  let server: Reader;
  beforeAll(async () => {
    server = reader(user);
    await server.types('npx quire');
    base = server.base;
    const commands = ['', 'process', 'parity', 'tune', 'accuracy', 'golden'];
    usage = await server.types(commands.map((name) => `npx quire ${name} --help`).join(' && '));
  });
  afterAll(() => server.leaves());

  test.each(PAGES)('the pages that $file opens are there', async ({ links }) => {
    for (const link of links.filter((address) => address.startsWith('http'))) {
      const { origin, pathname } = new URL(link);
      // The example listens elsewhere, and has a test of its own.
      expect(['http://127.0.0.1:3000', 'http://127.0.0.1:4300']).toContain(origin);
      expect((await fetch(base + pathname)).status).toBe(200);
    }
  });

  test.each(PAGES)('the routes that $file names are there', async ({ spans }) => {
    const routes = spans.flatMap((span) => {
      const [, method, path] = /^(?:(GET|POST|DELETE) )?(\/[\w/:-]*[\w:-])$/.exec(span) ?? [];
      return path === undefined || NOT_QUIRES.has(path) ? [] : [{ method, path }];
    });
    for (const { method, path } of routes) {
      const answers = await Promise.all(
        (method === undefined ? ['GET', 'POST'] : [method]).map(async (asked) =>
          (await fetch(base + path.replaceAll(/:\w+/g, '0'), { method: asked })).text(),
        ),
      );
      // What Express says of a route that is not there.
      const isThere = answers.some((text) => !text.includes(`<pre>Cannot `));
      expect({ method, path, isThere }).toEqual({ method, path, isThere: true });
    }
  });

  test.each(PACKED_PAGES)('the commands and options that $file names are there', ({ spans }) => {
    const names = spans.flatMap(
      (span) => /^(?:npx )?quire (\w+)/.exec(span)?.[1] ?? /^--[\w-]+/.exec(span)?.[0] ?? [],
    );
    expect(names.filter((name) => !usage.includes(name))).toEqual([]);
  });
});

/** Where an app mounts Quire, and the API of Unleash. */
const NOT_QUIRES = new Set(['/quire', '/api/quire', '/api']);
