import { randomBytes, randomUUID } from 'node:crypto';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { Store } from '../src/index.js';
import { UnleashEnvironment, type UnleashAccess } from './unleash/unleash.js';

/** What `services.js` keeps for all test files of a run. */

const { TESTS_DIR: all = '', TESTS_SERVICES: services = '' } = process.env;

async function ask<T>(service: 'postgres' | 'unleash' | 'cluster' | 'package'): Promise<T> {
  const response = await fetch(new URL(service, services));
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
}

/** @returns the URL of a new, empty database on the PostgreSQL server of this run */
export async function newDatabase(): Promise<string> {
  const { url } = await ask<{ url: string }>('postgres');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await runSql(url, `CREATE DATABASE ${name}`);
  return new URL(name, url).href;
}

/** Runs SQL on a connection of its own. */
export async function runSql<R extends object = Record<string, unknown>>(
  url: string,
  sql: string,
): Promise<R[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<R>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A store in a new, empty database. */
export async function newStore(): Promise<Store> {
  return Store.open({ url: await newDatabase(), dataDir: '' });
}

/** Both flags, off and at 0 %, in an environment of this file's own on the Unleash server of this run. */
export async function newUnleashEnvironment(): Promise<UnleashEnvironment> {
  return new UnleashEnvironment(await ask<UnleashAccess>('unleash'));
}

/** An empty folder. */
export async function newFolder(): Promise<string> {
  const folder = join(all, randomUUID());
  await mkdir(folder);
  return folder;
}

/** A folder with an empty embedded database: one process at a time can use it. */
export async function newDataFolder(): Promise<string> {
  const { path } = await ask<{ path: string }>('cluster');
  const folder = join(all, randomUUID());
  await cp(path, folder, { recursive: true });
  return folder;
}

/** The file that `npm pack` writes. */
export async function packedModule(): Promise<string> {
  const { path } = await ask<{ path: string }>('package');
  return path;
}
