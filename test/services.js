/**
 * What the test files of one run share: a PostgreSQL server, an Unleash server, an empty embedded database
 * to copy, and the packed module. Jest's own process keeps them and starts each when a file first asks for it
 * (`shared.ts`), so that files which need none of them begin at once.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tsImport } from 'tsx/esm/api';

/** @type {string} one folder for all data that tests leave behind */
let folder;
/** @type {import('node:http').Server} */
let server;
/** @type {Map<string, Promise<{ close?: () => Promise<unknown> }>>} */
const started = new Map();

/** Started at the first call of a name; later calls wait for the same one. */
function shared(name, start) {
  const service = started.get(name) ?? start();
  started.set(name, service);
  return service;
}

/** What a test file may ask for, and what it is told. */
const SERVICES = {
  async postgres() {
    const postgres = await shared('postgres', async () => {
      const { Postgres } = await tsImport('./postgres.ts', import.meta.url);
      return Postgres.start();
    });
    return { url: postgres.url };
  },
  async unleash() {
    const unleash = await shared('unleash', async () => {
      const { UnleashServer } = await tsImport('./unleash/unleash.ts', import.meta.url);
      const server = await UnleashServer.start();
      return { newEnvironment: () => server.newEnvironment(), close: () => server.stop() };
    });
    return unleash.newEnvironment();
  },
  async cluster() {
    const cluster = await shared('cluster', async () => {
      const path = join(folder, 'cluster');
      mkdirSync(path);
      await promisify(execFile)(process.execPath, ['dist/store/create-cluster.js', join(path, 'postgres')]);
      return { path };
    });
    return { path: cluster.path };
  },
  async package() {
    const packed = await shared('package', async () => {
      const { packModule } = await tsImport('./pack.ts', import.meta.url);
      return { path: await packModule(join(folder, 'package')) };
    });
    return { path: packed.path };
  },
};

async function answer(request, response) {
  const service = SERVICES[request.url.slice(1)];
  try {
    response.end(JSON.stringify(await service()));
  } catch (error) {
    response.writeHead(500).end(String(error?.stack));
  }
}

/** Jest's `globalSetup`. */
export async function start() {
  folder = mkdtempSync(join(tmpdir(), 'quire-tests-'));
  server = createServer((request, response) => void answer(request, response));
  // Or a connection that rested for 5 s could be closed at the moment at which a test uses it again.
  server.keepAliveTimeout = 0;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  Object.assign(process.env, {
    TESTS_DIR: folder,
    TESTS_SERVICES: `http://127.0.0.1:${server.address().port}`,
  });
}

/** Jest's `globalTeardown`. */
export async function stop() {
  server.closeAllConnections();
  server.close();
  const services = await Promise.allSettled(started.values());
  started.clear();
  await Promise.all(services.map(({ value }) => value?.close?.()));
  rmSync(folder, { recursive: true, force: true });
}
