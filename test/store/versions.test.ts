import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { Store, type StoredDocument } from '../../src/index.js';
import type { KeptDocument, KeptOwner, KeptStore } from '../fixtures/kept-store.js';
import { goldenPdf, isGolden, PRINTABLE, readSheet } from '../golden-pdf.js';
import { Host } from '../host.js';
import { Provider } from '../provider.js';
import { newDatabase, newFolder } from '../shared.js';

/** What other versions of Quire left behind, or leave beside this one. */

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

/** What a version kept, put where this one can open it: the settings that do so. */
const PLACES = {
  'a data folder': {
    restore: async (version: string) => {
      const QUIRE_DATA_DIR = await newFolder();
      const archive = `${FIXTURES}${version}/data-folder.tar.gz`;
      await promisify(execFile)('tar', ['-C', QUIRE_DATA_DIR, '-xzf', archive]);
      return { QUIRE_DATA_DIR };
    },
    kept: 'data-folder.json',
  },
  'a PostgreSQL database': {
    restore: async (version: string) => {
      const QUIRE_DATABASE_URL = await newDatabase();
      await run(QUIRE_DATABASE_URL, await readFile(`${FIXTURES}${version}/postgres.sql`, 'utf8'));
      return { QUIRE_DATABASE_URL };
    },
    kept: 'postgres.json',
  },
};

async function run(url: string, sql: string): Promise<unknown[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

function hostWith(provider: Provider, variables: Record<string, string>): Host {
  return new Host({
    ...variables,
    OPENAI_API_KEY: 'test',
    OPENAI_MODEL: 'test-model',
    OPENAI_BASE_URL: provider.baseURL,
    LLM_PRICES: JSON.stringify({ 'test-model': { input: 0.1, output: 0.3 } }),
    QUIRE_PLAN: 'single-page',
    LOG_LEVEL: 'error',
  });
}

describe.each(['store-0.1.0', 'store-0.2.0'])('of %s', (version) => {
  describe.each(Object.entries(PLACES))('%s', (_, { restore, kept }) => {
    let owners: KeptOwner[];
    let provider: Provider;
    let host: Host;
    beforeAll(async () => {
      provider = await Provider.start({ read: readSheet });
      ({ owners } = JSON.parse(await readFile(`${FIXTURES}${version}/${kept}`, 'utf8')) as KeptStore);
      host = hostWith(provider, await restore(version));
      await host.start();
    });
    afterAll(async () => {
      await host.stop();
      await provider.close();
    });

    const of = (documents: (owner: KeptOwner) => KeptDocument[]) =>
      owners.flatMap((owner) => documents(owner).map((document) => ({ owner, ...document })));

    async function expectGolden({ id, golden }: KeptDocument): Promise<void> {
      const document = PRINTABLE.find(({ name }) => name === golden);
      const record = (await host.finished(id)).result?.documents[0];
      expect(document && isGolden(record, document)).toBe(true);
    }

    test('is opened, and shows its owners what they had', async () => {
      for (const { cookie, rows, costs, completed, unfinished } of owners) {
        // The cookie holds as long as the secret it is signed with is the same.
        host.cookie = cookie;
        const list = (await (await host.fetch('/api/documents')).json()) as { documents: StoredDocument[] };
        const wasFinished = ({ id }: { id: unknown }) => unfinished.every((document) => document.id !== id);
        expect(list.documents.filter(wasFinished)).toEqual(rows);
        const now = (await (await host.fetch('/api/costs')).json()) as KeptOwner['costs'];
        expect(now.documents.filter((row) => wasFinished({ id: row.id }))).toEqual(costs.documents);
        expect(list).toMatchObject({ total: now.documents.length, next: null });
        for (const document of completed) await expectGolden(document);
      }
    });

    test('sums up to what its documents cost', async () => {
      for (const { cookie, costs, unfinished } of owners) {
        host.cookie = cookie;
        for (const { id } of unfinished) await host.finished(id);
        const now = (await (await host.fetch('/api/costs')).json()) as KeptOwner['costs'];
        const sum = (key: keyof KeptOwner['costs']['total']) =>
          now.documents.reduce((total, document) => total + Number(document[key]), 0);
        expect(now.documents).toHaveLength(costs.documents.length + unfinished.length);
        expect(now.total).toMatchObject({
          llm_calls: sum('llm_calls'),
          input_tokens: sum('input_tokens'),
          output_tokens: sum('output_tokens'),
        });
        if (costs.total.cost_usd === null) expect(now.total.cost_usd).toBeNull();
        else expect(now.total.cost_usd).toBeCloseTo(sum('cost_usd'), 12);
      }
    });

    test('goes on with what was being read, under its plan', async () => {
      for (const { owner, ...document } of of(({ unfinished }) => unfinished)) {
        host.cookie = owner.cookie;
        await expectGolden(document);
        const [record] = (await host.finished(document.id)).result?.documents ?? [];
        expect(record?.plan).toEqual({ path: 'batch', batchSize: 2, maxWorkers: 3 });
      }
    });

    test('is asked again for what failed', async () => {
      for (const { owner, ...document } of of(({ withFailedPages, failed }) => [
        ...withFailedPages,
        ...failed,
      ])) {
        host.cookie = owner.cookie;
        const retry = await host.fetch(`/api/document/${document.id}/retry`, { method: 'POST' });
        expect(retry.status).toBe(200);
        await expectGolden(document);
      }
    });
  });
});

describe('migrations', () => {
  test('that have run are what they were', async () => {
    const url = await newDatabase();
    await (await Store.open({ url })).close();
    // A change of one of these makes every database unusable: add a migration instead.
    expect(await run(url, 'SELECT number, hash FROM quire.migrations ORDER BY number')).toEqual([
      { number: 0, hash: '3bb57ae3caa830bfa2a494294ac0b14baa9df75597c5a624b7469c9ca0066b53' },
      { number: 1, hash: 'a55d50431de6d8297595ed6f287a2f895f5dae7bf8f95c72eadb52fb9a312a68' },
      { number: 2, hash: 'a14e95b3e4a573321a2e5dcde0092bc339c24fcf3fc0479eb02d73b736049b09' },
    ]);
  });

  test('that were changed since they have run keep the store shut, and say so', async () => {
    const url = await newDatabase();
    await (await Store.open({ url })).close();
    await run(url, `UPDATE quire.migrations SET hash = 'another' WHERE number = 1`);
    await expect(Store.open({ url })).rejects.toMatchObject({
      name: 'StoreError',
      trouble: 'changed_migration',
      message: expect.stringContaining('Start the build that was used before'),
    });
    await run(url, `UPDATE quire.migrations SET hash = NULL WHERE number = 0`);
    await expect(Store.open({ url })).rejects.toMatchObject({ trouble: 'changed_migration' });
  });

  test('of later versions are left to those', async () => {
    const url = await newDatabase();
    await (await Store.open({ url })).close();
    await run(url, `INSERT INTO quire.migrations (number, hash) VALUES (1000, 'later')`);
    await (await Store.open({ url })).close();
    expect(await run(url, 'SELECT hash FROM quire.migrations WHERE number = 1000')).toEqual([
      { hash: 'later' },
    ]);
  });

  test('run once, however many processes start', async () => {
    const url = await newDatabase();
    const stores = await Promise.all([1, 2, 3].map(() => Store.open({ url })));
    await Promise.all(stores.map((store) => store.close()));
    expect(await run(url, 'SELECT number FROM quire.migrations ORDER BY number')).toEqual([
      { number: 0 },
      { number: 1 },
      { number: 2 },
    ]);
  });
});

describe('a document that a later version has written', () => {
  const [golden] = PRINTABLE;
  let provider: Provider;
  let url: string;
  let host: Host;
  beforeEach(async () => {
    provider = await Provider.start({ read: readSheet });
    url = await newDatabase();
    host = hostWith(provider, { QUIRE_DATABASE_URL: url });
    await host.start();
  });
  afterEach(async () => {
    await host.stop();
    await provider.close();
  });

  async function upload(copy: string): Promise<string | undefined> {
    return golden && (await host.upload(await goldenPdf(golden, copy))).id;
  }

  test('is not taken up, while those of this version are', async () => {
    provider.behaviour.fault = () => 'silence';
    const ids = [await upload('later'), await upload('now')];
    while (provider.waiting < 2) await sleep(20);
    await host.kill();
    await run(url, `UPDATE quire.documents SET version = 1000 WHERE id = '${ids[0]}'`);
    delete provider.behaviour.fault;
    await host.start();
    expect((await host.finished(ids[1])).status).toBe('completed');
    expect((await host.status(ids[0])).status).toBe('extracting');
  });

  test('is shown, and is not asked again for what failed', async () => {
    provider.behaviour.fault = () => 'refusal';
    const id = await upload('failed');
    expect((await host.finished(id)).status).toBe('failed');
    await run(url, 'UPDATE quire.documents SET version = 1000');
    const retry = await host.fetch(`/api/document/${id}/retry`, { method: 'POST' });
    expect([retry.status, await retry.json()]).toEqual([
      409,
      {
        success: false,
        message: 'A later version of Quire has written the document; this one cannot read it',
      },
    ]);
    expect((await host.status(id)).status).toBe('failed');
  });
});
