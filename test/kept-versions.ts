import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StoredDocument } from '../src/index.js';
import type { KeptDocument, KeptOwner, KeptStore } from './fixtures/kept-store.js';
import { isGolden, PRINTABLE, readSheet } from './golden-pdf.js';
import { Host } from './host.js';
import { Provider } from './provider.js';
import { newDatabase, newFolder, runSql } from './shared.js';

const FIXTURES = fileURLToPath(new URL('./fixtures/', import.meta.url));

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
      await runSql(QUIRE_DATABASE_URL, await readFile(`${FIXTURES}${version}/postgres.sql`, 'utf8'));
      return { QUIRE_DATABASE_URL };
    },
    kept: 'postgres.json',
  },
};

export function hostWith(provider: Provider, variables: Record<string, string>): Host {
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

/** What a version left behind opens, lists, costs and goes on. */
export function testKeptBy(version: string): void {
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
        expect(list).toMatchObject({ next: null });
        const wasFinished = ({ id }: { id: unknown }) => unfinished.every((document) => document.id !== id);
        expect(list.documents.filter(wasFinished)).toMatchObject(rows);
        const now = (await (await host.fetch('/api/costs')).json()) as KeptOwner['costs'];
        expect(now.documents.filter((row) => wasFinished({ id: row.id }))).toMatchObject(costs.documents);
        expect(list).toMatchObject({ total: now.documents.length });
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
}
