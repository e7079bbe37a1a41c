import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import { createQuire, type Quire, type Store } from '../../src/index.js';
import { ModelService } from '../../src/llm/service.js';
import { lines, makePdf } from '../pdf-fixtures.js';
import { Provider } from '../provider.js';
import { newFolder, newStore } from '../shared.js';
import { SILENT } from '../silent.js';
import { RawUpload, until } from './routes-host.js';

/** Uploads whose batch size is left to Quire: planned beside those that are in work already. */

let provider: Provider;
let store: Store;
let quire: Quire;
let server: Server;
let dataDir: string;
let release: () => void;
const arriving: RawUpload[] = [];

beforeEach(async () => {
  const released = new Promise<void>((resolve) => (release = resolve));
  provider = await Provider.start({ read: () => [], delay: () => released });
  const openai = provider.client();
  const { latency } = ModelService.of(openai).model('test-model');
  for (let index = 0; index < 40; index++) {
    const pages = 1 + (index % 3);
    latency.observe({ pages, announcedTokens: 5_000, answerTokens: 100 * pages, ms: 50 + 180 * pages });
  }
  store = await newStore();
  const plan = { path: 'batch', batchSize: 'auto' } as const;
  dataDir = await newFolder();
  const settings = { QUIRE_DATA_DIR: dataDir };
  quire = await createQuire({ openai, model: 'test-model', plan, store, settings, logger: SILENT });
  server = createServer(express().use(quire.router({ allowAnonymous: true })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const upload of arriving.splice(0)) upload.hangUp();
  release();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await quire.close();
  await store.close();
  await provider.close();
});

const port = () => (server.address() as AddressInfo).port;

const filesOfUploads = () =>
  readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /^uploads-[^/]*\/(?!lock$)/.test(name),
  );

/** A document of five pages; the plan it is read under. */
async function planOfUpload(): Promise<string | null> {
  const sheets = [1, 2, 3, 4, 5].map((page) => ({
    texts: lines('ACCOUNT NUMBER: 12345678', `Sheet ${page}`),
  }));
  const form = new FormData();
  form.set('file', new Blob([Uint8Array.from(await makePdf(sheets))]), 'a.pdf');
  const response = await fetch(`http://127.0.0.1:${port()}/process`, { method: 'POST', body: form });
  return response.headers.get('x-quire-plan');
}

describe('the plan of an upload', () => {
  test('looks to those that are read or wait', async () => {
    expect(await planOfUpload()).toBe('batch 1x20');
    for (let others = 1; others < 9; others++) await planOfUpload();
    expect(await planOfUpload()).toBe('batch 4x20');
  });

  test('looks to those that are arriving', async () => {
    for (let others = 0; others < 9; others++) arriving.push(new RawUpload(port(), 100_000));
    await until(() => filesOfUploads().length === 9);
    expect(await planOfUpload()).toBe('batch 4x20');
  });
});
